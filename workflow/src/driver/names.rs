//! Names and ARNs: how they are built, and which are refused.

use super::Error;
use crate::history::RunId;
use crate::journal::ExecutionRow;

/// Longest name of a machine, an execution or an activity.
const NAME: usize = 80;
/// Longest ARN that is looked at.
const ARN: usize = 256;

/// Between the name of an express execution and what makes it unique. No name has it.
const EXPRESS: char = ':';

/// The stored name of an express execution.
pub(super) fn express(name: &str, unique: uuid::Uuid) -> String {
    format!("{name}{EXPRESS}{unique}")
}

/// The name that was given to the execution with this stored name.
pub(super) fn shown(stored: &str) -> &str {
    stored.split(EXPRESS).next().unwrap_or_default()
}

/// Where this engine says it is.
#[derive(Clone, Debug)]
pub struct Place {
    pub region: String,
    pub account: String,
}

impl Default for Place {
    fn default() -> Self {
        Self { region: "us-east-1".into(), account: "000000000000".into() }
    }
}

impl Place {
    pub fn machine(&self, name: &str) -> String {
        self.arn("stateMachine", name)
    }

    pub fn activity(&self, name: &str) -> String {
        self.arn("activity", name)
    }

    /// Of an execution with this stored name.
    pub fn execution(&self, machine: &str, name: &str) -> String {
        let kind = if name.contains(EXPRESS) { "express" } else { "execution" };
        self.arn(kind, &format!("{machine}:{name}"))
    }

    /// Of something that runs as an express execution does.
    pub(super) fn express(&self, machine: &str, name: &str) -> String {
        self.arn("express", &format!("{machine}:{name}"))
    }

    pub fn version(&self, machine: &str, number: u32) -> String {
        format!("{}:{number}", self.machine(machine))
    }

    pub fn alias(&self, machine: &str, name: &str) -> String {
        format!("{}:{name}", self.machine(machine))
    }

    /// The ARN of an execution as it is stored: a child's shows the label of its run.
    pub(super) fn execution_of(&self, row: &ExecutionRow) -> String {
        self.execution(&labelled(&row.machine_name, label_of(row)), &row.name)
    }

    /// The ARN of what an execution was started on: for a child that is a Map in a machine.
    pub(super) fn machine_of(&self, row: &ExecutionRow) -> String {
        self.machine(&labelled(&row.machine_name, label_of(row)))
    }

    pub(super) fn map_run(&self, machine: &str, label: &str, run: RunId) -> String {
        self.arn("mapRun", &format!("{machine}/{label}:{run}"))
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:states:{}:{}:{kind}:{name}", self.region, self.account)
    }
}

/// What the ARN of a machine says beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Qualifier<'a> {
    None,
    Version(u32),
    Alias(&'a str),
}

/// The machine's name in its ARN, which may not be that of a version or an alias. Region and account are not looked at:
/// there is one engine here.
pub(super) fn machine(arn: &str) -> Result<&str, Error> {
    match qualified(arn)? {
        (name, Qualifier::None) => Ok(name),
        _ => Err(Error::NoMachine(arn.to_owned())),
    }
}

/// The machine's name in its ARN, and the version or alias. A Map in a machine has an ARN too, and can nothing be done with.
pub(super) fn qualified(arn: &str) -> Result<(&str, Qualifier<'_>), Error> {
    match parts(arn)?.as_slice() {
        ["stateMachine", name, ..] if name.contains('/') => {
            Err(Error::Invalid(format!("The ARN of a Distributed Map is not supported here: '{arn}'")))
        }
        ["stateMachine", name] => Ok((*name, Qualifier::None)),
        ["stateMachine", name, number] if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            let number = number.parse().map_err(|_| Error::NoMachine(arn.to_owned()))?;
            Ok((*name, Qualifier::Version(number)))
        }
        ["stateMachine", name, alias] => Ok((*name, Qualifier::Alias(alias))),
        _ => Err(wrong_kind(arn)),
    }
}

pub(super) fn activity(arn: &str) -> Result<&str, Error> {
    match parts(arn)?.as_slice() {
        ["activity", name] => Ok(*name),
        _ => Err(wrong_kind(arn)),
    }
}

/// The label of the run that an execution is a child of.
pub(super) fn label_of(row: &ExecutionRow) -> Option<&str> {
    row.child.as_ref().map(|child| child.label.as_str())
}

/// A machine, or one of its Maps, as a name.
pub(super) fn labelled(machine: &str, label: Option<&str>) -> String {
    label.map_or_else(|| machine.to_owned(), |label| format!("{machine}/{label}"))
}

/// What the ARN of an execution names.
pub(super) struct ExecutionName<'a> {
    pub(super) machine: &'a str,
    /// Of a map run, when it is the child of one.
    pub(super) label: Option<&'a str>,
    pub(super) name: &'a str,
}

