//! `lockgate flag …`: what a running server allows. A flag is named by the names that lead to it in `flags.toml`, with dots
//! in between; the server says when there is no such flag.

use std::process::ExitCode;

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Failure;
use super::client::{Client, ServerArgs};
use super::interrupt::unless_interrupted;
use super::screen::{line, printable, told};

const HELP: &str = "Flags:
  maintenance.on, maintenance.reason, maintenance.retry (seconds)
  recipes.RECIPE.on, recipes.RECIPE.reason, recipes.RECIPE.bytes, recipes.RECIPE.options.OPTION
  users.everyone.concurrent, users.everyone.sessions, users.everyone.bytes
  users.named.USER.concurrent, users.named.USER.sessions, users.named.USER.bytes";

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the flags that are set
    List,
    /// Set a flag, such as recipes.video.on false
    Set {
        /// Its name
        name: String,
        /// true, false, a number or text
        value: String,
    },
    /// Take a flag back, or all below a name
    Unset {
        /// Its name
        name: String,
    },
}

/// Others may change flags at the same moment.
const ROUNDS: usize = 5;

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let json = args.server.json;
    let outcome = unless_interrupted(obey(&args.server, args.command)).await;
    told(outcome, json)
}

const FLAGS: [&str; 2] = ["api", "flags"];

async fn obey(server: &ServerArgs, command: Command) -> Result<ExitCode, Failure> {
    let client = Client::new(server)?;
    let stands = match command {
        Command::List => client.ask(Method::GET, &FLAGS).await?,
        Command::Set { name, value } => {
            let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
            change(&client, |flags| set(flags, &name, value.clone())).await?
        }
        Command::Unset { name } => change(&client, |flags| unset(flags, &name)).await?,
    };
    if server.json {
        line(&stands)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut said = Vec::new();
    tell("", &stands["flags"], &mut said);
    said.iter().try_for_each(|flag| line(printable(flag)))?;
    if let Some(trouble) = stands["trouble"].as_str() {
        eprintln!("lockgate: {}", printable(trouble));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn change(
    client: &Client,
    change: impl Fn(&mut Value) -> Result<(), Failure>,
) -> Result<Value, Failure> {
    let mut round = 0;
    loop {
        let mut stands = client.ask(Method::GET, &FLAGS).await?;
        change(&mut stands["flags"])?;
        let wanted = json!({ "flags": stands["flags"].take(), "revision": stands["revision"].take() });
        round += 1;
        match client.tell(Method::PUT, &FLAGS, &wanted).await {
            Err(Failure::Refused { problem, .. }) if problem["status"] == 409 && round < ROUNDS => {}
            told => return told,
        }
    }
}

fn set(flags: &mut Value, name: &str, value: Value) -> Result<(), Failure> {
    let mut place = flags;
    for step in name.split('.') {
        if !place.is_object() {
            return Err(none(name));
        }
        place = &mut place[step];
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
    }
    *place = value;
    Ok(())
}

fn unset(flags: &mut Value, name: &str) -> Result<(), Failure> {
    let (above, last) = name.rsplit_once('.').map_or(("", name), |(above, last)| (above, last));
    let mut steps = above.split('.').filter(|step| !step.is_empty());
    let place = steps.try_fold(flags, |place, step| place.get_mut(step));
    let removed = place.and_then(Value::as_object_mut).and_then(|place| place.shift_remove(last));
    removed.map(drop).ok_or_else(|| none(name))
}

fn none(name: &str) -> Failure {
    Failure::Usage(format!("there is no flag {name}"))
}

/// Each flag on a line.
fn tell(name: &str, value: &Value, said: &mut Vec<String>) {
    match value {
        Value::Object(below) => {
            for (step, value) in below {
                let name = if name.is_empty() { step.clone() } else { format!("{name}.{step}") };
                tell(&name, value, said);
            }
        }
        value => said.push(format!("{name} = {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_dots_leads_to_its_flag() {
        let mut flags = json!({ "maintenance": { "on": false } });
        set(&mut flags, "maintenance.on", true.into()).unwrap();
        set(&mut flags, "recipes.flac.options.level", "fast".into()).unwrap();
        assert_eq!(flags["recipes"]["flac"]["options"], json!({ "level": "fast" }));
        assert!(set(&mut flags, "maintenance.on.off", true.into()).is_err());
        let mut said = Vec::new();
        tell("", &flags, &mut said);
        assert_eq!(said, ["maintenance.on = true", "recipes.flac.options.level = \"fast\""]);
        unset(&mut flags, "recipes.flac").unwrap();
        assert_eq!(flags, json!({ "maintenance": { "on": true }, "recipes": {} }));
        assert!(unset(&mut flags, "recipes.flac").is_err() && unset(&mut flags, "lunch").is_err());
    }
}
