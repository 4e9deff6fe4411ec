//! The history of an execution as GetExecutionHistory shows it.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::super::Error;
use super::super::live::{damaged, facts_of};
use super::super::stored::{Portion, Stored};
use super::marks::{Mark, Marks};
use super::{Engine, Page};
use crate::Execution;
use crate::journal::ExecutionRow;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryPage {
    pub events: Vec<Value>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// What came of reading a part of a history.
struct Read {
    shown: Vec<Value>,
    /// Visible events up to the end of the part.
    length: u32,
    /// Whether there are more behind it.
    more: bool,
}

impl Engine {
    /// One page of the durable events, oldest first or newest first.
    pub async fn history(&self, arn: &str, page: &Page, reverse: bool) -> Result<HistoryPage, Error> {
        let row = self.row(arn)?;
        let skipped: u32 = page.after_number()?.unwrap_or(0);
        let after = skipped.saturating_add(page.limit());
        let next = |more: bool| more.then(|| page.token_at(&after.to_string()));
        if !reverse {
            let read = self.read_history(&row, skipped.saturating_add(1)..after.saturating_add(1))?;
            return Ok(HistoryPage { events: read.shown, next: next(read.more) });
        }
        let length = self.read_history(&row, u32::MAX..u32::MAX)?.length;
        let (first, end) = (length.saturating_sub(after) + 1, length.saturating_sub(skipped) + 1);
        let mut events = self.read_history(&row, first..end)?.shown;
        events.reverse();
        Ok(HistoryPage { events, next: next(first > 1) })
    }

    /// Shows the visible events with these numbers.
    fn read_history(&self, row: &ExecutionRow, wanted: Range<u32>) -> Result<Read, Error> {
        let pinned = self.definitions.get(row.revision)?;
        let begin = || Execution::new(Arc::new(facts_of(&self.place, &pinned, row)));
        let Mark { mut events, mut execution } =
            self.marks.before(row.id, wanted.start).unwrap_or_else(|| Mark { events: 0, execution: begin() });
        let (mut shown, mut passed, mut last, mut more) = (Vec::new(), Vec::new(), events, false);
        for event in Stored::since(self.journal.as_ref(), row.id, events, Portion::Small) {
            let event = event?;
            if event.id >= wanted.end {
                more = true;
                break;
            }
            if Marks::is_due(last, events) {
                passed.push(Mark { events, execution: execution.clone() });
                last = events;
            }
            if wanted.contains(&event.id) {
                shown.extend(event.public(&pinned.definition, &execution));
            }
            execution.apply(&event).map_err(|illegal| damaged(row.id, &illegal))?;
            events += 1;
        }
        self.marks.keep(row.id, passed);
        Ok(Read { shown, length: execution.length(), more })
    }
}
