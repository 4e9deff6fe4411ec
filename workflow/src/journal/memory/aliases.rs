//! Aliases in memory.

use async_trait::async_trait;

use super::super::{Alias, AliasChange, Aliased, Aliases, Error, MachineId, Routes};
use super::{MemoryJournal, Tables};

#[async_trait]
impl Aliases for MemoryJournal {
    async fn create_alias(&self, alias: Alias, most: u32) -> Result<Aliased, Error> {
        let mut tables = self.tables();
        let key = (alias.machine, alias.name.clone());
        if let Some(standing) = tables.aliases.get(&key) {
            return Ok(Aliased::Existed(standing.clone()));
        }
        if !tables.lead_somewhere(alias.machine, &alias.routes) {
            return Ok(Aliased::NoVersion);
        }
        let count = tables.aliases.keys().filter(|(machine, _)| *machine == alias.machine).count();
        if count >= most as usize {
            return Ok(Aliased::Full);
        }
        tables.aliases.insert(key, alias.clone());
        Ok(Aliased::Stored(alias))
    }

    async fn update_alias(&self, change: AliasChange) -> Result<Aliased, Error> {
        let mut tables = self.tables();
        let leads = change.routes.is_none_or(|routes| tables.lead_somewhere(change.machine, &routes));
        let Some(alias) = tables.aliases.get_mut(&(change.machine, change.name)) else {
            return Ok(Aliased::NotThere);
        };
        if !leads {
            return Ok(Aliased::NoVersion);
        }
        alias.routes = change.routes.unwrap_or(alias.routes);
        alias.description = change.description.or_else(|| alias.description.take());
        alias.updated = change.at;
        Ok(Aliased::Stored(alias.clone()))
    }

    async fn delete_alias(&self, machine: MachineId, name: &str) -> Result<bool, Error> {
        Ok(self.tables().aliases.remove(&(machine, name.to_owned())).is_some())
    }

    fn alias(&self, machine: MachineId, name: &str) -> Result<Option<Alias>, Error> {
        Ok(self.tables().aliases.get(&(machine, name.to_owned())).cloned())
    }

    fn aliases(&self, machine: MachineId, after: &str, limit: u32) -> Result<Vec<Alias>, Error> {
        let tables = self.tables();
        let later =
            tables.aliases.values().filter(|alias| alias.machine == machine && alias.name.as_str() > after);
        Ok(later.take(limit as usize).cloned().collect())
    }
}

impl Tables {
    /// Whether there are all versions that these routes lead to.
    fn lead_somewhere(&self, machine: MachineId, routes: &Routes) -> bool {
        let stands = |number: u32| matches!(self.versions.get(&(machine, number)), Some(Some(_)));
        stands(routes.version) && routes.other.is_none_or(stands)
    }
}
