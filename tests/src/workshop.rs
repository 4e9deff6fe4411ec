//! A whole Lockgate in the test's own process: the real records, engine, object store and media children, with gates in
//! front of the ports and a clock that the test moves.
//!
//! Nothing happens by itself here but the engine's work: uploads are told and sweeps are made by the test.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use activities::child::Workbench;
use activities::clock::random_id;
use activities::moves::{bury, cancel, confirm_upload, redrive, start, sweep};
use activities::objects::ObjectCreated;
use activities::ports::{Driver, Guard, Sessions, Status};
use activities::{Clock, Ctx, Settings};
use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use local::assemble::{Bound, assemble_around};
use local::config::{Config, Told};
use local::data_folder::DataFolder;
use local::s3::S3Store;
use states::session::{Deadlines, Retention, StartMode};
use states::{Session, State, Timestamp};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use workflow::driver::{Engine, Ticks};
use workflow::services::Services;

use crate::gates::{Gated, Gates, PATIENCE};
use crate::{desk, server};

pub struct Workshop {
    pub ctx: Ctx,
    pub gates: Gates,
    pub engine: Engine,
    pub store: S3Store,
    time: Arc<AtomicI64>,
    _serving: DropGuard,
    _held: DataFolder,
    _folder: TempDir,
}

/// The usual ones, but that a look at an execution comes before patience with it is over.
fn deadlines() -> Deadlines {
    Deadlines { dead_execution: SignedDuration::from_secs(90), ..Deadlines::default() }
}

impl Workshop {
    pub async fn open() -> Result<Self> {
        Self::keeping(Retention::FOR_EVER).await
    }

