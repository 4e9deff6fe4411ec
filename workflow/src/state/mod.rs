//! The eight types of state. Each has a file with the fields as the language spells them, and what entering it does;
//! what they have in common is here and in [`flow`].

mod choice;
mod fail;
mod flow;
pub(crate) mod map;
pub(crate) mod parallel;
mod pass;
mod succeed;
pub(crate) mod task;
mod wait;

pub(crate) use flow::{Datum, Flow, MAX_PAYLOAD, ResultPath, result_path};

use crate::StateId;
use crate::definition::build::{Level, query_language};
use crate::definition::fields::Fields;
use crate::history::StateKind;
use crate::retry::{Catcher, Retrier, catchers, retriers};
use crate::step::machine::{Machine, Outcome};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) name: Box<str>,
    /// `None` ends the branch.
    pub(crate) next: Option<StateId>,
    pub(crate) flow: Flow,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Pass(pass::Pass),
    Task(Box<task::Task>),
    Choice(choice::Choice),
    Wait(wait::Wait),
    Succeed,
    Fail(fail::Fail),
    Parallel(parallel::Parallel),
    Map(Box<map::Map>),
}

impl State {
    pub(crate) fn read<'a>(name: &str, fields: Fields<'a>, level: &Level<'a>) -> Option<State> {
        let kind = fields.need_text("Type")?;
        query_language(&fields);
        let body = match kind {
            "Pass" => Some(Body::Pass(pass::Pass::read(&fields))),
            "Task" => task::Task::read(&fields).map(|task| Body::Task(Box::new(task))),
            "Choice" => choice::Choice::read(&fields, level).map(Body::Choice),
            "Wait" => wait::Wait::read(&fields).map(Body::Wait),
            "Succeed" => Some(Body::Succeed),
            "Fail" => fail::Fail::read(&fields).map(Body::Fail),
            "Parallel" => parallel::Parallel::read(&fields, level).map(Body::Parallel),
            "Map" => map::Map::read(&fields, level).map(|map| Body::Map(Box::new(map))),
            _ => {
                let message = "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]";
                fields.problem("Type", message);
                return None;
            }
        };
        let next = if matches!(kind, "Choice" | "Succeed" | "Fail") { None } else { next(&fields, level) };
        let (retry, catch) = if matches!(kind, "Task" | "Parallel" | "Map") {
            (retriers(&fields), catchers(&fields, level))
        } else {
            (Vec::new(), Vec::new())
        };
        let flow = Flow::read(&fields, kind);
        fields.finish();
        Some(State { name: name.into(), next, flow, retry, catch, body: body? })
    }

    pub(crate) fn kind(&self) -> StateKind {
        match self.body {
            Body::Pass(_) => StateKind::Pass,
            Body::Task(_) => StateKind::Task,
            Body::Choice(_) => StateKind::Choice,
            Body::Wait(_) => StateKind::Wait,
            Body::Succeed => StateKind::Succeed,
            Body::Fail(_) => StateKind::Fail,
            Body::Parallel(_) => StateKind::Parallel,
            Body::Map(_) => StateKind::Map,
        }
    }

    pub(crate) fn successors(&self) -> Vec<StateId> {
        let choices = match &self.body {
            Body::Choice(choice) => choice.successors(),
            _ => Vec::new(),
        };
        self.next.into_iter().chain(self.catch.iter().map(|catcher| catcher.next)).chain(choices).collect()
    }

    /// Goes on after a Wait.
    pub(crate) fn wake(&self, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let output = self.flow.pass_on(machine, frame)?;
        machine.exit(frame, output, self.next)
    }

    /// Does what the state does first, on entering it and on each retry.
    pub(crate) fn act(&self, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        match &self.body {
            Body::Pass(pass) => pass.act(self, machine, frame),
            Body::Task(task) => task.act(self, machine, frame),
            Body::Choice(choice) => choice.act(self, machine, frame),
            Body::Wait(wait) => wait.act(self, machine, frame),
            Body::Succeed => succeed::act(self, machine, frame),
            Body::Fail(fail) => fail.act(self, machine, frame),
            Body::Parallel(parallel) => parallel.act(self, machine, frame),
            Body::Map(map) => map.act(self, machine, frame),
        }
    }
}

fn next(fields: &Fields<'_>, level: &Level<'_>) -> Option<StateId> {
    fields.exactly_one(&["Next", "End"]);
    if fields.flag("End") == Some(false) {
        fields.problem("End", "The field 'End' must be true when it is given");
    }
    level.target(fields, "Next")
}
