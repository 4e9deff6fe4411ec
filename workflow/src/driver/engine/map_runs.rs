//! Map runs: describe, list, change what they may do, and list their children.

use super::super::inbox::Command;
use super::super::{Error, names};
use super::redrive::too_old;
use super::{Engine, ListedExecution, Page};
use crate::Millis;
use crate::history::Limits;
use crate::journal::{ExecutionRow, Listing, MapRun, MapRunChange, RunStatus, Waiting, Which};

#[derive(Clone, Debug, PartialEq)]
pub struct MapRunDescription {
    pub arn: String,
    /// Of the execution that waits for it.
    pub execution_arn: String,
    /// Of the Map.
    pub machine_arn: String,
    pub status: RunStatus,
    pub started: Millis,
    pub stopped: Option<Millis>,
    pub limits: Limits,
    pub redrives: u32,
    pub redriven: Option<Millis>,
    pub items: Counts,
    pub executions: Counts,
}

/// How many of a run's items, or executions, stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub pending: u32,
    pub running: u32,
    pub succeeded: u32,
    pub failed: u32,
    pub timed_out: u32,
    pub aborted: u32,
    pub total: u32,
    pub results_written: u32,
    /// Without success, and not to be begun again by any redrive.
    pub not_redrivable: u32,
    /// Without success, and to be begun again.
    pub pending_redrive: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListedMapRun {
    pub arn: String,
    pub execution_arn: String,
    pub machine_arn: String,
    pub started: Millis,
    pub stopped: Option<Millis>,
}

/// Which children of a run are listed; without a word, all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildFilter {
    pub status: Option<ChildStatus>,
    /// Those that were redriven, or those that were not.
    pub redriven: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildStatus {
    Is(RunStatus),
    /// Without success, and to be begun again.
    PendingRedrive,
}

/// What is to be changed; the rest stays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MapRunUpdate {
    pub concurrency: Option<u32>,
    pub tolerated_count: Option<u32>,
    pub tolerated_percentage: Option<f64>,
}

impl Engine {
    pub async fn describe_map_run(&self, arn: &str) -> Result<MapRunDescription, Error> {
        let run = self.map_run(arn)?;
        let waiting = self.waiting_for(&run)?;
        let (mut items, mut executions) = (Counts::default(), Counts::default());
        for tally in self.journal.tally(run.id)? {
            if run.status == RunStatus::Running && tally.is_unsuccessful(run.redrives) {
                items.wait_again(tally.items);
                executions.wait_again(tally.executions);
            } else {
                items.add(tally.status, tally.items);
                executions.add(tally.status, tally.executions);
            }
        }
        let left = run.items.map_or(0, |all| all.saturating_sub(items.total));
        let executions_left = if run.batch == 0 { 0 } else { left.div_ceil(run.batch) };
        // What was not begun when the run ended is begun by a redrive.
        items.rest(left);
        executions.rest(executions_left);
        let outworn = self.journal.outworn(run.id, too_old(self.ticks.now()))?;
        let is_lost = self.has_lost_machine(&waiting)?;
        items.not_redrivable = if is_lost { items.unsuccessful() } else { outworn.items };
        executions.not_redrivable = if is_lost { executions.unsuccessful() } else { outworn.executions };
        let machine_name = &waiting.machine_name;
        Ok(MapRunDescription {
            arn: self.place.map_run(machine_name, &run.label, run.run),
            execution_arn: self.place.execution_of(&waiting),
            machine_arn: self.place.machine(&names::labelled(machine_name, Some(&run.label))),
            status: run.status,
            started: run.started,
            stopped: run.stopped,
            limits: run.limits,
            redrives: run.redrives,
            redriven: run.redriven,
            items,
            executions,
        })
    }

