//! Where a run stands: which items have children already, and how these are. Read when a supervisor begins, which after
//! a restart, or a redrive, is in the middle of the run.

use std::collections::HashMap;
use std::ops::Range;

use crate::journal::{Child, Error, Journal, MapRun, RunStatus};

/// Children read at a time.
const PAGE: u32 = 4096;

#[derive(Debug, Default, PartialEq)]
pub(super) struct Standing {
    /// The items that have children, as ranges in their order.
    pub(super) covered: Vec<Range<u32>>,
    /// The children that run: first item, and how many.
    pub(super) open: HashMap<u32, u32>,
    pub(super) failed_items: u64,
    /// Those that failed before the run was redriven, and are to be begun again.
    pub(super) unsuccessful: Vec<Child>,
}

impl Standing {
    pub(super) fn read(journal: &dyn Journal, run: &MapRun) -> Result<Standing, Error> {
        let mut standing = Standing::default();
        let mut from = 0;
        loop {
            let page = journal.children(run.id, from, PAGE)?;
            let Some(last) = page.last() else { return Ok(standing) };
            from = last.first + 1;
            page.into_iter().for_each(|child| standing.count(child, run.redrives));
        }
    }

    fn count(&mut self, child: Child, redrives: u32) {
        let items = child.first..child.first + child.count;
        match self.covered.last_mut() {
            Some(last) if last.end == items.start => last.end = items.end,
            _ => self.covered.push(items),
        }
        if child.status == RunStatus::Running {
            self.open.insert(child.first, child.count);
        } else if child.is_unsuccessful(redrives) {
            self.unsuccessful.push(child);
        } else if child.status.is_unsuccessful() {
            self.failed_items += u64::from(child.count);
        }
    }
}
