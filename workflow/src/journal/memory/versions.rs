//! Versions in memory.

use async_trait::async_trait;

use super::super::{Error, MachineId, Publish, Published, RevisionId, Unpublished, Version, Versions};
use super::{MemoryJournal, Tables};
use crate::Millis;

#[async_trait]
impl Versions for MemoryJournal {
    async fn publish_version(
        &self,
        machine: MachineId,
        revision: RevisionId,
        publish: Publish,
        at: Millis,
    ) -> Result<Published, Error> {
        let mut tables = self.tables();
        if tables.current(machine) != Some(revision) {
            return Ok(Published::Superseded);
        }
        let standing = tables.standing(machine).find(|version| version.revision == revision);
        if let Some(version) = standing {
            return Ok(Published::Existed(version.clone()));
        }
        if tables.is_full(machine, publish.most) {
            return Ok(Published::Full);
        }
        Ok(Published::New(tables.publish(machine, revision, publish, at)))
    }

    async fn delete_version(
        &self,
        machine: MachineId,
        number: u32,
        _at: Millis,
    ) -> Result<Unpublished, Error> {
        let mut tables = self.tables();
        let leading = tables.aliases.values().filter(|alias| alias.machine == machine);
        let names: Vec<_> =
            leading.filter(|alias| alias.routes.leads_to(number)).map(|alias| alias.name.clone()).collect();
        if !names.is_empty() {
            return Ok(Unpublished::Referenced(names));
        }
        let deleted = tables.versions.get_mut(&(machine, number)).and_then(Option::take);
        Ok(deleted.map_or(Unpublished::NotThere, |_| Unpublished::Deleted))
    }

    fn version(&self, machine: MachineId, number: u32) -> Result<Option<Version>, Error> {
        Ok(self.tables().versions.get(&(machine, number)).cloned().flatten())
    }

    fn versions(&self, machine: MachineId, before: Option<u32>, limit: u32) -> Result<Vec<Version>, Error> {
        let tables = self.tables();
        let older =
            tables.standing(machine).filter(|version| before.is_none_or(|before| version.number < before));
        Ok(older.take(limit as usize).cloned().collect())
    }
}

impl Tables {
    /// The machine's versions, newest first.
    fn standing(&self, machine: MachineId) -> impl Iterator<Item = &Version> {
        self.versions
            .range((machine, 0)..=(machine, u32::MAX))
            .rev()
            .filter_map(|(_, version)| version.as_ref())
    }

    pub(super) fn is_full(&self, machine: MachineId, most: u32) -> bool {
        self.standing(machine).count() >= most as usize
    }

    /// Gives the revision the next number.
    pub(super) fn publish(
        &mut self,
        machine: MachineId,
        revision: RevisionId,
        publish: Publish,
        created: Millis,
    ) -> Version {
        let last = self.versions.range((machine, 0)..=(machine, u32::MAX)).next_back();
        let number = last.map_or(1, |((_, number), _)| number + 1);
        let version = Version { number, revision, description: publish.description, created };
        self.versions.insert((machine, number), Some(version.clone()));
        version
    }
}
