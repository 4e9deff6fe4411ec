//! The walk over the levels of a document: a machine, its states, the machines inside Parallel and Map.

use super::fields::Fields;
use super::notes::Notes;
use super::{Code, Definition, MAX_BYTES, Problem, StateId};
use crate::data::expression::Language;
use crate::state::State;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

/// Machines nest at most this deep.
const MAX_LEVELS: usize = 32;
const MAX_NAME: usize = 80;
/// What AWS calls a state that is tried without a machine.
const ALONE: &str = "StateName";

pub(super) fn definition(text: &str) -> Result<Definition, Vec<Problem>> {
    let read = read(&document(text)?, false);
    if read.problems.is_empty() { read.built() } else { Err(read.problems) }
}

/// A document that was accepted by an earlier program; its problems are those of a later one.
pub(super) fn accepted(text: &str) -> Result<Definition, Vec<Problem>> {
    read(&document(text)?, false).built()
}

/// A state alone, in a machine made for it. Where its transitions lead need not be there.
pub(super) fn state_alone(text: &str) -> Result<Definition, Vec<Problem>> {
    let state = document(text)?;
    let read = read(&json!({ "StartAt": ALONE, "States": { ALONE: state } }), true);
    if read.problems.is_empty() { read.built() } else { Err(read.problems) }
}

/// What was read of a document, and what is wrong with it.
struct Read {
    definition: Option<Definition>,
    problems: Vec<Problem>,
}

impl Read {
    fn built(self) -> Result<Definition, Vec<Problem>> {
        self.definition.ok_or(self.problems)
    }
}

fn document(text: &str) -> Result<Value, Vec<Problem>> {
    let problem = |message: String| vec![Problem::new("", message)];
    if text.len() > MAX_BYTES {
        return Err(problem(format!("The definition is larger than {MAX_BYTES} bytes")));
    }
    serde_json::from_str(text)
        .map_err(|error| vec![Problem { code: Code::InvalidJson, ..Problem::new("", error.to_string()) }])
}

fn read(document: &Value, alone: bool) -> Read {
    let notes = Notes::default();
    let levels =
        Levels { states: RefCell::default(), names: RefCell::default(), labels: RefCell::default(), alone };
    let mut timeout = None;
    let start = Fields::of(document, &notes).and_then(|fields| {
        fields.text("Version");
        timeout = fields.count("TimeoutSeconds", 1);
        let language = query_language(&fields).unwrap_or_default();
        levels.machine(fields.into_machine(language, notes.open_scope(None)), 0)
    });
    let states: Vec<Option<State>> = levels.states.into_inner();
    let (problems, reads) = notes.finish();
    let states = states.into_iter().collect::<Option<Vec<_>>>();
    let definition = start.zip(states).map(|(start, states)| Definition { start, timeout, states, reads });
    Read { definition, problems }
}

/// The field `QueryLanguage`. As on AWS, any other word than `JSONPath` is taken for JSONata, besides being a problem.
pub(crate) fn query_language(fields: &Fields<'_>) -> Option<Language> {
    let value = fields.get("QueryLanguage")?;
    match value.as_str() {
        Some("JSONPath") => return Some(Language::JsonPath),
        Some("JSONata") => {}
        Some(_) => {
            fields.problem("QueryLanguage", "Value should be one of the following: [JSONPath, JSONata]")
        }
        None => fields.problem("QueryLanguage", "Expected value of type [STRING]"),
    }
    Some(Language::Jsonata)
}

/// The states read so far, over all levels.
pub(crate) struct Levels {
    states: RefCell<Vec<Option<State>>>,
    names: RefCell<HashSet<String>>,
    /// Those that Maps were given.
    labels: RefCell<HashSet<String>>,
    /// One state is read for itself: the states that it leads to are made up.
    alone: bool,
}

/// One level: the names that its transitions may lead to.
pub(crate) struct Level<'a> {
    pub(crate) levels: &'a Levels,
    pub(crate) depth: usize,
    /// What the states speak that do not say otherwise.
    pub(crate) language: Language,
    ids: BTreeMap<&'a str, StateId>,
}

