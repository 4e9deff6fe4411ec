//! `lockgate session …`: look at a server's sessions, and move them.

use std::process::ExitCode;

use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::Failure;
use super::client::{Client, ServerArgs};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List sessions, newest first
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<String>,
        /// Only those that failed of this, such as media-corrupt
        #[arg(long)]
        problem: Option<String>,
        /// Only those of this recipe
        #[arg(long)]
        recipe: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Show one session, with addresses to fetch its results from
    Show { id: String },
    /// Follow one session until it ends
    Events { id: String },
    /// Start a session whose file was uploaded
    Start { id: String },
    /// Cancel a session that has not ended
    Cancel { id: String },
    /// Try a failed session again
    Redrive { id: String },
    /// Delete a session with its objects
    Delete { id: String },
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let client = Client::new(&args.server);
    let json = args.server.json;
    match args.command {
        Command::List { state, problem, recipe, limit } => {
            let filters = [("state", state), ("problem", problem), ("recipe", recipe)];
            list(&client, filters, limit, json).await?;
        }
        Command::Show { id } => show(&client.get(&format!("/api/sessions/{id}"), &[]).await?, json),
        Command::Events { id } => follow(&client, &id, json).await?,
        Command::Start { id } => show(&client.request(Method::PUT, &format!("/xcode/{id}")).await?, json),
        Command::Cancel { id } => post(&client, &id, "cancel", json).await?,
        Command::Redrive { id } => post(&client, &id, "redrive", json).await?,
        Command::Delete { id } => {
            client.request(Method::DELETE, &format!("/api/sessions/{id}")).await?;
            if !json {
                println!("{id} is deleted");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn post(client: &Client, id: &str, verb: &str, json: bool) -> Result<(), Failure> {
    show(&client.request(Method::POST, &format!("/xcode/{id}/{verb}")).await?, json);
    Ok(())
}

/// Asks page after page until `limit` sessions are printed or there are no more.
async fn list(
    client: &Client,
    filters: [(&str, Option<String>); 3],
    limit: usize,
    json: bool,
) -> Result<(), Failure> {
    let filters: Vec<_> = filters.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let (mut left, mut cursor) = (limit, None::<String>);
    if !json {
        println!("{:36}  {:12}  {:>6}  {:10}  FILE", "SESSION", "STATE", "DONE", "RECIPE");
    }
    while left > 0 {
        let mut query = filters.clone();
        query.push(("limit", left.min(100).to_string()));
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = client.get("/api/sessions", &query).await?;
        let sessions = page["sessions"].as_array().map(Vec::as_slice).unwrap_or_default();
        sessions.iter().for_each(|session| if json { println!("{session}") } else { row(session) });
        left = left.saturating_sub(sessions.len());
        cursor = page["next"].as_str().map(ToOwned::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    Ok(())
}

fn row(session: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    println!(
        "{:36}  {:12}  {:>5.1}%  {:10}  {}",
        text(&session["sessionId"]),
        text(&session["state"]),
        session["progress"].as_f64().unwrap_or_default(),
        text(&session["recipe"]),
        printable(&text(&session["source"]["fileName"])),
    );
    if let Some(title) = session["problem"]["title"].as_str() {
        println!("{:36}  {title} {}", "", printable(&text(&session["problem"]["detail"])));
    }
}

/// A name or a sentence that came from a file must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

fn show(session: &Value, json: bool) {
    if json {
        println!("{session}");
    } else {
        println!("{session:#}");
    }
}

async fn follow(client: &Client, id: &str, json: bool) -> Result<(), Failure> {
    client
        .events(&format!("/api/sessions/{id}/events"), |_, data| {
            if json {
                println!("{data}");
            } else {
                let stage = data["stage"].as_str().unwrap_or_default();
                let state = data["state"].as_str().unwrap_or_default();
                println!("{state:12}  {stage:10}  {:>5.1}%", data["progress"].as_f64().unwrap_or_default());
            }
        })
        .await
}