pub(super) fn execution(arn: &str) -> Result<ExecutionName<'_>, Error> {
    match parts(arn)?.as_slice() {
        ["execution", machine, name] => {
            let (machine, label) = match machine.split_once('/') {
                Some((machine, label)) => (machine, Some(label)),
                None => (*machine, None),
            };
            Ok(ExecutionName { machine, label, name })
        }
        _ => Err(wrong_kind(arn)),
    }
}

/// The id of a map run; its machine and its label are not looked at.
pub(super) fn map_run(arn: &str) -> Result<RunId, Error> {
    match parts(arn)?.as_slice() {
        ["mapRun", _, id] => {
            uuid::Uuid::parse_str(id).map(|id| RunId(*id.as_bytes())).map_err(|_| no_arn(arn))
        }
        _ => Err(wrong_kind(arn)),
    }
}

/// Refuses a name that AWS would refuse.
pub(super) fn check(name: &str) -> Result<(), Error> {
    let forbidden = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c)
            || ('\u{fff0}'..).contains(&c)
    };
    let length = name.chars().count();
    if length == 0 || length > NAME || name.contains(forbidden) {
        return Err(Error::InvalidName(name.to_owned()));
    }
    Ok(())
}

/// What follows the account in the ARN.
fn parts(arn: &str) -> Result<Vec<&str>, Error> {
    if arn.len() > ARN {
        return Err(Error::InvalidArn("Invalid ARN length".into()));
    }
    let fields: Vec<_> = arn.split(':').collect();
    match fields.as_slice() {
        ["arn", partition, "states", _, _, rest @ ..] if partition.starts_with("aws") => Ok(rest.to_vec()),
        _ => Err(no_arn(arn)),
    }
}

fn no_arn(arn: &str) -> Error {
    Error::InvalidArn(format!("Invalid ARN prefix: {arn}"))
}

pub(super) fn wrong_kind(arn: &str) -> Error {
    let kind = arn.split(':').nth(5).unwrap_or(arn);
    Error::InvalidArn(format!("Resource type not valid in this context: {kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_read_back() {
        let place = Place::default();
        assert_eq!(machine(&place.machine("m")).unwrap(), "m");
        assert_eq!(qualified(&place.version("m", 7)).unwrap(), ("m", Qualifier::Version(7)));
        assert_eq!(qualified(&place.alias("m", "a7")).unwrap(), ("m", Qualifier::Alias("a7")));
        assert_eq!(activity(&place.activity("a")).unwrap(), "a");
        let named = |arn: &str| {
            let named = execution(arn).unwrap();
            (named.machine.to_owned(), named.label.map(str::to_owned), named.name.to_owned())
        };
        assert_eq!(named(&place.execution("m", "e")), ("m".into(), None, "e".into()));
        assert_eq!(named(&place.execution("m/l", "e")), ("m".into(), Some("l".into()), "e".into()));
        let run = RunId([7; 16]);
        assert_eq!(map_run(&place.map_run("m", "l", run)).unwrap(), run);
        let stored = express("e", uuid::Uuid::nil());
        let express = place.execution("m", &stored);
        assert_eq!(
            express,
            format!("arn:aws:states:us-east-1:000000000000:express:m:e:{}", uuid::Uuid::nil())
        );
        assert_eq!(shown(&stored), "e");
        assert!(
            matches!(execution(&express), Err(Error::InvalidArn(said)) if said == "Resource type not valid in this context: express")
        );
    }

    #[test]
    fn an_arn_of_another_kind_or_none_is_refused() {
        let machine_arn = Place::default().machine("m");
        for (arn, message) in [
            ("nonsense", "Invalid ARN prefix: nonsense"),
            ("arn:aws:s3:::bucket", "Invalid ARN prefix: arn:aws:s3:::bucket"),
        ] {
            assert!(matches!(execution(arn), Err(Error::InvalidArn(said)) if said == message));
        }
        let run = machine_arn.replace("stateMachine:m", "mapRun:m/l:no-uuid");
        let said = format!("Invalid ARN prefix: {run}");
        assert!(matches!(map_run(&run), Err(Error::InvalidArn(message)) if message == said));
        assert!(matches!(execution(&machine_arn), Err(Error::InvalidArn(_))));
        assert!(matches!(activity(&machine_arn), Err(Error::InvalidArn(_))));
        assert!(matches!(machine(&Place::default().version("m", 1)), Err(Error::NoMachine(_))));
        assert!(matches!(machine(&Place::default().machine("m/l")), Err(Error::Invalid(_))));
        assert!(matches!(qualified(&format!("{machine_arn}:99999999999")), Err(Error::NoMachine(_))));
    }

    #[test]
    fn names_are_checked() {
        for good in ["a", "with-dash_and.dot", &"x".repeat(80), "(parens)+=@!'"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "two words", "a/b", "a:b", "tab\t", "what?", "\u{85}", &"x".repeat(81)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
