//! The journal in memory: for tests, simulations and runs that need not outlive the process.
//!
//! Clones share what is stored, so that a test can drop an engine and start another one on the same journal.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::Millis;
use async_trait::async_trait;

use super::{
    Activities, Activity, Append, Appended, Created, Error, EventRow, ExecutionId, ExecutionRow, Executions,
    Listing, Machine, MachineId, Machines, NewMachine, Revision, RevisionId, RunStatus, Unfinished, Which,
    in_sequence,
};

#[derive(Clone, Default)]
pub struct MemoryJournal {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Default)]
struct Tables {
    machines: BTreeMap<MachineId, (Machine, bool)>,
    revisions: Vec<Revision>,
    executions: BTreeMap<ExecutionId, Stored>,
    names: HashSet<(MachineId, String)>,
    activities: BTreeMap<String, Activity>,
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

impl Tables {
    fn named(&self, machine: &str) -> Option<&Machine> {
        self.machines.values().find(|(row, deleted)| !deleted && row.name == machine).map(|(row, _)| row)
    }

    fn store(&mut self, append: Append) -> Appended {
        if let Some(new) = append.start {
            if !self.names.insert((new.machine, new.name.clone())) {
                return Appended::NameTaken;
            }
            let machine_name = self.machines.get(&new.machine).map(|(machine, _)| machine.name.clone());
            let row = ExecutionRow {
                id: append.execution,
                machine: new.machine,
                machine_name: machine_name.unwrap_or_default(),
                revision: new.revision,
                name: new.name,
                format: new.format,
                status: RunStatus::Running,
                started: new.started,
                stopped: None,
                wake: None,
            };
            self.executions.insert(append.execution, Stored { row, events: Vec::new() });
        }
        if let Some(stored) = self.executions.get_mut(&append.execution) {
            let checksum = append.row.checksum(append.execution);
            stored.events.push((append.row, checksum));
            if let Some(wake) = append.wake {
                stored.row.wake = wake;
            }
            if let Some(closed) = append.closed {
                stored.row.status = closed.status;
                stored.row.wake = None;
                stored.row.stopped = Some(closed.at);
            }
        }
        Appended::Stored
    }

    /// Whether this append follows what is stored.
    fn follows(&self, append: &Append) -> bool {
        match (self.executions.get(&append.execution), &append.start) {
            (None, Some(_)) => append.row.first == 0,
            (Some(stored), None) => {
                append.row.first == stored.events.last().map_or(0, |(row, _)| row.first + row.count)
            }
            _ => false,
        }
    }
}

#[async_trait]
impl Executions for MemoryJournal {
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Appended>, Error> {
        let mut tables = self.tables();
        if let Some(astray) = batch.iter().find(|append| !tables.follows(append)) {
            return Err(Error::Conflict(astray.execution));
        }
        Ok(batch.into_iter().map(|append| tables.store(append)).collect())
    }

    async fn park(&self, execution: ExecutionId, at: Millis) -> Result<(), Error> {
        if let Some(stored) = self.tables().executions.get_mut(&execution) {
            stored.row.status = RunStatus::Parked;
            stored.row.stopped = Some(at);
        }
        Ok(())
    }

    fn execution(&self, which: Which<'_>) -> Result<Option<ExecutionRow>, Error> {
        let tables = self.tables();
        let found = match which {
            Which::Id(id) => tables.executions.get(&id),
            Which::Named { machine, name } => {
                let named = |stored: &&Stored| stored.row.machine_name == machine && stored.row.name == name;
                tables.executions.values().rev().find(named)
            }
            Which::Newest => tables.executions.values().next_back(),
        };
        Ok(found.map(|stored| stored.row.clone()))
    }

    fn executions(&self, listing: &Listing) -> Result<Vec<ExecutionRow>, Error> {
        let before = listing.before.unwrap_or(ExecutionId::MAX);
        let wanted = |row: &&ExecutionRow| {
            row.machine == listing.machine && listing.status.is_none_or(|status| row.status == status)
        };
        let tables = self.tables();
        let newest_first = tables.executions.range(..before).rev().map(|(_, stored)| &stored.row);
        Ok(newest_first.filter(wanted).take(listing.limit as usize).cloned().collect())
    }

