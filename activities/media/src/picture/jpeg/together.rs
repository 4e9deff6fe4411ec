//! What the two threads that decode a picture know of each other: how far they are, where the parts meet, and whether it is
//! of use to go on.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why a part was not decoded to its end.
pub(super) enum Stopped {
    /// By what is wrong with the coded bytes, or with reading them.
    Flaw,
    Told,
}

pub(super) struct Together {
    stop: AtomicBool,
    /// Rows of units that are decoded.
    done: AtomicU32,
    seam: Mutex<Seam>,
}

/// In rows of units.
struct Seam {
    /// So many the upper one has begun.
    begun: u32,
    /// Where the lower part begins: behind the last row, until it has.
    cut: u32,
}

impl Together {
    pub(super) fn new(rows: u32) -> Self {
        let seam = Mutex::new(Seam { begun: 0, cut: rows });
        Self { stop: AtomicBool::new(false), done: AtomicU32::new(0), seam }
    }

    fn seam(&self) -> MutexGuard<'_, Seam> {
        self.seam.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The upper one begins with this row. Answers where the lower part begins, as far as is known.
    pub(super) fn begin(&self, row: u32) -> u32 {
        let mut seam = self.seam();
        seam.begun = row + 1;
        seam.cut
    }

    /// The lower one has come to this row. Answers whether its part begins there: as many rows are left from there on as
    /// between what the upper one has begun and there.
    pub(super) fn cuts_at(&self, row: u32) -> bool {
        let mut seam = self.seam();
        let rows = seam.cut; // it has not been moved yet
        let is_there = 2 * row >= rows + seam.begun;
        if is_there {
            seam.cut = row;
        }
        is_there
    }

    /// A row more is decoded. Answers how many are.
    pub(super) fn one_more(&self) -> u32 {
        self.done.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn done(&self) -> u32 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn goes_on(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) { Err(Stopped::Told) } else { Ok(()) }
    }

    pub(super) fn stop_unless_made<T>(&self, ended: Result<T, Stopped>) -> Result<T, Stopped> {
        if ended.is_err() {
            self.stop.store(true, Ordering::Relaxed);
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_meet_where_as_much_is_left_of_either() {
        let together = Together::new(100);
        assert_eq!(together.begin(9), 100, "nobody knows yet");
        assert!(!together.cuts_at(54));
        assert!(together.cuts_at(55), "45 are left below, and 45 between the tenth and there");
        assert_eq!(together.begin(10), 55);
    }

    #[test]
    fn of_a_picture_that_is_done_already_nothing_is_left_for_the_lower_part() {
        let together = Together::new(3);
        (0..3).for_each(|row| assert_eq!(together.begin(row), 3));
        assert!(!together.cuts_at(2));
        assert!(together.cuts_at(3));
    }
}
