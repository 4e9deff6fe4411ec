//! The end of a run: its children's results in the order of their items, as the state's output or as files in a store
//! ([`super::export`]). They are read from the journal one by one.

use std::sync::Arc;

use serde_json::Value;

use super::export::{Export, Unwritten};
use super::supervisor::Break;
use super::{Tools, Waiting};
use crate::driver::engine::never_redrivable;
use crate::driver::live;
use crate::history::{Failure, Plan, Transformation};
use crate::items::results::{Finished, Results};
use crate::journal::{ExecutionRow, MapRun, RunStatus, Which};
use crate::state::MAX_PAYLOAD;
use crate::{Execution, RunEnd};

/// Children looked at between two turns of everybody else.
const PAGE: u32 = 64;

#[derive(Clone, Copy)]
pub(super) struct Gathering<'a> {
    pub(super) tools: &'a Tools,
    pub(super) waiting: &'a Arc<Waiting>,
    pub(super) run: &'a MapRun,
    pub(super) plan: &'a Plan,
    /// The array of the items, when it stands in the history.
    pub(super) items: Option<&'a Arc<str>>,
}

impl Gathering<'_> {
    /// What the execution that waits is told.
    pub(super) async fn end(&self, failure: Option<Failure>) -> Result<RunEnd, Break> {
        let exported = self.export().await?;
        Ok(match (failure, exported) {
            (Some(failure), _) | (None, Some(Err(failure))) => RunEnd::Failed(failure),
            (None, Some(Ok(output))) => RunEnd::Succeeded(Some(output.to_string().into())),
            (None, None) => RunEnd::Succeeded(self.output().await?.map(Into::into)),
        })
    }

    /// Writes the results as files, if they are wanted as files; what the state puts out then.
    pub(super) async fn export(&self) -> Result<Option<Result<Value, Failure>>, Break> {
        let written = match Export::of(self) {
            None => return Ok(None),
            Some(Ok(export)) => export.write().await,
            Some(Err(unwritten)) => Err(unwritten),
        };
        match written {
            Ok(output) => Ok(Some(Ok(output))),
            Err(Unwritten::Refused(failure)) => Ok(Some(Err(failure))),
            Err(Unwritten::Broken(broken)) => Err(broken),
        }
    }

    /// The output of the state; `None` when it is too large for one.
    async fn output(&self) -> Result<Option<String>, Break> {
        let (transformation, lines) = match &self.plan.writer {
            Some(writer) => (writer.transformation, writer.lines),
            None => (Transformation::Compact, false),
        };
        let mut results = Results::new(transformation, lines);
        let mut children = Children::new(self);
        while let Some(page) = children.next().await? {
            for child in &page {
                results.add(child);
                if results.len() > MAX_PAYLOAD {
                    return Ok(None);
                }
            }
        }
        let text = results.take();
        Ok(Some(if lines { Value::from(text).to_string() } else { text }))
    }
}

/// The children of a run in the order of their items, as they ended.
pub(super) struct Children<'a> {
    gathering: &'a Gathering<'a>,
    from: u32,
}

impl<'a> Children<'a> {
    pub(super) fn new(gathering: &'a Gathering<'a>) -> Self {
        Self { gathering, from: 0 }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<Finished>>, Break> {
        tokio::task::yield_now().await;
        let journal = self.gathering.tools.journal.as_ref();
        let page = journal.children(self.gathering.run.id, self.from, PAGE)?;
        let Some(last) = page.last() else { return Ok(None) };
        self.from = last.first + 1;
        let mut finished = Vec::with_capacity(page.len());
        for child in page {
            let row = journal.execution(Which::Id(child.execution))?.ok_or(Break::Closed)?;
            finished.push(self.finished(&row));
        }
        Ok(Some(finished))
    }

    /// A child whose history cannot be read has failed as far as anybody can know.
    fn finished(&self, row: &ExecutionRow) -> Finished {
        let Tools { journal, place, .. } = self.gathering.tools;
        let folded = live::fold(journal.as_ref(), &self.gathering.waiting.pinned, place, row).ok();
        let execution = folded.as_ref().map(|(execution, _)| execution);
        let failure = execution.and_then(|execution| execution.failure().cloned()).unwrap_or_default();
        let status = if row.status == RunStatus::Parked { RunStatus::Failed } else { row.status };
        Finished {
            arn: place.execution_of(row),
            machine_arn: place.machine_of(row),
            name: row.name.clone(),
            status: status.into(),
            started: row.started,
            stopped: row.stopped,
            redrives: row.redriven.map_or(0, |redriven| redriven.count),
            redriven: row.redriven.map(|redriven| redriven.at),
            never_redrivable: never_redrivable(row.status, execution.map_or(0, Execution::length)),
            input: execution.map(|execution| execution.input().clone()),
            output: execution.and_then(|execution| execution.output().cloned()),
            error: failure.error,
            cause: failure.cause,
        }
    }
}
