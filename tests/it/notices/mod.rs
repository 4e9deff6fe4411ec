//! Telling owners what became of their sessions: the schedule and every answer on a clock of the test's own (`schedule`,
//! `answers`), letters (`letters`), what may be reached (`reach`), signatures beside a peer's (`signatures`), the API and
//! the command line (`asked`), and through the real binary deliveries that are killed in the middle (`kills`) and sessions
//! that expire (`expired`).

mod answers;
mod asked;
mod expired;
mod kills;
mod letters;
mod reach;
mod schedule;
mod signatures;

use activities::webhook::Secret;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use states::Timestamp;
use tests::stand_in::Heard;

/// That a message is signed by each of these secrets, as of `now`. Answers its id and its body.
fn checked(heard: &Heard, secrets: &[&Secret], now: Timestamp) -> Result<(String, Value)> {
    let [id, at, signatures] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| heard.header(name));
    for secret in secrets {
        secret.verify(id, at, signatures, heard.body.as_bytes(), now)?;
    }
    ensure!(signatures.split(' ').count() == secrets.len(), "{signatures}");
    ensure!(heard.method == "POST" && heard.header("content-type") == "application/json", "{heard:?}");
    ensure!(heard.header("user-agent").starts_with("Lockgate/"), "{heard:?}");
    ensure!(heard.body.len() < 20_000, "{} bytes", heard.body.len());
    let body = serde_json::from_str(&heard.body).context("the body is JSON")?;
    Ok((id.to_owned(), body))
}
