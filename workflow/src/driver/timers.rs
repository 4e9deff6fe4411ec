//! When each unfinished execution has to be looked at again: all that is kept of one that sleeps.

use std::collections::{BTreeSet, HashMap};

use crate::Millis;
use crate::journal::ExecutionId;

#[derive(Default)]
pub(super) struct Timers {
    due: HashMap<ExecutionId, Millis>,
    by_time: BTreeSet<(Millis, ExecutionId)>,
}

impl Timers {
    /// Sets, moves or removes the execution's time.
    pub(super) fn set(&mut self, execution: ExecutionId, due: Option<Millis>) {
        let before = match due {
            Some(due) => self.due.insert(execution, due),
            None => self.due.remove(&execution),
        };
        if before == due && due.is_none() {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, execution));
        }
        if let Some(due) = due {
            self.by_time.insert((due, execution));
        }
    }

    /// Arms the execution's time again after it went off and came to nothing.
    pub(super) fn rearm(&mut self, execution: ExecutionId) {
        if let Some(due) = self.due.get(&execution) {
            self.by_time.insert((*due, execution));
        }
    }

    pub(super) fn next(&self) -> Option<Millis> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// An execution whose time has come. It goes off once, until it is set again.
    pub(super) fn pop(&mut self, now: Millis) -> Option<ExecutionId> {
        let (due, execution) = *self.by_time.first()?;
        if due > now {
            return None;
        }
        self.by_time.pop_first();
        Some(execution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_go_off_in_order_once_and_never_early() {
        let mut timers = Timers::default();
        timers.set(1, Some(30));
        timers.set(2, Some(20));
        timers.set(3, Some(10));
        timers.set(3, Some(40));
        timers.set(4, Some(5));
        timers.set(4, None);
        assert_eq!((timers.next(), timers.pop(19)), (Some(20), None));
        assert_eq!((timers.pop(35), timers.pop(35), timers.pop(35)), (Some(2), Some(1), None));
        timers.rearm(1);
        assert_eq!((timers.pop(35), timers.pop(35)), (Some(1), None));
        assert_eq!((timers.pop(40), timers.next()), (Some(3), None));
    }
}
