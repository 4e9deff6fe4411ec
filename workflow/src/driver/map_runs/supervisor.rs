//! One run from its beginning, or from where a restart left it, to its end: while the items last, children are begun
//! ([`Conduct`]); then their results are gathered, and the execution that waits is told.
//!
//! When nobody waits for the run any more, its children are stopped, and that is the end of it.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::conduct::Conduct;
use super::feed::{AHEAD, Feed, Last};
use super::gather::Gathering;
use super::source::Reader;
use super::standing::Standing;
use super::{Ended, Tools, Waiting};
use crate::driver::Error;
use crate::driver::inbox::{Answer, Command};
use crate::history::{Limits, Plan, RunId};
use crate::journal::{Child, MapRun, MapRunChange, RunStatus};
use crate::{Input, Millis, Pending, Refused, RunEnd};

/// How long to wait when the journal failed.
const PAUSE: Millis = 1000;
/// Children stopped at a time.
const PAGE: u32 = 256;

/// Why a supervisor stops before the end of its run.
pub(super) enum Break {
    /// Nobody waits for the run.
    Released,
    /// The engine ends, and the next one sees to the run.
    Closed,
    /// The journal failed; it may work again.
    Journal(crate::journal::Error),
}

impl Break {
    /// Reading broke off: begin again, from what is written.
    pub(super) fn off() -> Self {
        Self::Journal(ledger::Error::Closed.into())
    }
}

impl From<crate::journal::Error> for Break {
    fn from(error: crate::journal::Error) -> Self {
        Self::Journal(error)
    }
}

pub(super) struct Supervisor {
    pub(super) tools: Tools,
    run: RunId,
    pub(super) endings: mpsc::UnboundedReceiver<Ended>,
    pub(super) changes: watch::Receiver<Option<Limits>>,
}

impl Supervisor {
    pub(super) fn new(
        tools: Tools,
        run: RunId,
        endings: mpsc::UnboundedReceiver<Ended>,
        changes: watch::Receiver<Option<Limits>>,
    ) -> Self {
        Self { tools, run, endings, changes }
    }

    /// Sees to the run until it has ended, or nobody waits for it.
    pub(super) async fn see_to(mut self, waiting: Option<Waiting>) {
        let waiting = waiting.map(Arc::new);
        loop {
            let broken = match &waiting {
                Some(waiting) => self.conduct(waiting).await,
                None => Err(Break::Released),
            };
            let broken = match broken {
                Err(Break::Released) => self.stop(waiting.as_ref()).await,
                other => other,
            };
            match broken {
                Ok(()) | Err(Break::Closed) => return,
                Err(Break::Released) => {}
                Err(Break::Journal(error)) => {
                    tracing::warn!(run = %self.run, %error, "a map run waits for the journal");
                    self.tools.ticks.sleep_until(Some(self.tools.ticks.now() + PAUSE)).await;
                }
            }
        }
    }

    async fn conduct(&mut self, waiting: &Arc<Waiting>) -> Result<(), Break> {
        let Some(Pending::MapRun { plan, items, state, .. }) = waiting.execution.pending_task(waiting.key)
        else {
            return Err(Break::Released);
        };
        let row = self.row()?.ok_or(Break::Released)?;
        let standing = Standing::read(self.tools.journal.as_ref(), &row)?;
        let (out, fed) = mpsc::channel(AHEAD);
        let feed =
            Feed::new(self.tools.clone(), waiting.clone(), plan.batch.clone(), standing.covered.clone(), out);
        let mut reading = JoinSet::new();
        reading.spawn(read(row.clone(), plan.clone(), items.cloned(), feed));
        let conduct = Conduct::new(self, waiting, (state, row), standing, reading, fed);
        let (row, failure) = conduct.run().await?;
        let end = Gathering { tools: &self.tools, waiting, run: &row, plan, items }.end(failure).await?;
        self.report(waiting, end).await
    }

    fn row(&self) -> Result<Option<MapRun>, Break> {
        Ok(self.tools.journal.map_run(self.run)?.filter(|row| row.status == RunStatus::Running))
    }

    /// Tells the execution that waits.
    async fn report(&self, waiting: &Waiting, end: RunEnd) -> Result<(), Break> {
        let (to, input) = (waiting.id, Input::MapRunEnded { key: waiting.key, end });
        match ask(&self.tools.commands, |answer| Command::Deliver { to, input, answer }).await {
            Ok(()) => Ok(()),
            Err(Error::Refused(_)) => Err(Break::Released),
            Err(Error::Journal(error)) => Err(Break::Journal(error)),
            Err(_) => Err(Break::Closed),
        }
    }

    /// Stops what runs of a run that nobody waits for, and writes down that it was stopped. Who waited once knows where
    /// the results go.
    async fn stop(&mut self, waited: Option<&Arc<Waiting>>) -> Result<(), Break> {
        let Some(row) = self.row()? else { return Ok(()) };
        self.stop_children(&row).await?;
        if let Some(waited) = waited {
            self.leave_results(waited, &row).await?;
        }
        let aborted = MapRunChange::Aborted(self.tools.ticks.now());
        Ok(self.tools.journal.change_map_run(row.id, aborted).await?)
    }

    async fn leave_results(&self, waited: &Arc<Waiting>, run: &MapRun) -> Result<(), Break> {
        let Some(Pending::MapRun { plan, items, .. }) = waited.execution.pending_task(waited.key) else {
            return Ok(());
        };
        let gathering = Gathering { tools: &self.tools, waiting: waited, run, plan, items };
        if let Some(Err(failure)) = gathering.export().await? {
            tracing::warn!(run = %self.run, cause = failure.cause.as_deref(), "a stopped map run left no results");
        }
        Ok(())
    }

    /// Stops every child that runs, and returns when it is durable that none does.
    pub(super) async fn stop_children(&self, row: &MapRun) -> Result<(), Break> {
        let mut from = 0;
        loop {
            let page = self.tools.journal.children(row.id, from, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            from = last.first + 1;
            let mut stops = FuturesUnordered::new();
            for child in page.into_iter().filter(|child| child.status == RunStatus::Running) {
                stops.push(self.stop_child(child));
            }
            while let Some(stopped) = stops.next().await {
                stopped?;
            }
        }
    }

    async fn stop_child(&self, child: Child) -> Result<(), Break> {
        let (to, input) = (child.execution, Input::Stop { error: None, cause: None });
        match ask(&self.tools.commands, |answer| Command::Deliver { to, input, answer }).await {
            Ok(()) | Err(Error::Refused(Refused::Closed)) => Ok(()),
            Err(Error::Journal(error)) => Err(Break::Journal(error)),
            Err(_) => Err(Break::Closed),
        }
    }
}

pub(super) async fn read(row: MapRun, plan: Plan, items: Option<Arc<str>>, mut feed: Feed) -> Last {
    let halted = Reader::new(row).read(&plan.source, items.as_deref(), &mut feed).await;
    feed.end(halted).await
}

/// Gives the loop a command and waits for what comes of it.
pub(super) async fn ask(
    commands: &mpsc::WeakSender<Command>,
    command: impl FnOnce(Answer) -> Command,
) -> Result<(), Error> {
    let (answer, answered) = oneshot::channel();
    let commands = commands.upgrade().ok_or(Error::Closed)?;
    commands.send(command(Answer::Caller(answer))).await.map_err(|_| Error::Closed)?;
    answered.await.unwrap_or(Err(Error::Closed)).map(drop)
}
