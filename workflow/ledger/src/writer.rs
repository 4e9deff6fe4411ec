//! The writer: one thread, one connection, one transaction for all that queued during the last one.
//!
//! A change that comes alone may be committed where it comes from ([`Writer::write_alone`]): on a quick disk, waking the
//! thread and being woken by it takes as long as the commit.
//!
//! A change that fails is undone alone, by its savepoint. A commit that fails fails every change in it. An fsync that
//! fails ends the process: what the disk then holds nobody knows, and only recovery may look.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use metrics::Histogram;
use rusqlite::{Connection, TransactionBehavior, ffi};
use tokio::sync::oneshot;

use crate::{Error, checkpoint, crash, crash_point};

/// Changes that may wait; more are refused with [`Error::Busy`].
const QUEUE: usize = 16 * 1024;

/// Changes of one transaction. More would make the first of them wait for little gain.
const BATCH: usize = 1024;

/// Commits that take less, on average, are quick: whoever waits for one may as well stand still.
const QUICK: Duration = Duration::from_millis(1);
/// Commits over which that average goes.
const RECENT: u64 = 8;
/// A disk that stood still for longer is no slower for that.
const LONGEST: Duration = Duration::from_secs(1);
/// So many changes go by before the length of the log is looked at again.
const CHECKED_TOGETHER: usize = 64;

/// Under which name commits are measured.
const COMMIT_SECONDS: &str = "lockgate_commit_seconds";

/// The average before the first commit: not quick, until a few have shown it.
const UNKNOWN: u64 = 10_000;

pub(crate) struct Writer {
    queue: SyncSender<Box<dyn Job>>,
    desk: Arc<Desk>,
}

/// What whoever commits has to himself.
struct Desk {
    connection: Mutex<Connection>,
    /// Changes that have queued and are not committed.
    queued: AtomicUsize,
    /// How long a commit takes on average, in microseconds.
    pace: AtomicU64,
    /// Changes since the length of the log was looked at.
    unchecked: AtomicUsize,
    /// How long each commit took, for whoever measures.
    took: Histogram,
    ledger: &'static str,
}

/// A change with somebody waiting for it.
trait Job: Send {
    /// Makes the change. Unless it is `alone` in its transaction, what it did is undone when it fails.
    fn apply(&mut self, connection: &Connection, alone: bool, ledger: &str);
    fn is_applied(&self) -> bool;
    fn what(&self) -> &'static str;
    /// Answers with the change's own result, or with the commit's error.
    fn answer(self: Box<Self>, committed: Result<(), Error>);
}

struct Change<T, E, F> {
    what: &'static str,
    change: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Change<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&Connection) -> Result<T, E> + Send,
{
    fn apply(&mut self, connection: &Connection, alone: bool, ledger: &str) {
        let Some(change) = self.change.take() else { return };
        let outcome = if alone { change(connection) } else { savepoint(connection, change) };
        if outcome.is_ok() {
            pass(ledger, self.what, "before");
        }
        self.result = Some(outcome);
    }

    fn is_applied(&self) -> bool {
        matches!(self.result, Some(Ok(_)))
    }

    fn what(&self) -> &'static str {
        self.what
    }

    fn answer(self: Box<Self>, committed: Result<(), Error>) {
        let answer = match (committed, self.result) {
            (Err(error), Some(Ok(_)) | None) => Err(error.into()),
            (_, Some(result)) => result,
            (Ok(()), None) => Err(Error::Closed.into()),
        };
        let _ = self.reply.send(answer); // nobody may be waiting any more; the change stands all the same
    }
}

fn pass(ledger: &str, what: &str, when: &str) {
    crash_point!(&format!("{ledger}.{what}.{when}"));
}

fn savepoint<T, E: From<Error>>(
    connection: &Connection,
    change: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    run(connection, "SAVEPOINT change")?;
    let result = change(connection);
    if result.is_err() && !connection.is_autocommit() {
        run(connection, "ROLLBACK TO change")?;
    }
    if !connection.is_autocommit() {
        run(connection, "RELEASE change")?;
    }
    result
}

