//! The writer: one thread, one connection, one transaction for all that queued during the last one.
//!
//! A change that fails is undone alone, by its savepoint. A commit that fails fails every change in it. An fsync that
//! fails ends the process: what the disk then holds nobody knows, and only recovery may look.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, ffi};
use tokio::sync::oneshot;

use crate::{Error, checkpoint, crash, crash_point};

/// Changes that may wait; more are refused with [`Error::Busy`].
const QUEUE: usize = 16 * 1024;

/// Changes of one transaction. More would make the first of them wait for little gain.
const BATCH: usize = 1024;

pub(crate) struct Writer {
    queue: SyncSender<Box<dyn Job>>,
}

/// A change with somebody waiting for it.
trait Job: Send {
    fn apply(&mut self, connection: &Connection, ledger: &str);
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
    fn apply(&mut self, connection: &Connection, ledger: &str) {
        let Some(change) = self.change.take() else { return };
        let outcome = savepoint(connection, change);
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
    let run = |sql: &str| -> Result<(), Error> {
        connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    };
    run("SAVEPOINT change")?;
    let result = change(connection);
    if result.is_err() && !connection.is_autocommit() {
        run("ROLLBACK TO change")?;
    }
    if !connection.is_autocommit() {
        run("RELEASE change")?;
    }
    result
}

impl Writer {
    pub(crate) fn start(connection: Connection, ledger: &'static str) -> Self {
        let (queue, jobs) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name(format!("{ledger}-writer"))
            .spawn(move || run(connection, &jobs, ledger))
            .expect("the system can start a thread while the program starts");
        Self { queue }
    }

    pub(crate) async fn write<T, E, F>(&self, what: &'static str, change: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Change { what, change: Some(change), result: None, reply };
        self.queue.try_send(Box::new(job)).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Closed,
        })?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

/// Runs until the last handle is dropped.
fn run(mut connection: Connection, jobs: &Receiver<Box<dyn Job>>, ledger: &str) {
    while let Ok(first) = jobs.recv() {
        let batch: Vec<_> = std::iter::once(first).chain(jobs.try_iter().take(BATCH - 1)).collect();
        if crash::acknowledges_early() {
            acknowledge_early(&mut connection, batch, ledger);
        } else {
            commit(&mut connection, batch, ledger);
        }
        if let Err(error) = checkpoint::when_due(&connection) {
            end_if_fsync_failed(&error, ledger);
            tracing::warn!(%error, ledger, "a checkpoint failed; the log grows until one succeeds");
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

fn transact(connection: &mut Connection, batch: &mut [Box<dyn Job>], ledger: &str) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in batch {
        job.apply(&transaction, ledger);
        if transaction.is_autocommit() {
            // A full disk or a failed read made SQLite drop the whole transaction.
            return Err(Error::RolledBack);
        }
    }
    transaction.commit().map_err(|error| {
        let error = error.into();
        end_if_fsync_failed(&error, ledger);
        error
    })
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
    batch.iter_mut().for_each(|job| job.apply(&transaction, ledger));
    let applied: Vec<_> = batch.iter().filter(|job| job.is_applied()).map(|job| job.what()).collect();
    batch.into_iter().for_each(|job| job.answer(Ok(())));
    std::thread::sleep(LAG);
    applied.into_iter().for_each(|what| pass(ledger, what, "after"));
    let _ = transaction.commit();
}
