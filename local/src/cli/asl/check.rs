//! `lockgate asl check FILE…`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use workflow::definition;
use workflow::journal::Kind;

use super::super::Failure;
use super::super::screen::{line, printable};
use super::{read, sentence};

const HELP: &str = "Every problem is one line: the file, a JSON pointer to the place, and a sentence. The exit code is 0 \
when all definitions are good, 1 when something is wrong with one or a file cannot be read.";

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// Definitions; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Of which kind the machines are to be
    #[arg(long = "type", value_enum, default_value_t = Type::Standard)]
    kind: Type,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Type {
    Standard,
    Express,
}

impl From<Type> for Kind {
    fn from(kind: Type) -> Self {
        match kind {
            Type::Standard => Self::Standard,
            Type::Express => Self::Express,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut good = true;
    for file in &args.files {
        let name = file.display().to_string();
        let text = match read(file) {
            Ok(text) => text,
            Err(failure) if failure.nobody_reads() => return Err(failure),
            Err(failure) => {
                good = false;
                eprintln!("lockgate: {failure}");
                continue;
            }
        };
        // What is no JSON has one problem, which concerns all of it.
        let document = serde_json::from_str(&text).unwrap_or_default();
        for problem in definition::check(&text, args.kind.into()).err().into_iter().flatten() {
            good = false;
            let (pointer, message) = (problem.json_pointer(&document), &problem.message);
            if args.json {
                line(json!({"file": name, "pointer": pointer, "message": message}))?;
            } else {
                line(printable(&format!("{name}: {}", sentence(&pointer, message))))?;
            }
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
