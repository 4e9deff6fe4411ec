//! The edge of the engine: it owns the executions, the clock and the tasks, and makes what the core decides durable.
//!
//! [`Engine`] is the handle. Behind it one loop ([`owner`]) owns every live execution; its inputs come through a
//! bounded queue ([`inbox`]); commits fly while the next one forms ([`flights`]); what is pending afterwards is done in
//! [`duties`]; [`recovery`] brings executions back; [`map_runs`] sees to map runs. Reads never ask the loop: they fold
//! what the journal holds, and so see durable events only.

mod definitions;
mod dispatch;
mod duties;
mod ending;
mod engine;
mod error;
mod flights;
mod forgetting;
mod inbox;
mod live;
mod map_runs;
mod names;
mod owner;
mod pollers;
mod recovery;
mod stored;
mod ticks;
mod timers;

pub use engine::{
    ActivityDescription, AliasDescription, ChildFilter, ChildStatus, Config, Counts, Description, Engine,
    Failed, HistoryPage, ListedExecution, ListedMachine, ListedMapRun, MachineDescription, MachineMade,
    MachineRequest, MachineUpdate, MachineUpdated, MapOfChild, MapRunDescription, MapRunUpdate, Page,
    Redrivable, Redrives, Route, Started, TrialRequest, VersionMade, VersionRequest,
};
pub use error::Error;
pub use inbox::{ActivityTask, Begin, HeartbeatHandle, Submit};
pub use names::Place;
pub use ticks::{Hand, Ticks};

use crate::Status;

/// Tells subscribers that an execution has new durable events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub execution_arn: String,
    pub status: Status,
}
