//! A place to try activities at: a context over any session store, with a driver that only remembers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use activities::child::Workbench;
use activities::objects::{Endpoint, Objects};
use activities::ports::{
    Driver, Execution, Fault, Guard, HistoryPage, Page, Query, Sessions, Stopped, Written,
};
use activities::{Buckets, Clock, Ctx, Settings};
use async_trait::async_trait;
use local::sessions::SqliteSessions;
use states::session::{Deadlines, Draft, Output, Progress, Source, StartMode};
use states::{Owed, Recipe, Session, Timestamp};

/// Activities over `sessions`. Nothing listens where the object store should be.
pub fn ctx(sessions: Arc<dyn Sessions>) -> Ctx {
    let nowhere = "http://127.0.0.1:9".to_owned();
    let endpoint = Endpoint {
        url: nowhere.clone(),
        public_url: nowhere,
        access: "a".to_owned(),
        secret: "s".to_owned(),
    };
    Ctx {
        sessions,
        driver: Arc::new(Starts::default()),
        objects: Objects::local(&endpoint),
        workbench: Workbench::new("/nonexistent".into()),
        clock: Clock::System,
        settings: Arc::new(Settings {
            buckets: Buckets::default(),
            deadlines: Deadlines::default(),
            progress_interval: std::time::Duration::from_millis(100),
        }),
    }
}

/// Activities over an empty store in `folder`.
pub fn ctx_on(folder: &tempfile::TempDir) -> Ctx {
    let path = folder.path().join("sessions.db");
    let store = SqliteSessions::open(&path, service::Changes::default()).expect("a fresh store opens");
    ctx(Arc::new(store))
}

pub fn new_session(id: &str) -> Session {
    let now = Clock::System.now();
    let draft = Draft {
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
        upload_expires_at: now,
        request_digest: None,
    };
    Session::new(draft, now, &Deadlines::default())
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

/// A driver that remembers what was started, and runs nothing.
#[derive(Default)]
pub struct Starts {
    started: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl Driver for Starts {
    async fn start(&self, name: &str, input: &str) -> Result<(), Fault> {
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
}

/// A store that does what it is asked, and then loses the answer of every write.
pub struct LosesAnswers<S> {
    store: S,
    writes: AtomicUsize,
}

impl<S: Sessions> LosesAnswers<S> {
    pub fn new(store: S) -> Self {
        Self { store, writes: AtomicUsize::new(0) }
    }

    pub async fn write_well(&self, session: &Session) {
        let written = self.store.write(session, Guard::Absent).await;
        assert_eq!(written.expect("the store works"), Written::Stored);
    }

    pub fn lost(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl<S: Sessions> Sessions for LosesAnswers<S> {
    async fn get(&self, id: &str) -> Result<Option<Session>, Fault> {
        self.store.get(id).await
    }

    async fn write(&self, session: &Session, guard: Guard) -> Result<Written, Fault> {
        self.store.write(session, guard).await?;
        self.writes.fetch_add(1, Ordering::SeqCst);
        Err(Fault::Unavailable { what: "session store", why: "timeout".to_owned() })
    }

    async fn progress(&self, id: &str, attempt: u32, progress: Progress) -> Result<Written, Fault> {
        self.store.progress(id, attempt, progress).await
    }

    async fn settle(
        &self,
        id: &str,
        version: u64,
        paid: &[Owed],
        due_at: Option<Timestamp>,
    ) -> Result<Written, Fault> {
        self.store.settle(id, version, paid, due_at).await
    }

    async fn list(&self, query: &Query) -> Result<Page, Fault> {
        self.store.list(query).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<String>, Fault> {
        self.store.due(now, limit).await
    }
}
