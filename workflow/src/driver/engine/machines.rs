//! State machines: made, described, listed and deleted. What they become is in [`super::revisions`].

use std::collections::{BTreeMap, BTreeSet};

use super::super::names::{self, Qualifier};
use super::super::{Error, Place};
use super::{Engine, Page};
use crate::Millis;
use crate::definition;
use crate::journal::{Created, Kind, Machine, NewMachine, Publish, Published, Revision, Tag, Version};

/// Versions of one machine, as on AWS.
pub(super) const VERSIONS: u32 = 1000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineRequest {
    pub name: String,
    pub definition: String,
    pub role: String,
    pub kind: Kind,
    /// JSON text of configuration that is shown and not acted on.
    pub settings: String,
    pub tags: Vec<Tag>,
    /// Whether it becomes version 1 at once, and what is said of that version.
    pub publish: Option<VersionRequest>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionRequest {
    pub description: Option<String>,
}

impl From<VersionRequest> for Publish {
    fn from(request: VersionRequest) -> Self {
        Self { description: request.description, most: VERSIONS }
    }
}

/// A machine that was made, or stood there already as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineMade {
    pub arn: String,
    pub created: Millis,
    /// When it was to be published.
    pub version_arn: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineDescription {
    /// The version's when a version is described.
    pub arn: String,
    pub name: String,
    pub definition: String,
    pub role: String,
    pub kind: Kind,
    pub settings: String,
    pub created: Millis,
    /// The revision's id; the first one has none.
    pub label: Option<String>,
    /// What is said of the version.
    pub description: Option<String>,
    /// It is deleted, and executions of it still run.
    pub deleting: bool,
    /// By state name, the variables that its expressions read.
    pub variables: BTreeMap<String, BTreeSet<String>>,
    /// When the execution that was asked about is the child of a map run.
    pub map: Option<MapOfChild>,
}

/// The Map that a child runs for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapOfChild {
    pub run_arn: String,
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMachine {
    pub arn: String,
    pub name: String,
    pub kind: Kind,
    pub created: Millis,
}

impl Engine {
    /// Creates a machine. Asking again for the very same one is answered with it; for another one of this name, with
    /// [`Error::MachineExists`].
    pub async fn create_state_machine(&self, request: MachineRequest) -> Result<MachineMade, Error> {
        names::check(&request.name)?;
        self.guard.check(&request.name)?;
        definition::check(&request.definition, request.kind).map_err(Error::InvalidDefinition)?;
        super::tags::check(&self.place.machine(&request.name), &request.tags)?;
        if self.journal.deleting_machine(&request.name)?.is_some() {
            return Err(Error::Deleting(self.place.machine(&request.name)));
        }
        let MachineRequest { name, definition, role, kind, settings, tags, publish } = request.clone();
        let publish = publish.map(Publish::from);
        let new =
            NewMachine { name, definition, role, kind, settings, tags, publish, created: self.ticks.now() };
        match self.journal.create_machine(new).await? {
            Created::New(machine) => Ok(self.made(machine, request.publish.map(|_| 1))),
            Created::Existed(machine) => {
                let standing = self.journal.revision(machine.revision)?.definition;
                let same = standing == request.definition
                    && machine.kind == request.kind
                    && machine.settings == request.settings;
                if !same {
                    return Err(Error::MachineExists(self.place.machine(&machine.name)));
                }
                let version = match request.publish {
                    Some(request) => Some(self.publish(&machine, request).await?.number),
                    None => None,
                };
                Ok(self.made(machine, version))
            }
        }
    }

    fn made(&self, machine: Machine, version: Option<u32>) -> MachineMade {
        MachineMade {
            arn: self.place.machine(&machine.name),
            created: machine.created,
            version_arn: version.map(|number| self.place.version(&machine.name, number)),
        }
    }

    /// Makes this revision of the machine a version, if it is still the current one.
    pub(super) async fn publish(&self, machine: &Machine, request: VersionRequest) -> Result<Version, Error> {
        let now = self.ticks.now();
        match self.journal.publish_version(machine.id, machine.revision, request.into(), now).await? {
            Published::New(version) | Published::Existed(version) => Ok(version),
            Published::Superseded => Err(Error::Conflict(format!(
                "State Machine is being modified by another request: '{}'",
                self.place.machine(&machine.name)
            ))),
            Published::Full => Err(too_many_versions(&self.place, &machine.name)),
        }
    }

    /// The machine as it is now, or one of its versions.
    pub async fn describe_state_machine(&self, arn: &str) -> Result<MachineDescription, Error> {
        let (name, qualifier) = names::qualified(arn)?;
        let missing = || Error::NoMachine(arn.to_owned());
        let Some(machine) = self.journal.machine(name)? else {
            let machine = self.journal.deleting_machine(name)?.filter(|_| qualifier == Qualifier::None);
            let Machine { revision, created, .. } = machine.ok_or_else(missing)?;
            let description = self.description_of(self.journal.revision(revision)?)?;
            return Ok(MachineDescription { created, deleting: true, ..description });
        };
        let version = match qualifier {
            Qualifier::None => None,
            Qualifier::Version(number) => {
                Some(self.journal.version(machine.id, number)?.ok_or_else(missing)?)
            }
            Qualifier::Alias(_) => return Err(missing()),
        };
        let revision = self.journal.revision(version.as_ref().map_or(machine.revision, |it| it.revision))?;
        let description = self.description_of(revision)?;
        Ok(match version {
            None => MachineDescription { created: machine.created, ..description },
            Some(version) => MachineDescription {
                arn: self.place.version(name, version.number),
                created: version.created,
                description: version.description,
                ..description
            },
        })
    }

    /// The machine as it was when the execution started; `created` says since when it was like that.
    pub async fn describe_state_machine_for_execution(&self, arn: &str) -> Result<MachineDescription, Error> {
        let row = self.row(arn)?;
        let description = self.description_of(self.journal.revision(row.revision)?)?;
        let map = self.map_run_arn_of(&row).zip(names::label_of(&row));
        let map = map.map(|(run_arn, label)| MapOfChild { run_arn, label: label.to_owned() });
        Ok(MachineDescription { map, ..description })
    }

    /// In the order of their names.
    pub async fn list_state_machines(
        &self,
        page: &Page,
    ) -> Result<(Vec<ListedMachine>, Option<String>), Error> {
        let machines = self.journal.machines(&page.after()?.unwrap_or_default(), page.limit())?;
        let next = page.next(&machines, |machine| machine.name.clone());
        let listed = machines.into_iter().map(|machine| ListedMachine {
            arn: self.place.machine(&machine.name),
            name: machine.name,
            kind: machine.kind,
            created: machine.created,
        });
        Ok((listed.collect(), next))
    }

    /// Deletes a machine, if there is one, with its versions and aliases. Its executions run to their end.
    pub async fn delete_state_machine(&self, arn: &str) -> Result<(), Error> {
        let (name, Qualifier::None) = names::qualified(arn)? else { return Ok(()) };
        self.guard.check(name)?;
        self.journal.delete_machine(name, self.ticks.now()).await?;
        Ok(())
    }

    pub(super) fn machine(&self, arn: &str) -> Result<Machine, Error> {
        self.machine_named(names::machine(arn)?, arn)
    }

    /// The machine of this name, for something that may not be done to one that is being deleted.
    pub(super) fn machine_named(&self, name: &str, arn: &str) -> Result<Machine, Error> {
        match self.journal.machine(name)? {
            Some(machine) => Ok(machine),
            None if self.journal.deleting_machine(name)?.is_some() => Err(Error::Deleting(arn.to_owned())),
            None => Err(Error::NoMachine(arn.to_owned())),
        }
    }

    fn description_of(&self, revision: Revision) -> Result<MachineDescription, Error> {
        let variables = self.definitions.get(revision.id)?.definition.variable_references().clone();
        let Revision { machine_name: name, kind, role, settings, definition, label, created, .. } = revision;
        let arn = self.place.machine(&name);
        Ok(MachineDescription {
            arn,
            name,
            definition,
            role,
            kind,
            settings,
            created,
            label,
            description: None,
            deleting: false,
            variables,
            map: None,
        })
    }
}

pub(super) fn too_many_versions(place: &Place, machine: &str) -> Error {
    let arn = place.machine(machine);
    Error::QuotaExceeded(format!("The maximum number of versions, {VERSIONS}, is reached for '{arn}'"))
}
