//! What the events of a Parallel and of a Map mean: branches and iterations begin, end, and are put aside.

use super::{Fold, NO_FRAME, NO_PAYLOAD};
use crate::execution::Execution;
use crate::execution::frame::{Frame, Items, Join, Phase};
use crate::history::{Detail, Event};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Execution {
    pub(super) fn fold_join(&mut self, event: &Event) -> Fold {
        let id = event.frame;
        match &event.detail {
            Detail::ParallelStarted { first, starts, input } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                let input = self.resolve(id, input).ok_or(NO_PAYLOAD)?;
                if *first != self.next_frame {
                    return Err("its branches are misnumbered");
                }
                for (index, start) in (0_u32..).zip(starts) {
                    self.insert(
                        first + index,
                        Frame::begin(Some(id), index, event.id, input.clone(), *start),
                    );
                }
                let count = u32::try_from(starts.len()).map_err(|_| "it has too many branches")?;
                self.next_frame = first + count;
                let join = Join::new(starts.len(), (*first..first + count).collect(), count, None);
                self.change(id, |frame| frame.phase = Phase::Join(Box::new(join)));
            }
            Detail::MapStarted { items, length, concurrency } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                let items = self.resolve(id, items).and_then(Items::split).ok_or(NO_PAYLOAD)?;
                if items.spans.len() != *length as usize {
                    return Err("it has another number of items");
                }
                let join = Join::new(items.spans.len(), BTreeSet::new(), 0, Some((items, *concurrency)));
                self.change(id, |frame| frame.phase = Phase::Join(Box::new(join)));
            }
            Detail::IterationStarted { index, frame, input, start } => {
                let input = self.resolve(id, input).ok_or(NO_PAYLOAD)?;
                self.expect(
                    id,
                    |phase| matches!(phase, Phase::Join(join) if join.next == *index && join.can_start()),
                )?;
                if *frame != self.next_frame {
                    return Err("its branch is misnumbered");
                }
                self.next_frame += 1;
                self.insert(*frame, Frame::begin(Some(id), *index, event.id, input, *start));
                self.change_join(id, |join| {
                    join.next += 1;
                    join.running.insert(*frame);
                });
            }
            Detail::IterationSucceeded { .. } => {
                self.expect(id, |phase| *phase == Phase::Ended)?;
                self.end_branch(id, |complete| if complete { event.id } else { event.previous })?;
            }
            Detail::IterationFailed { .. } | Detail::IterationAborted { .. } => {
                let parent =
                    self.frame(id).and_then(|frame| frame.parent).ok_or("the execution is no iteration")?;
                let lost = self.detach(id);
                self.change_join(parent, |join| {
                    join.running.remove(&id);
                    join.stopped = true;
                    join.lost.extend(lost);
                });
            }
            // A distributed Map has no branches here: when its run has ended it stands in its state.
            Detail::MapSucceeded | Detail::MapFailed if self.acts(id) => {}
            Detail::ParallelSucceeded | Detail::MapSucceeded => {
                self.expect(id, |phase| matches!(phase, Phase::Join(join) if join.is_complete()))?;
            }
            Detail::StateAborted { .. } => self.expect(id, |phase| matches!(phase, Phase::Join(_)))?,
            // A state that fails before it has begun has no branches to drop.
            _ => {
                self.expect(id, |phase| matches!(phase, Phase::Join(_) | Phase::Acting | Phase::Retry(_)))?;
                self.put_branches_aside(id);
            }
        }
        Ok(())
    }

    /// Hands the output of an ended branch to its parent.
    pub(super) fn end_branch(&mut self, id: u32, last: impl FnOnce(bool) -> u32) -> Fold {
        let frame = self.frame(id).ok_or(NO_FRAME)?;
        let (parent, index, data) =
            (frame.parent.ok_or("the execution is no branch")?, frame.index, frame.data.clone());
        self.expect(parent, |phase| matches!(phase, Phase::Join(_)))?;
        self.detach(id);
        let mut complete = false;
        self.change_join(parent, |join| {
            if let Some(slot) = Arc::make_mut(&mut join.outputs).get_mut(index as usize) {
                *slot = Some(data);
            }
            join.done += 1;
            join.running.remove(&id);
            complete = join.is_complete();
        });
        let last = last(complete);
        self.change(parent, |frame| frame.last = last);
        Ok(())
    }

    fn acts(&self, id: u32) -> bool {
        self.frame(id).is_some_and(|frame| frame.phase == Phase::Acting)
    }

    fn change_join(&mut self, id: u32, change: impl FnOnce(&mut Join)) {
        self.change(id, |frame| {
            if let Phase::Join(join) = &mut frame.phase {
                change(join);
            }
        });
    }
}

impl Join {
    fn new(length: usize, running: BTreeSet<u32>, next: u32, items: Option<(Items, u32)>) -> Join {
        let concurrency = items.as_ref().map_or(0, |(_, concurrency)| *concurrency);
        Join {
            outputs: Arc::new(vec![None; length]),
            done: 0,
            next,
            concurrency,
            running,
            items: items.map(|(items, _)| items),
            stopped: false,
            lost: Vec::new(),
        }
    }
}
