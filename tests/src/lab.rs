//! A server that may die at any moment, and a client that does not mind: what fails because the server died is asked
//! again of the next one on the same folder.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use activities::clock::random_id;
use activities::objects::Objects;
use anyhow::{Context, Result, ensure};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::flow::{Flow, PATIENCE, expect, id};
use crate::server::{Server, Setup};
use crate::stranger;

/// The server's patience is short, so that what was lost is found within the test. Lines of `[patience]` may follow.
pub const SETTINGS: &str = "[patience]\nsweep-every = 0.1\ndebt = 0.3\ncheckup = 1\nupload-check = 0.5\n\
                            deletion-grace = 0\ndead-execution = 1\nnot-found = 2\n";

pub struct Lab {
    pub folder: TempDir,
    running: RefCell<Running>,
    patience: Duration,
}

struct Running {
    server: Option<Server>,
    /// How the next servers are started, the last one first. After them they are started without a fault.
    plan: Vec<Setup>,
    /// Servers that died.
    deaths: usize,
}

/// How one session ended, as far as it must not depend on who died when.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    pub state: String,
    pub attempt: u64,
    pub trail: Vec<String>,
    /// The first of its results.
    pub result: Vec<u8>,
}

/// What is made of a file, as it is announced: of a WAV a FLAC, unless more is said.
#[derive(Clone, Debug)]
pub struct Wish {
    pub name: String,
    pub file: Vec<u8>,
    pub more: Value,
}

impl Wish {
    pub fn flac(name: &str, file: &[u8]) -> Self {
        Self { name: name.to_owned(), file: file.to_vec(), more: json!({}) }
    }
}

impl Lab {
    /// A fresh folder, and a first server started like this.
    pub fn new(first: &Setup) -> Result<Self> {
        Self::with_patience(first, "")
    }

    /// With these lines more in the file's `[patience]`.
    pub fn with_patience(first: &Setup, more: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("lockgate.toml"), format!("{SETTINGS}{more}"))?;
        let server = Server::start(folder.path(), first)?;
        let deaths = usize::from(server.is_none());
        Ok(Self {
            folder,
            running: RefCell::new(Running { server, plan: Vec::new(), deaths }),
            patience: PATIENCE,
        })
    }

    /// For a run that is expected to hang: what takes longer than a few seconds is given up.
    pub fn impatient(mut self) -> Self {
        self.patience = Duration::from_secs(5);
        self
    }

    /// Starts the next servers like this, one after the other died.
    pub fn killing_the_next(self, plan: impl IntoIterator<Item = Setup>) -> Self {
        let mut plan: Vec<_> = plan.into_iter().collect();
        plan.reverse();
        self.running.borrow_mut().plan = plan;
        self
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    pub fn process_id(&self) -> Result<u32> {
        Ok(self.running.borrow().server.as_ref().context("a server runs")?.process_id())
    }

    pub fn deaths(&self) -> usize {
        self.running.borrow().deaths
    }

    /// A client of the living server; a new one is started if need be.
    pub fn flow(&self) -> Result<Flow> {
        let mut running = self.running.borrow_mut();
        running.bury();
        while running.server.is_none() {
            let Some(setup) = running.plan.pop() else {
                running.server = Some(Server::start_well(self.folder.path())?);
                break;
            };
            running.server = Server::start(self.folder.path(), &setup)?;
            running.deaths += usize::from(running.server.is_none());
        }
        let server = running.server.as_ref().context("a server was started just above")?;
        Ok(Flow { patience: self.patience, ..Flow::new(&server.url) })
    }

    /// Starts the next server like this, in the place of one that is dead.
    pub fn start(&self, setup: &Setup) -> Result<()> {
        let mut running = self.running.borrow_mut();
        running.bury();
        ensure!(running.server.is_none(), "the last server still lives");
        running.server = Server::start(self.folder.path(), setup)?;
        running.deaths += usize::from(running.server.is_none());
        Ok(())
    }

    pub fn kill(&self) -> Result<()> {
        let mut running = self.running.borrow_mut();
        if let Some(server) = running.server.take() {
            running.deaths += 1;
            server.kill()?;
        }
        Ok(())
    }

    /// SIGTERM, and how the server ended.
    pub fn terminate(&self) -> Result<std::process::ExitStatus> {
        let server = self.running.borrow_mut().server.take().context("a server runs")?;
        server.terminate()
    }

    /// The object store as the server itself sees it.
    pub async fn objects(&self) -> Result<Objects> {
        let probe = self.flow()?.announce("probe.wav", b"x", &random_id(), json!({})).await?;
        self.flow()?.verb(Method::DELETE, &format!("/api/sessions/{}", id(&probe)?), None).await?;
        self.objects_behind(&probe)
    }

    /// The object store that `announced` is to be uploaded to: where it listens stands in every upload URL.
    pub fn objects_behind(&self, announced: &Value) -> Result<Objects> {
        let keys: Value = serde_json::from_slice(&std::fs::read(self.data().join("keys.json"))?)?;
        let key = |name: &str| keys[name].as_str().context("the keys are text");
        let url = Url::parse(announced["upload"]["url"].as_str().context("an upload has a URL")?)?;
        let url = url.origin().ascii_serialization();
        Ok(stranger::objects(&url, key("access")?, key("secret")?))
    }

    /// Waits until the buckets hold so many objects, and no more.
    pub async fn until_objects(&self, expected: &[(&str, usize)]) -> Result<()> {
        let objects = self.objects().await?;
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        let began = Instant::now();
        for &(bucket, count) in expected {
            loop {
                let found = objects.list(bucket, "").await?;
                if found.len() == count {
                    break;
                }
                ensure!(began.elapsed() < Duration::from_secs(30), "{bucket} holds {found:?}");
                ticks.tick().await;
            }
        }
        Ok(())
    }

    /// Does `ask`, again if the server died over it. An error of a living server is one.
    pub async fn ask<T>(&self, ask: impl AsyncFn(&Flow) -> Result<T>) -> Result<T> {
        loop {
            let flow = self.flow()?;
            match ask(&flow).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let lives = self.running.borrow_mut().lives_on(&flow);
                    ensure!(!lives, "a living server failed: {error:#}\n{}", self.log());
                }
            }
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data().join("test.log")).unwrap_or_default()
    }

    /// A FLAC of a WAV, whoever dies on the way.
    pub async fn convert(&self, name: &str, file: &[u8]) -> Result<Ending> {
        self.make(&Wish::flac(name, file)).await
    }

    /// The whole flow of one file, whoever dies on the way.
    pub async fn make(&self, wish: &Wish) -> Result<Ending> {
        let session = self.ask(async |flow| sent(flow, wish).await).await?;
        let id = id(&session)?;
        self.ask(async |flow| flow.until(&id, &["ReadyToXcode", "Transcoding", "Done"]).await).await?;
        let start = async |flow: &Flow| {
            let answer = flow.verb(Method::PUT, &format!("/xcode/{id}"), Some(&id)).await?;
            expect(answer, 202).await
        };
        self.ask(start).await?;
        let session = self.ask(async |flow| flow.until(&id, &["Done", "Failed"]).await).await?;
        ensure!(session["state"] == "Done", "the session failed: {session:#}\n{}", self.log());
        let result = self
            .ask(async |flow| {
                let session = flow.session(&id).await?;
                flow.fetch(&session).await
            })
            .await?;
        ending(&session, result)
    }
}

