//! What the engine owes an execution whose events are durable: run its tasks, offer its activities, know its tokens,
//! wake it in time, tell who watches. All of it follows from `pending`, whether after a commit or after a restart.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::inbox::{Answer, Arrival, Command, Guard};
use super::live::{Live, run_status};
use super::map_runs::Waiting;
use super::owner::Owner;
use super::{ActivityTask, Begin, Change, Error, HeartbeatHandle, Submit, names};
use crate::definition::Resource;
use crate::history::Token;
use crate::journal::{ExecutionId, RunStatus};
use crate::tasks::TaskCall;
use crate::{Input, Pending, Refused, Status, TaskKey};

/// Executions with nothing to do that are kept in memory all the same, for those that are needed again soon.
const IDLE: usize = 1024;

impl Owner {
    /// Does what is pending and was not done yet. `is_alone` says that nothing else is under way.
    pub(super) fn attend(&mut self, id: ExecutionId, is_alone: bool) {
        let Some(live) = self.lives.get_mut(&id) else { return };
        if live.execution.status() != Status::Running {
            return self.close(id);
        }
        self.strike(id);
        let Some(live) = self.lives.get_mut(&id) else { return };
        let mut offers = Vec::new();
        let is_task = |pending: &Pending<'_>| matches!(pending, Pending::RunTask { .. });
        let is_alone = is_alone && live.execution.pending().filter(is_task).count() == 1;
        for pending in live.execution.pending() {
            let (key, token) = match pending {
                Pending::RunTask { key, token, .. } => {
                    if !self.tasks.is_running(id, key) && self.ending.is_none() {
                        let again = live.lost.remove(&key);
                        let call = call(id, live, pending, again, &self.sender);
                        if let Some(result) = call.and_then(|call| self.tasks.start(id, call, is_alone)) {
                            self.ready.push_back((id, Arrival::of_task(result)));
                        }
                    }
                    (key, token)
                }
                Pending::Activity { key, state, token, input } => {
                    if let Some(Resource::Activity { arn }) = live.pinned.definition.resource(state)
                        && let Ok(activity) = names::activity(arn)
                        && live.offered.insert(key)
                    {
                        let lot = self.tasks.lot(&live.pinned.machine_name, input);
                        self.pollers.offer(activity, lot, (id, key));
                        offers.push(activity.to_owned());
                    }
                    (key, Some(token))
                }
                Pending::Callback { key, token } => (key, Some(token)),
                Pending::MapRun { key, run, .. } => {
                    if !self.map_runs.is_supervised(run) && self.ending.is_none() {
                        let (pinned, execution) = (live.pinned.clone(), live.execution.clone());
                        let label = live.child.as_ref().map(|child| child.label.clone());
                        self.map_runs.supervise(run, Waiting { id, key, pinned, execution, label });
                    }
                    live.runs.insert(key, run);
                    (key, None)
                }
                Pending::WakeAt { .. } | Pending::Continue => continue,
            };
            live.owed.insert(key, token);
            token.map(|token| self.tokens.insert(token, id));
        }
        self.timers.set(id, live.execution.next_due());
        if live.execution.must_continue() {
            self.ready.push_back((id, Arrival::unasked(Input::Continue)));
        }
        self.let_go_later(id);
        offers.iter().for_each(|activity| self.hand_out(activity));
    }

    /// Lets go of what is no longer awaited.
    fn strike(&mut self, id: ExecutionId) {
        let Some(live) = self.lives.get_mut(&id) else { return };
        let execution = &live.execution;
        live.owed.retain(|key, token| {
            let awaited = execution.pending_task(*key).is_some();
            if !awaited {
                live.offered.remove(key);
                if let Some(run) = live.runs.remove(key) {
                    self.map_runs.release(run);
                }
                self.tasks.cancel(id, *key);
                token.map(|token| self.tokens.remove(&token));
            }
            awaited
        });
    }

    /// Gives waiting workers the tasks that are offered.
    pub(super) fn hand_out(&mut self, activity: &str) {
        while let Some(((id, key), poller)) = self.pollers.pair(activity) {
            if let Err(Error::Journal(_)) = self.bring(id) {
                self.setback.hold(self.ticks.now(), id, None); // and then it is offered again
            }
            let Some(task) = self.wanted(id, key) else {
                self.pollers.front(activity, poller);
                continue;
            };
            let input = Input::TaskStarted { key, worker: poller.worker };
            self.ready.push_back((id, Arrival { input, answer: Answer::Worker(poller.reply, task) }));
        }
    }

    /// What a worker gets of an activity's try, unless somebody has it or nobody waits for it any more.
    fn wanted(&mut self, id: ExecutionId, key: TaskKey) -> Option<ActivityTask> {
        let live = self.lives.get_mut(&id)?;
        live.offered.insert(key);
        let machine = live.pinned.machine_name.to_string();
        match live.execution.pending_task(key)? {
            Pending::Activity { input, token, .. } => Some(ActivityTask {
                token: token.to_string(),
                input: Arc::from(input),
                machine,
                attempt: key.attempt,
            }),
            _ => None,
        }
    }

