//! The history of an execution as GetExecutionHistory shows it.

use std::sync::Arc;

use serde_json::Value;

use super::super::Error;
use super::super::live::{damaged, facts_of, for_each_event};
use super::{Engine, Page};
use crate::Execution;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryPage {
    pub events: Vec<Value>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

impl Engine {
    /// One page of the durable events, oldest first or newest first.
    pub async fn history(&self, arn: &str, page: &Page, reverse: bool) -> Result<HistoryPage, Error> {
        let row = self.row(arn)?;
        let pinned = self.definitions.get(row.revision)?;
        let mut events = Vec::new();
        for_each_event(self.journal.as_ref(), row.id, |event| {
            events.push(event);
            Ok(())
        })?;
        let length = events.iter().map(|event| event.id).max().unwrap_or(0);
        let skipped: u32 = page.after_number()?.unwrap_or(0);
        let shown = page.limit().min(length.saturating_sub(skipped));
        let wanted = if reverse {
            length - skipped.min(length) - shown + 1..length + 1 - skipped.min(length)
        } else {
            skipped + 1..skipped + shown + 1
        };
        let mut execution = Execution::new(Arc::new(facts_of(&self.place, &pinned, &row)));
        let mut rendered = Vec::with_capacity(shown as usize);
        for event in events {
            if event.id >= wanted.end {
                break;
            }
            if wanted.contains(&event.id) {
                rendered.extend(event.public(&pinned.definition, &execution));
            }
            execution.apply(&event).map_err(|illegal| damaged(row.id, &illegal))?;
        }
        if reverse {
            rendered.reverse();
        }
        let next = (skipped + shown < length).then(|| super::page::token(skipped + shown));
        Ok(HistoryPage { events: rendered, next })
    }
}
