//! State machines.

use super::super::{Error, names};
use super::{Engine, Page, page};
use crate::Definition;
use crate::Millis;
use crate::journal::{Created, Kind, Machine, NewMachine, Which};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineRequest {
    pub name: String,
    pub definition: String,
    pub role: String,
    pub kind: Kind,
    /// JSON text of configuration that is shown and not acted on.
    pub settings: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineDescription {
    pub arn: String,
    pub name: String,
    pub definition: String,
    pub role: String,
    pub kind: Kind,
    pub settings: String,
    pub created: Millis,
}

impl Engine {
    /// Creates a machine. Asking again for the very same one is answered with it; for another one of this name, with
    /// [`Error::MachineExists`].
    pub async fn create_state_machine(&self, request: MachineRequest) -> Result<MachineDescription, Error> {
        names::check(&request.name)?;
        self.guard.check(&request.name)?;
        Definition::parse(&request.definition).map_err(Error::InvalidDefinition)?;
        let MachineRequest { name, definition, role, kind, settings } = request.clone();
        let new = NewMachine { name, definition, role, kind, settings, created: self.ticks.now() };
        match self.journal.create_machine(new).await? {
            Created::New(machine) => Ok(self.machine_description(machine, request.definition)),
            Created::Existed(machine) => {
                let standing = self.journal.revision(machine.revision)?.definition;
                let same = standing == request.definition
                    && machine.kind == request.kind
                    && machine.settings == request.settings;
                if !same {
                    return Err(Error::MachineExists(self.place.machine(&machine.name)));
                }
                Ok(self.machine_description(machine, standing))
            }
        }
    }

    /// Sees to it that there is a machine of this name with this definition: made, revised, or as it is.
    pub async fn put_state_machine(&self, request: MachineRequest) -> Result<MachineDescription, Error> {
        let wanted = request.definition.clone();
        match self.create_state_machine(request.clone()).await {
            Err(Error::MachineExists(_)) => {}
            other => return other,
        }
        let name = &request.name;
        let standing =
            self.journal.machine(name)?.ok_or_else(|| Error::NoMachine(self.place.machine(name)))?;
        let revision = self.journal.revise_machine(&standing, wanted.clone(), self.ticks.now()).await?;
        Ok(self.machine_description(Machine { revision, ..standing }, wanted))
    }

    pub async fn describe_state_machine(&self, arn: &str) -> Result<MachineDescription, Error> {
        let machine = self.machine(arn)?;
        let definition = self.journal.revision(machine.revision)?.definition;
        Ok(self.machine_description(machine, definition))
    }

    /// The machine as it was when the execution started.
    pub async fn describe_state_machine_for_execution(&self, arn: &str) -> Result<MachineDescription, Error> {
        let (machine, name) = names::execution(arn)?;
        let row = self.journal.execution(Which::Named { machine, name })?;
        let row = row.ok_or_else(|| Error::NoExecution(arn.to_owned()))?;
        let pinned = self.journal.revision(row.revision)?;
        Ok(MachineDescription {
            arn: self.place.machine(machine),
            name: machine.to_owned(),
            definition: pinned.definition,
            role: pinned.role,
            kind: Kind::Standard,
            settings: "{}".into(),
            created: pinned.created,
        })
    }

    /// In the order they were created, without their definitions.
    pub async fn list_state_machines(
        &self,
        page: &Page,
    ) -> Result<(Vec<MachineDescription>, Option<String>), Error> {
        let machines = self.journal.machines(page.after_number()?.unwrap_or(0), page.limit())?;
        let next = page::next(&machines, page.limit(), |machine| machine.id.to_string());
        let described = machines.into_iter().map(|machine| self.machine_description(machine, String::new()));
        Ok((described.collect(), next))
    }

    /// Deletes a machine, if there is one. Its executions run to their end.
    pub async fn delete_state_machine(&self, arn: &str) -> Result<(), Error> {
        let name = names::machine(arn)?;
        self.guard.check(name)?;
        self.journal.delete_machine(name, self.ticks.now()).await?;
        Ok(())
    }

    pub(super) fn machine(&self, arn: &str) -> Result<Machine, Error> {
        let machine = self.journal.machine(names::machine(arn)?)?;
        machine.ok_or_else(|| Error::NoMachine(arn.to_owned()))
    }

    fn machine_description(&self, machine: Machine, definition: String) -> MachineDescription {
        let Machine { name, kind, role, settings, created, .. } = machine;
        MachineDescription { arn: self.place.machine(&name), name, definition, role, kind, settings, created }
    }
}
