//! One step as it is carried out: the execution moves on a copy, by the very events that the step gives.

use crate::data::intrinsics::draw;
use crate::data::{MAX_NESTING, nesting};
use crate::errors::RUNTIME;
use crate::execution::frame::Phase;
use crate::history::{Detail, Failure, Payload, Token};
use crate::state::assign::Assigned;
use crate::state::{Body, Datum, State, map, parallel, task};
use crate::step::inspection::Inspection;
use crate::step::trial::OnTrial;
use crate::step::{Stepped, Tick};
use crate::{Definition, Event, Execution, Millis, StateId};
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A step makes at most this many events or bytes; the rest waits for `Input::Continue`.
pub(crate) const MAX_STEP_EVENTS: usize = 256;
pub(crate) const MAX_STEP_BYTES: usize = 1 << 20;
/// A step begins nothing new within this distance of its limits: one failure can end that many iterations.
const ROOM_FOR_EVENTS: usize = 128;
const ROOM_FOR_BYTES: usize = 5 << 17;
/// A history has at most this many events; the last says so.
pub(crate) const MAX_HISTORY: u32 = 25_000;

/// Why a state's work stops here.
#[derive(Debug)]
pub(crate) enum Exit {
    /// The state failed; its retriers and catchers are asked.
    Failed(Failure),
    /// So it did, because a query of its has no value that fits; `location` is the field it stands in.
    Unevaluated { failure: Failure, location: Option<Arc<str>> },
    /// The execution is closed.
    Closed,
}

pub(crate) type Outcome = Result<(), Exit>;

