//! A server that is killed again and again, and now and then has no room on its disk; and how clients get on with it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use activities::Clock;
use activities::objects::Objects;
use anyhow::{Context, Result, bail, ensure};
use local::people::Store;
use serde_json::Value;
use tempfile::TempDir;
use tests::flow::Flow;
use tests::lab::SETTINGS;
use tests::server::{Server, Setup};
use tests::sound::Noise;
use tests::stranger;
use tokio::sync::Notify;

/// Beside what every lab has: a receiver is tried four times and then given up.
const MORE: &str = "after-failure = 0\n\
                    [fairness]\nrequests-per-minute = 1000000\nstrangers-per-minute = 1000000\n\
                    [webhooks]\nallow-local = true\nschedule = [0, 0.1, 0.2, 0.4]\njitter = 0.1\n\
                    timeout = 2\nrest = 0.2\n";

/// So many sessions end between one blow and the next, more or less.
const BETWEEN: usize = 16;

/// Every so many servers find no room on the disk for a while.
const FULL: usize = 4;

/// What a client does not get done in so long, it never will.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) struct Siege {
    folder: TempDir,
    running: Mutex<Option<Server>>,
    /// Where the server is, or was before it was killed.
    url: Mutex<String>,
    /// Sessions that have ended.
    ended: AtomicUsize,
    moved: Notify,
    lifted: AtomicBool,
    wanted: usize,
}

/// What the server went through.
#[derive(Debug, Default)]
pub(super) struct Happened {
    pub(super) kills: usize,
    /// It went down by itself, as it does where it cannot start.
    pub(super) falls: usize,
    pub(super) full_disks: usize,
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, falls, full_disks } = self;
        write!(f, "{kills} kills, {falls} falls, {full_disks} servers without room on their disk")
    }
}

impl Siege {
    pub(super) fn lay(wanted: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("lockgate.toml"), format!("{SETTINGS}{MORE}"))?;
        let siege = Self {
            folder,
            running: Mutex::default(),
            url: Mutex::default(),
            ended: AtomicUsize::default(),
            moved: Notify::new(),
            lifted: AtomicBool::default(),
            wanted,
        };
        ensure!(siege.start(&Setup::default())?, "the server does not start: {}", siege.log());
        Ok(siege)
    }

    /// Until it is lifted: kills the server each time that some more sessions have ended.
    pub(super) async fn besiege(&self) -> Result<Happened> {
        let (mut happened, mut dice) = (Happened::default(), Noise::new(self.wanted as u64));
        let mut next = BETWEEN;
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while !self.lifted.load(Ordering::SeqCst) {
            tokio::select! {
                () = self.moved.notified() => {}
                _ = ticks.tick() => {}
            }
            let fell = self.has_fallen();
            if !fell && self.ended.load(Ordering::SeqCst) < next {
                continue;
            }
            if fell {
                happened.falls += 1;
            } else {
                self.kill()?;
                happened.kills += 1;
                next += BETWEEN / 2 + (dice.draw() as usize) % BETWEEN;
            }
            let full = !fell && happened.kills % FULL == 0;
            happened.full_disks += usize::from(full);
            let setup = if full { without_room(&mut dice) } else { Setup::default() };
            if !self.start(&setup)? {
                happened.falls += 1;
                ensure!(self.start(&Setup::default())?, "the server does not start: {}", self.log());
            }
        }
        Ok(happened)
    }

    /// From now on nothing happens any more; whatever server there is goes on.
    pub(super) fn lift(&self) {
        self.lifted.store(true, Ordering::SeqCst);
        self.moved.notify_one();
    }

    pub(super) fn one_more_ended(&self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
        self.moved.notify_one();
    }

    pub(super) fn store(&self) -> Result<Store> {
        Ok(Store::open(self.folder.path(), Clock::System)?)
    }

    /// Asks until there is an answer: of a server that is dead, has no room or is too busy, again.
    pub(super) async fn ask<T>(&self, token: &str, ask: impl AsyncFn(&Flow) -> Result<T>) -> Result<T> {
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let url = lock(&self.url).clone();
            let flow = Flow { token: Some(token.to_owned()), ..Flow::new(&url) };
            match ask(&flow).await {
                Ok(answer) => return Ok(answer),
                Err(error) if format!("{error:#}").contains("not 500") => bail!("{error:#}\n{}", self.log()),
                Err(error) => {
                    ensure!(began.elapsed() < PATIENCE, "it never went well: {error:#}\n{}", self.log())
                }
            }
        }
    }

    /// Waits until nothing is left of all that was deleted: no object, no file under way.
    pub(super) async fn is_swept(&self) -> Result<()> {
        let objects = self.objects().await?;
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            let left = self.left(&objects).await?;
            if left.is_empty() {
                return Ok(());
            }
            ensure!(began.elapsed() < Duration::from_secs(60), "there is still {left:?}");
        }
    }

    async fn left(&self, objects: &Objects) -> Result<Vec<String>> {
        let mut left = Vec::new();
        for bucket in ["uploads", "results"] {
            left.extend(objects.list(bucket, "").await?.into_iter().map(|object| object.key));
        }
        for folder in ["scratch", "objects"] {
            files(&self.folder.path().join(folder), &mut left)?;
        }
        Ok(left)
    }

    /// The object store, with the server's own keys.
    async fn objects(&self) -> Result<Objects> {
        let keys: Value = serde_json::from_slice(&std::fs::read(self.folder.path().join("keys.json"))?)?;
        let key = |name: &str| keys[name].as_str().context("the keys are text");
        let ports = lock(&self.running).as_ref().context("the server lives")?.ports()?;
        for port in ports {
            let url = format!("http://127.0.0.1:{port}");
            let objects = stranger::objects(&url, key("access")?, key("secret")?);
            if objects.list("uploads", "").await.is_ok() {
                return Ok(objects);
            }
        }
        bail!("none of the server's ports is that of its object store")
    }

    fn start(&self, setup: &Setup) -> Result<bool> {
        let server = Server::start(self.folder.path(), &setup.clone().flag("--accounts"))?;
        let Some(server) = server else { return Ok(false) };
        lock(&self.url).clone_from(&server.url);
        *lock(&self.running) = Some(server);
        Ok(true)
    }

    fn kill(&self) -> Result<()> {
        lock(&self.running).take().map_or(Ok(()), Server::kill)
    }

    fn has_fallen(&self) -> bool {
        lock(&self.running).as_mut().is_none_or(Server::is_dead)
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("test.log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(60).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// A tracer lets the writes of databases fail for a while, beginning sooner or later.
fn without_room(dice: &mut Noise) -> Setup {
    let first = 100 + dice.draw() % 200;
    let inject = format!("--inject=pwrite64:error=ENOSPC:when={first}..{}", first + 30);
    let under = ["strace", "--follow-forks", "--trace=pwrite64", &inject, "--output", "/dev/null"];
    Setup { under: under.map(Into::into).into(), ..Setup::default() }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files in a folder and below.
fn files(folder: &std::path::Path, found: &mut Vec<String>) -> Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files(&entry.path(), found)?;
        } else {
            found.push(entry.path().display().to_string());
        }
    }
    Ok(())
}
