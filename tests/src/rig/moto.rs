//! moto's server: DynamoDB, Cognito and Transcribe. It forgets all when it ends.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{files, pins};
use crate::packages;
use crate::process::{Process, free_address};

pub struct Moto {
    pub url: String,
    _process: Process,
}

/// Starts it, installed below `target`; its log goes to `folder`.
pub async fn start(target: &Path, folder: &Path) -> Result<Moto> {
    let installed = target.join("moto");
    packages::pip(&pins("moto"), &installed)?;
    let address = free_address()?;
    let mut command = Command::new(installed.join("bin/python"));
    command.arg(files().join("run_moto.py")).args([address.ip().to_string(), address.port().to_string()]);
    let process = Process::start_on_a_leash(&mut command, &folder.join("moto.log"))?;
    let url = format!("http://{address}");
    super::localstack::until_ready(&format!("{url}/moto-api/")).await?;
    Ok(Moto { url, _process: process })
}
