//! `lockgate session events`, and the watching that `new` does too: each change is a line, progress in between a bar.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::process::ExitCode;

use serde_json::Value;

use super::super::Failure;
use super::super::client::Client;
use super::super::events::follow;
use super::super::screen::{Bar, line};
use super::{card, has_ended, verdict};

pub(super) async fn run(client: &Client, id: &str, json: bool) -> Result<ExitCode, Failure> {
    let bar = Bar::new("", !json && std::io::stdout().is_terminal());
    let mut shown = None;
    let session = follow(client, id, |session| {
        bar.stage(&card::text(&session["stage"]));
        bar.at(permille(session), 1000);
        if json {
            line(session)?;
        } else {
            // Where there is a bar, it tells the percent.
            let percent = if bar.is_seen() { 0 } else { permille(session) / 10 };
            let now = (session["state"].clone(), session["stage"].clone(), percent);
            if shown.as_ref() != Some(&now) {
                bar.aside(|| tell(session))?;
                shown = Some(now);
            }
        }
        Ok(if has_ended(session) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .await?;
    drop(bar);
    if !json {
        say_problem(&session);
    }
    Ok(verdict(&session))
}

/// Why a session failed goes to standard error, as all that went wrong does.
pub(super) fn say_problem(session: &Value) {
    if let Some(problem) = card::problem(session) {
        eprintln!("lockgate: {problem}");
    }
}

pub(super) fn permille(session: &Value) -> u64 {
    (session["progress"].as_f64().unwrap_or_default() * 10.0).round() as u64
}

fn tell(session: &Value) -> Result<(), Failure> {
    let (state, stage) = (card::text(&session["state"]), card::text(&session["stage"]));
    let stage = if session["state"] == "Transcoding" { stage } else { String::new() };
    line(format_args!("{state:12}  {stage:10}  {:>6}", card::percent(session)))
}