    /// Those of an execution, newest first.
    pub async fn list_map_runs(
        &self,
        execution_arn: &str,
        page: &Page,
    ) -> Result<(Vec<ListedMapRun>, Option<String>), Error> {
        let waiting = self.row(execution_arn)?;
        let runs = self.journal.map_runs(waiting.id, page.after_number()?, page.limit())?;
        let next = page.next(&runs, |run| run.id.to_string());
        let machine_name = &waiting.machine_name;
        let listed = |run: MapRun| ListedMapRun {
            arn: self.place.map_run(machine_name, &run.label, run.run),
            execution_arn: self.place.execution_of(&waiting),
            machine_arn: self.place.machine(&names::labelled(machine_name, Some(&run.label))),
            started: run.started,
            stopped: run.stopped,
        };
        Ok((runs.into_iter().map(listed).collect(), next))
    }

    /// The children of a run, newest first.
    pub async fn list_children(
        &self,
        map_run_arn: &str,
        filter: ChildFilter,
        page: &Page,
    ) -> Result<(Vec<ListedExecution>, Option<String>), Error> {
        let run = self.map_run(map_run_arn)?;
        // In a run that has ended nothing waits.
        let redrives = (run.status == RunStatus::Running).then_some(run.redrives);
        let (status, waiting) = match (filter.status, redrives) {
            (Some(ChildStatus::PendingRedrive), None) => return Ok((Vec::new(), None)),
            (Some(ChildStatus::PendingRedrive), Some(redrives)) => (None, Some(Waiting::Only(redrives))),
            (Some(ChildStatus::Is(status)), redrives) => (Some(status), redrives.map(Waiting::Never)),
            (None, _) => (None, None),
        };
        let listing = Listing {
            map_run: Some(run.id),
            status,
            redriven: filter.redriven,
            waiting,
            before: page.after_number()?,
            limit: page.limit(),
            ..Listing::default()
        };
        self.listed(&listing, redrives, page)
    }

    /// Changes what a run may do from now on.
    pub async fn update_map_run(&self, arn: &str, update: MapRunUpdate) -> Result<(), Error> {
        let run = self.map_run(arn)?;
        self.guard.check(&self.waiting_for(&run)?.machine_name)?;
        let limits = Limits {
            concurrency: update.concurrency.unwrap_or(run.limits.concurrency),
            tolerated_count: update.tolerated_count.or(run.limits.tolerated_count),
            tolerated_percentage: update.tolerated_percentage.or(run.limits.tolerated_percentage),
        };
        self.journal.change_map_run(run.id, MapRunChange::Limits(limits)).await?;
        self.commands.send(Command::Limit { run: run.run, limits }).await.map_err(|_| Error::Closed)
    }

    /// The ARN of the run that an execution is a child of.
    pub(super) fn map_run_arn_of(&self, row: &ExecutionRow) -> Option<String> {
        let child = row.child.as_ref()?;
        Some(self.place.map_run(&row.machine_name, &child.label, child.run))
    }

    fn map_run(&self, arn: &str) -> Result<MapRun, Error> {
        let run = self.journal.map_run(names::map_run(arn)?)?;
        run.ok_or_else(|| Error::NoResource(arn.to_owned()))
    }

    fn waiting_for(&self, run: &MapRun) -> Result<ExecutionRow, Error> {
        let row = self.journal.execution(Which::Id(run.execution))?;
        row.ok_or_else(|| Error::NoExecution(run.run.to_string()))
    }
}

impl Counts {
    fn add(&mut self, status: RunStatus, count: u32) {
        let slot = match status {
            RunStatus::Running => &mut self.running,
            RunStatus::Succeeded => {
                self.results_written += count;
                &mut self.succeeded
            }
            RunStatus::Failed | RunStatus::Parked => &mut self.failed,
            RunStatus::TimedOut => &mut self.timed_out,
            RunStatus::Aborted => &mut self.aborted,
        };
        *slot += count;
        self.total += count;
    }

    fn wait_again(&mut self, count: u32) {
        self.pending_redrive += count;
        self.total += count;
    }

    /// Those without an execution so far.
    fn rest(&mut self, count: u32) {
        self.pending = count;
        self.total += count;
    }

    fn unsuccessful(&self) -> u32 {
        self.failed + self.timed_out + self.aborted + self.pending_redrive
    }
}
