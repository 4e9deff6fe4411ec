//! Definitions by revision, parsed once. Shared by the loop and by those who read histories.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::Error;
use crate::Definition;
use crate::journal::{Journal, Kind, MachineId, RevisionId};
use crate::step::LONGEST;

/// Parsed definitions that are kept. Executions hold on to theirs whatever is kept here.
const KEPT: usize = 512;

/// What an express execution may take, as on AWS.
const EXPRESS_SECONDS: u32 = 5 * 60;

/// A revision as executions pin it.
pub(super) struct Pinned {
    pub(super) revision: RevisionId,
    pub(super) machine: MachineId,
    pub(super) machine_name: String,
    pub(super) role: String,
    pub(super) definition: Definition,
}

pub(super) struct Definitions {
    journal: Arc<dyn Journal>,
    kept: Mutex<HashMap<RevisionId, Arc<Pinned>>>,
}

impl Definitions {
    pub(super) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, kept: Mutex::default() }
    }

    pub(super) fn get(&self, revision: RevisionId) -> Result<Arc<Pinned>, Error> {
        if let Some(pinned) = self.lock().get(&revision) {
            return Ok(pinned.clone());
        }
        let row = self.journal.revision(revision)?;
        let mut definition = Definition::reread(&row.definition)
            .map_err(|problems| Error::Unreadable { machine: row.machine_name.clone(), problems })?;
        definition.limit_to(match row.kind {
            Kind::Express => EXPRESS_SECONDS,
            Kind::Standard => LONGEST,
        });
        let pinned = Arc::new(Pinned {
            revision,
            machine: row.machine,
            machine_name: row.machine_name,
            role: row.role,
            definition,
        });
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(revision, pinned.clone());
        Ok(pinned)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RevisionId, Arc<Pinned>>> {
        self.kept.lock().expect("nothing panics while it holds the map")
    }
}
