//! `lockgate audit …`: who did what, and whether the log of it is whole.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use service::audit::Row;

use super::Failure;
use super::own::Own;
use super::screen::{line, printable};
use crate::people::audit::{Chain, Entry};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    own: Own,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the last rows, the oldest first
    List {
        /// So many
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Only what this user did, or had done to what is theirs
        #[arg(long)]
        user: Option<String>,
    },
    /// Go along the chain of hashes; exit code 1 and the row where it is broken
    Verify {
        /// A row that must be there, as an earlier verify has printed it; without one, rows cut off the end are not missed
        #[arg(long, value_name = "NUMBER:HASH", value_parser = known)]
        known: Option<(i64, String)>,
    },
}

fn known(text: &str) -> Result<(i64, String), String> {
    let parse = || {
        let (number, hash) = text.split_once(':')?;
        Some((number.parse().ok()?, hash.to_owned()))
    };
    parse().ok_or_else(|| "not what verify has printed: NUMBER:HASH".to_owned())
}

pub(super) fn run(args: Args) -> Result<ExitCode, Failure> {
    let Args { own, command } = args;
    let (_, store) = own.open()?;
    let json = own.json;
    match command {
        Command::List { limit, user } => {
            for entry in store.audited(limit, user.as_deref())? {
                show(entry, json)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify { known } => {
            let known = known.as_ref().map(|(number, hash)| (*number, hash.as_str()));
            verdict(&store.verify(known)?, json)
        }
    }
}

fn show(entry: Entry, json: bool) -> Result<(), Failure> {
    let Entry { number, at, row, hash } = entry;
    let Row { who, what, subject, whose, result, address, request_id } = row;
    if json {
        return line(json!({
            "number": number, "at": at, "who": who, "what": what, "subject": subject, "whose": whose,
            "result": result, "address": address, "requestId": request_id, "hash": hash,
        }));
    }
    let said = |text: &str| if text.is_empty() { "-".to_owned() } else { printable(text) };
    line(format!(
        "{number} {at} {} {} {} of {} {} from {}",
        said(&who),
        said(&what),
        said(&subject),
        said(&whose),
        said(&result),
        said(&address)
    ))
}

fn verdict(chain: &Chain, json: bool) -> Result<ExitCode, Failure> {
    let (says, row, well) = match chain {
        Chain::Whole { rows: 0, .. } => ("The log is empty.".to_owned(), 0, true),
        Chain::Whole { rows, last } => {
            (format!("{rows} rows, and each is as it was written. Keep this: {rows}:{last}"), *rows, true)
        }
        Chain::Broken { number } => {
            (format!("Row {number} is not what was written, or the one before it is gone."), *number, false)
        }
        Chain::NotThere { number } => (format!("Row {number} is not the one that is known."), *number, false),
    };
    line(if json { json!({ "whole": well, "row": row, "says": says }).to_string() } else { says })?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
