//! What happens while the items of a run last: portions of them become children, so many at a time; each child that ends
//! makes room for another; too many failures end the run.
//!
//! A child is started exactly once, because its name follows from the run and its first item.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Waiting;
use super::feed::Last;
use super::standing::Standing;
use super::supervisor::{Break, Supervisor, ask};
use crate::driver::Error;
use crate::driver::inbox::{Command, ItemStart, Start};
use crate::errors::ITEM_READER_FAILED;
use crate::history::{Failure, Limits, RunId};
use crate::items::batch::Portion;
use crate::journal::{Child, ItemsOf, MapRun, MapRunChange, Origin, RunStatus};
use crate::{Input, Refused, StateId};

/// Children at a time when no number is set, as on AWS.
const MOST: u32 = 10_000;
/// Starts on their way to the disk at a time: a big run must not crowd out everybody else.
const STARTS: usize = 64;

pub(super) struct Conduct<'a> {
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

impl<'a> Conduct<'a> {
    pub(super) fn new(
        supervisor: &'a mut Supervisor,
        waiting: &'a Arc<Waiting>,
        (state, row): (StateId, MapRun),
        standing: Standing,
        reading: JoinSet<Last>,
        fed: mpsc::Receiver<Portion>,
    ) -> Self {
        Self {
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
            supervisor,
        }
    }

    /// Answers with the run as it stands then, and why it failed, if it did.
    pub(super) async fn run(mut self) -> Result<(MapRun, Option<Failure>), Break> {
        self.go_on().await?;
        Ok((self.row, self.failure))
    }

    async fn go_on(&mut self) -> Result<(), Break> {
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
            Last::BrokeOff => return Err(Break::off()),
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

impl Beginning {
    fn first(&self) -> u32 {
        match self {
            Self::First(portion) => portion.first,
            Self::Again(child) => child.first,
        }
    }
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
