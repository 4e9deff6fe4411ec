//! What whoever looks after a server sees of one session: its meters, its log and its trace, of the real binary.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::routing::post;
use axum::{Json, Router};
use reqwest::Method;
use serde_json::{Value, json};
use service::people::Role;
use tests::flow::{Flow, PATIENCE, expect, id};
use tests::server::{Server, Setup};
use tests::sound::wav;
use tests::town::Town;

const SECOND: u32 = 44_100;

/// Takes traces, as a collector does.
async fn collector() -> Result<(String, Arc<Mutex<Vec<Value>>>)> {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let its = taken.clone();
    let take = move |Json(batch): Json<Value>| async move {
        let spans = &batch["resourceSpans"][0]["scopeSpans"][0]["spans"];
        its.lock().expect("nobody panics").extend(spans.as_array().cloned().unwrap_or_default());
        Json(json!({}))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, taken))
}

fn attribute<'s>(span: &'s Value, name: &str) -> Option<&'s str> {
    let all = span["attributes"].as_array()?;
    all.iter().find(|one| one["key"] == name)?["value"]["stringValue"].as_str()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_request_to_the_result() -> Result<()> {
    let (url, taken) = collector().await?;
    let folder = tempfile::tempdir()?;
    let setup = Setup::default().with("OTEL_EXPORTER_OTLP_ENDPOINT", &url);
    let server = Server::start(folder.path(), &setup)?.context("it starts")?;
    let flow = Flow::new(&server.url);
    let session = flow.run("a.wav", &wav(SECOND, 1), "k").await?;
    let id = id(&session)?;
    // What is left is sent at the end, and taken meanwhile.
    let ended = tokio::task::spawn_blocking(|| server.terminate()).await??;
    ensure!(ended.success(), "{ended}");

    let taken = taken.lock().expect("nobody panics").clone();
    let of_it: Vec<&Value> = taken.iter().filter(|span| attribute(span, "session") == Some(&id)).collect();
    let traces: BTreeSet<&str> = of_it.iter().filter_map(|span| span["traceId"].as_str()).collect();
    ensure!(traces.len() == 1, "{traces:?}");
    let root = of_it.iter().find(|span| span["name"] == "session").context("the whole is a span")?;
    ensure!(root["parentSpanId"] == "" && attribute(root, "state") == Some("Done"), "{root:#}");
    let mut names = BTreeMap::<&str, usize>::new();
    let time = |span: &Value, end: &str| span[end].as_str().and_then(|text| text.parse::<u128>().ok());
    for span in &of_it {
        *names.entry(span["name"].as_str().context("a span has a name")?).or_default() += 1;
        ensure!(span["name"] == "session" || span["parentSpanId"] == root["spanId"], "{span:#}");
        ensure!(time(span, "startTimeUnixNano") <= time(span, "endTimeUnixNano"), "{span:#}");
        ensure!(span["status"] == json!({}), "{span:#}");
    }
    for name in ["request POST /xfer", "request PUT /xcode/{id}", "activity begin", "activity probe"] {
        ensure!(names.get(name) == Some(&1), "{name}: {names:?}");
    }
    ensure!(names.contains_key("activity flac") && names.contains_key("activity finish"), "{names:?}");
    let traced = serde_json::to_string(&of_it)?;
    no_secret_is_in(&serde_json::to_string(&taken)?)?;
    let log = log(folder.path())?;
    let told: Vec<&str> = log.lines().filter(|line| line.contains(&id)).collect();
    let bytes: usize = told.iter().map(|line| line.len() + 1).sum();
    println!(
        "one session: {} lines of log ({bytes} B), {} spans ({} B)",
        told.len(),
        of_it.len(),
        traced.len()
    );
    ensure!(told.len() < 40, "{log}");
    Ok(())
}

fn no_secret_is_in(text: &str) -> Result<()> {
    ensure!(!text.contains("Signature") && !text.contains("Credential"), "a signature was written");
    Ok(())
}