    /// The try that a token stands for.
    pub(super) fn find(&mut self, token: Token, guard: &Guard) -> Result<(ExecutionId, TaskKey), Error> {
        let id = *self.tokens.get(&token).ok_or(Refused::TaskTimedOut)?;
        self.bring(id)?;
        let live = self.lives.get(&id).ok_or(Refused::TaskTimedOut)?;
        guard.check(&live.pinned.machine_name)?;
        let key = live.execution.key_of(token).ok_or(Refused::TaskTimedOut)?;
        Ok((id, key))
    }

    pub(super) fn publish(&mut self, id: ExecutionId) {
        if self.changes.receiver_count() > 0
            && let Some(live) = self.lives.get(&id)
        {
            let execution_arn = live.execution.facts().execution_arn.clone();
            let _ = self.changes.send(Change { execution_arn, status: live.execution.status() });
        }
    }

    /// Leaves nothing behind of an execution that has ended.
    fn close(&mut self, id: ExecutionId) {
        let Some(live) = self.lives.remove(&id) else { return };
        self.forget(id, &live);
        if let Some(child) = &live.child {
            self.map_runs.child_ended(child, run_status(live.execution.status()));
        }
        self.deferred -= live.waiting.len();
        for arrival in live.waiting {
            let _ = arrival.answer.give(Err(Refused::Closed.into()));
        }
        if let Some(end) = live.end {
            let _ = end.send(live.execution); // who waited may be gone
        }
    }

    fn forget(&mut self, id: ExecutionId, live: &Live) {
        for (key, token) in &live.owed {
            self.tasks.cancel(id, *key);
            token.map(|token| self.tokens.remove(&token));
        }
        live.runs.values().for_each(|run| self.map_runs.release(*run));
        self.timers.set(id, None);
        self.watchers.remove(&id); // dropping the senders is the signal
    }

    /// Gives up an execution whose history cannot be what it was, and goes on with the others.
    pub(super) fn park(&mut self, id: ExecutionId, reason: &dyn std::error::Error) {
        tracing::error!(execution = id, %reason, "an execution is parked: its history cannot be read");
        self.parked.insert(id);
        self.forming.retain(|forming| *forming != id);
        if let Some(live) = self.lives.remove(&id) {
            self.forget(id, &live);
            if let Some(child) = &live.child {
                self.map_runs.child_ended(child, RunStatus::Parked);
            }
            self.deferred -= live.waiting.len();
            let stepped = live.answers.into_iter().map(|(answer, _)| answer);
            for answer in stepped.chain(live.waiting.into_iter().map(|arrival| arrival.answer)) {
                let _ = answer.give(Err(super::live::damaged(id, reason)));
            }
        }
        self.timers.set(id, None);
        self.watchers.remove(&id);
        let (journal, at) = (self.journal.clone(), self.ticks.now());
        tokio::spawn(async move {
            if let Err(error) = journal.park(id, at).await {
                tracing::error!(execution = id, %error, "it could not be marked as parked; the next start will try again");
            }
        });
    }

    /// Lets executions that only wait leave memory, the longest idle first.
    fn let_go_later(&mut self, id: ExecutionId) {
        self.idle.push_back(id);
        while self.idle.len() > IDLE {
            let Some(oldest) = self.idle.pop_front() else { return };
            let may_go = self.lives.get(&oldest).is_some_and(|live| {
                live.is_idle()
                    && !live.execution.must_continue()
                    && !live.owed.keys().any(|key| self.tasks.is_running(oldest, *key))
            });
            if may_go {
                self.lives.remove(&oldest);
            }
        }
    }
}

/// What a task is told of one try; `again` when it was given out before the engine stopped.
fn call(
    id: ExecutionId,
    live: &Live,
    pending: Pending<'_>,
    again: bool,
    commands: &mpsc::WeakSender<Command>,
) -> Option<TaskCall> {
    let Pending::RunTask { key, state, input, token, dispatches, submitted, .. } = pending else {
        return None;
    };
    let definition = &live.pinned.definition;
    Some(TaskCall {
        resource: definition.resource(state)?.clone(),
        state: definition.name(state).to_owned(),
        machine: live.pinned.machine_name.clone(),
        test_case: live.execution.test_case().cloned(),
        execution_arn: live.execution.facts().execution_arn.clone(),
        key,
        input: Arc::from(input),
        token: token.map(|token| token.to_string()),
        dispatch: dispatches + u32::from(again),
        begin: Begin { commands: commands.clone(), execution: id, key, again },
        submit: Submit { commands: commands.clone(), execution: id, key, done: submitted },
        heartbeat: HeartbeatHandle { commands: commands.clone(), execution: id, key },
    })
}
