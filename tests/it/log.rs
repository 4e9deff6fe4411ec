//! The log of the real server: whatever somebody calls a file, a line of the log is one line of JSON, not a long one, and
//! steers no terminal.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::lab::Lab;
use tests::server::Setup;

/// Ends lines in every way there is, steers terminals, turns the line around, and looks like an entry.
const STEERS: &str = "a\nb\r\u{1b}[31m\u{7f}\u{85}\u{2028}\u{2029}\u{202e}{\"level\":\"ERROR\"}";

/// How a name ends that is as long as the store takes; nobody needs all of it in a log.
const END: &str = "the-end-of-a-long-name";

/// What would not stay within a line, or would change how the rest of it looks.
fn steers(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Waits until the log says all of this.
async fn until_logged(lab: &Lab, words: &[&str]) -> Result<String> {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        let log = lab.log();
        if words.iter().all(|said| log.contains(*said)) {
            return Ok(log);
        }
        ensure!(began.elapsed() < Duration::from_secs(30), "it never says {words:?}:\n{log}");
        ticks.tick().await;
    }
}

#[tokio::test]
async fn a_name_that_steers_terminals_is_one_short_line_of_the_log() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    for (name, status) in [(STEERS, 400), ("a\u{2028}\u{202e}b.wav", 201)] {
        let body = json!({ "fileName": name, "size": 1, "contentType": "audio/wav" });
        let answer = flow.http.post(format!("{}/xfer", flow.url)).json(&body).send().await?;
        ensure!(answer.status() == status, "{name:?}: {}", answer.status());
    }
    let objects = lab.objects().await?;
    // One that nothing can be made of, and one that belongs to nobody.
    let folders = ["inbox/local", "nobody"];
    for folder in folders {
        let key = format!("{folder}/{STEERS}{}{END}", "x".repeat(900));
        ensure!(key.len() <= 1024, "the store takes no longer one");
        let mut sink = objects.create("uploads", &key, "application/x-nothing");
        sink.write("x".into()).await?;
        sink.finish().await?;
    }
    let log = until_logged(&lab, &["nothing can be made of this file", "belongs to no session"]).await?;
    for line in log.lines() {
        let entry =
            serde_json::from_str::<Value>(line).with_context(|| format!("no line of JSON: {line:?}"))?;
        ensure!(entry["level"].is_string() && entry["fields"].is_object(), "no entry of ours: {line}");
        ensure!(!line.contains(steers), "it steers: {line:?}");
        ensure!(!line.contains(END), "it is not cut off: {line}");
    }
    for folder in folders {
        let begin = format!("{folder}/a");
        ensure!(log.lines().any(|line| line.contains(&begin)), "nothing is said of {begin}:\n{log}");
    }
    Ok(())
}
