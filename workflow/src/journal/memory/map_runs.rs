//! Map runs, in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::super::{
    Aged, Child, Error, ExecutionId, ItemPage, ItemsOf, MapRun, MapRunChange, MapRunEvent, MapRunKey,
    MapRuns, NewMapRun, Outworn, RunStatus, Tally,
};
use super::{MemoryJournal, Stored, Tables};
use crate::Millis;
use crate::history::RunId;

#[derive(Default)]
pub(super) struct Runs {
    runs: BTreeMap<MapRunKey, MapRun>,
    pages: BTreeMap<(MapRunKey, u32), ItemPage>,
}

impl Runs {
    pub(super) fn get(&self, key: MapRunKey) -> Option<&MapRun> {
        self.runs.get(&key)
    }

    /// Those of one execution.
    pub(super) fn of(&self, execution: ExecutionId) -> impl Iterator<Item = &MapRun> {
        self.runs.values().filter(move |run| run.execution == execution)
    }

    /// Forgets those of one execution, and their pages.
    pub(super) fn forget(&mut self, execution: ExecutionId) {
        self.runs.retain(|_, run| run.execution != execution);
        self.pages.retain(|(run, _), _| self.runs.contains_key(run));
    }

    pub(super) fn store(&mut self, execution: ExecutionId, events: Vec<MapRunEvent>) {
        for event in events {
            match event {
                MapRunEvent::Began(NewMapRun { run, label, started, limits, items, batch }) => {
                    let id = self.runs.keys().next_back().map_or(1, |last| last + 1);
                    let (status, pins) = (RunStatus::Running, "{}".into());
                    self.runs.insert(
                        id,
                        MapRun {
                            id,
                            run,
                            execution,
                            label,
                            status,
                            started,
                            stopped: None,
                            limits,
                            items,
                            batch,
                            pins,
                            redrives: 0,
                            redriven: None,
                        },
                    );
                }
                MapRunEvent::Ended { run, status, at } => {
                    let ended = self.runs.values().find(|row| row.run == run).map(|row| row.id);
                    if let Some(ended) = ended {
                        self.end(ended, status, at);
                    }
                }
                MapRunEvent::Redriven { run, at } => {
                    if let Some(row) = self.runs.values_mut().find(|row| row.run == run) {
                        row.status = RunStatus::Running;
                        row.stopped = None;
                        row.redrives += 1;
                        row.redriven = Some(at);
                    }
                }
            }
        }
    }

    fn end(&mut self, key: MapRunKey, status: RunStatus, at: Millis) {
        if let Some(row) = self.runs.get_mut(&key).filter(|row| row.status == RunStatus::Running) {
            row.status = status;
            row.stopped = Some(at);
        }
        if status == RunStatus::Succeeded {
            self.pages.retain(|(run, _), _| *run != key);
        }
    }
}

impl Tables {
    fn children_of(&self, run: MapRunKey) -> impl Iterator<Item = (ItemsOf, &Stored)> {
        let child = |stored: &Stored| stored.row.child.as_ref().map(|child| child.items);
        let children = self.executions.values().filter_map(move |stored| Some((child(stored)?, stored)));
        children.filter(move |(items, _)| items.run == run)
    }
}

#[async_trait]
impl MapRuns for MemoryJournal {
    fn map_run(&self, run: RunId) -> Result<Option<MapRun>, Error> {
        Ok(self.tables().runs.runs.values().find(|row| row.run == run).cloned())
    }

    fn map_runs(
        &self,
        execution: ExecutionId,
        before: Option<MapRunKey>,
        limit: u32,
    ) -> Result<Vec<MapRun>, Error> {
        let tables = self.tables();
        let newest_first =
            tables.runs.runs.range(..before.unwrap_or(MapRunKey::MAX)).rev().map(|(_, row)| row);
        let wanted = newest_first.filter(|row| row.execution == execution);
        Ok(wanted.take(limit as usize).cloned().collect())
    }

    fn open_map_runs(&self) -> Result<Vec<(ExecutionId, RunId)>, Error> {
        let tables = self.tables();
        let open = tables.runs.runs.values().filter(|row| row.status == RunStatus::Running);
        let mut open: Vec<_> = open.map(|row| (row.execution, row.run)).collect();
        open.sort_unstable();
        Ok(open)
    }

    fn tally(&self, run: MapRunKey) -> Result<Vec<Tally>, Error> {
        let tables = self.tables();
        let mut tallies: Vec<Tally> = Vec::new();
        for (items, stored) in tables.children_of(run) {
            let status = stored.row.status;
            let (count, redrive) = (items.count, stored.row.redrive.unwrap_or_default());
            match tallies.iter_mut().find(|tally| (tally.status, tally.redrive) == (status, redrive)) {
                Some(tally) => {
                    tally.executions += 1;
                    tally.items += count;
                }
                None => tallies.push(Tally { status, redrive, executions: 1, items: count }),
            }
        }
        tallies.sort_by_key(|tally| (tally.status as u8, tally.redrive));
        Ok(tallies)
    }

    fn outworn(&self, run: MapRunKey, aged: Aged) -> Result<Outworn, Error> {
        let tables = self.tables();
        let mut outworn = Outworn::default();
        for (items, Stored { row, .. }) in tables.children_of(run) {
            let old = row.stopped.is_some_and(|stopped| stopped < aged.stopped_before)
                || row.started < aged.started_before;
            if row.status == RunStatus::Parked || (row.status.is_unsuccessful() && old) {
                outworn.executions += 1;
                outworn.items += items.count;
            }
        }
        Ok(outworn)
    }

    fn children(&self, run: MapRunKey, from: u32, limit: u32) -> Result<Vec<Child>, Error> {
        let tables = self.tables();
        let children = tables.children_of(run).filter(|(items, _)| items.first >= from);
        let mut children: Vec<Child> = children
            .map(|(ItemsOf { first, count, .. }, stored)| Child {
                execution: stored.row.id,
                first,
                count,
                status: stored.row.status,
                redrive: stored.row.redrive.unwrap_or_default(),
            })
            .collect();
        children.sort_unstable_by_key(|child| child.first);
        children.truncate(limit as usize);
        Ok(children)
    }

    async fn change_map_run(&self, run: MapRunKey, change: MapRunChange) -> Result<(), Error> {
        let runs = &mut self.tables().runs;
        let Some(row) = runs.runs.get_mut(&run) else { return Ok(()) };
        match change {
            MapRunChange::Limits(limits) => row.limits = limits,
            MapRunChange::Items(items) => row.items = Some(items),
            MapRunChange::Pins(pins) => row.pins = pins,
            MapRunChange::Page(page) => drop(runs.pages.insert((run, page.first), page)),
            MapRunChange::Aborted(at) => runs.end(run, RunStatus::Aborted, at),
        }
        Ok(())
    }

    fn map_run_page(&self, run: MapRunKey, first: u32) -> Result<Option<ItemPage>, Error> {
        Ok(self.tables().runs.pages.get(&(run, first)).cloned())
    }
}
