//! The handle: what can be asked of the engine. Commands go to the loop and are answered when they are durable; reads
//! go to the journal.

mod activities;
mod aliases;
mod executions;
mod history;
mod machines;
mod map_runs;
mod marks;
mod page;
mod redrive;
mod revisions;
mod starts;
mod tags;
mod target;
mod trials;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::definitions::Definitions;
use super::dispatch::Dispatcher;
use super::flights::Flights;
use super::forgetting;
use super::inbox::{Answer, Command, Guard, QUEUE};
use super::map_runs::{Busy, MapRuns, Tools};
use super::owner::Owner;
use super::pollers::Pollers;
use super::recovery::Setback;
use super::timers::Timers;
use super::{Change, Error, Place, Ticks};
use crate::Millis;
use crate::journal::{Journal, Which};
use crate::objects::{NoObjects, Objects};
use crate::tasks::Tasks;
use marks::Marks;

pub use activities::ActivityDescription;
pub use aliases::{AliasDescription, Route};
pub use executions::{Description, Failed, ListedExecution};
pub use history::HistoryPage;
pub use machines::{
    ListedMachine, MachineDescription, MachineMade, MachineRequest, MapOfChild, VersionRequest,
};
pub use map_runs::{ChildFilter, ChildStatus, Counts, ListedMapRun, MapRunDescription, MapRunUpdate};
pub use page::Page;
pub(super) use redrive::never_redrivable;
pub use redrive::{Redrivable, Redrives};
pub use revisions::{MachineUpdate, MachineUpdated, VersionMade};
pub use starts::Started;
pub use trials::TrialRequest;

/// Changes that a slow subscriber may lag behind before it loses some.
const CHANGES: usize = 1024;

/// Longest input or output, as on AWS.
const PAYLOAD: usize = 256 * 1024;

#[derive(Clone)]
pub struct Config {
    pub place: Place,
    /// Where map runs read items and write results.
    pub objects: Arc<dyn Objects>,
    /// Commands that may wait before a start is refused.
    pub queue: usize,
    /// Executions that have ended are forgotten after so long; `None` is never.
    pub forget_after: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self { place: Place::default(), objects: Arc::new(NoObjects), queue: QUEUE, forget_after: None }
    }
}

#[derive(Clone)]
pub struct Engine {
    commands: mpsc::Sender<Command>,
    /// For states that are tried alone; what executions call, the loop calls.
    tasks: Arc<dyn Tasks>,
    journal: Arc<dyn Journal>,
    definitions: Arc<Definitions>,
    marks: Arc<Marks>,
    place: Place,
    ticks: Ticks,
    changes: broadcast::Sender<Change>,
    guard: Guard,
    busy: Busy,
}

impl Engine {
    /// Takes up everything the journal holds that has not ended, and starts the loop. The loop ends when the last
    /// handle is dropped, or by [`shutdown`](Self::shutdown).
    pub async fn open(
        journal: impl Journal,
        tasks: Arc<dyn Tasks>,
        ticks: Ticks,
        config: Config,
    ) -> Result<Self, Error> {
        let journal: Arc<dyn Journal> = Arc::new(journal);
        let definitions = Arc::new(Definitions::new(journal.clone()));
        let (sender, commands) = mpsc::channel(config.queue);
        let (changes, _) = broadcast::channel(CHANGES);
        let busy = Busy::default();
        let tools = Tools {
            journal: journal.clone(),
            objects: config.objects,
            place: config.place.clone(),
            ticks: ticks.clone(),
            commands: sender.downgrade(),
            busy: busy.clone(),
        };
        let newest = journal.execution(Which::Newest)?;
        let mut owner = Owner {
            journal: journal.clone(),
            definitions: definitions.clone(),
            place: config.place.clone(),
            ticks: ticks.clone(),
            commands,
            sender: sender.downgrade(),
            changes: changes.clone(),
            next_id: newest.map_or(1, |newest| newest.id + 1),
            lives: HashMap::new(),
            idle: VecDeque::new(),
            timers: Timers::default(),
            tokens: HashMap::new(),
            pollers: Pollers::default(),
            tasks: Dispatcher::new(tasks.clone()),
            watchers: HashMap::new(),
            parked: HashSet::new(),
            ready: VecDeque::new(),
            forming: Vec::new(),
            flights: Flights::new(journal.clone()),
            deferred: 0,
            setback: Setback::default(),
            map_runs: MapRuns::new(tools),
            ending: None,
        };
        owner.recover()?;
        tokio::spawn(async move {
            if let Err(panic) = tokio::spawn(owner.run()).await {
                // What the loop held in memory is gone, and only a recovery can bring it back.
                tracing::error!(%panic, "the engine's loop panicked; ending the process");
                std::process::abort();
            }
        });
        if let Some(after) = config.forget_after {
            tokio::spawn(forgetting::run(Arc::downgrade(&journal), ticks.clone(), after));
        }
        Ok(Self {
            commands: sender,
            tasks,
            journal,
            definitions,
            marks: Arc::default(),
            place: config.place,
            ticks,
            changes,
            guard: Guard::default(),
            busy,
        })
    }

    /// The same engine for callers who may only look at these machines and their executions.
    pub fn read_only(&self, machines: impl IntoIterator<Item = String>) -> Self {
        Self { guard: Guard::over(machines), ..self.clone() }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// A random id that begins with the time. Whatever is kept in the order of such names grows at its end, instead of
    /// having to be written in as many places as executions are started.
    pub(super) fn new_name(&self) -> uuid::Uuid {
        let (first, second) = (self.ticks.tick(), self.ticks.tick());
        let mut random = [0; 10];
        random[..8].copy_from_slice(&first.seed.to_be_bytes());
        random[8..].copy_from_slice(&second.seed.to_be_bytes()[..2]);
        let since_1970 = first.now.unsigned_abs();
        uuid::Builder::from_unix_timestamp_millis(since_1970, &random).into_uuid()
    }

    /// A random id, of a request.
    pub fn new_id(&self) -> uuid::Uuid {
        let (high, low) = (self.ticks.tick().seed, self.ticks.tick().seed);
        uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes()).into_uuid()
    }

    /// Says whenever an execution has new durable events.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Takes in no more commands, lets what runs come to its end for as long as `grace`, and ends the loop. What has
    /// not ended by then is taken back, and taken up at the next start.
    pub async fn shutdown(&self, grace: Duration) {
        let (done, ended) = oneshot::channel();
        let until =
            self.ticks.now().saturating_add(Millis::try_from(grace.as_millis()).unwrap_or(Millis::MAX));
        if self.commands.send(Command::Shutdown { until, done }).await.is_ok() {
            let _ = ended.await; // an error means that another shutdown was faster
        }
    }

    /// Sends a command that waits for room in the queue, and waits until it is durable.
    async fn deliver(&self, command: impl FnOnce(Answer) -> Command) -> Result<Millis, Error> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(Answer::Caller(answer))).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Sends a command that is refused when the queue is full.
    fn offer(&self, command: Command) -> Result<(), Error> {
        self.commands.try_send(command).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => Error::Closed,
        })
    }
}
