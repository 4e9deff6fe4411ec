//! What is changed of the flags leaves a row in the audit log that says it, by whatever way it was changed.

use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use service::audit::Row;
use service::people::Role;
use tests::flow::expect;
use tests::server::Setup;
use tests::town::Town;

/// Some sentence that is longer than the names in rows are.
const REASON: &str = "There are new disks to be built in, and until they are, whatever is sent here would have to be \
                      sent again: please come back on Monday, when there will be room for all of it.";

/// Of changes of the flags, the oldest first.
fn rows(town: &Town) -> Result<Vec<Row>> {
    let rows = town.store()?.audited(1000, None)?.into_iter().map(|entry| entry.row);
    Ok(rows.filter(|row| row.what == "flags.toml" || row.what == "PUT /api/flags").collect())
}

#[tokio::test]
async fn every_change_of_the_flags_leaves_a_row_that_says_it() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let root = town.citizen("root", Role::Admin).await?;
    let stands = expect(town.get("/api/flags", &root.token).await?, 200).await?;
    let wanted = json!({
        "flags": {
            "maintenance": { "reason": REASON },
            "recipes": { "video": { "bytes": 7 } },
            "users": { "named": { "eve\u{1b}[2J": { "sessions": 1 } } },
        },
        "revision": stands["revision"],
    });
    let put = town.request(Method::PUT, "/api/flags", Some(&root.token)).json(&wanted).send().await?;
    expect(put, 200).await?;
    let [row] = &rows(&town)?[..] else { anyhow::bail!("{:?}", rows(&town)?) };
    ensure!(row.who == "root" && row.subject.contains(REASON), "{row:?}");
    ensure!(row.subject.contains("recipes.video.bytes: – → 7"), "{row:?}");
    ensure!(row.subject.ends_with("users.named.eve\u{fffd}[2J.sessions: – → 1"), "{row:?}");

    let many: String =
        (0..100).map(|number| format!("[users.named.user-{number}]\nsessions = 1\n")).collect();
    let edited = format!("[maintenance]\non = true\n[users.named.\"ada\\u001B[2J\"]\nsessions = 1\n{many}");
    std::fs::write(town.folder.path().join("flags.toml"), edited)?;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let edited = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            ticks.tick().await;
            if let [_, edited] = &rows(&town)?[..] {
                return anyhow::Ok(edited.clone());
            }
        }
    });
    let edited = edited.await??;
    ensure!(edited.who.is_empty() && edited.result == "read", "nobody was asked who that was: {edited:?}");
    ensure!(edited.subject.contains("maintenance.on: false → true"), "{edited:?}");
    ensure!(edited.subject.contains("recipes.video.bytes: 7 → –"), "{edited:?}");
    ensure!(edited.subject.contains("users.named.ada\u{fffd}[2J.sessions: – → 1"), "{edited:?}");
    ensure!(edited.subject.chars().count() == 2000 && edited.subject.ends_with('…'), "{edited:?}");
    Ok(())
}
