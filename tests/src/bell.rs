//! Notices in the test's own process, on a clock that the test moves: the real store, engine, document and sender; no media
//! and no object store.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use activities::notices::{Delivery, Endpoint, LogQuery, Named, Notices, Standing, Terms, Topic, tell};
use activities::ports::{Mailer, Written};
use activities::webhook::{Guard, Secret, Sender};
use activities::{Clock, Ctx, Mover, advance};
use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use local::driver::EngineDriver;
use local::notices::SqliteNotifier;
use local::tasks::Activities;
use service::turns::Turns;
use states::session::Change;
use states::{Kind, Problem, Session, Timestamp};
use tempfile::TempDir;
use tokio::time::timeout;
use workflow::driver::{Config, Engine, Hand, Page, Ticks};
use workflow::journal::MemoryJournal;

use crate::desk;
use crate::gates::PATIENCE;

pub const OWNER: &str = "local";

const BEGIN: i64 = 1_800_000_000_000;

pub struct Bell {
    pub ctx: Ctx,
    pub notices: Arc<Notices>,
    engine: Engine,
    hand: Hand,
    time: Arc<AtomicI64>,
    _folder: TempDir,
}

impl Bell {
    /// Receivers on this machine are reached, and given up after a fifth of a second.
    pub async fn new() -> Result<Self> {
        Self::with(Sender::new(Guard::Local, Duration::from_millis(200)), None).await
    }

    pub async fn with(sender: Sender, mailer: Option<Arc<dyn Mailer>>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (ticks, hand) = Ticks::manual(BEGIN, 1);
        let sessions = desk::sessions_in(&folder);
        let tasks = Arc::new(Activities::new(Turns::new(1), sessions.clone()));
        let engine = Engine::open(MemoryJournal::default(), tasks.clone(), ticks, Config::default()).await?;
        let notices = Arc::new(Notices {
            book: Arc::new(SqliteNotifier::open(&folder.path().join("notices.db"))?),
            mailer,
            sender,
            terms: Terms::default(),
            page: "http://127.0.0.1:8080".to_owned(),
        });
        let time = Arc::new(AtomicI64::new(BEGIN));
        let ctx = Ctx {
            driver: Arc::new(EngineDriver::open(engine.clone()).await?),
            notices: Some(notices.clone()),
            clock: Clock::Manual(time.clone()),
            ..desk::ctx(sessions)
        };
        tasks.begin(ctx.clone());
        Ok(Self { ctx, notices, engine, hand, time, _folder: folder })
    }

    pub fn now(&self) -> Timestamp {
        self.ctx.clock.now()
    }

    /// Moves the one clock of all.
    pub fn set(&self, to: Timestamp) {
        self.time.store(to.as_millisecond(), Ordering::SeqCst);
        self.hand.set(to.as_millisecond());
    }

    pub fn advance(&self, by: SignedDuration) {
        self.set(self.now() + by);
    }

    pub async fn endpoint(&self, url: &str, topics: &[Topic]) -> Result<Endpoint> {
        let topics = topics.iter().copied().collect();
        let named = Named { url: url.to_owned(), about: String::new(), topics, enabled: true };
        let id = activities::clock::random_id();
        let endpoint = Endpoint::new(&id, OWNER, named, Secret::random(), self.now());
        ensure!(self.notices.book.write_endpoint(&endpoint).await? == Written::Stored);
        Ok(endpoint)
    }

    /// The endpoint as it stands now.
    pub async fn stands(&self, endpoint: &Endpoint) -> Result<Endpoint> {
        self.notices.book.endpoint(OWNER, &endpoint.id).await?.context("it is there")
    }

    /// A session that is Done, and whose owner has been told so.
    pub async fn done(&self, id: &str) -> Result<Session> {
        self.ended(id, Change::TranscodeSucceeded(vec![desk::output()])).await
    }

    pub async fn failed(&self, id: &str, detail: &str) -> Result<Session> {
        self.ended(id, Change::TranscodeFailed(Problem::new(Kind::MediaCorrupt, detail))).await
    }

    async fn ended(&self, id: &str, end: Change) -> Result<Session> {
        let new = Session::new(desk::draft(id), self.now(), &self.ctx.settings.deadlines);
        self.ctx.sessions.write(&new, activities::ports::Guard::Absent).await?;
        let mut session = new;
        for change in [Change::UploadConfirmed { etag: "e".to_owned() }, Change::TranscodeStarted, end] {
            let mover = Mover::Outside { transition_id: activities::clock::random_id() };
            session = advance(&self.ctx, id, &mover, &change).await?;
        }
        tell::of_session(&self.ctx, &session, session.attempt).await?;
        Ok(session)
    }

    /// What was told at an endpoint, newest first.
    pub async fn log(&self, endpoint: &str) -> Result<Vec<Delivery>> {
        let query = LogQuery {
            owner: OWNER.to_owned(),
            endpoint: endpoint.to_owned(),
            limit: 1000,
            ..LogQuery::default()
        };
        Ok(self.notices.book.deliveries(&query).await?)
    }

    /// Waits until the log of an endpoint is as wished, and nothing is under way: what is would be late, if the clock were
    /// moved now.
    pub async fn until(&self, endpoint: &str, is: impl Fn(&[Delivery]) -> bool) -> Result<Vec<Delivery>> {
        let mut changes = self.engine.subscribe();
        let settled = async {
            loop {
                let log = self.log(endpoint).await?;
                if is(&log) && self.rests(&log).await? {
                    return anyhow::Ok(log);
                }
                let _ = timeout(Duration::from_millis(20), changes.recv()).await;
            }
        };
        let settled = timeout(PATIENCE, settled).await;
        match settled {
            Ok(log) => log,
            Err(_) => {
                let mut story = format!("the log never became so at {}: ", self.now());
                for delivery in self.log(endpoint).await? {
                    let execution = self.engine.place().execution(EngineDriver::NOTIFY, &delivery.id);
                    let history = self.engine.history(&execution, &Page::default(), false).await?;
                    story += &format!("{delivery:#?}\n{:#?}\n", history.events);
                }
                anyhow::bail!(story)
            }
        }
    }

    /// Whether the workflow of each delivery waits, or has ended.
    async fn rests(&self, log: &[Delivery]) -> Result<bool> {
        for delivery in log {
            let execution = self.engine.place().execution(EngineDriver::NOTIFY, &delivery.id);
            let last = Page { limit: 1, ..Page::default() };
            let last = self.engine.history(&execution, &last, true).await?;
            let resting = ["WaitStateEntered", "ExecutionSucceeded", "ExecutionFailed"];
            if !last.events.iter().any(|event| resting.iter().any(|&kind| event["type"] == kind)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits for the only delivery's `count`-th try.
    pub async fn tried(&self, endpoint: &str, count: usize) -> Result<Delivery> {
        let log = self.until(endpoint, |log| log.len() == 1 && log[0].tries.len() == count).await?;
        log.into_iter().next().context("there is one")
    }

    pub async fn ended_as(&self, endpoint: &str, standing: Standing) -> Result<Delivery> {
        let is = |log: &[Delivery]| log.len() == 1 && log[0].standing == standing;
        self.until(endpoint, is).await?.into_iter().next().context("there is one")
    }
}
