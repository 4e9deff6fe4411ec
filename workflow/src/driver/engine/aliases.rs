//! Aliases: names that lead to one or two versions of a state machine.

use super::super::Error;
use super::super::names::{self, Qualifier};
use super::{Engine, Page};
use crate::Millis;
use crate::journal::{Alias, AliasChange, Aliased, Machine, Routes};

/// Aliases of one machine, as on AWS.
const ALIASES: u32 = 100;

/// A share of the starts by an alias: the version's ARN, and of a hundred starts those that are its.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub version_arn: String,
    pub weight: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasDescription {
    pub arn: String,
    pub name: String,
    pub description: Option<String>,
    pub routes: Vec<Route>,
    pub created: Millis,
    pub updated: Millis,
}

impl Engine {
    /// Makes an alias. Asking again for the very same one is answered with it.
    pub async fn create_state_machine_alias(
        &self,
        name: &str,
        description: Option<&str>,
        routes: &[Route],
    ) -> Result<AliasDescription, Error> {
        let (machine, routes) = self.routes(routes)?;
        self.guard.check(&machine.name)?;
        let now = self.ticks.now();
        let description = description.map(str::to_owned);
        let (id, name) = (machine.id, name.to_owned());
        let alias = Alias { machine: id, name, description, routes, created: now, updated: now };
        match self.journal.create_alias(alias.clone(), ALIASES).await? {
            Aliased::Stored(alias) => Ok(self.alias_description(&machine.name, alias)),
            Aliased::Existed(standing) => {
                if (standing.routes, &standing.description) != (alias.routes, &alias.description) {
                    return Err(Error::Conflict("Failed to create alias because an alias with the same name and a different routing configuration already exists.".into()));
                }
                Ok(self.alias_description(&machine.name, standing))
            }
            Aliased::Full => Err(Error::QuotaExceeded(format!(
                "The maximum number of aliases, {ALIASES}, is reached for '{}'",
                self.place.machine(&machine.name)
            ))),
            Aliased::NoVersion | Aliased::NotThere => Err(Error::NoAlias),
        }
    }

    pub async fn update_state_machine_alias(
        &self,
        arn: &str,
        description: Option<&str>,
        routes: Option<&[Route]>,
    ) -> Result<AliasDescription, Error> {
        if description.is_none() && routes.is_none() {
            return Err(Error::MissingParameter(
                "Either the description or the RoutingConfiguration must be specified",
            ));
        }
        let (machine, alias) = self.alias(arn)?;
        self.guard.check(&machine.name)?;
        let routes = match routes.map(|routes| self.routes(routes)).transpose()? {
            Some((other, _)) if other.id != machine.id => {
                return Err(Error::Invalid(
                    "Routing configuration must contain versions of the alias's state machine".into(),
                ));
            }
            routes => routes.map(|(_, routes)| routes),
        };
        let description = description.map(str::to_owned);
        let change =
            AliasChange { machine: machine.id, name: alias.name, description, routes, at: self.ticks.now() };
        match self.journal.update_alias(change).await? {
            Aliased::Stored(alias) => Ok(self.alias_description(&machine.name, alias)),
            _ => Err(Error::NoAlias), // it, or what it was to lead to, has just been deleted
        }
    }

    pub async fn describe_state_machine_alias(&self, arn: &str) -> Result<AliasDescription, Error> {
        let (machine, alias) = self.alias(arn)?;
        Ok(self.alias_description(&machine.name, alias))
    }

    /// Deletes an alias, if there is one.
    pub async fn delete_state_machine_alias(&self, arn: &str) -> Result<(), Error> {
        let (name, alias) = alias_arn(arn)?;
        self.guard.check(name)?;
        if let Some(machine) = self.journal.machine(name)? {
            self.journal.delete_alias(machine.id, alias).await?;
        }
        Ok(())
    }

    /// In the order of their names.
    pub async fn list_state_machine_aliases(
        &self,
        arn: &str,
        page: &Page,
    ) -> Result<(Vec<AliasDescription>, Option<String>), Error> {
        let machine = self.plain_machine(arn)?;
        let after = page.after()?.unwrap_or_default();
        let aliases = self.journal.aliases(machine.id, &after, page.limit())?;
        let next = page.next(&aliases, |alias| alias.name.clone());
        Ok((aliases.into_iter().map(|alias| self.alias_description(&machine.name, alias)).collect(), next))
    }

    fn alias(&self, arn: &str) -> Result<(Machine, Alias), Error> {
        let (name, alias) = alias_arn(arn)?;
        let machine = self.journal.machine(name)?.ok_or(Error::NoAlias)?;
        let alias = self.journal.alias(machine.id, alias)?.ok_or(Error::NoAlias)?;
        Ok((machine, alias))
    }

    /// The machine that all these routes are of, and where they lead.
    fn routes(&self, routes: &[Route]) -> Result<(Machine, Routes), Error> {
        let arns = routes.iter().map(|route| route.version_arn.as_str()).collect::<Vec<_>>();
        let received = format!("Received: [{}]", arns.join(", "));
        if arns.len() > 1 && arns[0] == arns[1] {
            return Err(Error::Invalid(format!(
                "Routing configuration must contain distinct state machine version ARNs. {received}"
            )));
        }
        let weights = routes.iter().map(|route| route.weight).collect::<Vec<_>>();
        if weights.iter().sum::<u32>() != 100 {
            return Err(Error::Invalid(format!(
                "Sum of routing configuration weights must equal 100. Received: {weights:?}"
            )));
        }
        let no_versions = || {
            Error::Invalid(format!(
                "Routing configuration must contain state machine version ARNs. {received}"
            ))
        };
        let mut found = None;
        let mut numbers = Vec::new();
        for arn in &arns {
            let (name, Qualifier::Version(number)) = names::qualified(arn)? else {
                return Err(no_versions());
            };
            let machine = self.journal.machine(name)?.ok_or_else(no_versions)?;
            self.journal.version(machine.id, number)?.ok_or_else(no_versions)?;
            if found.get_or_insert_with(|| machine.clone()).id != machine.id {
                return Err(Error::Invalid(format!(
                    "Routing configuration must contain versions of one state machine. {received}"
                )));
            }
            numbers.push(number);
        }
        match (found, numbers.as_slice(), weights.as_slice()) {
            (Some(machine), [version], [weight]) => {
                Ok((machine, Routes { version: *version, weight: *weight, other: None }))
            }
            (Some(machine), [version, other], [weight, _]) => {
                Ok((machine, Routes { version: *version, weight: *weight, other: Some(*other) }))
            }
            _ => Err(no_versions()),
        }
    }

    fn alias_description(&self, machine: &str, alias: Alias) -> AliasDescription {
        let Alias { name, description, routes, created, updated, .. } = alias;
        let route = |number, weight| Route { version_arn: self.place.version(machine, number), weight };
        let first = std::iter::once(route(routes.version, routes.weight));
        let other = routes.other.map(|number| route(number, 100 - routes.weight));
        AliasDescription {
            arn: self.place.alias(machine, &name),
            name,
            description,
            routes: first.chain(other).collect(),
            created,
            updated,
        }
    }
}

/// The machine's and the alias's name.
fn alias_arn(arn: &str) -> Result<(&str, &str), Error> {
    match names::qualified(arn)? {
        (machine, Qualifier::Alias(alias)) => Ok((machine, alias)),
        _ => Err(names::wrong_kind(arn)),
    }
}