impl Running {
    /// Notices a server that has died.
    fn bury(&mut self) {
        if self.server.as_mut().is_some_and(Server::is_dead) {
            self.deaths += 1;
            self.server = None;
        }
    }

    /// Whether the server that `flow` speaks to still lives. A connection that broke may be the first sign of a death
    /// that the system has not reported yet, so this waits a moment for one.
    fn lives_on(&mut self, flow: &Flow) -> bool {
        for _ in 0..200 {
            self.bury();
            if self.server.as_ref().is_none_or(|server| server.url != flow.url) {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        true
    }
}

/// A WAV, of which a FLAC is to be made. Asked again, it goes on where the last one was cut off.
pub async fn uploaded(flow: &Flow, name: &str, file: &[u8]) -> Result<Value> {
    sent(flow, &Wish::flac(name, file)).await
}

/// Announces and uploads; asked again, it goes on where the last one was cut off.
async fn sent(flow: &Flow, wish: &Wish) -> Result<Value> {
    let Wish { name, file, more } = wish;
    let announced = flow.announce(name, file, name, more.clone()).await?;
    if announced["state"] == "NotUploaded" {
        let answer = flow.upload(&announced, file).await?;
        let status = answer.status().as_u16();
        ensure!([200, 412].contains(&status), "the upload answered {status}: {}", answer.text().await?);
    }
    Ok(announced)
}

fn ending(session: &Value, result: Vec<u8>) -> Result<Ending> {
    let trail = session["trail"].as_array().context("a session has a trail")?;
    Ok(Ending {
        state: session["state"].as_str().unwrap_or_default().to_owned(),
        attempt: session["attempt"].as_u64().context("a session has an attempt")?,
        trail: trail.iter().filter_map(|passage| Some(passage["event"].as_str()?.to_owned())).collect(),
        result,
    })
}
