//! `lockgate key …`: what machines have in the place of a password, in the data folder of a server on this machine.

use std::process::ExitCode;

use activities::Clock;
use clap::Subcommand;
use serde_json::json;
use service::people::{Key, KeyKind, NewKey, Scope, Scopes};

use super::Failure;
use super::own::{Own, record};
use super::screen::{line, printable};
use crate::data_folder;
use crate::people::{S3Secrets, Store};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    own: Own,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key and print it; it is never shown again
    Add {
        /// Whose it is
        user: String,
        /// What it is called
        #[arg(long, default_value = "command line")]
        name: String,
        /// What it is good for: read, write, admin
        #[arg(long, value_delimiter = ',', default_value = "read,write", value_parser = scope)]
        scope: Vec<Scope>,
        /// For the object store, to put files into the user's inbox
        #[arg(long, conflicts_with = "scope")]
        s3: bool,
        /// It is good for so many days; for ever, unless said
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// List a user's keys
    List { user: String },
    /// Make a key good for nothing
    Revoke { user: String, id: String },
}

fn scope(word: &str) -> Result<Scope, String> {
    word.parse().map_err(|_| "a scope is read, write or admin".to_owned())
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let Args { own, command } = args;
    let (config, store) = own.open()?;
    let json = own.json;
    match command {
        Command::Add { user, name, scope, s3, days } => {
            let expires_at =
                days.map(|days| Clock::System.now() + jiff::SignedDuration::from_hours(24 * i64::from(days)));
            let (kind, scopes) = match s3 {
                true => (KeyKind::S3, Scopes::of(&[])),
                false => (KeyKind::Api, Scopes::of(&scope)),
            };
            let secrets = S3Secrets::new(&data_folder::keys(&config.data)?.secret);
            let new = NewKey { name, kind, scopes, expires_at };
            let (key, secret) = store.make_key(&user, new, &secrets).await?;
            record(&store, "key.add", &key.id, &user).await?;
            match (json, kind) {
                (true, _) => line(json!({ "key": key, "secret": secret.0 }))?,
                (false, KeyKind::Api) => line(secret.0)?,
                (false, KeyKind::S3) => line(format!("{}\n{}", key.id, secret.0))?,
            }
        }
        Command::List { user } => list(&store, &user, json)?,
        Command::Revoke { user, id } => {
            store.revoke(&user, &id).await?;
            record(&store, "key.revoke", &id, &user).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(store: &Store, user: &str, json: bool) -> Result<(), Failure> {
    for key in store.keys_of(user)? {
        if json {
            line(json!(key))?;
            continue;
        }
        let Key { id, kind, name, scopes, last_used_at, .. } = key;
        let scopes: Vec<&str> = scopes.iter().map(<&str>::from).collect();
        let used = last_used_at.map_or_else(|| "never used".to_owned(), |used| format!("used {used}"));
        line(format!(
            "{id:22} {:4} {:18} {used:30} {}",
            <&str>::from(kind),
            scopes.join(","),
            printable(&name)
        ))?;
    }
    Ok(())
}
