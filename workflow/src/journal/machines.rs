//! What the journal keeps of state machines: the machine, its revisions, the versions and aliases that point to them, and
//! tags.

use crate::Millis;

pub type MachineId = i64;
pub type RevisionId = i64;

/// A state machine as it stands; its definition lies in its [`Revision`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    pub id: MachineId,
    pub name: String,
    pub kind: Kind,
    pub created: Millis,
    /// The current one, with its role, settings and label.
    pub revision: RevisionId,
    pub role: String,
    /// Configuration that the engine stores and shows but does not act on (logging, tracing), as JSON.
    pub settings: String,
    pub label: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "UPPERCASE")]
pub enum Kind {
    #[default]
    Standard,
    Express,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMachine {
    pub name: String,
    pub kind: Kind,
    pub role: String,
    pub settings: String,
    pub definition: String,
    pub tags: Vec<Tag>,
    /// To be published as version 1.
    pub publish: Option<Publish>,
    pub created: Millis,
}

/// One text of a state machine, and what may change with it. Never changed: executions pin it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub id: RevisionId,
    pub machine: MachineId,
    pub machine_name: String,
    pub kind: Kind,
    pub role: String,
    pub settings: String,
    pub definition: String,
    /// The id that clients see; a machine's first revision has none.
    pub label: Option<String>,
    pub created: Millis,
}

/// What a machine is to be from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevision {
    pub machine: MachineId,
    /// Nothing is stored when another revision is current by then.
    pub after: RevisionId,
    pub role: String,
    pub settings: String,
    pub definition: String,
    pub label: String,
    pub publish: Option<Publish>,
    pub created: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revised {
    Stored {
        revision: RevisionId,
        version: Option<Version>,
    },
    /// Somebody else revised or deleted the machine first.
    Superseded,
    /// It was to be published, and there are as many versions as there may be.
    Full,
}

/// How a revision is to become a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publish {
    pub description: Option<String>,
    /// Versions that a machine may have.
    pub most: u32,
}

/// A revision that was given a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1, and never given again.
    pub number: u32,
    pub revision: RevisionId,
    pub description: Option<String>,
    pub created: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    New(Version),
    /// The current revision is this version already.
    Existed(Version),
    /// Another revision is current, or the machine is deleted.
    Superseded,
    Full,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpublished {
    Deleted,
    /// There was no such version.
    NotThere,
    /// These aliases lead to it.
    Referenced(Vec<String>),
}

/// A name that leads to one or two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    pub machine: MachineId,
    pub name: String,
    pub description: Option<String>,
    pub routes: Routes,
    pub created: Millis,
    pub updated: Millis,
}

/// Which version a start by an alias is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routes {
    pub version: u32,
    /// Of a hundred starts, those that go to `version`; the rest go to `other`.
    pub weight: u32,
    pub other: Option<u32>,
}

impl Routes {
    /// The version for a number drawn from `0..100`.
    pub fn pick(&self, drawn: u32) -> u32 {
        self.other.filter(|_| drawn >= self.weight).unwrap_or(self.version)
    }

    pub fn leads_to(&self, version: u32) -> bool {
        self.version == version || self.other == Some(version)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasChange {
    pub machine: MachineId,
    pub name: String,
    /// What is `None` stays as it is.
    pub description: Option<String>,
    pub routes: Option<Routes>,
    pub at: Millis,
}

/// What came of making or changing an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aliased {
    Stored(Alias),
    /// There was one of this name already.
    Existed(Alias),
    NotThere,
    /// It was to lead to a version that there is not.
    NoVersion,
    Full,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// What has tags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tagged {
    Machine(MachineId),
    Activity(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagging {
    Stored,
    TooMany,
    /// What was to be tagged is deleted.
    NotThere,
}
