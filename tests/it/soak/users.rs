//! What one user does: most files are converted, some are damaged, some are cancelled on the way, and what failed because
//! of the server is tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::StreamExt as _;
use local::people::{Keyring, S3Secrets};
use reqwest::Method;
use serde_json::{Value, json};
use service::people::{KeyKind, Keys as _, NewKey, NewUser, Role, Scopes};
use tests::flow::{expect, id};
use tests::sound::{decoded, wav};

use super::siege::Siege;

/// Files of one user under way at a time.
const AT_ONCE: usize = 2;

/// Times that one session is tried again after the server let it down.
const REDRIVES: usize = 30;

pub(super) struct User {
    pub(super) name: String,
    /// Where they are told.
    pub(super) hook: String,
    key: String,
    webhook: String,
}

/// Sessions by their id: how often each has ended.
type Ended = BTreeMap<String, u64>;

/// What a user was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) delivered: usize,
    pub(super) dead: usize,
    /// By the ids that the receiver sees.
    pub(super) messages: BTreeSet<String>,
}

impl Told {
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.delivered += other.delivered;
        self.dead += other.dead;
        self
    }
}

/// What becomes of a file.
#[derive(Clone, Copy)]
enum Fate {
    Good,
    Damaged,
    Cancelled,
}

impl Fate {
    fn of(number: usize) -> Self {
        match number % 10 {
            7 => Self::Damaged,
            8 => Self::Cancelled,
            _ => Self::Good,
        }
    }
}

impl User {
    pub(super) async fn settle(siege: &Siege, number: usize, hook: String) -> Result<Self> {
        let name = format!("user-{number}");
        let store = siege.store()?;
        store.add(NewUser::new(&name, Role::User)).await?;
        let keys = Keyring { store, s3_secrets: S3Secrets::new("of no S3 key") };
        let new =
            NewKey { name: "soak".to_owned(), kind: KeyKind::Api, scopes: Scopes::ALL, expires_at: None };
        let key = keys.add_key(&name, new).await?.1.0;
        let wanted = json!({ "url": hook });
        let added = siege.ask(&key, async |flow| {
            let request = flow.http.post(format!("{}/api/webhooks", flow.url)).bearer_auth(&key);
            expect(request.header("idempotency-key", "hook").json(&wanted).send().await?, 201).await
        });
        let webhook = added.await?["webhookId"].as_str().context("a webhook has an id")?.to_owned();
        Ok(Self { name, hook, key, webhook })
    }

    /// Sends so many files and sees each to its end.
    pub(super) async fn work(&self, siege: &Siege, files: usize) -> Result<Ended> {
        let each = (0..files).map(|number| self.file(siege, number));
        let mut under_way = futures::stream::iter(each).buffer_unordered(AT_ONCE);
        let mut ended = Ended::new();
        while let Some(outcome) = under_way.next().await {
            let (id, attempts) = outcome.with_context(|| self.name.clone())?;
            ended.insert(id, attempts);
            siege.one_more_ended();
        }
        Ok(ended)
    }

    async fn file(&self, siege: &Siege, number: usize) -> Result<(String, u64)> {
        let sound = wav(2000 + 500 * (number as u32 % 7), number as u64);
        let fate = Fate::of(number);
        let file = if let Fate::Damaged = fate { &sound[..sound.len() / 2] } else { &sound };
        let id = self.send(siege, number, file, matches!(fate, Fate::Cancelled)).await?;
        if let Fate::Cancelled = fate {
            self.cancel(siege, &id).await?;
        }
        let session = self.see_through(siege, &id).await?;
        let is = |state: &str| session["state"] == state;
        match fate {
            Fate::Good => {
                ensure!(is("Done"), "{session:#}");
                let flac = self.fetch(siege, &id).await?;
                ensure!(decoded(&flac)? == sound[44..], "{id}: another sound came out");
            }
            Fate::Damaged => ensure!(session["problem"]["type"] == "media-corrupt", "{session:#}"),
            Fate::Cancelled => ensure!(is("Failed") || is("Done"), "{session:#}"),
        }
        // One that was cancelled before its first attempt has ended all the same.
        Ok((id, session["attempt"].as_u64().context("a session counts its attempts")?.max(1)))
    }

