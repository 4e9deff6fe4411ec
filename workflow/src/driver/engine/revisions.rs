//! What a state machine becomes: updates, and the versions published of them.

use serde_json::{Map, Value};

use super::super::Error;
use super::super::names::{self, Qualifier};
use super::machines::{MachineMade, MachineRequest, VersionRequest, too_many_versions};
use super::{Engine, Page};
use crate::Millis;
use crate::definition;
use crate::journal::{Machine, NewRevision, Revised, Unpublished, Version};

/// What a client calls the revision that has no id.
const INITIAL: &str = "INITIAL";

/// What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineUpdate {
    pub definition: Option<String>,
    pub role: Option<String>,
    /// Fields of the settings that change.
    pub settings: Map<String, Value>,
    pub publish: Option<VersionRequest>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineUpdated {
    pub updated: Millis,
    pub label: Option<String>,
    pub version_arn: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionMade {
    pub arn: String,
    pub created: Millis,
}

impl Engine {
    /// Sees to it that there is a machine of this name with this definition: made, revised, or as it is.
    pub async fn put_state_machine(&self, request: MachineRequest) -> Result<MachineMade, Error> {
        match self.create_state_machine(request.clone()).await {
            Err(Error::MachineExists(_)) => {}
            other => return other,
        }
        let arn = self.place.machine(&request.name);
        let update = MachineUpdate { definition: Some(request.definition), ..MachineUpdate::default() };
        self.update_state_machine(&arn, update).await?;
        Ok(MachineMade { created: self.machine(&arn)?.created, arn, version_arn: None })
    }

    /// Makes the machine something else from now on. Executions that run keep the revision they began with.
    pub async fn update_state_machine(
        &self,
        arn: &str,
        update: MachineUpdate,
    ) -> Result<MachineUpdated, Error> {
        loop {
            let machine = self.machine(arn)?;
            self.guard.check(&machine.name)?;
            if update.definition.is_none() && update.role.is_none() && update.settings.is_empty() {
                return Err(Error::MissingParameter(
                    "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
                ));
            }
            if let Some(updated) = self.revise(machine, update.clone()).await? {
                return Ok(updated);
            }
        }
    }

    /// `None` when somebody else was faster.
    async fn revise(&self, machine: Machine, update: MachineUpdate) -> Result<Option<MachineUpdated>, Error> {
        let standing = self.journal.revision(machine.revision)?;
        let definition = update.definition.unwrap_or_else(|| standing.definition.clone());
        let role = update.role.unwrap_or_else(|| standing.role.clone());
        let settings = merge(&standing.settings, update.settings);
        definition::check(&definition, machine.kind).map_err(Error::InvalidDefinition)?;
        let updated = self.ticks.now();
        let version_arn = |version: Version| self.place.version(&machine.name, version.number);
        let same =
            (&definition, &role, &settings) == (&standing.definition, &standing.role, &standing.settings);
        if same {
            let version = match update.publish {
                Some(request) => Some(version_arn(self.publish(&machine, request).await?)),
                None => None,
            };
            return Ok(Some(MachineUpdated { updated, label: standing.label, version_arn: version }));
        }
        let label = self.new_id().to_string();
        let new = NewRevision {
            machine: machine.id,
            after: machine.revision,
            role,
            settings,
            definition,
            label: label.clone(),
            publish: update.publish.map(Into::into),
            created: updated,
        };
        match self.journal.revise_machine(new).await? {
            Revised::Stored { version, .. } => {
                let version_arn = version.map(version_arn);
                Ok(Some(MachineUpdated { updated, label: Some(label), version_arn }))
            }
            Revised::Superseded => Ok(None),
            Revised::Full => Err(too_many_versions(&self.place, &machine.name)),
        }
    }

    /// Makes the current revision a version; with a label, only when the current revision has it.
    pub async fn publish_state_machine_version(
        &self,
        arn: &str,
        label: Option<&str>,
        request: VersionRequest,
    ) -> Result<VersionMade, Error> {
        let machine = self.machine(arn)?;
        self.guard.check(&machine.name)?;
        let current = machine.label.as_deref().unwrap_or(INITIAL);
        if let Some(label) = label.filter(|label| *label != current) {
            return Err(Error::Conflict(format!(
                "Failed to publish the State Machine version for revision {label}. The current State Machine revision is {current}."
            )));
        }
        let version = self.publish(&machine, request).await?;
        Ok(VersionMade { arn: self.place.version(&machine.name, version.number), created: version.created })
    }

    /// Deletes a version, if there is one; not while an alias leads to it.
    pub async fn delete_state_machine_version(&self, arn: &str) -> Result<(), Error> {
        let (name, Qualifier::Version(number)) = names::qualified(arn)? else {
            return Err(Error::Invalid(format!("Resource type not valid in this context: {arn}")));
        };
        self.guard.check(name)?;
        let Some(machine) = self.journal.machine(name)? else { return Ok(()) };
        match self.journal.delete_version(machine.id, number, self.ticks.now()).await? {
            Unpublished::Deleted | Unpublished::NotThere => Ok(()),
            Unpublished::Referenced(aliases) => Err(Error::Conflict(format!(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
                aliases.join(", ")
            ))),
        }
    }

    /// Newest first.
    pub async fn list_state_machine_versions(
        &self,
        arn: &str,
        page: &Page,
    ) -> Result<(Vec<VersionMade>, Option<String>), Error> {
        let machine = self.plain_machine(arn)?;
        let versions = self.journal.versions(machine.id, page.after_number()?, page.limit())?;
        let next = page.next(&versions, |version| version.number.to_string());
        let listed = versions.into_iter().map(|version| VersionMade {
            arn: self.place.version(&machine.name, version.number),
            created: version.created,
        });
        Ok((listed.collect(), next))
    }

    /// A machine whose versions or aliases are listed.
    pub(super) fn plain_machine(&self, arn: &str) -> Result<Machine, Error> {
        match names::qualified(arn)? {
            (name, Qualifier::None) => {
                self.journal.machine(name)?.ok_or_else(|| Error::NoMachine(arn.to_owned()))
            }
            _ => Err(names::wrong_kind(arn)),
        }
    }
}

/// The settings with those that change.
fn merge(standing: &str, changes: Map<String, Value>) -> String {
    if changes.is_empty() {
        return standing.to_owned();
    }
    let mut settings: Map<String, Value> = serde_json::from_str(standing).unwrap_or_default();
    settings.extend(changes);
    settings.retain(|_, value| !value.is_null());
    settings.sort_keys();
    Value::Object(settings).to_string()
}