/// A statement without values, which is parsed once.
fn run(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// Says what is measured.
pub fn describe() {
    metrics::describe_histogram!(COMMIT_SECONDS, "From a commit's begin to its end on the disk, by ledger.");
}

impl Writer {
    pub(crate) fn start(connection: Connection, ledger: &'static str) -> Self {
        let (queue, jobs) = sync_channel(QUEUE);
        let (connection, queued) = (Mutex::new(connection), AtomicUsize::new(0));
        let (pace, unchecked) = (AtomicU64::new(UNKNOWN), AtomicUsize::new(0));
        let took = metrics::histogram!(COMMIT_SECONDS, "ledger" => ledger);
        let desk = Arc::new(Desk { connection, queued, pace, unchecked, took, ledger });
        let its = desk.clone();
        std::thread::Builder::new()
            .name(format!("{ledger}-writer"))
            .spawn(move || its.serve(&jobs))
            .expect("the system can start a thread while the program starts");
        Self { queue, desk }
    }

    pub(crate) async fn write<T, E, F>(&self, what: &'static str, change: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Change { what, change: Some(change), result: None, reply };
        self.desk.queued.fetch_add(1, Ordering::SeqCst);
        self.queue.try_send(Box::new(job)).map_err(|refused| {
            self.desk.queued.fetch_sub(1, Ordering::SeqCst);
            match refused {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Closed,
            }
        })?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// The same, at once and on the caller's thread when commits are quick and nobody is before it.
    pub(crate) async fn write_alone<T, E, F>(&self, what: &'static str, change: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        match self.desk.commit_here(what, change) {
            Ok(outcome) => outcome,
            Err(change) => self.write(what, change).await,
        }
    }
}

impl Desk {
    /// Gives the change back when it has to queue.
    fn commit_here<T, E, F>(&self, what: &'static str, change: F) -> Result<Result<T, E>, F>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let is_quick = self.pace.load(Ordering::Relaxed) < QUICK.as_micros() as u64;
        let is_first = self.queued.load(Ordering::SeqCst) == 0;
        let Some(mut connection) = self.connection.try_lock().ok().filter(|_| is_quick && is_first) else {
            return Err(change);
        };
        let (reply, mut answer) = oneshot::channel();
        self.settle(
            &mut connection,
            vec![Box::new(Change { what, change: Some(change), result: None, reply })],
        );
        Ok(answer.try_recv().unwrap_or_else(|_| Err(Error::Closed.into())))
    }

    /// Commits and answers.
    fn settle(&self, connection: &mut MutexGuard<'_, Connection>, batch: Vec<Box<dyn Job>>) {
        let size = batch.len();
        if crash::acknowledges_early() {
            acknowledge_early(connection, batch, self.ledger);
        } else {
            let begin = Instant::now();
            commit(connection, batch, self.ledger);
            let took = begin.elapsed();
            self.took.record(took.as_secs_f64());
            let took = took.min(LONGEST).as_micros() as u64;
            let pace = self.pace.load(Ordering::Relaxed);
            self.pace.store(pace - pace / RECENT + took / RECENT, Ordering::Relaxed);
        }
        self.check_up(connection, size);
    }

    /// Looks now and then whether the log has grown long: whoever commits where he stands waits for that too.
    fn check_up(&self, connection: &Connection, changes: usize) {
        if self.unchecked.fetch_add(changes, Ordering::Relaxed) + changes < CHECKED_TOGETHER {
            return;
        }
        self.unchecked.store(0, Ordering::Relaxed);
        if let Err(error) = checkpoint::when_due(connection) {
            end_if_fsync_failed(&error, self.ledger);
            tracing::warn!(%error, ledger = self.ledger, "a checkpoint failed; the log grows until one succeeds");
        }
    }

    /// Serves the queue until the last handle is dropped.
    fn serve(&self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            // A change that panicked may have left anything behind: then nobody commits any more.
            let Ok(mut connection) = self.connection.lock() else { return };
            let batch: Vec<_> = std::iter::once(first).chain(jobs.try_iter().take(BATCH - 1)).collect();
            let size = batch.len();
            self.settle(&mut connection, batch);
            self.queued.fetch_sub(size, Ordering::SeqCst);
        }
    }
}

fn commit(connection: &mut Connection, mut batch: Vec<Box<dyn Job>>, ledger: &str) {
    let committed = transact(connection, &mut batch, ledger);
    if committed.is_ok() {
        batch.iter().filter(|job| job.is_applied()).for_each(|job| pass(ledger, job.what(), "after"));
    }
    for job in batch {
        job.answer(committed.clone());
    }
}

