//! `lockgate doctor`: what works on this machine, what is missing, and what to do about it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use activities::confinement::Given;
use activities::ffmpeg::Ffmpeg;
use rustix::process::{Resource, getrlimit};
use serde::Serialize;

use super::Failure;
use super::screen::{line, printable};
use crate::assemble::workbench;
use crate::config::{Config, Told};
use crate::data_folder::{self, DataFolder};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    told: Told,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Less room than this is worth a word.
const LITTLE_ROOM: u64 = 2 << 30;

/// A slower fsync than this makes every step of every workflow slow.
const SLOW_FSYNC: Duration = Duration::from_millis(20);

#[derive(Serialize)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    says: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
enum Verdict {
    Good,
    /// It works, with less.
    Poor,
    Bad,
}

pub(super) fn run(args: Args) -> Result<ExitCode, Failure> {
    let config = Config::settle(args.told)?;
    let (folder, served) = data(&config.data);
    let mut findings = vec![folder];
    if config.data.is_dir() {
        findings.push(room(&config.data));
        findings.push(fsync(&config.data));
    }
    for (what, address) in [("API", config.listen), ("S3 endpoint", config.s3_listen)] {
        findings.push(port(what, address, served));
    }
    findings.push(open_files());
    findings.push(child());
    findings.push(confinement());
    findings.push(ffmpeg(&config));
    for finding in &findings {
        if args.json {
            line(serde_json::to_string(finding).expect("a finding is plain data"))?;
        } else {
            let Finding { what, verdict, says } = finding;
            line(format_args!("{:5} {what:14} {}", verdict.to_string(), printable(says)))?;
        }
    }
    let bad = findings.iter().any(|finding| finding.verdict == Verdict::Bad);
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// How the data folder is, and whether a server has it now. A folder that is not there yet is left to be made.
fn data(path: &Path) -> (Finding, bool) {
    let finding = |verdict, says| Finding { what: "data folder", verdict, says };
    let shown = path.display();
    if !path.exists() {
        return (finding(Verdict::Good, format!("{shown} is not there yet; serve will make it")), false);
    }
    match DataFolder::open(path) {
        Err(data_folder::Error::Held(_)) => {
            (finding(Verdict::Good, format!("{shown} is being served at this moment")), true)
        }
        Err(error) => (finding(Verdict::Bad, error.to_string()), false),
        Ok(_held) => (finding(Verdict::Good, format!("{shown} can be written and is free")), false),
    }
}

fn room(path: &Path) -> Finding {
    match rustix::fs::statvfs(path) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let verdict = if free < LITTLE_ROOM { Verdict::Poor } else { Verdict::Good };
            Finding { what: "room", verdict, says: format!("{:.1} GB are free", free as f64 / 1e9) }
        }
        Err(error) => Finding { what: "room", verdict: Verdict::Poor, says: error.to_string() },
    }
}

/// Every step of a workflow waits for one of these.
fn fsync(path: &Path) -> Finding {
    let measure = || -> std::io::Result<Duration> {
        let mut file = tempfile::tempfile_in(path)?; // it has no name, and is gone when it is closed
        let began = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_all()?;
        Ok(began.elapsed())
    };
    match measure() {
        Ok(took) => {
            let verdict = if took > SLOW_FSYNC { Verdict::Poor } else { Verdict::Good };
            Finding { what: "fsync", verdict, says: format!("one takes {:.2} ms", took.as_secs_f64() * 1e3) }
        }
        Err(error) => Finding { what: "fsync", verdict: Verdict::Bad, says: error.to_string() },
    }
}

/// An address in use is a server's own business while one is running, and in its way while none is.
fn port(what: &'static str, address: std::net::SocketAddr, served: bool) -> Finding {
    let (verdict, says) = match std::net::TcpListener::bind(address) {
        Ok(_) => (Verdict::Good, format!("{address} is free")),
        Err(_) if served => (Verdict::Good, format!("{address} is in use, as it is while serving")),
        Err(error) => (Verdict::Poor, format!("{address}: {error}")),
    };
    Finding { what, verdict, says }
}

fn open_files() -> Finding {
    let limit = getrlimit(Resource::Nofile).current;
    let verdict = if limit.is_some_and(|limit| limit < 4096) { Verdict::Poor } else { Verdict::Good };
    let says = limit.map_or_else(|| "without limit".to_owned(), |limit| format!("at most {limit}"));
    Finding { what: "open files", verdict, says }
}

/// Whether the media child of this very binary can be started: it ends at once when nobody speaks to it.
fn child() -> Finding {
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
fn confinement() -> Finding {
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
fn ffmpeg(config: &Config) -> Finding {
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
