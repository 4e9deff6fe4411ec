//! The loop that owns every live execution: take what has come, decide, commit, and only then answer and act.
//!
//! Nothing here decides what happens next in an execution ([`step`] does) and nothing here is durable (the journal is).
//! Coming back after a restart or a failed commit is in [`super::recovery`]; what is done for an execution once its
//! events are durable is in [`super::duties`].

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::definitions::Definitions;
use super::dispatch::Dispatcher;
use super::ending::Ending;
use super::flights::{Flights, Landed};
use super::inbox::{Answer, Arrival, Command, ItemStart, Start};
use super::live::Live;
use super::map_runs::MapRuns;
use super::pollers::Pollers;
use super::recovery::Setback;
use super::timers::Timers;
use super::{Change, Error, Place, Ticks};
use crate::history::Token;
use crate::journal::{Appended, ChildOf, ExecutionId, Journal};
use crate::{Input, Millis, Status, step};

/// Executions decided about but not durable, and inputs that wait for them, before no more commands are taken in.
const ROOM: usize = 2048;

pub(super) struct Owner {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) definitions: Arc<Definitions>,
    pub(super) place: Place,
    pub(super) ticks: Ticks,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) sender: mpsc::WeakSender<Command>,
    pub(super) changes: broadcast::Sender<Change>,
    /// The id of the next execution.
    pub(super) next_id: ExecutionId,
    pub(super) lives: HashMap<ExecutionId, Box<Live>>,
    /// Executions that may be let go from memory, the longest idle first.
    pub(super) idle: VecDeque<ExecutionId>,
    pub(super) timers: Timers,
    pub(super) tokens: HashMap<Token, ExecutionId>,
    pub(super) pollers: Pollers,
    pub(super) tasks: Dispatcher,
    pub(super) watchers: HashMap<ExecutionId, Vec<oneshot::Sender<()>>>,
    /// Executions that were given up, whether or not that is written yet.
    pub(super) parked: HashSet<ExecutionId>,
    /// What is to be decided now.
    pub(super) ready: VecDeque<(ExecutionId, Arrival)>,
    /// Executions with fresh events for the next commit.
    pub(super) forming: Vec<ExecutionId>,
    pub(super) flights: Flights,
    /// Arrivals that wait for their execution's commit.
    pub(super) deferred: usize,
    pub(super) setback: Setback,
    pub(super) map_runs: MapRuns,
    /// Set by a shutdown.
    pub(super) ending: Option<Ending>,
}

impl Owner {
    pub(super) async fn run(mut self) {
        let mut commands = Vec::new();
        while !self.may_end() {
            self.wake();
            while let Some((id, arrival)) = self.ready.pop_front() {
                self.decide(id, arrival);
            }
            self.commit();
            let (next_wake, room) = (self.next_wake(), self.room());
            tokio::select! {
                biased;
                landed = self.flights.next() => self.land(landed),
                (id, input) = self.tasks.next() => self.take_results(id, input),
                taken = self.commands.recv_many(&mut commands, room), if room > 0 && self.ending.is_none() => {
                    if taken == 0 {
                        return; // every handle is gone
                    }
                    commands.drain(..).for_each(|command| self.take(command));
                }
                () = self.ticks.sleep_until(next_wake) => {}
            }
        }
        if let Some(ending) = self.ending.take() {
            let _ = ending.done.send(());
        }
    }

    /// Whether a shutdown is through: nothing flies, and nothing runs, or what ran has been taken back.
    fn may_end(&mut self) -> bool {
        let Some(ending) = &mut self.ending else { return false };
        let idle = self.ready.is_empty() && self.tasks.is_idle();
        let landed = self.flights.is_empty() && self.forming.is_empty();
        landed && (idle || ending.has_taken_back())
    }

    /// How much more may be decided before something lands.
    fn room(&self) -> usize {
        ROOM.saturating_sub(self.forming.len() + self.deferred + self.ready.len())
    }

    fn next_wake(&self) -> Option<Millis> {
        let ending =
            self.ending.as_ref().filter(|ending| ending.taken_back.is_none()).map(|ending| ending.until);
        let timer = self.timers.next().filter(|_| self.room() > 0);
        [timer, self.pollers.next_deadline(), self.setback.next(), ending].into_iter().flatten().min()
    }

