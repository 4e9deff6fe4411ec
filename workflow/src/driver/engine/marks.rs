//! Folds of histories that were read lately, as they stood at some of their events.
//!
//! An event is shown with what the execution was just before it, so that a page in the middle of a history needs the fold
//! of all that comes before. Whoever asks for page after page would have it folded from the start each time; from the
//! mark before it, it is a few events.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::Execution;
use crate::journal::ExecutionId;

/// Histories whose marks are kept: those read last.
const HISTORIES: usize = 4;

/// Events between two marks at least. They lie further apart the longer the history, so that they stay few.
const SPACING: u32 = 1000;

/// An execution as its first events make it.
#[derive(Clone)]
pub(super) struct Mark {
    /// How many these are, private ones too.
    pub(super) events: u32,
    pub(super) execution: Execution,
}

/// The marks of one history, in the order of its events.
struct Marked {
    of: ExecutionId,
    marks: Vec<Mark>,
}

#[derive(Default)]
pub(super) struct Marks {
    /// The one read last comes last.
    kept: Mutex<VecDeque<Marked>>,
}

impl Marks {
    /// Whether a mark is worth keeping so many events after the last one.
    pub(super) fn is_due(last: u32, events: u32) -> bool {
        events - last >= SPACING + last / 32
    }

    /// The last mark that this visible event comes after.
    pub(super) fn before(&self, execution: ExecutionId, event: u32) -> Option<Mark> {
        let mut kept = self.lock();
        let at = kept.iter().position(|marked| marked.of == execution)?;
        let marked = kept.remove(at)?;
        let mark = marked.marks.iter().rfind(|mark| mark.execution.length() < event).cloned();
        kept.push_back(marked);
        mark
    }

    /// Keeps marks that were passed on the way, in the order of their events.
    pub(super) fn keep(&self, execution: ExecutionId, passed: Vec<Mark>) {
        let Some(first) = passed.first().map(|mark| mark.events) else { return };
        let mut kept = self.lock();
        let at = kept.iter().position(|marked| marked.of == execution);
        let mut marked =
            at.and_then(|at| kept.remove(at)).unwrap_or_else(|| Marked { of: execution, marks: Vec::new() });
        // Another reader may have passed the same way meanwhile.
        if marked.marks.last().is_none_or(|last| last.events < first) {
            marked.marks.extend(passed);
        }
        kept.push_back(marked);
        if kept.len() > HISTORIES {
            kept.pop_front();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Marked>> {
        self.kept.lock().expect("nothing panics while it holds the list")
    }
}
