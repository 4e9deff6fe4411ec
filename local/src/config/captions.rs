//! Who writes captions here: the table `[captions]` of the file.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// What the file says; without a command there are no captions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Captions {
    /// A program and its arguments, in which `{wav}` is the file to listen to and `{base}` the name of the result without
    /// its ending `.vtt`.
    command: Vec<String>,
    /// It may take so long.
    seconds: Option<u64>,
}

/// A program that listens to a WAV and writes WebVTT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub wall: Duration,
}

/// As long as a task of the recipe may take.
const SECONDS: std::ops::RangeInclusive<u64> = 1..=6 * 60 * 60;

impl Captions {
    pub(super) fn checked(&self) -> Result<Option<Command>, String> {
        let seconds = self.seconds.unwrap_or(*SECONDS.end());
        if !SECONDS.contains(&seconds) {
            return Err(format!("captions.seconds are not 1 to {}", SECONDS.end()));
        }
        let Some((program, arguments)) = self.command.split_first() else { return Ok(None) };
        if !arguments.iter().any(|argument| argument.contains("{wav}")) {
            return Err("captions.command: no argument holds {wav}, the file to listen to".to_owned());
        }
        if !arguments.iter().any(|argument| argument.contains("{base}")) {
            return Err("captions.command: no argument holds {base}, the name of the result".to_owned());
        }
        Ok(Some(Command {
            program: program.into(),
            arguments: arguments.to_vec(),
            wall: Duration::from_secs(seconds),
        }))
    }
}

impl Command {
    /// A command line, whose words stand between spaces.
    pub fn parse(text: &str) -> Result<Self, String> {
        let command = text.split_whitespace().map(ToOwned::to_owned).collect();
        Captions { command, seconds: None }.checked()?.ok_or_else(|| "it is empty".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<Option<Command>, String> {
        toml::from_str::<Captions>(text).map_err(|error| error.to_string())?.checked()
    }

    #[test]
    fn a_command_says_where_it_listens_and_writes() {
        assert_eq!(checked("").unwrap(), None);
        let command =
            checked("command = ['w', '-f', '{wav}', '-of', '{base}']\nseconds = 60").unwrap().unwrap();
        assert_eq!((command.arguments.len(), command.wall), (4, Duration::from_secs(60)));
        for (said, named) in [
            ("command = ['w', '{base}']", "{wav}"),
            ("command = ['w', '{wav}']", "{base}"),
            ("command = ['w', '{wav}', '{base}']\nseconds = 0", "seconds"),
            ("comand = ['w']", "comand"),
        ] {
            let error = checked(said).unwrap_err();
            assert!(error.contains(named), "{said}: {error}");
        }
    }
}
