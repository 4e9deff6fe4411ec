//! What this program does before it becomes ffmpeg: it gives up all that decoding one file does not need.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::confinement::{Allowance, Calls, Given, Reach, WHAT, confine};

const OPEN_FILES: u64 = 64;

/// The stack of each of its threads, of which there are many, and which counts as a whole: as long as the programs have it
/// on systems that give less than ours.
const STACK: u64 = 2 << 20;

/// Becomes the program that `arguments` name: address space in bytes, and how much of it it may write to, processor time in
/// seconds, the length of the longest file it may write, the file to read, the folder to write to or nothing, the program,
/// and its arguments. Returns only when that fails. Asked [`WHAT`], it says what it was given.
pub fn confined_main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let first = arguments.next().unwrap_or_default();
    if first == WHAT {
        return say();
    }
    let Err(error) = confine_and_become(std::iter::once(first).chain(arguments));
    eprintln!("ffmpeg cannot be started: {error}");
    ExitCode::FAILURE
}

fn confine_and_become(
    mut arguments: impl Iterator<Item = OsString>,
) -> Result<std::convert::Infallible, io::Error> {
    let missing = || io::Error::from(io::ErrorKind::InvalidInput);
    let mut number = || {
        let text = arguments.next().and_then(|text| text.into_string().ok());
        text.and_then(|text| text.parse::<u64>().ok()).ok_or_else(missing)
    };
    let (address_space, data, cpu_seconds, largest_file) = (number()?, number()?, number()?, number()?);
    let mut path = || arguments.next().map(PathBuf::from).ok_or_else(missing);
    let (file, folder, program) = (path()?, path()?, path()?);
    let results = Some(folder.as_path()).filter(|folder| !folder.as_os_str().is_empty());
    let reach = Reach::Program { program: &program, file: &file, results };
    let allowance = Allowance {
        address_space,
        data,
        stack: Some(STACK),
        open_files: OPEN_FILES,
        largest_file,
        cpu_seconds,
    };
    confine(&reach, allowance, Calls::Program)?;
    Err(Command::new(&program).args(arguments).exec())
}

fn say() -> ExitCode {
    let allowance = Allowance {
        address_space: 1 << 30,
        data: 1 << 30,
        stack: Some(STACK),
        open_files: OPEN_FILES,
        largest_file: 0,
        cpu_seconds: 10,
    };
    let nowhere = Path::new("/nonexistent");
    let reach = Reach::Program { program: nowhere, file: nowhere, results: None };
    match confine(&reach, allowance, Calls::Program) {
        Ok(given) => {
            println!("{}", told(given));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn told(given: Given) -> String {
    serde_json::to_string(&given).expect("three words that are true or false")
}