    /// Everything whose time has come.
    fn wake(&mut self) {
        if self.ready.is_empty() && self.flights.is_empty() {
            self.ticks.agree(self.timers.next());
        }
        let now = self.ticks.now();
        while self.room() > 0
            && let Some(id) = self.timers.pop(now)
        {
            self.ready.push_back((id, Arrival::unasked(Input::Time)));
        }
        self.pollers.expire(now);
        if let Some(setback) = self.setback.over(now) {
            self.come_back(setback);
        }
        self.take_back(now);
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Start { start, answer } => self.start(start, answer),
            Command::Deliver { to, input, answer } => self.ready.push_back((to, Arrival { input, answer })),
            Command::Complete { token, completion, guard, answer } => match self.find(token, &guard) {
                Ok((id, key)) => self.ready.push_back((id, Arrival { input: completion.of(key), answer })),
                Err(error) => drop(answer.give(Err(error))),
            },
            Command::Poll { activity, poller } => {
                self.pollers.wait(&activity, poller);
                self.hand_out(&activity);
            }
            Command::Watch { execution, closed } => {
                if self.is_running(execution) {
                    self.watchers.entry(execution).or_default().push(closed);
                }
            }
            Command::Limit { run, limits } => self.map_runs.limit(run, limits),
            Command::Shutdown { until, done } => {
                self.ending = Some(Ending { until, done, taken_back: None });
            }
        }
    }

    fn take_results(&mut self, id: ExecutionId, input: Input) {
        let mut result = Some((id, input));
        while let Some((id, input)) = result {
            self.ready.push_back((id, Arrival::of_task(input)));
            result = self.tasks.try_next();
        }
    }

    fn start(&mut self, start: Start, answer: Answer) {
        let pinned = match self.definitions.get(start.revision) {
            Ok(pinned) => pinned,
            Err(error) => return drop(answer.give(Err(error))),
        };
        if let Some(test_case) = &start.test_case
            && !self.tasks.has_test_case(&pinned.machine_name, test_case)
        {
            let error =
                Error::NoTestCase { machine: pinned.machine_name.clone(), test_case: test_case.to_string() };
            return drop(answer.give(Err(error)));
        }
        let id = self.next_id;
        self.next_id += 1;
        let Start { name, origin, input, test_case, item, end, .. } = start;
        let (child, input) = match item {
            None => (None, Input::Start { input }),
            Some(ItemStart { map, run, label, items }) => {
                (Some(ChildOf { items, run, label }), Input::StartItem { map, input })
            }
        };
        let mut live = Live::new(&self.place, pinned, name, origin, child);
        live.end = end;
        self.lives.insert(id, Box::new(live));
        self.ready.push_back((id, Arrival { input, answer }));
        if let Some(test_case) = test_case {
            self.ready.push_back((id, Arrival::unasked(Input::Mocked { test_case })));
        }
    }

    /// Asks the core what follows from one arrival. The execution moves on at once, which is kept from everybody until
    /// it is durable.
    pub(super) fn decide(&mut self, id: ExecutionId, arrival: Arrival) {
        let brought = match arrival.input {
            Input::Redrive { .. } => self.bring_back(id),
            _ => self.bring(id),
        };
        if let Err(error) = brought {
            return self.undecided(id, arrival, error);
        }
        let Some(live) = self.lives.get_mut(&id) else { return };
        if live.flying {
            live.waiting.push_back(arrival);
            self.deferred += 1;
            return;
        }
        let tick = self.ticks.tick();
        let was_fresh = !live.fresh.is_empty();
        let decided = step(&live.pinned.definition, &live.execution, arrival.input, tick);
        let outcome = match decided {
            Ok(stepped) => {
                live.execution = stepped.execution;
                live.fresh.extend(stepped.events);
                Ok(tick.now)
            }
            Err(refused) => Err(refused),
        };
        if !live.fresh.is_empty() {
            live.answers.push((arrival.answer, outcome));
            if !was_fresh {
                self.forming.push(id);
            }
            return;
        }
        // Nothing came of it, so there is nothing to wait for.
        if live.start.is_some() || live.execution.status() != Status::Running {
            self.lives.remove(&id);
        } else {
            self.timers.set(id, live.execution.next_due());
            self.timers.rearm(id);
        }
        if let Some(input) = arrival.answer.give(outcome.map_err(Error::from)) {
            self.ready.push_back((id, Arrival::unasked(input)));
        }
    }

    /// An arrival whose execution cannot be brought to mind.
    fn undecided(&mut self, id: ExecutionId, arrival: Arrival, error: Error) {
        match (&error, arrival.answer) {
            (Error::Journal(_), Answer::Again(input)) => {
                self.setback.hold(
                    self.ticks.now(),
                    id,
                    Some(Arrival { answer: Answer::Again(input.clone()), input }),
                );
            }
            (Error::Journal(_), answer) => {
                self.setback.hold(self.ticks.now(), id, None);
                let _ = answer.give(Err(error));
            }
            (_, answer) => drop(answer.give(Err(error))),
        }
    }

    /// Sends off everything that has been decided, as one commit.
    fn commit(&mut self) {
        if self.forming.is_empty() || !self.flights.has_room() {
            return;
        }
        let lives = &mut self.lives;
        let share = |id: ExecutionId| lives.get_mut(&id).map(|live| live.append(id));
        let batch: Vec<_> = self.forming.drain(..).filter_map(share).collect();
        self.flights.send(batch);
    }

    fn land(&mut self, landed: Landed) {
        match landed.outcome {
            Ok(outcomes) => {
                self.setback.forget();
                let is_alone = landed.executions.len() == 1 && self.has_nothing_to_do();
                for (id, outcome) in landed.executions.into_iter().zip(outcomes) {
                    match outcome {
                        Appended::Stored => self.carry_on(id, is_alone),
                        Appended::NameTaken => self.turn_away(id),
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, executions = landed.executions.len(), "a commit failed; nothing of it is stored");
                self.set_back(landed.executions, &error);
            }
        }
    }

    /// Whether nothing flies and nothing has come.
    fn has_nothing_to_do(&self) -> bool {
        self.flights.is_empty()
            && self.forming.is_empty()
            && self.ready.is_empty()
            && self.deferred == 0
            && self.commands.is_empty()
    }

    /// The events of this execution are durable: answer, and do what follows from them.
    fn carry_on(&mut self, id: ExecutionId, is_alone: bool) {
        let Some(live) = self.lives.get_mut(&id) else { return };
        for (answer, outcome) in live.landed() {
            if let Some(input) = answer.give(outcome.map_err(Error::from)) {
                self.ready.push_back((id, Arrival::unasked(input)));
            }
        }
        self.publish(id);
        self.attend(id, is_alone);
        self.let_through(id);
    }

    /// A start whose name was taken when it came to the disk.
    fn turn_away(&mut self, id: ExecutionId) {
        let Some(live) = self.lives.remove(&id) else { return };
        let arn = &live.execution.facts().execution_arn;
        self.deferred -= live.waiting.len();
        let answers = live.answers.into_iter().map(|(answer, _)| answer);
        for answer in answers.chain(live.waiting.into_iter().map(|arrival| arrival.answer)) {
            let _ = answer.give(Err(Error::ExecutionExists(arn.clone())));
        }
    }

    /// What waited for the commit has its turn.
    pub(super) fn let_through(&mut self, id: ExecutionId) {
        let Some(live) = self.lives.get_mut(&id) else { return };
        self.deferred -= live.waiting.len();
        self.ready.extend(live.waiting.drain(..).map(|arrival| (id, arrival)));
    }

    /// Whether the execution has not ended. One that nothing is known of in memory has, or waits for a signal.
    fn is_running(&self, id: ExecutionId) -> bool {
        if self.lives.contains_key(&id) {
            return true;
        }
        if self.parked.contains(&id) {
            return false;
        }
        let row = self.journal.execution(crate::journal::Which::Id(id));
        row.is_ok_and(|row| row.is_some_and(|row| row.status == crate::journal::RunStatus::Running))
    }
}
