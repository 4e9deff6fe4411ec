//! A definition: the document, read and checked. Reading the fields of one state lies in `state/`, the walk over the
//! levels of the document in [`build`], the fields' common forms in [`fields`].

pub(crate) mod build;
mod express;
pub(crate) mod fields;
pub(crate) mod integrations;
pub(crate) mod notes;
pub(crate) mod parameters;
mod place;

use crate::journal::Kind;
use crate::state::{Body, State};
use notes::Reads;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A document may have this many bytes, as on AWS.
pub const MAX_BYTES: usize = 1 << 20;

/// Index of a state in its definition, all levels counted through; stored in events in place of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateId(pub u32);

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: Code,
    /// The place, as AWS writes it: names behind slashes, and the index of a list in brackets.
    pub pointer: String,
    pub message: String,
}

/// What AWS calls a kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    InvalidJson,
    Schema,
    MissingTarget,
    MissingEnd,
    DuplicateName,
    InvalidQuery,
    UnsupportedQuery,
}

impl Code {
    /// Whether AWS says where such a problem lies; the others concern the document as a whole.
    fn has_place(self) -> bool {
        !matches!(self, Code::InvalidJson | Code::MissingEnd)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJson => "INVALID_JSON_DESCRIPTION",
            Code::Schema => "SCHEMA_VALIDATION_FAILED",
            Code::MissingTarget => "MISSING_TRANSITION_TARGET",
            Code::MissingEnd => "MISSING_END_STATE",
            Code::DuplicateName => "DUPLICATE_STATE_NAME",
            Code::InvalidQuery => "INVALID_JSONATA_EXPRESSION",
            Code::UnsupportedQuery => "UNSUPPORTED_JSONATA_EXPRESSION",
        }
    }
}

/// As the error InvalidDefinition shows it.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)?;
        if self.code.has_place() { write!(f, " at {}", self.pointer) } else { Ok(()) }
    }
}

impl Problem {
    /// An empty pointer is the whole document, which AWS shows as `/`.
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Problem {
        let pointer = pointer.into();
        Problem {
            code: Code::Schema,
            pointer: if pointer.is_empty() { "/".to_owned() } else { pointer },
            message: message.into(),
        }
    }
}

/// A document that passed every check.
#[derive(Debug)]
pub struct Definition {
    pub(crate) start: StateId,
    /// Of the whole execution.
    pub(crate) timeout: Option<u32>,
    states: Vec<State>,
    reads: Reads,
}

/// What a Task calls, read from its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `arn:aws:lambda:<region>:<account>:function:NAME[:qualifier]`
    Lambda { arn: String, function: String },
    /// `arn:aws:states:<region>:<account>:activity:NAME`
    Activity { arn: String },
    /// `arn:aws:states:::service:action[.pattern]`
    Service { arn: String, service: String, action: String, pattern: Pattern },
}

/// How a service task gets its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    RequestResponse,
    Sync,
    Sync2,
    WaitForTaskToken,
}

/// Checks a document for a machine of this kind; every problem at once.
pub fn check(text: &str, kind: Kind) -> Result<(), Vec<Problem>> {
    let mut problems = Definition::parse(text).err().unwrap_or_default();
    if let Ok(document) = serde_json::from_str(text) {
        problems.extend(express::problems(&document, kind));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

impl Definition {
    /// Reads and checks a document; every problem at once.
    pub fn parse(text: &str) -> Result<Definition, Vec<Problem>> {
        build::definition(text)
    }

    /// Reads a document that was accepted once. What a later program would not accept is no reason to lose what runs by it,
    /// as long as it can be read at all.
    pub fn reread(text: &str) -> Result<Definition, Vec<Problem>> {
        build::accepted(text)
    }

    /// Reads and checks a state alone, to be tried ([`crate::step::try_state`]): the definition starts at it, and where it
    /// leads need not be there.
    pub fn parse_state(text: &str) -> Result<Definition, Vec<Problem>> {
        build::state_alone(text)
    }

    pub fn start(&self) -> StateId {
        self.start
    }

    /// The state of this name, on whatever level.
    pub fn named(&self, name: &str) -> Option<StateId> {
        let index = self.states.iter().position(|state| &*state.name == name)?;
        u32::try_from(index).ok().map(StateId)
    }

    /// Lets an execution take no longer than this.
    pub(crate) fn limit_to(&mut self, seconds: u32) {
        self.timeout = Some(self.timeout.map_or(seconds, |own| own.min(seconds)));
    }

    pub fn name(&self, state: StateId) -> &str {
        self.state(state).map_or("", |state| &state.name)
    }

    /// What the Task calls; `None` for states of another type.
    pub fn resource(&self, state: StateId) -> Option<&Resource> {
        match &self.state(state)?.body {
            Body::Task(task) => Some(&task.resource),
            _ => None,
        }
    }

    /// Every state that may follow `state` in its own level.
    pub fn successors(&self, state: StateId) -> Vec<StateId> {
        self.state(state).map_or_else(Vec::new, State::successors)
    }

    /// By state name, the variables that its expressions read; states that read none are left out.
    pub(crate) fn variable_references(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.reads
    }

    pub(crate) fn state(&self, state: StateId) -> Option<&State> {
        self.states.get(state.0 as usize)
    }
}

impl Resource {
    pub fn parse(arn: &str) -> Option<Resource> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, service, region, _, rest] = parts[..] else { return None };
        let arn = arn.to_owned();
        if service == "lambda" {
            let name = rest.strip_prefix("function:")?;
            let function = name.split(':').next().filter(|name| !name.is_empty())?.to_owned();
            return Some(Resource::Lambda { arn, function });
        }
        if service != "states" {
            return None;
        }
        if let Some(name) = rest.strip_prefix("activity:") {
            return (!name.is_empty()).then_some(Resource::Activity { arn });
        }
        let (service, action) = rest
            .rsplit_once(':')
            .filter(|(service, action)| region.is_empty() && !service.is_empty() && !action.is_empty())?;
        let (action, pattern) = match action.split_once('.') {
            None => (action, Pattern::RequestResponse),
            Some((action, "sync")) => (action, Pattern::Sync),
            Some((action, "waitForTaskToken")) => (action, Pattern::WaitForTaskToken),
            Some(_) => return None,
        };
        let (service, action) = (service.to_owned(), action.to_owned());
        // `startExecution.sync:2` has a colon of its own.
        match service.rsplit_once(':').filter(|(_, before)| action == "2" && before.ends_with(".sync")) {
            Some((outer, before)) => Some(Resource::Service {
                arn,
                service: outer.to_owned(),
                action: before.trim_end_matches(".sync").to_owned(),
                pattern: Pattern::Sync2,
            }),
            None => Some(Resource::Service { arn, service, action, pattern }),
        }
    }

    pub fn arn(&self) -> &str {
        match self {
            Resource::Lambda { arn, .. } | Resource::Activity { arn } | Resource::Service { arn, .. } => arn,
        }
    }
}