fn transact(connection: &Connection, batch: &mut [Box<dyn Job>], ledger: &str) -> Result<(), Error> {
    run(connection, "BEGIN IMMEDIATE")?;
    let alone = batch.len() == 1;
    for job in &mut *batch {
        job.apply(connection, alone, ledger);
        if connection.is_autocommit() {
            // A full disk or a failed read made SQLite drop the whole transaction.
            return Err(Error::RolledBack);
        }
    }
    if alone && !batch[0].is_applied() {
        return run(connection, "ROLLBACK");
    }
    let committed = run(connection, "COMMIT");
    if let Err(error) = &committed {
        end_if_fsync_failed(error, ledger);
        if !connection.is_autocommit() {
            run(connection, "ROLLBACK")?;
        }
    }
    committed
}

fn end_if_fsync_failed(error: &Error, ledger: &str) {
    let Error::Database(cause) = error else { return };
    let code = cause.sqlite_error().map(|error| error.extended_code);
    if matches!(code, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)) {
        tracing::error!(error = %cause, ledger, "an fsync failed; what is stored is unknown; ending the process");
        std::process::abort();
    }
}

/// How long the negative control's commit lags behind its answer: enough for the answer to reach a client.
const LAG: Duration = Duration::from_millis(30);

/// The negative control: answers first, commits a little later. See [`crash`].
fn acknowledge_early(connection: &mut Connection, mut batch: Vec<Box<dyn Job>>, ledger: &str) {
    let Ok(transaction) = connection.transaction_with_behavior(TransactionBehavior::Immediate) else {
        return;
    };
    batch.iter_mut().for_each(|job| job.apply(&transaction, false, ledger));
    let applied: Vec<_> = batch.iter().filter(|job| job.is_applied()).map(|job| job.what()).collect();
    batch.into_iter().for_each(|job| job.answer(Ok(())));
    std::thread::sleep(LAG);
    applied.into_iter().for_each(|what| pass(ledger, what, "after"));
    let _ = transaction.commit();
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use super::*;

    fn writer(pace: u64) -> Writer {
        let writer = Writer::start(Connection::open_in_memory().unwrap(), "test");
        writer.desk.pace.store(pace, Ordering::Relaxed);
        writer
    }

    async fn thread_of_lone_change(writer: &Writer) -> ThreadId {
        let change = |_: &Connection| Ok::<_, Error>(thread::current().id());
        writer.write_alone("change", change).await.unwrap()
    }

    #[tokio::test]
    async fn a_lone_change_is_committed_where_it_comes_from_if_commits_are_quick() {
        let here = thread::current().id();
        assert_eq!(thread_of_lone_change(&writer(0)).await, here);
        assert_ne!(thread_of_lone_change(&writer(UNKNOWN)).await, here);
    }

    #[tokio::test]
    async fn a_change_waits_behind_those_that_queued_before_it() {
        let writer = writer(0);
        let (begun, has_begun) = oneshot::channel();
        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let slow = writer.write("slow", move |_| {
            let _ = begun.send(());
            let _ = may_go.recv();
            Ok::<_, Error>(Instant::now())
        });
        let after = async {
            has_begun.await.unwrap();
            let lone =
                writer.write_alone("lone", |_| Ok::<_, Error>((thread::current().id(), Instant::now())));
            let release = async { go.send(()).unwrap() };
            tokio::join!(biased; lone, release).0
        };
        let (slow, lone) = tokio::join!(slow, after);
        let (thread, lone) = lone.unwrap();
        assert!(slow.unwrap() < lone, "it came second");
        assert_ne!(thread, thread::current().id());
    }

    #[tokio::test]
    async fn nobody_commits_after_a_change_that_panicked() {
        let writer = writer(0);
        let panics = writer.write("panics", |_| -> Result<(), Error> { panic!("of all things") });
        assert!(matches!(panics.await, Err(Error::Closed)));
        let lone = writer.write_alone("lone", |_| Ok::<_, Error>(())).await;
        assert!(matches!(lone, Err(Error::Closed)), "{lone:?}");
    }
}
