//! The eight types of state. Each has a file with the fields as the language spells them, and what entering it does;
//! what they have in common is here and in [`flow`].

pub(crate) mod assign;
mod choice;
mod fail;
mod flow;
pub(crate) mod map;
pub(crate) mod parallel;
mod pass;
mod setting;
mod succeed;
pub(crate) mod task;
mod wait;

pub(crate) use assign::Assign;
pub(crate) use flow::{CaughtOutput, Datum, Flow, MAX_PAYLOAD};

use crate::StateId;
use crate::data::expression::Language;
use crate::definition::build::{Level, query_language};
use crate::definition::fields::Fields;
use crate::history::StateKind;
use crate::retry::{Catcher, Retrier, catchers, retriers};
use crate::step::evaluate::Sight;
use crate::step::machine::{Machine, Outcome};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) name: Box<str>,
    /// `None` ends the branch.
    pub(crate) next: Option<StateId>,
    pub(crate) flow: Flow,
    pub(crate) assign: Assign,
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
    pub(crate) fn read<'a>(name: &'a str, fields: Fields<'a>, level: &Level<'a>) -> Option<State> {
        let kind = fields.need_text("Type")?;
        let own = query_language(&fields);
        if level.language == Language::Jsonata && own == Some(Language::JsonPath) {
            let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            fields.problem("", message);
            fields.tolerate_foreign();
        }
        let fields = fields.into_state(name, own.unwrap_or(level.language));
        let body = match kind {
            "Pass" => Some(Body::Pass(pass::Pass::read(&fields))),
            "Task" => task::Task::read(&fields).map(|task| Body::Task(Box::new(task))),
            "Choice" => choice::Choice::read(&fields, level).map(Body::Choice),
            "Wait" => wait::Wait::read(&fields).map(Body::Wait),
            "Succeed" => Some(Body::Succeed),
            "Fail" => Some(Body::Fail(fail::Fail::read(&fields))),
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
        let assign =
            if matches!(kind, "Succeed" | "Fail") { Assign::default() } else { Assign::read(&fields) };
        fields.finish();
        Some(State { name: name.into(), next, flow, assign, retry, catch, body: body? })
    }

    /// A state that only its name is known of.
    pub(crate) fn made_up(name: &str) -> State {
        State {
            name: name.into(),
            next: None,
            flow: Flow::Queries { arguments: None, output: None },
            assign: Assign::default(),
            retry: Vec::new(),
            catch: Vec::new(),
            body: Body::Succeed,
        }
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
        self.pass_on(machine, frame, self.next)
    }

    /// Leaves the state with its input.
    fn pass_on(&self, machine: &mut Machine<'_>, frame: u32, next: Option<StateId>) -> Outcome {
        let input = self.flow.input(machine, frame)?;
        let assigned = self.assign.values(machine, frame, || Sight::of(&input))?;
        let output = self.flow.pass_on(machine, frame)?;
        machine.exit(frame, output, assigned, next)
    }

    /// Leaves the state with its result.
    pub(crate) fn complete(&self, machine: &mut Machine<'_>, frame: u32, result: Datum) -> Outcome {
        let assigned = self.assign.values(machine, frame, || Sight::of_result(&result))?;
        let output = self.flow.output(machine, frame, result)?;
        machine.exit(frame, output, assigned, self.next)
    }

    /// Leaves a Parallel or a Map on trial with the result that it is mocked with.
    pub(crate) fn complete_mocked(
        &self,
        machine: &mut Machine<'_>,
        frame: u32,
        result: &Arc<str>,
    ) -> Outcome {
        let value = serde_json::from_str(result).unwrap_or(serde_json::Value::Null);
        self.complete(machine, frame, Datum::Made(value))
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
