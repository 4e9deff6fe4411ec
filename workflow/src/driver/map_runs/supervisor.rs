//! One run from its beginning, or from where a restart left it, to its end: portions of items become children, so many
//! at a time; each child that ends makes room for another; too many failures end the run.
//!
//! A child is started exactly once, because its name follows from the run and its first item. When nobody waits for the
//! run any more, its children are stopped, and that is the end of it.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::feed::{AHEAD, Feed, Last};
use super::gather::Gathering;
use super::source::Reader;
use super::standing::Standing;
use super::{Ended, Tools, Waiting};
use crate::driver::Error;
use crate::driver::inbox::{Answer, Command, ItemStart, Start};
use crate::errors::ITEM_READER_FAILED;
use crate::history::{Failure, Limits, Plan, RunId};
use crate::items::batch::Portion;
use crate::journal::{Child, ItemsOf, MapRun, MapRunChange, Origin, RunStatus};
use crate::{Input, Millis, Pending, Refused, RunEnd, StateId};

/// Children at a time when no number is set, as on AWS.
const MOST: u32 = 10_000;
/// Starts on their way to the disk at a time: a big run must not crowd out everybody else.
const STARTS: usize = 64;
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

impl From<crate::journal::Error> for Break {
    fn from(error: crate::journal::Error) -> Self {
        Self::Journal(error)
    }
}

pub(super) struct Supervisor {
    pub(super) tools: Tools,
    run: RunId,
    endings: mpsc::UnboundedReceiver<Ended>,
    changes: watch::Receiver<Option<Limits>>,
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
                Err(Break::Released) => self.stop().await,
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
        let mut conduct = Conduct {
            limits: row.limits,
            items: row.items,
            row,
            state,
            waiting,
            reading,
            fed: Some(fed),
            open: standing.open,
            failed_items: standing.failed_items,
            starts: FuturesUnordered::new(),
            due: standing.unsuccessful.into_iter().map(Beginning::Again).collect(),
            failure: None,
            supervisor: self,
        };
        conduct.run().await?;
        conduct.reading.abort_all();
        let failure = conduct.failure.take();
        let row = conduct.row.clone();
        let end = Gathering { tools: &self.tools, waiting, run: &row, plan }.end(failure).await?;
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

    /// Stops what runs of a run that nobody waits for, and writes down that it was stopped.
    async fn stop(&mut self) -> Result<(), Break> {
        let Some(row) = self.row()? else { return Ok(()) };
        self.stop_children(&row).await?;
        let aborted = MapRunChange::Aborted(self.tools.ticks.now());
        Ok(self.tools.journal.change_map_run(row.id, aborted).await?)
    }

