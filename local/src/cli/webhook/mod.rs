//! `lockgate webhook …`: where to be told, what was told, and trying a receiver out: one that [`listen`]s, and [`verify`],
//! which checks what one has saved.

mod listen;
mod log;
mod message;
mod replay;
mod verify;

use std::process::ExitCode;

use activities::notices::Topic;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use reqwest::Method;
use serde_json::{Value, json};
use strum::VariantArray;

use super::Failure;
use super::client::{Client, ServerArgs};
use super::interrupt::unless_interrupted;
use super::screen::{line, printable, told};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Have an address told; prints the secret that messages are signed with, this once
    Add(Add),
    /// List webhooks, and how they are doing
    List,
    /// Remove a webhook
    Remove(Id),
    /// Switch a webhook on again
    Enable(Id),
    /// Switch a webhook off
    Disable(Id),
    /// Draw a new secret; the one before signs beside it for a day
    Rotate(Id),
    /// What was told, newest first, with every attempt
    Log(log::Args),
    /// Tell again: one delivery, or all of a time that were given up
    Replay(replay::Args),
    /// Receive here, and print and verify what comes
    Listen(listen::Args),
    /// Send a test message
    Trigger(Trigger),
    /// Check the signature of a saved request
    Verify(verify::Args),
}

#[derive(clap::Args)]
struct Add {
    /// Such as https://example.org/lockgate
    url: String,
    /// Only this; may be said more than once
    #[arg(long = "event", value_parser = topics())]
    events: Vec<String>,
    /// For your own eyes
    #[arg(long, default_value = "")]
    about: String,
}

#[derive(clap::Args)]
struct Trigger {
    #[command(flatten)]
    webhook: Id,
    /// What the message shall look like
    #[arg(long, default_value = "session.done", value_parser = topics())]
    event: String,
}

#[derive(clap::Args)]
struct Id {
    /// The webhook's id
    id: String,
}

/// What can be told, which help and completions then know.
fn topics() -> PossibleValuesParser {
    PossibleValuesParser::new(Topic::VARIANTS.iter().map(|&topic| <&str>::from(topic)))
}

const WEBHOOKS: [&str; 2] = ["api", "webhooks"];

fn path<'a>(id: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&WEBHOOKS, &[id][..], rest].concat()
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let json = args.server.json;
    let outcome = match args.command {
        Command::Listen(listening) => listen::run(&Client::new(&args.server)?, listening, json).await,
        command => unless_interrupted(obey(&args.server, command)).await,
    };
    told(outcome, json)
}

async fn obey(server: &ServerArgs, command: Command) -> Result<ExitCode, Failure> {
    let (client, json) = (Client::new(server)?, server.json);
    match command {
        Command::Add(Add { url, events, about }) => {
            let wanted = json!({ "url": url, "events": events, "about": about });
            shown(&client.tell(Method::POST, &WEBHOOKS, &wanted).await?, json)?;
        }
        Command::List => {
            let listed = client.ask(Method::GET, &WEBHOOKS).await?;
            let webhooks = listed["webhooks"].as_array().cloned().unwrap_or_default();
            if webhooks.is_empty() && !json {
                eprintln!("There are no webhooks.");
            }
            webhooks.iter().try_for_each(|webhook| shown(webhook, json))?;
        }
        Command::Remove(Id { id }) => {
            client.ask(Method::DELETE, &path(&id, &[])).await?;
            said(json, &json!({ "webhookId": id, "removed": true }), &format!("{id} is removed"))?;
        }
        Command::Enable(Id { id }) => switch(&client, &id, true, json).await?,
        Command::Disable(Id { id }) => switch(&client, &id, false, json).await?,
        Command::Rotate(Id { id }) => {
            shown(&client.ask(Method::POST, &path(&id, &["secret"])).await?, json)?;
        }
        Command::Trigger(Trigger { webhook: Id { id }, event }) => {
            let begun = client.tell(Method::POST, &path(&id, &["test"]), &json!({ "event": event })).await?;
            said(json, &begun, &format!("A test is under way; see lockgate webhook log {id}"))?;
        }
        Command::Log(args) => log::run(&client, args, json).await?,
        Command::Replay(args) => replay::run(&client, args, json).await?,
        Command::Verify(args) => return verify::run(&args, json),
        Command::Listen(_) => unreachable!("it is not interrupted, and so not obeyed here"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn switch(client: &Client, id: &str, on: bool, json: bool) -> Result<(), Failure> {
    let mut webhook = client.ask(Method::GET, &path(id, &[])).await?;
    let wanted = json!({
        "url": webhook["url"].take(), "events": webhook["events"].take(), "about": webhook["about"].take(),
        "enabled": on,
    });
    shown(&client.tell(Method::PUT, &path(id, &[]), &wanted).await?, json)
}

fn said(json: bool, document: &Value, words: &str) -> Result<(), Failure> {
    if json { line(document) } else { line(printable(words)) }
}

/// One webhook, in as many lines as there is to say.
fn shown(webhook: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return line(webhook);
    }
    let text = |key: &str| webhook[key].as_str().map(printable);
    let events: Vec<_> =
        webhook["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let events = if events.is_empty() { "everything".to_owned() } else { events.join(", ") };
    let state = if webhook["enabled"] == true { "on" } else { "off" };
    let (id, url) = (text("webhookId").unwrap_or_default(), text("url").unwrap_or_default());
    line(format_args!("{id}  {state:3}  {url}  ({})", printable(&events)))?;
    for (key, label) in [
        ("about", "about"),
        ("disabledBecause", "switched off:"),
        ("failingSince", "failing since"),
        ("restsUntil", "resting until"),
        ("secret", "secret"),
        ("previousSecretUntil", "the secret before signs too, until"),
    ] {
        if let Some(says) = text(key).filter(|says| !says.is_empty()) {
            line(format_args!("    {label} {says}"))?;
        }
    }
    Ok(())
}
