//! Executions and events in memory.

use async_trait::async_trait;

use super::super::{
    Append, Appended, ChildOf, Ended, Error, EventRow, ExecutionId, ExecutionRow, Executions, Forgotten,
    Listing, RunStatus, Unfinished, Waiting, Which, in_sequence,
};
use super::{MemoryJournal, Stored, Tables};
use crate::Millis;

impl Tables {
    fn store(&mut self, append: Append) -> Appended {
        if let Some(new) = append.start {
            if !self.names.insert((new.machine, new.name.clone())) {
                return Appended::NameTaken;
            }
            let machine_name = self.machines.get(&new.machine).map(|(machine, _)| machine.name.clone());
            let child = new.items.and_then(|items| {
                let run = self.runs.get(items.run)?;
                Some(ChildOf { items, run: run.run, label: run.label.clone() })
            });
            let mut row = ExecutionRow {
                id: append.execution,
                machine: new.machine,
                machine_name: machine_name.unwrap_or_default(),
                revision: new.revision,
                name: new.name,
                origin: new.origin,
                format: new.format,
                status: RunStatus::Running,
                started: new.started,
                stopped: None,
                wake: None,
                redriven: None,
                child,
                redrive: None,
            };
            row.redrive = self.redrives_of(&row);
            self.executions.insert(append.execution, Stored { row, events: Vec::new() });
        }
        let redrive = self.executions.get(&append.execution).and_then(|stored| self.redrives_of(&stored.row));
        if let Some(stored) = self.executions.get_mut(&append.execution) {
            let checksum = append.row.checksum(append.execution);
            stored.events.push((append.row, checksum));
            if append.redriven.is_some() {
                stored.row.redriven = append.redriven;
                stored.row.redrive = redrive;
                stored.row.status = RunStatus::Running;
                stored.row.stopped = None;
            }
            if let Some(wake) = append.wake {
                stored.row.wake = wake;
            }
            if let Some(closed) = append.closed {
                stored.row.status = closed.status;
                stored.row.wake = None;
                stored.row.stopped = Some(closed.at);
            }
        }
        self.runs.store(append.execution, append.map_runs);
        Appended::Stored
    }

    /// Of the run that it is a child of.
    fn redrives_of(&self, row: &ExecutionRow) -> Option<u32> {
        let run = self.runs.get(row.child.as_ref()?.items.run)?;
        Some(run.redrives)
    }

    /// The next that have ended before, in that order.
    fn ended(&self, before: Millis, after: Option<Ended>, limit: usize) -> Vec<Ended> {
        let closed = |stored: &Stored| {
            let at = stored.row.stopped.filter(|_| stored.row.status != RunStatus::Running)?;
            Some((at, stored.row.id)).filter(|ended| at < before && after.is_none_or(|after| *ended > after))
        };
        let mut ended: Vec<_> = self.executions.values().filter_map(closed).collect();
        ended.sort_unstable();
        ended.truncate(limit);
        ended
    }

    /// Forgets one that has ended, if nothing needs it.
    fn forget(&mut self, before: Millis, id: ExecutionId) -> bool {
        let newest = self.executions.keys().next_back() == Some(&id);
        let is_over = |id: ExecutionId| {
            let row = self.executions.get(&id).map(|stored| &stored.row);
            row.is_some_and(|row| {
                row.status != RunStatus::Running && row.stopped.is_some_and(|at| at < before)
            })
        };
        let has_child = |run| {
            let mut children = self.executions.values().filter_map(|stored| stored.row.child.as_ref());
            children.any(|child| child.items.run == run)
        };
        let Some(stored) = self.executions.get(&id) else { return false };
        let parent = stored.row.child.as_ref().and_then(|child| self.runs.get(child.items.run));
        let is_needed = parent.is_some_and(|run| !is_over(run.execution))
            || self.runs.of(id).any(|run| run.status == RunStatus::Running || has_child(run.id));
        if newest || is_needed {
            return false;
        }
        self.runs.forget(id);
        if let Some(stored) = self.executions.remove(&id) {
            self.names.remove(&(stored.row.machine, stored.row.name));
        }
        true
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

    async fn forget(&self, before: Millis, after: Option<Ended>, limit: u32) -> Result<Forgotten, Error> {
        let mut tables = self.tables();
        let ended = tables.ended(before, after, limit as usize);
        let next = ended.last().copied().filter(|_| ended.len() == limit as usize);
        let count = ended.into_iter().filter(|(_, id)| tables.forget(before, *id)).count();
        Ok(Forgotten { count: count as u32, next })
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
            let whose = match (listing.map_run, &row.child) {
                (Some(run), child) => child.as_ref().is_some_and(|child| child.items.run == run),
                (None, child) => row.machine == listing.machine && child.is_none(),
            };
            whose
                && listing.status.is_none_or(|status| row.status == status)
                && listing.version.is_none_or(|version| row.origin.version == Some(version))
                && (listing.alias.is_none() || row.origin.alias == listing.alias)
                && listing.redriven.is_none_or(|redriven| row.redriven.is_some() == redriven)
                && listing.waiting.is_none_or(|waiting| match waiting {
                    Waiting::Only(redrives) => row.waits(redrives),
                    Waiting::Never(redrives) => !row.waits(redrives),
                })
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
