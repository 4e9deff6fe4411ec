//! `lockgate doctor`: what works on this machine, what is missing, and what to do about it.

mod folder;
mod machine;

use std::process::ExitCode;

use serde::Serialize;

use super::Failure;
use super::screen::{line, printable};
use crate::config::{Config, Told};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    told: Told,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

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
    let config = Config::checked(args.told)?;
    let (folder, served) = folder::data(&config.data);
    let mut findings = vec![folder];
    if config.data.is_dir() {
        findings.push(folder::room(&config.data));
        findings.push(folder::disk(&config.data));
        findings.push(folder::clock(&config.data));
        findings.push(folder::flags(&config.data));
        if !served {
            findings.extend(folder::orphans(&config.data));
        }
    }
    for (what, address) in [("API", config.listen), ("S3 endpoint", config.s3_listen)] {
        findings.push(machine::port(what, address, served));
    }
    findings.push(machine::open_files());
    findings.push(machine::child());
    findings.push(machine::confinement());
    findings.push(machine::ffmpeg(&config));
    findings.push(machine::captioner(&config));
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
