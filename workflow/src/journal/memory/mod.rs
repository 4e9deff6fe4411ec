//! The journal in memory: for tests, simulations and runs that need not outlive the process.
//!
//! Clones share what is stored, so that a test can drop an engine and start another one on the same journal.

mod activities;
mod aliases;
mod executions;
mod machines;
mod map_runs;
mod tags;
mod versions;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{
    Activity, Alias, EventRow, ExecutionId, ExecutionRow, Machine, MachineId, Revision, Tag, Tagged, Version,
};

#[derive(Clone, Default)]
pub struct MemoryJournal {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Default)]
struct Tables {
    machines: BTreeMap<MachineId, (Machine, bool)>,
    revisions: Vec<Revision>,
    /// With those that were deleted, which are `None`.
    versions: BTreeMap<(MachineId, u32), Option<Version>>,
    aliases: BTreeMap<(MachineId, String), Alias>,
    tags: BTreeMap<Tagged, Vec<Tag>>,
    executions: BTreeMap<ExecutionId, Stored>,
    names: HashSet<(MachineId, String)>,
    activities: BTreeMap<String, Activity>,
    runs: map_runs::Runs,
}

struct Stored {
    row: ExecutionRow,
    events: Vec<(EventRow, u32)>,
}

impl MemoryJournal {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().expect("nothing panics while it holds the tables")
    }
}
