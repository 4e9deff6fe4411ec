//! Where a run stands: which items have children already, and how these are. Read when a supervisor begins, which after
//! a restart is in the middle of the run.

use std::collections::HashMap;
use std::ops::Range;

use crate::journal::{Child, Error, Journal, MapRunKey, RunStatus};

/// Children read at a time.
const PAGE: u32 = 4096;

#[derive(Debug, Default, PartialEq)]
pub(super) struct Standing {
    /// The items that have children, as ranges in their order.
    pub(super) covered: Vec<Range<u32>>,
    /// The children that run: first item, and how many.
    pub(super) open: HashMap<u32, u32>,
    pub(super) failed_items: u64,
}

impl Standing {
    pub(super) fn read(journal: &dyn Journal, run: MapRunKey) -> Result<Standing, Error> {
        let mut standing = Standing::default();
        let mut from = 0;
        loop {
            let page = journal.children(run, from, PAGE)?;
            let Some(last) = page.last() else { return Ok(standing) };
            from = last.first + 1;
            page.into_iter().for_each(|child| standing.count(child));
        }
    }

    fn count(&mut self, child: Child) {
        let items = child.first..child.first + child.count;
        match self.covered.last_mut() {
            Some(last) if last.end == items.start => last.end = items.end,
            _ => self.covered.push(items),
        }
        if child.status == RunStatus::Running {
            self.open.insert(child.first, child.count);
        } else if has_failed(child.status) {
            self.failed_items += u64::from(child.count);
        }
    }
}

/// Whether the items of a child with this status count as failed.
pub(super) fn has_failed(status: RunStatus) -> bool {
    !matches!(status, RunStatus::Running | RunStatus::Succeeded)
}
