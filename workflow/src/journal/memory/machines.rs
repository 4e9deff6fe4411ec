//! State machines and revisions in memory.

use async_trait::async_trait;

use super::super::{
    Created, Error, Machine, MachineId, Machines, NewMachine, NewRevision, Revised, Revision, RevisionId,
    RunStatus, Tagged,
};
use super::{MemoryJournal, Tables};
use crate::Millis;

#[async_trait]
impl Machines for MemoryJournal {
    async fn create_machine(&self, new: NewMachine) -> Result<Created<Machine>, Error> {
        let mut tables = self.tables();
        if let Some(standing) = tables.named(&new.name) {
            return Ok(Created::Existed(standing.clone()));
        }
        let id = tables.machines.len() as MachineId + 1;
        let revision = tables.next_revision();
        let NewMachine { name, kind, role, settings, definition, tags, publish, created } = new;
        let machine = Machine { id, name, kind, created, revision, role, settings, label: None };
        tables.revisions.push(revision_of(&machine, definition, created));
        tables.machines.insert(id, (machine.clone(), false));
        tables.set_tags(Tagged::Machine(id), tags);
        if let Some(publish) = publish {
            tables.publish(id, revision, publish, created);
        }
        Ok(Created::New(machine))
    }

    async fn revise_machine(&self, new: NewRevision) -> Result<Revised, Error> {
        let mut tables = self.tables();
        if tables.current(new.machine) != Some(new.after) {
            return Ok(Revised::Superseded);
        }
        if new.publish.as_ref().is_some_and(|publish| tables.is_full(new.machine, publish.most)) {
            return Ok(Revised::Full);
        }
        let id = tables.next_revision();
        let NewRevision { machine, role, settings, definition, label, publish, created, .. } = new;
        let Some((row, _)) = tables.machines.get_mut(&machine) else { return Ok(Revised::Superseded) };
        *row = Machine { revision: id, role, settings, label: Some(label), ..row.clone() };
        let revision = revision_of(row, definition, created);
        tables.revisions.push(revision);
        let version = publish.map(|publish| tables.publish(machine, id, publish, created));
        Ok(Revised::Stored { revision: id, version })
    }

    async fn delete_machine(&self, name: &str, _at: Millis) -> Result<bool, Error> {
        let mut tables = self.tables();
        let Some(id) = tables.named(name).map(|machine| machine.id) else { return Ok(false) };
        if let Some((_, deleted)) = tables.machines.get_mut(&id) {
            *deleted = true;
        }
        tables.versions.retain(|(machine, _), _| *machine != id);
        tables.aliases.retain(|(machine, _), _| *machine != id);
        tables.tags.remove(&Tagged::Machine(id));
        Ok(true)
    }

    fn machine(&self, name: &str) -> Result<Option<Machine>, Error> {
        Ok(self.tables().named(name).cloned())
    }

    fn deleting_machine(&self, name: &str) -> Result<Option<Machine>, Error> {
        let tables = self.tables();
        let runs = |machine: &Machine| {
            let mut rows = tables.executions.values().map(|stored| &stored.row);
            rows.any(|row| row.machine == machine.id && row.status == RunStatus::Running)
        };
        let mut deleted = tables.machines.values().rev().filter(|(_, deleted)| *deleted).map(|(row, _)| row);
        Ok(deleted.find(|machine| machine.name == name && runs(machine)).cloned())
    }

    fn machines(&self, after: &str, limit: u32) -> Result<Vec<Machine>, Error> {
        let tables = self.tables();
        let standing =
            tables.machines.values().filter(|(row, deleted)| !deleted && row.name.as_str() > after);
        let mut later: Vec<_> = standing.map(|(row, _)| row.clone()).collect();
        later.sort_by(|a, b| a.name.cmp(&b.name));
        later.truncate(limit as usize);
        Ok(later)
    }

    fn revision(&self, id: RevisionId) -> Result<Revision, Error> {
        self.tables()
            .revisions
            .iter()
            .find(|revision| revision.id == id)
            .cloned()
            .ok_or(Error::NoRevision(id))
    }
}

impl Tables {
    fn named(&self, machine: &str) -> Option<&Machine> {
        self.machines.values().find(|(row, deleted)| !deleted && row.name == machine).map(|(row, _)| row)
    }

    /// The machine's current revision, unless it is deleted.
    pub(super) fn current(&self, machine: MachineId) -> Option<RevisionId> {
        self.machines.get(&machine).filter(|(_, deleted)| !deleted).map(|(row, _)| row.revision)
    }

    fn next_revision(&self) -> RevisionId {
        self.revisions.len() as RevisionId + 1
    }
}

/// The revision that the machine now has.
fn revision_of(machine: &Machine, definition: String, created: Millis) -> Revision {
    let Machine { id, name, kind, revision, role, settings, label, .. } = machine.clone();
    Revision {
        id: revision,
        machine: id,
        machine_name: name,
        kind,
        role,
        settings,
        definition,
        label,
        created,
    }
}
