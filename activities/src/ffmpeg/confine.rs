//! What this program does before it becomes ffmpeg: it gives up, for good, all that decoding one file does not need.
//!
//! Limits hold everywhere. Landlock (Linux 5.13 and newer) takes the file system away but for the one file and the places
//! that programs and their libraries lie in, for reading; and, where the kernel knows how, the network.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr,
};

use crate::child::limit;

/// Where programs and their libraries lie on the systems we know.
const PROGRAMS: &[&str] = &["/usr", "/lib", "/lib64", "/bin", "/opt", "/nix/store", "/gnu/store"];
/// What the dynamic linker and ffmpeg look at besides.
const SETTINGS: &[&str] = &["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/dev/null"];

const OPEN_FILES: u64 = 64;

/// Becomes the program that `arguments` name: memory in bytes, processor time in seconds, the file to read, the program,
/// and its arguments. Returns only when that fails.
pub fn confined_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Err(error) = confine_and_become(arguments);
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
    let (memory_bytes, cpu_seconds) = (number()?, number()?);
    let file = arguments.next().ok_or_else(missing)?;
    let program = arguments.next().ok_or_else(missing)?;
    limit(memory_bytes, OPEN_FILES, cpu_seconds)?;
    restrict(Path::new(&file), Path::new(&program)).map_err(io::Error::other)?;
    Err(Command::new(program).args(arguments).exec())
}

/// As far as the kernel can.
fn restrict(file: &Path, program: &Path) -> Result<(), landlock::RulesetError> {
    let abi = ABI::V5;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .create()?;
    let run = AccessFs::from_read(abi);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let programs = PROGRAMS.iter().map(Path::new).chain(program.parent()).map(|path| (path, run));
    let settings = SETTINGS.iter().map(Path::new).map(|path| (path, read));
    for (path, access) in programs.chain(settings).chain([(file, AccessFs::ReadFile.into())]) {
        // Not every system has every one of these.
        let Ok(opened) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(abi) };
        rules = rules.add_rule(PathBeneath::new(opened, access))?;
    }
    rules.restrict_self()?;
    Ok(())
}
