//! What a start or a listing names: a machine, one of its versions, or an alias.

use super::super::Error;
use super::super::names::{self, Qualifier};
use super::Engine;
use crate::journal::{Listing, Machine, Origin, RevisionId};

/// What a start runs.
pub(super) struct Target {
    pub(super) machine: Machine,
    pub(super) revision: RevisionId,
    pub(super) origin: Origin,
}

impl Engine {
    /// Draws the version when an alias is named.
    pub(super) fn target(&self, arn: &str) -> Result<Target, Error> {
        let (name, qualifier) = names::qualified(arn)?;
        let missing = || Error::NoMachine(arn.to_owned());
        let machine = self.journal.machine(name)?.ok_or_else(missing)?;
        let (number, alias) = match qualifier {
            Qualifier::None => {
                let revision = machine.revision;
                return Ok(Target { machine, revision, origin: Origin::default() });
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
        Ok(Target { machine, revision: version.revision, origin })
    }

    /// The machine whose executions are listed, and which of them.
    pub(super) fn listing(&self, arn: &str) -> Result<(Machine, Listing), Error> {
        let (name, qualifier) = names::qualified(arn)?;
        let missing = || Error::NoMachine(arn.to_owned());
        let machine = self.journal.machine(name)?.ok_or_else(missing)?;
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