fn log(folder: &Path) -> Result<String> {
    Ok(std::fs::read_to_string(folder.join("test.log"))?)
}

/// Every meter that the dashboard shows is one that there is.
fn the_dashboard_asks_for_nothing_else(meters: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/grafana/lockgate.json");
    let text = std::fs::read_to_string(path)?;
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let asked: BTreeSet<&str> = text
        .match_indices("lockgate_")
        .filter_map(|(at, _)| text[at..].split(|letter| !is_of_name(letter)).next())
        .collect();
    ensure!(asked.len() >= 15, "{asked:?}");
    for name in asked {
        ensure!(meters.lines().any(|line| line.starts_with(name)), "{name} is nowhere in\n{meters}");
    }
    Ok(())
}

/// Every meter says what it is.
fn none_is_without_a_word(meters: &str) -> Result<()> {
    let said = |ahead: &str| -> BTreeSet<&str> {
        meters.lines().filter_map(|line| line.strip_prefix(ahead)?.split(' ').next()).collect()
    };
    let (there, told) = (said("# TYPE "), said("# HELP "));
    ensure!(there.is_subset(&told), "nobody says what these are: {:?}", there.difference(&told));
    Ok(())
}

/// What stands under the series of a meter, by their labels.
fn series<'m>(meters: &'m str, name: &str) -> BTreeMap<&'m str, f64> {
    let of_it =
        meters.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{')?.split_once("} "));
    of_it.filter_map(|(labels, value)| Some((labels, value.parse().ok()?))).collect()
}

