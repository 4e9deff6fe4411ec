//! What the events of a map run mean to the execution that waits for it.

use super::{Fold, NO_PAYLOAD, NO_RUN};
use crate::execution::Execution;
use crate::execution::frame::{Frame, Phase, Run};
use crate::history::{Detail, Event, Plan, Source};

impl Execution {
    pub(super) fn fold_run(&mut self, event: &Event) -> Fold {
        let id = event.frame;
        match &event.detail {
            Detail::MapRunStarted { run, label, .. } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                let run = Run { id: *run, label: label.clone(), plan: None, items: None, redrives: 0 };
                self.change(id, |frame| {
                    if let Some(entry) = &mut frame.entry {
                        entry.attempt += 1;
                        entry.lost_run = None;
                    }
                    frame.phase = Phase::Run(Box::new(run));
                });
            }
            Detail::MapRunPlanned(plan) => {
                self.expect(id, |phase| matches!(phase, Phase::Run(run) if run.plan.is_none()))?;
                let items = match &plan.source {
                    Source::Items(items) => Some(self.resolve(id, items).ok_or(NO_PAYLOAD)?),
                    Source::Object { .. } | Source::Listing { .. } => None,
                };
                let plan = Plan::clone(plan);
                self.change(id, |frame| {
                    if let Phase::Run(run) = &mut frame.phase {
                        run.items = items;
                        run.plan = Some(plan);
                    }
                });
            }
            Detail::MapRunSucceeded { run, output } => {
                self.expect(id, |phase| matches!(phase, Phase::Run(it) if it.id == *run))?;
                let output = self.resolve(id, output).ok_or(NO_PAYLOAD)?;
                self.change(id, |frame| {
                    frame.phase = Phase::Acting;
                    if let Some(entry) = &mut frame.entry {
                        entry.result = Some(output);
                    }
                });
            }
            Detail::MapRunFailed { run, .. } => {
                self.expect(id, |phase| matches!(phase, Phase::Run(it) if it.id == *run))?;
                self.change(id, Frame::lose_run);
            }
            Detail::MapRunRedriven { run, .. } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                let lost = self.frame(id).and_then(|frame| frame.entry.as_ref()?.lost_run.as_ref());
                if lost.is_none_or(|lost| lost.id != *run) {
                    return Err(NO_RUN);
                }
                self.change(id, Frame::find_run);
            }
            _ => self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?,
        }
        Ok(())
    }
}