    /// Stops every child that runs, and returns when it is durable that none does.
    async fn stop_children(&self, row: &MapRun) -> Result<(), Break> {
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

async fn read(row: MapRun, plan: Plan, items: Option<Arc<str>>, mut feed: Feed) -> Last {
    let halted = Reader::new(row).read(&plan.source, items.as_deref(), &mut feed).await;
    feed.end(halted).await
}

/// A child that was to be begun.
struct Begun {
    what: Beginning,
    outcome: Result<(), Error>,
}

enum Beginning {
    First(Portion),
    /// Once more, since its run was redriven.
    Again(Child),
}

/// What happens while the items last.
struct Conduct<'a> {
    supervisor: &'a mut Supervisor,
    waiting: &'a Arc<Waiting>,
    row: MapRun,
    /// The Map.
    state: StateId,
    limits: Limits,
    /// The reader, until it has said how it ended.
    reading: JoinSet<Last>,
    /// `None` once nothing more is to come.
    fed: Option<mpsc::Receiver<Portion>>,
    /// How many there are, when that is known.
    items: Option<u32>,
    /// The children that run, or are about to: first item, and how many.
    open: HashMap<u32, u32>,
    failed_items: u64,
    starts: FuturesUnordered<BoxFuture<'static, Begun>>,
    /// Children to be begun besides those that are read: again since the run was redriven, or because the journal failed.
    due: Vec<Beginning>,
    failure: Option<Failure>,
}

impl Conduct<'_> {
    async fn run(&mut self) -> Result<(), Break> {
        loop {
            self.judge();
            if self.failure.is_some() {
                return self.abandon().await;
            }
            if self.is_over() {
                return Ok(());
            }
            if self.has_room()
                && let Some(due) = self.due.pop()
            {
                match due {
                    Beginning::First(portion) => self.launch(portion),
                    Beginning::Again(child) => self.launch_again(child),
                }
                continue;
            }
            let has_room = self.has_room();
            let fed = async {
                match &mut self.fed {
                    Some(fed) if has_room => fed.recv().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                ended = self.supervisor.endings.recv() => {
                    let ended = ended.ok_or(Break::Released)?;
                    self.close(ended.first, ended.count, ended.status);
                }
                Ok(()) = self.supervisor.changes.changed() => {
                    let limits = *self.supervisor.changes.borrow_and_update();
                    self.limits = limits.unwrap_or(self.limits);
                }
                Some(begun) = self.starts.next(), if !self.starts.is_empty() => self.begun(begun)?,
                Some(last) = self.reading.join_next(), if !self.reading.is_empty() => {
                    self.read(last.unwrap_or_else(|lost| broken(&lost))).await?;
                }
                portion = fed => match portion {
                    Some(portion) => self.launch(portion),
                    None => self.fed = None,
                },
            }
        }
    }

    fn is_over(&self) -> bool {
        let nothing_comes = self.reading.is_empty() && self.fed.is_none();
        nothing_comes && self.due.is_empty() && self.open.is_empty()
    }

    fn has_room(&self) -> bool {
        let most = if self.limits.concurrency == 0 { MOST } else { self.limits.concurrency };
        self.starts.len() < STARTS && self.open.len() < most as usize
    }

    fn judge(&mut self) {
        if self.failure.is_none() && self.limits.are_exceeded(self.failed_items, self.items.map(u64::from)) {
            self.failure = Some(Failure::exceeded());
        }
    }

    async fn read(&mut self, last: Last) -> Result<(), Break> {
        match last {
            Last::Over(items) => {
                if self.items.is_none() {
                    let change = MapRunChange::Items(items);
                    self.supervisor.tools.journal.change_map_run(self.row.id, change).await?;
                    self.items = Some(items);
                }
            }
            Last::Failed(failure) => self.failure = Some(failure),
            // Begin again, from what is written.
            Last::BrokeOff => {
                return Err(Break::Journal(crate::journal::Error::Ledger(ledger::Error::Closed)));
            }
        }
        Ok(())
    }

    fn launch(&mut self, portion: Portion) {
        self.open.insert(portion.first, portion.count);
        let items = ItemsOf { run: self.row.id, first: portion.first, count: portion.count };
        let label = self.row.label.clone();
        let start = Start {
            revision: self.waiting.pinned.revision,
            name: name(self.row.run, portion.first),
            origin: Origin::default(),
            test_case: self.waiting.execution.test_case().cloned(),
            input: portion.input.as_str().into(),
            item: Some(ItemStart { map: self.state, run: self.row.run, label, items }),
            end: None,
        };
        let commands = self.supervisor.tools.commands.clone();
        self.starts.push(Box::pin(async move {
            let outcome = ask(&commands, |answer| Command::Start { start, answer }).await;
            Begun { what: Beginning::First(portion), outcome }
        }));
    }

    fn launch_again(&mut self, child: Child) {
        self.open.insert(child.first, child.count);
        let (commands, busy) = (self.supervisor.tools.commands.clone(), self.supervisor.tools.busy.clone());
        self.starts.push(Box::pin(async move {
            busy.idle(child.execution).await;
            let (to, input) = (child.execution, Input::Redrive { token: None });
            let outcome = ask(&commands, |answer| Command::Deliver { to, input, answer }).await;
            Begun { what: Beginning::Again(child), outcome }
        }));
    }

    fn begun(&mut self, begun: Begun) -> Result<(), Break> {
        let first = begun.what.first();
        match begun.outcome {
            Ok(()) => Ok(()),
            Err(Error::Journal(error)) => {
                tracing::warn!(run = %self.row.run, %error, "a child of a map run is begun again");
                self.open.remove(&first);
                self.due.push(begun.what);
                Ok(())
            }
            // It was begun before, and had not been when the children were counted; or it cannot go on.
            Err(Error::ExecutionExists(_) | Error::Refused(Refused::NotRedrivable | Refused::Closed)) => {
                let page = self.supervisor.tools.journal.children(self.row.id, first, 1)?;
                match page.first().filter(|child| child.first == first) {
                    Some(child) if child.status == RunStatus::Running => {}
                    Some(child) => self.close(child.first, child.count, child.status),
                    None => return Err(Break::Closed),
                }
                Ok(())
            }
            Err(_) => Err(Break::Closed),
        }
    }

    fn close(&mut self, first: u32, count: u32, status: RunStatus) {
        // What is not open has been counted already.
        if self.open.remove(&first).is_some() && status.is_unsuccessful() {
            self.failed_items += u64::from(count);
        }
    }

    /// The run has failed: nothing more is started, and what runs is stopped.
    async fn abandon(&mut self) -> Result<(), Break> {
        self.fed = None;
        while let Some(begun) = self.starts.next().await {
            self.begun(begun)?;
        }
        self.supervisor.stop_children(&self.row).await
    }
}

impl Beginning {
    fn first(&self) -> u32 {
        match self {
            Self::First(portion) => portion.first,
            Self::Again(child) => child.first,
        }
    }
}

/// Gives the loop a command and waits for what comes of it.
async fn ask(
    commands: &mpsc::WeakSender<Command>,
    command: impl FnOnce(Answer) -> Command,
) -> Result<(), Error> {
    let (answer, answered) = oneshot::channel();
    let commands = commands.upgrade().ok_or(Error::Closed)?;
    commands.send(command(Answer::Caller(answer))).await.map_err(|_| Error::Closed)?;
    answered.await.unwrap_or(Err(Error::Closed)).map(drop)
}

/// A reader that panicked can read nothing more.
fn broken(lost: &tokio::task::JoinError) -> Last {
    tracing::error!(error = %lost, "the reader of a map run broke");
    Last::Failed(Failure::new(ITEM_READER_FAILED, "The items could not be read."))
}

/// The name of the child that begins with this item.
fn name(run: RunId, first: u32) -> String {
    let mut hash = Sha256::new();
    hash.update(run.0);
    hash.update(first.to_be_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    let half: [u8; 16] = std::array::from_fn(|index| bytes[index]);
    uuid::Builder::from_custom_bytes(half).into_uuid().to_string()
}