pub(crate) struct Machine<'a> {
    pub(super) definition: &'a Definition,
    pub(super) execution: Execution,
    events: Vec<Event>,
    bytes: usize,
    pub(super) now: Millis,
    pub(super) random: Cell<u64>,
    /// The token that `$$.Task.Token` shows while a task's input is made.
    pub(super) token: Option<Token>,
    /// Present while one state is tried alone.
    pub(super) trial: Option<RefCell<OnTrial>>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(definition: &'a Definition, execution: &Execution, tick: Tick) -> Machine<'a> {
        let random = Cell::new(tick.seed);
        Machine {
            definition,
            execution: execution.clone(),
            events: Vec::new(),
            bytes: 0,
            now: tick.now,
            random,
            token: None,
            trial: None,
        }
    }

    pub(super) fn into_stepped(self) -> Stepped {
        Stepped { events: self.events, execution: self.execution }
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn on_trial(&mut self, trial: OnTrial) {
        self.trial = Some(RefCell::new(trial));
    }

    pub(super) fn inspection(&self) -> Inspection {
        self.trial.as_ref().map_or_else(Inspection::default, |trial| trial.borrow().inspection.clone())
    }

    /// Lets a trial see data between the fields of a state. It costs nothing when there is none.
    pub(crate) fn inspect(&self, look: impl FnOnce(&mut Inspection)) {
        if let Some(trial) = &self.trial {
            look(&mut trial.borrow_mut().inspection);
        }
    }

    /// How many items are said to have failed, on trial.
    pub(crate) fn failed_items(&self) -> Option<u32> {
        self.trial.as_ref().map(|trial| trial.borrow().failed_items)
    }

    pub(crate) fn is_on_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// What an ItemReader is said to have read, on trial.
    pub(crate) fn read_on_trial(&self) -> Option<Arc<str>> {
        self.trial.as_ref()?.borrow().read.clone()
    }

    /// Begins what runs inside a Parallel or a Map; on trial it is mocked, and does not begin.
    pub(crate) fn emit_inside(&mut self, frame: u32, detail: Detail) -> Outcome {
        if self.trial.is_some() { Ok(()) } else { self.emit(frame, detail) }
    }

    pub(crate) fn execution(&self) -> &Execution {
        &self.execution
    }

    pub(super) fn is_long(&self) -> bool {
        self.events.len() > MAX_STEP_EVENTS - ROOM_FOR_EVENTS || self.bytes > MAX_STEP_BYTES - ROOM_FOR_BYTES
    }

    /// Goes on with every branch that can, in turns, until all wait or the step is long enough.
    pub(super) fn run(&mut self) {
        while let Some(frame) = self.execution.first_ready() {
            if self.is_long() || matches!(self.turn(frame), Err(Exit::Closed)) {
                return;
            }
            if self.is_ended(0) && self.emit(0, Detail::ExecutionSucceeded).is_err() {
                return;
            }
        }
        if self.is_ended(0) {
            // Nothing can follow the last event; that it closes the execution is no news.
            let _closed = self.emit(0, Detail::ExecutionSucceeded);
        }
    }

    fn turn(&mut self, frame: u32) -> Outcome {
        match self.execution.frame(frame).map(|frame| frame.phase.clone()) {
            Some(Phase::Next(state)) => self.enter(frame, state),
            Some(Phase::Join(join)) if join.is_complete() => {
                self.guard(frame, |state, machine| match &state.body {
                    Body::Map(_) => map::Map::join(state, machine, frame),
                    _ => parallel::Parallel::join(state, machine, frame),
                })
            }
            Some(Phase::Join(_)) => self.guard(frame, |state, machine| match &state.body {
                Body::Map(map) => map.iterate(state, machine, frame),
                _ => Ok(()),
            }),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, frame: u32, id: StateId) -> Outcome {
        let Some(state) = self.definition.state(id) else {
            return self.emit(
                frame,
                Detail::ExecutionFailed(Failure::new(
                    RUNTIME,
                    "The history does not belong to this definition.",
                )),
            );
        };
        self.emit(frame, Detail::StateEntered { state: id, kind: state.kind() })?;
        self.guard(frame, |state, machine| state.act(machine, frame))
    }

    /// Runs a part of the branch's state and, when that fails, what follows a failure.
    pub(super) fn guard(
        &mut self,
        frame: u32,
        act: impl FnOnce(&'a State, &mut Machine<'a>) -> Outcome,
    ) -> Outcome {
        let state = self.state(frame)?;
        match act(state, self) {
            Err(Exit::Closed) => return Err(Exit::Closed),
            Err(exit) => self.fall(frame, exit)?,
            Ok(()) => {}
        }
        // What ended may be an iteration, which its Map must note.
        if self.is_ended(frame) && frame != 0 { self.end_iteration(frame) } else { Ok(()) }
    }

    /// The same for a state that is a Task.
    pub(super) fn in_task(
        &mut self,
        frame: u32,
        act: impl FnOnce(&'a task::Task, &'a State, &mut Machine<'a>) -> Outcome,
    ) -> Outcome {
        self.guard(frame, |state, machine| match &state.body {
            Body::Task(task) => act(task, state, machine),
            _ => Ok(()),
        })
    }

    fn is_ended(&self, frame: u32) -> bool {
        self.execution.frame(frame).is_some_and(|frame| frame.phase == Phase::Ended)
    }

    fn end_iteration(&mut self, frame: u32) -> Outcome {
        let index = self.execution.frame(frame).map_or(0, |frame| frame.index);
        self.emit(frame, Detail::IterationSucceeded { index })
    }

    /// Records an event of a branch; `Closed` when the execution cannot go on after it.
    pub(crate) fn emit(&mut self, frame: u32, detail: Detail) -> Outcome {
        let previous = self.execution.frame(frame).map_or(0, |frame| frame.last);
        self.emit_after(previous, frame, detail)
    }

    pub(crate) fn emit_after(&mut self, previous: u32, frame: u32, detail: Detail) -> Outcome {
        let full = self.execution.length() + 1 >= MAX_HISTORY && !detail.is_last() && !detail.is_private();
        let detail = if full {
            let cause =
                format!("The execution reached the maximum number of history events ({MAX_HISTORY}).");
            Detail::ExecutionFailed(Failure::new(RUNTIME, &cause))
        } else {
            detail
        };
        let private = detail.is_private();
        let id = if private { 0 } else { self.execution.length() + 1 };
        let previous = if private { 0 } else { previous };
        let last = detail.is_last();
        let event = Event { id, previous, at: self.now, frame: if last { 0 } else { frame }, detail };
        if let Err(illegal) = self.execution.apply(&event) {
            debug_assert!(false, "an event fresh from a step must apply: {illegal} {event:?}");
            return Err(Exit::Closed);
        }
        self.bytes += event.detail.size();
        self.events.push(event);
        if last { Err(Exit::Closed) } else { Ok(()) }
    }

    /// Leaves the state of the branch with this output and these new values of variables.
    pub(crate) fn exit(
        &mut self,
        frame: u32,
        output: Datum,
        assigned: Assigned,
        next: Option<StateId>,
    ) -> Outcome {
        let output = self.payload(frame, output, "output")?;
        let (state, kind) = self
            .execution
            .frame(frame)
            .and_then(|frame| frame.entry.as_ref())
            .map(|entry| (entry.state, entry.kind))
            .ok_or(Exit::Closed)?;
        if !assigned.is_empty() {
            self.emit(frame, Detail::Assigned { variables: assigned })?;
        }
        self.emit(frame, Detail::StateExited { state, kind, output, next })
    }

    /// How an event carries this data, if it may be stored at all; `what` it is goes into the message.
    pub(crate) fn payload(&self, frame: u32, data: Datum, what: &str) -> Result<Payload, Exit> {
        let stored = match &data {
            Datum::Stored(_, text) => Some(text.len()),
            Datum::Made(_) => None,
        };
        let payload = data.into_payload();
        let (length, nesting) = match (&payload, stored) {
            (Payload::Inline(text), None) => (text.len(), nesting(text)),
            (_, length) => (length.unwrap_or(0), 0),
        };
        if length > crate::state::MAX_PAYLOAD {
            return Err(self.too_large(frame, what));
        }
        if nesting > MAX_NESTING {
            return Err(self.runtime(frame, &format!("The {what} nests deeper than {MAX_NESTING} levels.")));
        }
        Ok(payload)
    }

    /// How many bytes the variables of all branches take.
    pub(crate) fn stored_in_variables(&self) -> usize {
        self.execution.variable_bytes()
    }

    pub(crate) fn now(&self) -> Millis {
        self.now
    }

    pub(crate) fn next_frame(&self) -> u32 {
        self.execution.next_frame()
    }

    /// The state that the branch is in.
    pub(crate) fn state(&self, frame: u32) -> Result<&'a State, Exit> {
        let entry = self.execution.frame(frame).and_then(|frame| frame.entry.as_ref()).ok_or(Exit::Closed)?;
        self.definition.state(entry.state).ok_or(Exit::Closed)
    }

    pub(crate) fn draw(&self) -> u64 {
        draw(&self.random)
    }

    pub(crate) fn draw_token(&self) -> Token {
        let (high, low) = (self.draw().to_be_bytes(), self.draw().to_be_bytes());
        Token(std::array::from_fn(|index| if index < 8 { high[index] } else { low[index - 8] }))
    }

    pub(crate) fn offer_token(&mut self, token: Option<Token>) {
        self.token = token;
    }

    /// What flows into the state.
    pub(crate) fn data(&self, frame: u32) -> Datum {
        let data = self.execution.frame(frame).map_or_else(|| "null".into(), |frame| frame.data.clone());
        Datum::Stored(Payload::Data, data)
    }

    /// The outputs of all branches as one array.
    pub(crate) fn gathered(&self, frame: u32) -> Result<Arc<str>, Exit> {
        self.execution.resolve(frame, &Payload::Gathered).ok_or(Exit::Closed)
    }

    /// The next item of the Map that the branch is in.
    pub(crate) fn next_item(&self, frame: u32) -> Result<(u32, &str), Exit> {
        match self.execution.frame(frame).map(|frame| &frame.phase) {
            Some(Phase::Join(join)) => join
                .items
                .as_ref()
                .and_then(|items| Some((join.next, items.get(join.next)?)))
                .ok_or(Exit::Closed),
            _ => Err(Exit::Closed),
        }
    }
}