    /// Where what has ended is kept for so long.
    pub async fn keeping(retention: Retention) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = Config::checked(Told {
            data: Some(folder.path().to_owned()),
            workers: Some(2),
            ..Told::default()
        })?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let gates = Gates::default();
        let time = Arc::new(AtomicI64::new(Timestamp::now().as_millisecond()));
        let workbench = Workbench::new(server::binary()?);
        let around = |ctx: Ctx| Ctx {
            sessions: Arc::new(Gated::<dyn Sessions> { gates: gates.clone(), port: ctx.sessions }),
            driver: Arc::new(Gated::<dyn Driver> { gates: gates.clone(), port: ctx.driver }),
            clock: Clock::Manual(time.clone()),
            workbench,
            settings: Arc::new(Settings {
                deadlines: Deadlines { retention, ..deadlines() },
                ..(*ctx.settings).clone()
            }),
            ..ctx
        };
        let bound = Bound { api: address, s3: address };
        let services = Services::new(workflow::services::Config::default(), Ticks::system())?;
        let assembled =
            assemble_around(&config, services, DataFolder::open(folder.path())?, bound, around).await?;
        let stop = CancellationToken::new();
        tokio::spawn({
            let (store, stop) = (assembled.store.clone(), stop.clone());
            async move { store.serve(listener, stop.cancelled_owned()).await }
        });
        Ok(Self {
            ctx: assembled.service.ctx,
            gates,
            engine: assembled.engine,
            store: assembled.store,
            time,
            _serving: stop.drop_guard(),
            _held: assembled.folder,
            _folder: folder,
        })
    }

    pub fn advance(&self, by: SignedDuration) {
        let millis = i64::try_from(by.as_millis()).expect("a test moves the clock by days at most");
        self.time.fetch_add(millis, Ordering::SeqCst);
    }

    /// A record that waits for the upload of `file`.
    pub async fn announce(&self, file: &[u8], start: StartMode) -> Result<Session> {
        let now = self.ctx.clock.now();
        let mut draft = desk::draft(&random_id());
        draft.source.size = file.len() as u64;
        draft.start = start;
        draft.upload_expires_at = now + SignedDuration::from_mins(15);
        let session = Session::new(draft, now, &self.ctx.settings.deadlines);
        self.ctx.sessions.write(&session, Guard::Absent).await?;
        Ok(session)
    }

    /// Puts an object where uploads go, and says what the store would tell of it.
    pub async fn put(&self, key: &str, file: &[u8]) -> Result<ObjectCreated> {
        let bucket = &self.ctx.settings.buckets.uploads;
        let mut sink = self.ctx.objects.create(bucket, key, "audio/wav");
        sink.write(file.to_vec().into()).await?;
        let written = sink.finish().await?;
        Ok(ObjectCreated {
            bucket: bucket.clone(),
            key: key.to_owned(),
            size: written.size,
            etag: written.etag,
            version_id: None,
            sequencer: "1".to_owned(),
        })
    }

    pub async fn confirm(&self, event: &ObjectCreated) -> Result<()> {
        Ok(confirm_upload::run(&self.ctx, event).await?)
    }

    /// The id of a session whose `file` has been uploaded and confirmed.
    pub async fn uploaded(&self, file: &[u8]) -> Result<String> {
        let session = self.announce(file, StartMode::Manual).await?;
        self.confirm(&self.put(&session.source.key, file).await?).await?;
        Ok(session.id)
    }

    pub async fn start(&self, id: &str) -> Result<Session> {
        Ok(start::run(&self.ctx, id, random_id()).await?)
    }

    pub async fn cancel(&self, id: &str) -> Result<Session> {
        Ok(cancel::run(&self.ctx, id, random_id()).await?)
    }

    pub async fn redrive(&self, id: &str) -> Result<Session> {
        Ok(redrive::run(&self.ctx, id, random_id()).await?)
    }

    pub async fn delete(&self, id: &str) -> Result<()> {
        Ok(bury::run(&self.ctx, id, random_id()).await?)
    }

    pub async fn session(&self, id: &str) -> Result<Session> {
        self.ctx.sessions.get(id).await?.context("the record stands")
    }

    /// Waits until the session stands in `state`, as the engine's work brings it there.
    pub async fn until(&self, id: &str, state: State) -> Result<Session> {
        let mut changes = self.engine.subscribe();
        let stands = async {
            loop {
                let session = self.session(id).await?;
                if session.state == state {
                    return anyhow::Ok(session);
                }
                let _ = changes.recv().await; // an error means that there were many changes
            }
        };
        let stood = timeout(PATIENCE, stands).await;
        stood.with_context(|| format!("session {id} never came to {state}"))?
    }

    /// One round of the sweep, `later` than the last thing that happened.
    pub async fn sweep(&self, later: SignedDuration) -> Result<usize> {
        self.advance(later);
        Ok(sweep::run(&self.ctx, SignedDuration::ZERO).await?.due)
    }

    /// Waits until an attempt's execution has closed. False when there is none.
    pub async fn closed(&self, id: &str, attempt: u32) -> Result<bool> {
        let name = format!("{id}-{attempt}");
        if self.ctx.driver.describe(&name).await?.is_none() {
            return Ok(false);
        }
        let arn = self.engine.place().execution(local::driver::EngineDriver::SESSION, &name);
        let closed = timeout(PATIENCE, self.engine.closed(&arn)).await;
        closed.with_context(|| format!("execution {name} still runs"))??;
        Ok(true)
    }

    pub async fn keys(&self, bucket: &str, prefix: &str) -> Result<BTreeSet<String>> {
        let listed = self.ctx.objects.list(bucket, prefix).await?;
        Ok(listed.into_iter().map(|object| object.key).collect())
    }

    /// How every session must end, whatever happened to it: nothing is owed, nothing is due, nothing runs, and no object
    /// is left but the source and what the manifest names. Answers the record.
    pub async fn settled(&self, id: &str) -> Result<Session> {
        // Whatever patience there is, is over after some of these.
        for _ in 0..4 {
            let attempts = self.session(id).await?.attempt;
            self.sweep(SignedDuration::from_secs(61)).await?;
            for attempt in 1..=attempts {
                self.closed(id, attempt).await?;
            }
            self.sweep(SignedDuration::from_mins(5)).await?;
        }
        let session = self.session(id).await?;
        session.check()?;
        ensure!(session.state.is_terminal(), "it stands in {}: {session:#?}", session.state);
        ensure!(session.owes.is_empty() && session.due_at.is_none(), "something is owed: {session:#?}");
        for attempt in 1..=session.attempt {
            let execution = self.ctx.driver.describe(&session.execution_name_of(attempt)).await?;
            let closed = execution.is_none_or(|execution| execution.status != Status::Running);
            ensure!(closed, "attempt {attempt} still runs");
        }
        self.only_what_counts_is_left(&session).await?;
        let year = self.ctx.clock.now() + SignedDuration::from_hours(365 * 24);
        let due = self.ctx.sessions.due(year, 1000).await?;
        ensure!(due.iter().all(|due| due.id != session.id), "the sweep would find it again");
        Ok(session)
    }

    async fn only_what_counts_is_left(&self, session: &Session) -> Result<()> {
        let buckets = &self.ctx.settings.buckets;
        let stands = session.deleted_at.is_none();
        let named: BTreeSet<_> = session.named_keys().filter(|_| stands).map(ToOwned::to_owned).collect();
        let results = self.keys(&buckets.results, &format!("{}/", session.id)).await?;
        ensure!(results == named, "{results:?} is left, and {named:?} counts");
        let source: BTreeSet<_> =
            session.source.etag.iter().filter(|_| stands).map(|_| session.source.key.clone()).collect();
        let uploads = self.keys(&buckets.uploads, &session.source.key).await?;
        ensure!(uploads == source, "{uploads:?} is left of the upload, and {source:?} counts");
        let unfinished =
            self.ctx.objects.client().list_multipart_uploads().bucket(&buckets.results).send().await?;
        ensure!(unfinished.uploads().is_empty(), "unfinished uploads are left: {unfinished:?}");
        Ok(())
    }
}
