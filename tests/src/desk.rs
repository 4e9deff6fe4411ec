//! A place to try activities at: a context over any session store, with a driver that only remembers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use activities::child::Workbench;
use activities::clock::random_id;
use activities::ports::{Awaited, Driver, Execution, Fault, HistoryPage, Machine, Sessions, Stopped, Task};
use activities::{Buckets, Clock, Ctx, Mover, Refusal, Settings, Workers, advance};
use async_trait::async_trait;
use local::sessions::SqliteSessions;
use states::session::{Change, Deadlines, Draft, Ingredients, Kept, Output, Source, StartMode, Stored};
use states::{Activity, Recipe, Session};

use crate::stranger;

/// Activities over `sessions`. Nothing listens where the object store should be.
pub fn ctx(sessions: Arc<dyn Sessions>) -> Ctx {
    Ctx {
        sessions,
        driver: Arc::new(Starts::default()),
        objects: stranger::objects("http://127.0.0.1:9", "a", "s"),
        workbench: Workbench::new("/nonexistent".into()),
        captioner: None,
        notices: None,
        flags: None,
        clock: Clock::System,
        settings: Arc::new(Settings {
            buckets: Buckets::default(),
            deadlines: Deadlines::default(),
            proxies: activities::recipes::proxies::Wanted::default(),
            limits: activities::child::RecipeLimits::default(),
            workers: Workers::default(),
            progress_interval: std::time::Duration::from_millis(100),
        }),
    }
}

/// Activities over an empty store in `folder`.
pub fn ctx_on(folder: &tempfile::TempDir) -> Ctx {
    ctx(sessions_in(folder))
}

/// The store of sessions in `folder`.
pub fn sessions_in(folder: &tempfile::TempDir) -> Arc<SqliteSessions> {
    let path = folder.path().join("sessions.db");
    Arc::new(SqliteSessions::open(&path, service::Changes::default()).expect("a fresh store opens"))
}

pub fn new_session(id: &str) -> Session {
    Session::new(draft(id), Clock::System.now(), &Deadlines::default())
}

/// A short WAV, to be uploaded by now.
pub fn draft(id: &str) -> Draft {
    Draft {
        id: id.to_owned(),
        owner: "local".to_owned(),
        source: Source {
            bucket: "uploads".to_owned(),
            key: format!("{id}/x"),
            file_name: "a.wav".to_owned(),
            size: 10,
            content_type: "audio/wav".to_owned(),
            sha256: None,
            etag: None,
        },
        recipe: Recipe::Flac,
        options: serde_json::Map::new(),
        start: StartMode::Manual,
        metadata: BTreeMap::new(),
        upload_expires_at: Clock::System.now(),
        request_digest: None,
    }
}

pub fn output() -> Output {
    Output {
        name: "a.flac".to_owned(),
        bucket: "results".to_owned(),
        key: "s/1/x".to_owned(),
        bytes: 1,
        sha256: "00".repeat(32),
        content_type: "audio/flac".to_owned(),
        media: serde_json::Map::new(),
        verified: "It was read back.".to_owned(),
    }
}

/// [`output`], as an attempt keeps it that ends before its manifest.
pub fn kept(attempt: u32) -> Kept {
    let key = format!("s/{attempt}/{}", random_id());
    let output = Output { key, ..output() };
    let made_from = Ingredients {
        source_etag: "e".to_owned(),
        step: Activity::Flac,
        revision: 1,
        options: serde_json::Map::new(),
    };
    Kept { attempt, made_from, results: vec![Stored { etag: "o".to_owned(), output }] }
}

/// Takes the new session `id` to its end. It owes nobody anything then.
pub async fn finished(ctx: &Ctx, id: &str) -> Result<Session, Refusal> {
    let mut session = None;
    for change in [
        Change::UploadConfirmed { etag: "e".to_owned() },
        Change::TranscodeStarted,
        Change::TranscodeSucceeded(vec![output()]),
    ] {
        let mover = Mover::Outside { transition_id: random_id() };
        session = Some(advance(ctx, id, &mover, &change).await?);
    }
    let session = session.expect("three moves were made");
    let owed: Vec<_> = session.owes.iter().copied().collect();
    ctx.sessions.settle(id, session.version, &owed, None).await?;
    Ok(session)
}

/// A driver that remembers what was started, and runs nothing.
#[derive(Default)]
pub struct Starts {
    started: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl Driver for Starts {
    async fn start(&self, _machine: Machine, name: &str, input: &str) -> Result<(), Fault> {
        let mut started = self.started.lock().expect("no test panics while it holds this");
        let first = started.entry(name.to_owned()).or_insert_with(|| input.to_owned());
        assert_eq!(first, input, "an execution's input is the same bytes each time");
        Ok(())
    }

    async fn describe(&self, _name: &str) -> Result<Option<Execution>, Fault> {
        Ok(None)
    }

    async fn history(&self, _name: &str, _after: Option<&str>) -> Result<Option<HistoryPage>, Fault> {
        Ok(None)
    }

    async fn stop(&self, _name: &str, _error: &str, _cause: &str) -> Result<Stopped, Fault> {
        Ok(Stopped::NotFound)
    }

    async fn next_task(&self, _activity: Activity) -> Result<Option<Task>, Fault> {
        std::future::pending().await
    }

    async fn beat(&self, _token: &str) -> Result<Awaited, Fault> {
        Ok(Awaited::NoMore)
    }

    async fn succeed(&self, _token: &str, _output: &str) -> Result<Awaited, Fault> {
        Ok(Awaited::NoMore)
    }

    async fn fail(&self, _token: &str, _error: &str, _cause: &str) -> Result<Awaited, Fault> {
        Ok(Awaited::NoMore)
    }
}
