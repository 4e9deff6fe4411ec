//! What the events of a task mean.

use super::{Fold, NO_PAYLOAD};
use crate::execution::Execution;
use crate::execution::frame::{Phase, Task, after};
use crate::history::{Detail, Event, Payload};

impl Execution {
    pub(super) fn fold_task(&mut self, event: &Event) -> Fold {
        let (id, at) = (event.frame, event.at);
        match &event.detail {
            Detail::TaskScheduled { family, input, timeout, heartbeat, token, callback } => {
                self.expect(id, |phase| matches!(phase, Phase::Acting | Phase::Retry(_)))?;
                let input = match input {
                    Payload::Data => None,
                    payload => Some(self.resolve(id, payload).ok_or(NO_PAYLOAD)?),
                };
                let mut task = Task {
                    family: *family,
                    input,
                    timeout: *timeout,
                    heartbeat: *heartbeat,
                    token: *token,
                    callback: *callback,
                    started: false,
                    submitted: false,
                    dispatches: 1,
                    timeout_at: after(at, *timeout),
                    heartbeat_at: None,
                };
                if *callback {
                    task.beat(at);
                }
                self.change(id, |frame| {
                    if let Some(entry) = &mut frame.entry {
                        entry.attempt += 1;
                    }
                    frame.phase = Phase::Task(Box::new(task));
                });
            }
            Detail::TaskStarted { .. } => self.change_task(id, |task| {
                task.started = true;
                task.restart(at);
            })?,
            Detail::TaskSubmitted { .. } => self.change_task(id, |task| task.submitted = true)?,
            Detail::Redispatched => self.change_task(id, |task| {
                task.dispatches += 1;
                // The deadline of a callback is the wall clock's.
                if !task.callback {
                    task.restart(at);
                }
            })?,
            // A dispatch that was taken back is none: what did not kill the engine is not suspected of it.
            Detail::Withdrawn => {
                self.change_task(id, |task| task.dispatches = task.dispatches.saturating_sub(1))?
            }
            Detail::Heartbeat => self.change_task(id, |task| task.beat(at))?,
            Detail::TaskSucceeded { output } => {
                self.expect(id, |phase| matches!(phase, Phase::Task(_)))?;
                let output = self.resolve(id, output).ok_or(NO_PAYLOAD)?;
                self.change(id, |frame| {
                    frame.phase = Phase::Acting;
                    if let Some(entry) = &mut frame.entry {
                        entry.result = Some(output);
                    }
                });
            }
            _ => {
                self.expect(id, |phase| matches!(phase, Phase::Task(_)))?;
                self.change(id, |frame| frame.phase = Phase::Acting);
            }
        }
        Ok(())
    }

    fn change_task(&mut self, id: u32, change: impl FnOnce(&mut Task)) -> Fold {
        self.expect(id, |phase| matches!(phase, Phase::Task(_)))?;
        self.change(id, |frame| {
            if let Phase::Task(task) = &mut frame.phase {
                change(task);
            }
        });
        Ok(())
    }
}