#[tokio::test]
async fn meters_and_log_tell_what_became_of_sessions() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let done = flow.run("a.wav", &wav(SECOND, 1), "k").await?;
    let failed = flow.run("b.wav", b"RIFF and then nothing that is a sound", "l").await?;
    ensure!((&done["state"], &failed["state"]) == (&json!("Done"), &json!("Failed")), "{done} {failed}");

    let text = reqwest::get(format!("{}/metrics", server.url)).await?.text().await?;
    let value = |series: &str| -> Result<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("{series} is missing in\n{text}"))?.parse()?)
    };
    let problem = failed["problem"]["type"].as_str().context("a problem has a type")?;
    let problem = problem.rsplit('/').next().unwrap_or(problem);
    for (series, expected) in [
        (r#"lockgate_sessions{state="Done",recipe="flac"}"#.to_owned(), 1.0),
        (r#"lockgate_sessions{state="Transcoding",recipe="flac"}"#.to_owned(), 0.0),
        (r#"lockgate_transitions_total{event="TranscodeSucceeded",recipe="flac"}"#.to_owned(), 1.0),
        (r#"lockgate_transitions_total{event="UploadConfirmed",recipe="flac"}"#.to_owned(), 2.0),
        (format!(r#"lockgate_session_failures_total{{recipe="flac",problem="{problem}"}}"#), 1.0),
        (r#"lockgate_session_seconds_count{recipe="flac",state="Done"}"#.to_owned(), 1.0),
        (r#"lockgate_media_work{state="running"}"#.to_owned(), 0.0),
        (r#"lockgate_media_work{state="waiting"}"#.to_owned(), 0.0),
    ] {
        ensure!(value(&series)? == expected, "{series} is {}", value(&series)?);
    }
    ensure!(value(r#"lockgate_activity_seconds_count{activity="flac"}"#)? >= 1.0);
    for ledger in ["journal", "sessions", "objects"] {
        ensure!(value(&format!(r#"lockgate_commit_seconds_count{{ledger="{ledger}"}}"#))? > 0.0, "{ledger}");
    }

    the_dashboard_asks_for_nothing_else(&text)?;
    none_is_without_a_word(&text)?;
    drop(server);
    let log = log(folder.path())?;
    no_secret_is_in(&log)?;
    let lines: Vec<Value> = log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let id = id(&done)?;
    let of_it = lines.iter().filter(|line| line["fields"]["session"] == id);
    let moves: Vec<&str> = of_it.filter_map(|line| line["fields"]["event"].as_str()).collect();
    ensure!(moves == ["UploadConfirmed", "TranscodeStarted", "TranscodeSucceeded"], "{moves:?}");
    Ok(())
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder)? {
        names.extend(file?.file_name().into_string());
    }
    Ok(names)
}

/// What is damaged on the disk is read again twice, in vain.
#[tokio::test]
async fn a_step_that_is_tried_again_is_counted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_well(folder.path())?;
    let flow = Flow::new(&server.url);
    let meters = async || anyhow::Ok(reqwest::get(format!("{}/metrics", server.url)).await?.text().await?);
    let retried = |meters: &str| -> f64 { series(meters, "lockgate_retries_total").values().sum() };
    let before = meters().await?;
    ensure!(retried(&before) == 0.0 && series(&before, "lockgate_retries_total").len() > 4, "{before}");

    let file = wav(SECOND, 1);
    let announced = flow.announce("a.wav", &file, "k", json!({})).await?;
    let id = id(&announced)?;
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    flow.until(&id, &["ReadyToXcode"]).await?;
    let objects = folder.path().join("objects");
    let names = names_in(&objects)?;
    let [name] = &names[..] else { anyhow::bail!("one file was uploaded, and not {names:?}") };
    let mut bytes = std::fs::read(objects.join(name))?;
    bytes[60] ^= 1;
    std::fs::write(objects.join(name), bytes)?;
    expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), Some("k")).await?, 202).await?;
    let failed = flow.until(&id, &["Done", "Failed"]).await?;
    let problem = failed["problem"]["type"].as_str().context("it has failed")?;
    ensure!(problem.ends_with("storage-damaged"), "{failed:#}");

    let after = meters().await?;
    ensure!(retried(&after) == 2.0, "{:?}", series(&after, "lockgate_retries_total"));
    let failures: f64 = series(&after, "lockgate_activity_failures_total").values().sum();
    ensure!(failures == 3.0, "{:?}", series(&after, "lockgate_activity_failures_total"));
    Ok(())
}

/// Whatever database there is in the folder; a new one is not forgotten.
#[tokio::test]
async fn what_lies_on_the_disk_is_measured_to_the_last_database() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let admin = town.citizen("root", Role::Admin).await?;
    let done = town.flow(&admin).run("a.wav", &wav(SECOND, 1), "k").await?;
    ensure!(done["state"] == "Done", "{done:#}");
    let mut databases = names_in(town.folder.path())?;
    databases.retain(|name| name.ends_with(".db"));
    ensure!(databases.len() >= 5 && databases.iter().any(|name| name == "people.db"), "{databases:?}");

    // The first look is taken at the start, but nobody waits for it.
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let (meters, bytes) = loop {
        ticks.tick().await;
        let meters = town.get("/metrics", &admin.token).await?.text().await?;
        let bytes: BTreeMap<String, f64> = series(&meters, "lockgate_disk_bytes")
            .into_iter()
            .map(|(labels, value)| (labels.replace("what=", "").replace('"', ""), value))
            .collect();
        if bytes.len() > databases.len() {
            break (meters, bytes);
        }
        ensure!(began.elapsed() < PATIENCE, "{databases:?} and the objects, not {bytes:?}");
    };
    for name in &databases {
        ensure!(bytes.get(name).is_some_and(|bytes| *bytes > 0.0), "{name}: {bytes:?}");
    }
    ensure!(bytes.contains_key("objects") && bytes.len() == databases.len() + 1, "{bytes:?}");
    let free = meters.lines().find_map(|line| line.strip_prefix("lockgate_disk_free_bytes "));
    ensure!(free.is_some_and(|free| free.parse().is_ok_and(|free: f64| free > 0.0)), "{meters}");
    none_is_without_a_word(&meters)
}
