//! What the commands share that work on the people of a data folder, whether a server has it or not.

use std::path::PathBuf;

use activities::Clock;
use service::audit::{Audit, Row};

use super::Failure;
use crate::config::{Config, Told};
use crate::people::Store;

#[derive(clap::Args)]
pub(super) struct Own {
    /// The folder of the server [default: ~/.local/share/lockgate]
    #[arg(long, env = "LOCKGATE_DATA", value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl Own {
    /// The server's configuration, and the people in its folder.
    pub(super) fn open(&self) -> Result<(Config, Store), Failure> {
        let config = Config::checked(Told { data: self.data.clone(), ..Told::default() })?;
        if !config.data.is_dir() {
            return Err(Failure::Usage(format!("there is no data folder at {}", config.data.display())));
        }
        let store = Store::open(&config.data, Clock::System)?;
        Ok((config, store))
    }
}

/// Writes down what was done here, by whoever may write in the folder.
pub(super) async fn record(store: &Store, what: &str, subject: &str, whose: &str) -> Result<(), Failure> {
    let row = Row {
        who: "(the command line)".to_owned(),
        what: what.to_owned(),
        subject: subject.to_owned(),
        whose: whose.to_owned(),
        result: "done".to_owned(),
        ..Row::default()
    };
    store.record(row).await.map_err(|fault| Failure::Odd(fault.to_string()))
}
