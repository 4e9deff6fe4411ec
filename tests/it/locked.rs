//! Another program holds the write lock of every database for half a minute, as a curious `sqlite3` may: what is read is
//! answered, what would be written is refused with when to come again, work that has begun waits, and nothing is lost.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ledger::rusqlite::Connection;
use reqwest::Method;
use serde_json::json;
use tests::flow::{expect, id};
use tests::lab::{Lab, uploaded};
use tests::server::Setup;
use tests::sound::{decoded, wav};

const HELD: Duration = Duration::from_secs(30);
const SECOND: u32 = 44_100;

/// The write lock of every database in the folder; dropped, it is given back.
fn lock(folder: &Path) -> Result<Vec<Connection>> {
    let mut locks = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(HELD)?;
            connection.execute_batch("BEGIN IMMEDIATE").with_context(|| path.display().to_string())?;
            locks.push(connection);
        }
    }
    ensure!(locks.len() >= 3, "sessions, objects and histories have a database each");
    Ok(locks)
}

#[tokio::test]
async fn a_foreign_lock_refuses_writes_for_a_while_and_loses_nothing() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let (short, long) = (wav(SECOND, 1), wav(300 * SECOND, 2));
    let flow = lab.flow()?;
    let waiting = id(&uploaded(&flow, "short.wav", &short).await?)?;
    flow.until(&waiting, &["ReadyToXcode"]).await?;
    let announced = flow.announce("long.wav", &long, "long", json!({ "start": "auto" })).await?;
    let working = id(&announced)?;
    ensure!(flow.upload(&announced, &long).await?.status() == 200);
    flow.until(&working, &["Transcoding"]).await?;
    let webhook = flow.http.post(format!("{}/api/webhooks", flow.url));
    let webhook = webhook.json(&json!({ "url": "https://example.org/" })).send().await?;
    let webhook =
        expect(webhook, 201).await?["webhookId"].as_str().context("a webhook has an id")?.to_owned();

    let locks = lock(lab.data())?;
    let (begun, mut refusals) = (Instant::now(), 0);
    let path = format!("/xcode/{waiting}");
    while begun.elapsed() < HELD {
        ensure!(flow.session(&waiting).await?["state"] == "ReadyToXcode", "it is read meanwhile");
        let refused = flow.verb(Method::PUT, &path, Some("start")).await?;
        ensure!(refused.headers().contains_key("retry-after"), "{refused:?}");
        expect(refused, 503).await?;
        refusals += 1;
    }
    let rotate = format!("/api/webhooks/{webhook}/secret");
    let refused = expect(flow.verb(Method::POST, &rotate, None).await?, 503).await?;
    ensure!(refused["type"].as_str().is_some_and(|kind| kind.ends_with("/unavailable")), "{refused:#}");
    drop(locks);
    println!("{refusals} starts were refused");

    expect(flow.verb(Method::PUT, &path, Some("start")).await?, 202).await?;
    for (session, file) in [(&waiting, &short), (&working, &long)] {
        let done = flow.until(session, &["Done", "Failed"]).await?;
        ensure!(done["state"] == "Done" && done["attempt"] == 1, "{done:#}\n{}", lab.log());
        ensure!(decoded(&flow.fetch(&done).await?)? == file[44..], "the samples are not those of the file");
    }
    ensure!(lab.deaths() == 0, "{}", lab.log());
    Ok(())
}