    /// Announces and uploads, and has it started as soon as it is there, unless it is to be cancelled first.
    async fn send(&self, siege: &Siege, number: usize, file: &[u8], waits: bool) -> Result<String> {
        let name = format!("{number}.wav");
        let start = if waits { "manual" } else { "auto" };
        let sent = siege.ask(&self.key, async |flow| {
            let announced = flow.announce(&name, file, &name, json!({ "start": start })).await?;
            if announced["state"] == "NotUploaded" {
                let status = flow.upload(&announced, file).await?.status().as_u16();
                ensure!([200, 412].contains(&status), "the upload answered {status}");
            }
            id(&announced)
        });
        sent.await
    }

    async fn cancel(&self, siege: &Siege, id: &str) -> Result<()> {
        let path = format!("/xcode/{id}/cancel");
        let cancelled = siege.ask(&self.key, async |flow| {
            let status = flow.verb(Method::POST, &path, Some(id)).await?.status().as_u16();
            // It may have been cancelled already, by a request whose answer was lost.
            ensure!([200, 202, 204, 400].contains(&status), "cancelling answered {status}");
            Ok(())
        });
        cancelled.await
    }

    /// To the end of the session; one that the server failed is tried again.
    async fn see_through(&self, siege: &Siege, id: &str) -> Result<Value> {
        let path = format!("/xcode/{id}/redrive");
        let mut tried = 0;
        loop {
            let session =
                siege.ask(&self.key, async |flow| flow.until(id, &["Done", "Failed"]).await).await?;
            let kind = session["problem"]["type"].as_str().unwrap_or_default();
            let is_final = ["media-corrupt", "cancelled", ""].contains(&kind);
            if is_final || tried == REDRIVES {
                return Ok(session);
            }
            tried += 1;
            let again = siege.ask(&self.key, async |flow| {
                let status = flow.verb(Method::POST, &path, Some(&format!("{id}-{tried}"))).await?.status();
                ensure!([202, 400].contains(&status.as_u16()), "redriving answered {status}");
                Ok(())
            });
            again.await?;
        }
    }

    async fn fetch(&self, siege: &Siege, id: &str) -> Result<Vec<u8>> {
        let fetched = siege.ask(&self.key, async |flow| {
            let session = flow.session(id).await?;
            flow.fetch(&session).await
        });
        fetched.await
    }

    /// Waits until each notice was delivered or given up: one for each attempt that has ended.
    pub(super) async fn told(&self, siege: &Siege, ended: &Ended) -> Result<Told> {
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        let wanted: u64 = ended.values().sum();
        loop {
            ticks.tick().await;
            let log = self.log(siege).await?;
            let waits = log.iter().filter(|delivery| delivery["state"] == "waiting").count();
            if waits == 0 && log.len() as u64 == wanted {
                return Ok(summed(&log));
            }
            ensure!(
                began.elapsed() < Duration::from_secs(120),
                "{}: of {wanted} notices there are {}, and {waits} wait",
                self.name,
                log.len()
            );
        }
    }

    async fn log(&self, siege: &Siege) -> Result<Vec<Value>> {
        let (mut log, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/webhooks/{}/deliveries?limit=100{cursor}", self.webhook);
            let page = siege
                .ask(&self.key, async |flow| expect(flow.verb(Method::GET, &path, None).await?, 200).await);
            let mut page = page.await?;
            log.append(page["deliveries"].as_array_mut().context("a log is a list")?);
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(log),
            }
        }
    }

    /// Deletes everything.
    pub(super) async fn leave(&self, siege: &Siege) -> Result<()> {
        loop {
            let list = siege.ask(&self.key, async |flow| {
                expect(flow.verb(Method::GET, "/api/sessions?limit=100", None).await?, 200).await
            });
            let list = list.await?;
            let sessions = list["sessions"].as_array().context("a list of sessions is one")?;
            if sessions.is_empty() {
                return Ok(());
            }
            for session in sessions {
                let path = format!("/api/sessions/{}", id(session)?);
                let deleted = siege.ask(&self.key, async |flow| {
                    let status = flow.verb(Method::DELETE, &path, None).await?.status().as_u16();
                    ensure!([204, 410].contains(&status), "deleting answered {status}");
                    Ok(())
                });
                deleted.await?;
            }
        }
    }
}

fn summed(log: &[Value]) -> Told {
    let count = |state: &str| log.iter().filter(|delivery| delivery["state"] == state).count();
    Told {
        delivered: count("delivered"),
        dead: count("dead"),
        messages: log
            .iter()
            .filter_map(|delivery| Some(delivery["messageId"].as_str()?.to_owned()))
            .collect(),
    }
}
