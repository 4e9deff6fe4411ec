//! `lockgate session …`: send files to a server, look at its sessions, and move them. What there is to say about one is in
//! [`card`]; sending is in [`new`], fetching in [`fetch`].

mod card;
mod fetch;
mod list;
mod new;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};

use super::Failure;
use super::client::{Client, ServerArgs};
use super::interrupt::unless_interrupted;
use super::screen::{line, told};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Send a file; start its conversion, wait for it and fetch the result if so told
    New(new::Args),
    /// List sessions, newest first
    List(list::Args),
    /// Show one session, with addresses to fetch its results from
    Show(Id),
    /// Follow one session until it ends; exit code 1 when it has failed
    Events(Id),
    /// Fetch the results of a session that is Done
    Fetch(fetch::Args),
    /// Start a session whose file was uploaded
    Start(Id),
    /// Cancel a session that has not ended
    Cancel(Id),
    /// Try a failed session again
    Redrive(Id),
    /// Delete a session with its objects
    Delete(Id),
}

#[derive(clap::Args)]
struct Id {
    /// The session's id
    #[arg(value_parser = id)]
    id: String,
}

/// What could not be one segment of an address is no id.
fn id(text: &str) -> Result<String, String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if (1..=64).contains(&text.len()) && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("not the id of a session: letters, digits and - only, at most 64".to_owned())
    }
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let json = args.server.json;
    let outcome = unless_interrupted(obey(args)).await;
    told(outcome, json)
}

async fn obey(Args { server, command }: Args) -> Result<ExitCode, Failure> {
    let client = Client::new(&server)?;
    let json = server.json;
    let moved = match command {
        Command::New(args) => return new::run(&client, &args, json).await,
        Command::Fetch(args) => return fetch::run(&client, &args, json).await,
        Command::Events(Id { id }) => return watch::run(&client, &id, json).await,
        Command::List(args) => {
            list::run(&client, args, json).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Show(Id { id }) => {
            let session = client.ask(Method::GET, &["api", "sessions", &id]).await?;
            line(if json { session.to_string() } else { card::card(&session) })?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Delete(Id { id }) => {
            client.ask(Method::DELETE, &["api", "sessions", &id]).await?;
            line(if json {
                json!({ "sessionId": id, "deleted": true }).to_string()
            } else {
                format!("{id} is deleted")
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Start(Id { id }) => client.ask(Method::PUT, &["xcode", &id]).await?,
        Command::Cancel(Id { id }) => client.ask(Method::POST, &["xcode", &id, "cancel"]).await?,
        Command::Redrive(Id { id }) => client.ask(Method::POST, &["xcode", &id, "redrive"]).await?,
    };
    line(if json { moved.to_string() } else { card::stands(&moved) })?;
    Ok(ExitCode::SUCCESS)
}

/// How the command ends that waited for this session: it has failed when the session has.
fn verdict(session: &Value) -> ExitCode {
    if session["state"] == "Failed" { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn has_ended(session: &Value) -> bool {
    session["state"] == "Done" || session["state"] == "Failed"
}
