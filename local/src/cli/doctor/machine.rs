//! The machine and its programs: ports, files, the media child and its confinement, ffmpeg, the captioner.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use activities::confinement::Given;
use activities::ffmpeg::Ffmpeg;
use rustix::process::{Resource, getrlimit};

use super::{Finding, Verdict};
use crate::assemble::workbench;
use crate::config::Config;

/// An address in use is a server's own business while one is running, and in its way while none is.
pub(super) fn port(what: &'static str, address: SocketAddr, served: bool) -> Finding {
    let (verdict, says) = match TcpListener::bind(address) {
        Ok(_) => (Verdict::Good, format!("{address} is free")),
        Err(_) if served => (Verdict::Good, format!("{address} is in use, as it is while serving")),
        Err(error) => (Verdict::Poor, format!("{address}: {error}")),
    };
    Finding { what, verdict, says }
}

pub(super) fn open_files() -> Finding {
    let limit = getrlimit(Resource::Nofile).current;
    let verdict = if limit.is_some_and(|limit| limit < 4096) { Verdict::Poor } else { Verdict::Good };
    let says = limit.map_or_else(|| "without limit".to_owned(), |limit| format!("at most {limit}"));
    Finding { what: "open files", verdict, says }
}

/// Whether the media child of this very binary can be started: it ends at once when nobody speaks to it.
pub(super) fn child() -> Finding {
    let started = std::env::current_exe().and_then(|program| {
        let mut command = Command::new(program);
        command.arg("media-child").env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    });
    match started {
        Ok(_) => Finding { what: "media child", verdict: Verdict::Good, says: "can be started".to_owned() },
        Err(error) => Finding { what: "media child", verdict: Verdict::Bad, says: error.to_string() },
    }
}

/// What of a media worker's confinement this kernel gives.
pub(super) fn confinement() -> Finding {
    let given = std::env::current_exe().and_then(|program| Given::to(&program, activities::ffmpeg::ARGUMENT));
    let (verdict, says) = match given.map(Given::lacks) {
        Ok(lacking) if lacking.is_empty() => {
            (Verdict::Good, "files, network and system calls are taken from media workers".to_owned())
        }
        Ok(lacking) => (Verdict::Poor, format!("this kernel lacks {}", lacking.join(" and "))),
        Err(error) => (Verdict::Bad, error.to_string()),
    };
    Finding { what: "confinement", verdict, says }
}

/// Older ones may not trim Opus as they should.
const OLDEST_FFMPEG: u32 = 5;

/// Whether what our own decoders leave to ffmpeg can be decoded.
pub(super) fn ffmpeg(config: &Config) -> Finding {
    let found = workbench(config.ffmpeg.as_deref(), &config.data);
    let (verdict, says) = match found.map(|bench| bench.ffmpeg) {
        Err(error) => (Verdict::Bad, error.to_string()),
        Ok(None) => {
            let says =
                "not found: Opus, HE-AAC, AC-3, WMA and some more are refused, and nothing is made of films";
            (Verdict::Poor, says.to_owned())
        }
        Ok(Some(Ffmpeg { ffmpeg, .. })) => version(&ffmpeg),
    };
    Finding { what: "ffmpeg", verdict, says }
}

fn version(program: &Path) -> (Verdict, String) {
    let output = match Command::new(program).arg("-version").env_clear().stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => return (Verdict::Bad, format!("{}: {error}", program.display())),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or("it says nothing");
    let number = line.strip_prefix("ffmpeg version ").map(|rest| rest.trim_start_matches('n'));
    let digits = number.map(|number| number.split(|letter: char| !letter.is_ascii_digit()).next());
    let major: Option<u32> = digits.flatten().and_then(|digits| digits.parse().ok());
    let old = major.is_some_and(|major| major < OLDEST_FFMPEG);
    let verdict = if old { Verdict::Poor } else { Verdict::Good };
    let advice = if old { format!("; version {OLDEST_FFMPEG} or newer is better") } else { String::new() };
    (verdict, format!("{}: {line}{advice}", program.display()))
}

/// Whether the program that writes captions is there; that it can, only a recording would show.
pub(super) fn captioner(config: &Config) -> Finding {
    let (verdict, says) = match &config.captioner {
        None => (Verdict::Good, "none is configured, and captions are not to be had".to_owned()),
        Some(command) => match found(&command.program) {
            Some(path) => (Verdict::Good, path.display().to_string()),
            None => (Verdict::Bad, format!("{} is not to be found", command.program.display())),
        },
    };
    Finding { what: "captioner", verdict, says }
}

/// A program as it is started: a path is one, and a name is looked for on the PATH.
fn found(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}
