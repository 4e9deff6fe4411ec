//! The command line: what can be asked, and one `match` that says who does it.
//!
//! Exit codes are the same for every command. Ended by a signal it is 128 and the signal's number, as shells count.

mod asl;
mod audit;
mod backup;
mod client;
mod completions;
mod convert;
mod doctor;
mod engine;
mod events;
mod failure;
mod files;
mod flag;
mod interrupt;
mod key;
mod lean;
mod left;
mod options;
mod own;
mod screen;
mod serve;
mod serving;
mod session;
mod user;
mod webhook;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use url::Url;

use failure::Failure;

/// Drop a media file in; get it back in the form you need; see, and never lose, a single step in between.
#[derive(Parser)]
#[command(name = "lockgate", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// The server to ask, by a command that asks one
    #[arg(long, value_name = "URL", value_parser = client::server)]
    server: Option<Url>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 something failed and was said; 2 wrong command line; \
3 the server did not answer; 4 the server refused; 5 an execution timed out (asl run); 130 interrupted.";

#[derive(Subcommand)]
enum Command {
    /// Serve the page, the API and the S3 endpoint
    Serve(serve::Args),
    /// Serve the workflow engine alone, behind the API of AWS Step Functions
    Engine(engine::Args),
    /// Check definitions in Amazon States Language, and try them out
    Asl(asl::Args),
    /// Convert files here and now, without a server
    Convert(convert::Args),
    /// Send files to a server, look at its sessions, and move them
    Session(session::Args),
    /// Look after who may sign in to the server of this machine
    User(user::Args),
    /// Look after the keys of machines
    Key(key::Args),
    /// Read the audit log, or see whether it is whole
    Audit(audit::Args),
    /// Say where ends of sessions are told, see what was told, and try receivers
    Webhook(webhook::Args),
    /// Say what a running server allows, and change it
    Flag(flag::Args),
    /// Say what works here and what is missing
    Doctor(doctor::Args),
    /// Back up everything into one file, while it may be served
    Backup(backup::Backup),
    /// Put a backup back
    Restore(backup::Restore),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// The confined child that media work runs in; started by the server only
    #[command(hide = true)]
    MediaChild,
    /// Confines itself and becomes ffmpeg; started by the server only
    #[command(hide = true)]
    Confined {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

impl Command {
    /// Has the command ask this server; or answers that it asks none.
    fn ask(&mut self, server: Url) -> Result<(), Failure> {
        let args = match self {
            Self::Session(args) => &mut args.server,
            Self::Webhook(args) => &mut args.server,
            Self::Flag(args) => &mut args.server,
            _ => return Err(Failure::Usage("this command asks no server".to_owned())),
        };
        args.ask(server);
        Ok(())
    }
}

pub fn main() -> ExitCode {
    let Cli { server, mut command } = Cli::parse();
    let asked = server.map_or(Ok(()), |server| command.ask(server));
    ended(asked.map_or_else(Err, |()| carried_out(command)))
}

fn carried_out(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(args) => {
            lean::begin();
            serve::run(args)
        }
        Command::Engine(args) => engine::run(args),
        Command::Asl(args) => asl::run(args),
        Command::Convert(args) => convert::run(args),
        Command::Session(args) => session::run(args),
        Command::User(args) => user::run(args),
        Command::Key(args) => key::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Webhook(args) => webhook::run(args),
        Command::Flag(args) => flag::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Backup(args) => backup::back_up(args),
        Command::Restore(args) => backup::restore(args),
        Command::Completions(args) => completions::run(&args),
        Command::Confined { arguments } => Ok(activities::ffmpeg::confined_main(arguments.into_iter())),
        Command::MediaChild => Ok(activities::child::child_main()),
    }
}

fn ended(outcome: Result<ExitCode, Failure>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            if !failure.nobody_reads() {
                eprintln!("lockgate: {failure}");
            }
            failure.exit_code()
        }
    }
}
