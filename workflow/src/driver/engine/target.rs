//! What a start or a listing names: a machine, one of its versions, or an alias.

use std::sync::Arc;

use super::super::Error;
use super::super::names::{self, Qualifier};
use super::Engine;
use crate::journal::{Kind, Listing, Machine, Origin, RevisionId};

/// What a start runs.
pub(super) struct Target {
    pub(super) machine: Machine,
    pub(super) revision: RevisionId,
    pub(super) origin: Origin,
    /// The test case whose mocks answer its tasks.
    pub(super) test_case: Option<Arc<str>>,
}

impl Target {
    /// The same with a trace header, which is shown as it came.
    pub(super) fn traced(mut self, trace: Option<&str>) -> Self {
        self.origin.trace = trace.map(str::to_owned);
        self
    }
}

impl Engine {
    /// Draws the version when an alias is named. `ARN#TestCase` is a start as that test case.
    pub(super) fn target(&self, arn: &str) -> Result<Target, Error> {
        let (arn, test_case) = match arn.split_once('#') {
            Some((arn, test_case)) => (arn, Some(Arc::from(test_case))),
            None => (arn, None),
        };
        let (name, qualifier) = names::qualified(arn)?;
        let missing = || Error::NoMachine(arn.to_owned());
        let machine = self.machine_named(name, arn)?;
        let (number, alias) = match qualifier {
            Qualifier::None => {
                let revision = machine.revision;
                return Ok(Target { machine, revision, origin: Origin::default(), test_case });
            }
            Qualifier::Version(number) => (number, None),
            Qualifier::Alias(alias) => {
                let alias = self.journal.alias(machine.id, alias)?.ok_or_else(missing)?;
                let drawn = (self.ticks.tick().seed % 100) as u32;
                (alias.routes.pick(drawn), Some(alias.name))
            }
        };
        let version = self.journal.version(machine.id, number)?.ok_or_else(missing)?;
        let origin = Origin { version: Some(number), alias, trace: None };
        Ok(Target { machine, revision: version.revision, origin, test_case })
    }

    /// The machine whose executions are listed, and which of them.
    pub(super) fn listing(&self, arn: &str) -> Result<(Machine, Listing), Error> {
        let (name, qualifier) = names::qualified(arn)?;
        let missing = || Error::NoMachine(arn.to_owned());
        let standing = self.journal.machine(name)?;
        let machine = match standing {
            Some(machine) => machine,
            // What still runs of it may be looked at.
            None => self.journal.deleting_machine(name)?.ok_or_else(missing)?,
        };
        if machine.kind == Kind::Express {
            return Err(Error::TypeNotSupported);
        }
        let mut listing = Listing { machine: machine.id, ..Listing::default() };
        match qualifier {
            Qualifier::None => {}
            Qualifier::Version(number) => {
                self.journal.version(machine.id, number)?.ok_or_else(missing)?;
                listing.version = Some(number);
            }
            Qualifier::Alias(alias) => {
                let missing = || Error::NoResource(arn.to_owned());
                listing.alias = Some(self.journal.alias(machine.id, alias)?.ok_or_else(missing)?.name);
            }
        }
        Ok((machine, listing))
    }
}
