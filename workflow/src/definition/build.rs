//! The walk over the levels of a document: a machine, its states, the machines inside Parallel and Map.

use super::fields::{Fields, Problems};
use super::{Definition, MAX_BYTES, Problem, StateId};
use crate::state::State;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

/// Machines nest at most this deep.
const MAX_LEVELS: usize = 32;
const MAX_NAME: usize = 80;

pub(super) fn definition(text: &str) -> Result<Definition, Vec<Problem>> {
    let problem = |message: String| vec![Problem { pointer: "/".to_owned(), message }];
    if text.len() > MAX_BYTES {
        return Err(problem(format!("The definition is larger than {MAX_BYTES} bytes")));
    }
    let document: Value = serde_json::from_str(text)
        .map_err(|error| problem(format!("The definition is not JSON: {error}")))?;
    let problems = Problems::default();
    let levels = Levels { states: RefCell::default(), names: RefCell::default() };
    let mut timeout = None;
    let start = Fields::of(&document, String::new(), &problems).and_then(|fields| {
        fields.text("Version");
        timeout = fields.count("TimeoutSeconds", 1);
        query_language(&fields);
        levels.machine(&fields, 0).inspect(|_| fields.finish())
    });
    let states: Vec<Option<State>> = levels.states.into_inner();
    match (problems.into_inner(), start, states.into_iter().collect::<Option<Vec<_>>>()) {
        (problems, Some(start), Some(states)) if problems.is_empty() => {
            Ok(Definition { start, timeout, states })
        }
        (problems, ..) => Err(problems),
    }
}

/// JSONPath is the only language of this engine so far; a document in another one is refused, not misread.
pub(crate) fn query_language(fields: &Fields<'_>) {
    if fields.text("QueryLanguage").is_some_and(|language| language != "JSONPath") {
        fields.problem("QueryLanguage", "Only the query language JSONPath is supported");
    }
}

/// The states read so far, over all levels.
pub(crate) struct Levels {
    states: RefCell<Vec<Option<State>>>,
    names: RefCell<HashSet<String>>,
}

/// One level: the names that its transitions may lead to.
pub(crate) struct Level<'a> {
    pub(crate) levels: &'a Levels,
    pub(crate) depth: usize,
    ids: BTreeMap<&'a str, StateId>,
}

impl Levels {
    /// Reads `StartAt` and `States`; the id of the state it starts at.
    pub(crate) fn machine<'a>(&'a self, fields: &Fields<'a>, depth: usize) -> Option<StateId> {
        if depth > MAX_LEVELS {
            fields.problem("", format!("State machines may be nested at most {MAX_LEVELS} levels deep"));
            return None;
        }
        let start_at = fields.need_text("StartAt");
        let states = fields.need("States").and_then(|states| fields.inner("States", states))?;
        let level = Level {
            levels: self,
            depth,
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
            Some(start) => level.check_reachable(start, &states),
            None => fields.problem("StartAt", format!("Missing 'Next' target: {}", start_at?)),
        }
        start
    }

    fn reserve(&self, name: &str, states: &Fields<'_>) -> StateId {
        if name.chars().count() > MAX_NAME {
            states.problem(name, format!("The name of a state may have at most {MAX_NAME} characters"));
        }
        if !self.names.borrow_mut().insert(name.to_owned()) {
            states.problem(name, "Duplicate State name");
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
        if id.is_none() {
            fields.problem(field, format!("Missing 'Next' target: {name}"));
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
            states.problem(name, format!("State \"{name}\" is not reachable."));
        }
    }
}
