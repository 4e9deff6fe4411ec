//! `lockgate session new`: announce a file, send it to the address that the server gives out, and go as far with it as
//! one was told: start, wait, fetch.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use activities::clock::random_id;
use futures::StreamExt;
use reqwest::{Body, Method, header};
use serde_json::{Value, json};
use states::Recipe;
use tokio_util::io::ReaderStream;

use super::super::Failure;
use super::super::client::Client;
use super::super::convert::recipe;
use super::super::events::follow;
use super::super::files::{self, Place, Trouble};
use super::super::options::option;
use super::super::screen::{Bar, line, printable, shown};
use super::fetch::{fetch, paths};
use super::{card, has_ended, verdict, watch};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The file to send
    file: PathBuf,
    /// What to make of it [default: by its type]
    #[arg(long, value_parser = recipe)]
    recipe: Option<Recipe>,
    /// What the recipe lets one choose, such as level=best or bits=24; may be given more than once
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = option)]
    options: Vec<(String, Value)>,
    /// Its media type [default: by its name]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Start the conversion as soon as the file is there
    #[arg(long)]
    start: bool,
    /// Start it, and wait until it has ended; exit code 1 when it failed
    #[arg(long)]
    wait: bool,
    /// Start it, wait, and put the result here: a file, or a folder; NAME/ makes one
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Replace a result that is already there
    #[arg(long)]
    force: bool,
}

impl Args {
    fn waits(&self) -> bool {
        self.wait || self.output.is_some()
    }

    fn starts(&self) -> bool {
        self.start || self.waits()
    }
}

pub(super) async fn run(client: &Client, args: &Args, json: bool) -> Result<ExitCode, Failure> {
    let size = files::length(&args.file)?;
    let place = Place::settle(args.output.as_deref(), 1)?;
    if let Place::Exactly(target) = place {
        files::must_be_free(target, args.force)?; // better to know before the work than after it
    }
    let announced = client.announce(&random_id(), &announcement(args, size)?).await?;
    let id =
        announced["sessionId"].as_str().ok_or_else(|| Failure::Odd("the session has no id".to_owned()))?;
    if !json {
        eprintln!("session {}", card::text(&announced["sessionId"]));
    }
    let bar = Bar::new(&args.file.to_string_lossy(), !json);
    upload(client, &announced["upload"], &args.file, size, &bar).await?;
    let enough =
        |session: &Value| if args.waits() { has_ended(session) } else { session["state"] != "NotUploaded" };
    let mut session = follow(client, id, |session| {
        bar.stage(&card::text(&session["stage"]));
        bar.at(watch::permille(session), 1000);
        Ok(if enough(session) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .await?;
    let fetched = match place {
        Place::Folder(_) | Place::Exactly(_) if session["state"] == "Done" => {
            fetch(client, &session, &place, args.force, &bar).await?
        }
        _ => Vec::new(),
    };
    drop(bar);
    if json {
        session["fetched"] = paths(&fetched);
        line(&session)?;
    } else {
        say(args, &session, &fetched)?;
    }
    Ok(verdict(&session))
}

fn say(args: &Args, session: &Value, fetched: &[PathBuf]) -> Result<(), Failure> {
    if session["state"] == "Failed" {
        watch::say_problem(session);
    } else if fetched.is_empty() {
        line(card::stands(session))?;
    }
    fetched.iter().try_for_each(|path| line(format_args!("{} → {}", shown(&args.file), shown(path))))
}

fn announcement(args: &Args, size: u64) -> Result<Value, Failure> {
    let name = args.file.file_name().ok_or_else(|| Trouble::NotAFile(args.file.clone()))?;
    // A name is for display only; the server takes none that could steer a terminal.
    let name = printable(&name.to_string_lossy());
    let content_type = args.content_type.as_deref().unwrap_or_else(|| content_type(&args.file));
    let mut body = json!({ "fileName": name, "size": size, "contentType": content_type });
    if let Some(recipe) = args.recipe {
        body["recipe"] = json!(recipe);
    }
    for (name, value) in &args.options {
        body["options"][name] = value.clone();
    }
    if args.starts() {
        body["start"] = json!("auto");
    }
    Ok(body)
}

/// What the ending of its name says a file is. Where it says nothing, the server goes by the name itself.
fn content_type(file: &Path) -> &'static str {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref().unwrap_or_default() {
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "flac" => "audio/flac",
        "aif" | "aiff" => "audio/aiff",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "m4a" | "m4b" => "audio/mp4",
        "aac" => "audio/aac",
        "mka" => "audio/x-matroska",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "mkv" => "video/x-matroska",
        "webm" => "video/webm",
        "avi" => "video/x-msvideo",
        "ts" | "m2ts" | "mts" => "video/mp2t",
        "mpg" | "mpeg" => "video/mpeg",
        "wmv" => "video/x-ms-wmv",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

/// Sends the file by the very request that the server signed.
async fn upload(client: &Client, upload: &Value, file: &Path, size: u64, bar: &Bar) -> Result<(), Failure> {
    bar.stage("sending");
    let source = tokio::fs::File::open(file).await.map_err(Trouble::reading(file))?;
    let moved = bar.mover();
    let mut sent = 0;
    let chunks = ReaderStream::with_capacity(source, 256 << 10).inspect(move |chunk| {
        sent += chunk.as_ref().map_or(0, |bytes| bytes.len() as u64);
        moved(sent, size);
    });
    let mut request = client.request_at(Method::PUT, &upload["url"])?.header(header::CONTENT_LENGTH, size);
    for (name, value) in upload["headers"].as_object().into_iter().flatten() {
        if !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("host") {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
    }
    client.send(request.body(Body::wrap_stream(chunks))).await.map(drop)
}
