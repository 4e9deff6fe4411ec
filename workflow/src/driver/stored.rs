//! The events of one execution as they are stored, read in portions and one after the other.

use crate::Event;
use crate::history;
use crate::journal::{ExecutionId, Executions};

use super::Error;
use super::live::damaged;

/// Rows read at a time, at most; a row may hold a megabyte.
const MOST: u32 = 1024;

/// How much is read ahead at first; each portion after it is twice as long.
#[derive(Clone, Copy)]
pub(super) enum Portion {
    /// Whoever wants a few events.
    Small,
    /// Whoever wants all of them.
    Large,
}

/// Events from number `next` on (counted from 0, private ones too), until one cannot be read.
pub(super) struct Stored<'a, J: ?Sized> {
    journal: &'a J,
    execution: ExecutionId,
    next: u32,
    rows: u32,
    read: std::vec::IntoIter<Event>,
    ahead: std::vec::IntoIter<crate::journal::EventRow>,
    is_last: bool,
}

impl<'a, J: Executions + ?Sized> Stored<'a, J> {
    pub(super) fn since(journal: &'a J, execution: ExecutionId, first: u32, portion: Portion) -> Self {
        let rows = match portion {
            Portion::Small => 4,
            Portion::Large => MOST,
        };
        let (read, ahead) = (Vec::new().into_iter(), Vec::new().into_iter());
        Self { journal, execution, next: first, rows, read, ahead, is_last: false }
    }

    /// Makes sure that `read` holds the next event, unless there is none.
    fn advance(&mut self) -> Result<(), Error> {
        while self.read.as_slice().is_empty() {
            let Some(row) = self.ahead.next() else {
                if self.is_last {
                    return Ok(());
                }
                let rows = self.journal.events(self.execution, self.next, self.rows)?;
                // The journal begins with the row that holds the event, or with the last there is.
                self.is_last = rows.len() < self.rows as usize;
                self.rows = (self.rows * 2).min(MOST);
                self.ahead = rows.into_iter();
                continue;
            };
            let events = history::decode(&row.body).map_err(|error| damaged(self.execution, &error))?;
            let skipped = (self.next.saturating_sub(row.first)).min(row.count);
            self.next = self.next.max(row.first + row.count);
            self.read = events.into_iter();
            if skipped > 0 {
                self.read.nth(skipped as usize - 1);
            }
        }
        Ok(())
    }
}

impl<J: Executions + ?Sized> Iterator for Stored<'_, J> {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(()) => self.read.next().map(Ok),
            Err(error) => {
                (self.is_last, self.ahead) = (true, Vec::new().into_iter());
                Some(Err(error))
            }
        }
    }
}