    fn unfinished(&self, after: ExecutionId, limit: u32) -> Result<Vec<Unfinished>, Error> {
        let tables = self.tables();
        let running = tables
            .executions
            .range(after + 1..)
            .filter(|(_, stored)| stored.row.status == RunStatus::Running)
            .map(|(id, stored)| Unfinished { id: *id, wake: stored.row.wake });
        Ok(running.take(limit as usize).collect())
    }

    fn events(&self, execution: ExecutionId, from: u32, limit: u32) -> Result<Vec<EventRow>, Error> {
        let tables = self.tables();
        let Some(stored) = tables.executions.get(&execution) else { return Ok(Vec::new()) };
        let skipped = stored.events.partition_point(|(row, _)| row.first <= from).saturating_sub(1);
        let rows = stored.events.iter().skip(skipped).take(limit as usize).map(|(row, checksum)| {
            let sound = row.checksum(execution) == *checksum;
            sound.then(|| row.clone()).ok_or(Error::Corrupt { execution, event: from })
        });
        in_sequence(execution, from, rows.collect::<Result<_, _>>()?)
    }
}

#[async_trait]
impl Machines for MemoryJournal {
    async fn create_machine(&self, new: NewMachine) -> Result<Created<Machine>, Error> {
        let mut tables = self.tables();
        if let Some(standing) = tables.named(&new.name) {
            return Ok(Created::Existed(standing.clone()));
        }
        let id = tables.machines.len() as MachineId + 1;
        let revision = tables.revisions.len() as RevisionId + 1;
        let NewMachine { name, kind, role, settings, definition, created } = new;
        let (machine_name, role_then) = (name.clone(), role.clone());
        let pinned =
            Revision { id: revision, machine: id, machine_name, role: role_then, definition, created };
        tables.revisions.push(pinned);
        let machine = Machine { id, name, kind, role, settings, created, revision };
        tables.machines.insert(id, (machine.clone(), false));
        Ok(Created::New(machine))
    }

    async fn revise_machine(
        &self,
        machine: &Machine,
        definition: String,
        at: Millis,
    ) -> Result<RevisionId, Error> {
        let mut tables = self.tables();
        let id = tables.revisions.len() as RevisionId + 1;
        let Machine { id: machine, name, role, .. } = machine.clone();
        let revision = Revision { id, machine, machine_name: name, role, definition, created: at };
        tables.revisions.push(revision);
        if let Some((row, _)) = tables.machines.get_mut(&machine) {
            row.revision = id;
        }
        Ok(id)
    }

    async fn delete_machine(&self, name: &str, _at: Millis) -> Result<bool, Error> {
        let mut tables = self.tables();
        let standing = tables.machines.values_mut().find(|(row, deleted)| !*deleted && row.name == name);
        Ok(standing.is_some_and(|(_, deleted)| !std::mem::replace(deleted, true)))
    }

    fn machine(&self, name: &str) -> Result<Option<Machine>, Error> {
        Ok(self.tables().named(name).cloned())
    }

    fn machines(&self, after: MachineId, limit: u32) -> Result<Vec<Machine>, Error> {
        let tables = self.tables();
        let standing = tables.machines.range(after + 1..).filter(|(_, (_, deleted))| !deleted);
        Ok(standing.take(limit as usize).map(|(_, (machine, _))| machine.clone()).collect())
    }

    fn revision(&self, id: RevisionId) -> Result<Revision, Error> {
        self.tables()
            .revisions
            .iter()
            .find(|revision| revision.id == id)
            .cloned()
            .ok_or(Error::NoRevision(id))
    }
}

#[async_trait]
impl Activities for MemoryJournal {
    async fn create_activity(&self, activity: Activity) -> Result<Created<Activity>, Error> {
        let mut tables = self.tables();
        if let Some(standing) = tables.activities.get(&activity.name) {
            return Ok(Created::Existed(standing.clone()));
        }
        tables.activities.insert(activity.name.clone(), activity.clone());
        Ok(Created::New(activity))
    }

    async fn delete_activity(&self, name: &str) -> Result<bool, Error> {
        Ok(self.tables().activities.remove(name).is_some())
    }

    fn activity(&self, name: &str) -> Result<Option<Activity>, Error> {
        Ok(self.tables().activities.get(name).cloned())
    }

    fn activities(&self, after: &str, limit: u32) -> Result<Vec<Activity>, Error> {
        let tables = self.tables();
        let later = tables.activities.values().filter(|activity| activity.name.as_str() > after);
        Ok(later.take(limit as usize).cloned().collect())
    }
}
