//! `lockgate asl`: definitions in Amazon States Language, checked and tried out here.

mod check;
mod mocks;
mod print;
mod run;

use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say everything that is wrong with definitions
    Check(check::Args),
    /// Run a definition here and print its history as it happens
    Run(Box<run::Args>),
}

pub(super) use mocks::read as read_mocks;

pub(super) fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Check(args) => check::run(&args),
        Command::Run(args) => run::run(*args),
    }
}

/// What is in a file, or comes in by standard input for `-`.
fn read(path: &std::path::Path) -> Result<String, Failure> {
    let read = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    Ok(read.map_err(super::files::Trouble::reading(path))?)
}

/// A problem for people; what concerns the whole document has no place.
fn sentence(pointer: &str, message: &str) -> String {
    if pointer.is_empty() { message.to_owned() } else { format!("{pointer}: {message}") }
}