impl Levels {
    /// Reads a machine, which has no other fields than those its holder asked for; the id of the state it starts at.
    pub(crate) fn machine<'a>(&'a self, fields: Fields<'a>, depth: usize) -> Option<StateId> {
        let start = self.states(&fields, depth);
        fields.finish();
        start
    }

    /// A machine inside a state, whose variables are its own.
    pub(crate) fn inner_machine<'a>(&'a self, fields: Fields<'a>, level: &Level<'a>) -> Option<StateId> {
        let scope = fields.notes.open_scope(Some(fields.scope));
        self.machine(fields.into_machine(level.language, scope), level.depth + 1)
    }

    fn states<'a>(&'a self, fields: &Fields<'a>, depth: usize) -> Option<StateId> {
        if depth > MAX_LEVELS {
            fields.problem("", format!("State machines may be nested at most {MAX_LEVELS} levels deep"));
            return None;
        }
        let start_at = fields.need_text("StartAt");
        let states = fields.need("States").and_then(|states| fields.inner("States", states))?;
        let level = Level {
            levels: self,
            depth,
            language: fields.language,
            ids: states.keys().map(|name| (name, self.reserve(name, &states))).collect(),
        };
        for name in states.keys() {
            let value = states.get_any(name);
            let state = value
                .and_then(|value| states.inner(name, value))
                .and_then(|fields| State::read(name, fields, &level));
            self.states.borrow_mut()[level.ids[name].0 as usize] = state;
        }
        let start = level.ids.get(start_at?).copied();
        match start {
            Some(_) if depth == 0 && !self.alone && !has_end(&states) => {
                states.notes.problem(Problem {
                    code: Code::MissingEnd,
                    ..Problem::new("", "Workflow has no terminal state")
                });
            }
            Some(start) => level.check_reachable(start, &states),
            None => fields.problem_of(
                Code::MissingTarget,
                "StartAt",
                format!("Missing 'Next' target: {}", start_at?),
            ),
        }
        start
    }

    /// Whether no Map before has this label.
    pub(crate) fn is_new_label(&self, label: &str) -> bool {
        self.labels.borrow_mut().insert(label.to_owned())
    }

    fn make_up(&self, name: &str) -> StateId {
        let mut all = self.states.borrow_mut();
        all.push(Some(State::made_up(name)));
        StateId(u32::try_from(all.len() - 1).expect("a document of a mebibyte has fewer states"))
    }

    fn reserve(&self, name: &str, states: &Fields<'_>) -> StateId {
        if name.chars().count() > MAX_NAME {
            states.problem(name, format!("The name of a state may have at most {MAX_NAME} characters"));
        }
        if !self.names.borrow_mut().insert(name.to_owned()) {
            states.problem_of(Code::DuplicateName, name, format!("Duplicate State name: {name}"));
        }
        let mut all = self.states.borrow_mut();
        all.push(None);
        StateId(u32::try_from(all.len() - 1).expect("a document of a mebibyte has fewer states"))
    }
}

impl Level<'_> {
    /// The state that a transition leads to, or a problem.
    pub(crate) fn target(&self, fields: &Fields<'_>, field: &'static str) -> Option<StateId> {
        let name = fields.text(field)?;
        let id = self.ids.get(name).copied();
        if id.is_none() && self.levels.alone && self.depth == 0 {
            return Some(self.levels.make_up(name));
        }
        if id.is_none() {
            fields.problem_of(Code::MissingTarget, field, format!("Missing 'Next' target: {name}"));
        }
        id
    }

    fn check_reachable(&self, start: StateId, states: &Fields<'_>) {
        let all = self.levels.states.borrow();
        let (mut seen, mut open) = (HashSet::from([start]), vec![start]);
        while let Some(id) = open.pop() {
            // A state that could not be read leads to an unknown place: say nothing then.
            let Some(state) = &all[id.0 as usize] else { return };
            open.extend(state.successors().into_iter().filter(|next| seen.insert(*next)));
        }
        for (name, _) in self.ids.iter().filter(|(_, id)| !seen.contains(id)) {
            states.problem_of(Code::MissingTarget, name, format!("State \"{name}\" is not reachable."));
        }
    }
}

/// Whether any of the states ends the machine; AWS asks only the outermost one.
fn has_end(states: &Fields<'_>) -> bool {
    states.keys().filter_map(|name| states.get_any(name)).any(|state| {
        matches!(state["Type"].as_str(), Some("Succeed" | "Fail")) || state["End"] == Value::Bool(true)
    })
}
