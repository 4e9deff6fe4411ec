//! Starts the rig, runs a command in it, and ends it: `aws-rig cargo nextest run …`. What it installs lies below `target`
//! and is kept; where its logs are is said when the command fails.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use tests::rig::cognito::Pool;
use tests::rig::functions::{self, Site};
use tests::rig::proxy::Proxy;
use tests::rig::{Rig, VARIABLE, localstack, moto, stack};

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("a command to run in the rig is to be said")?;
    let target = target()?.join("aws-rig");
    let folder = tempfile::Builder::new().prefix("run-").tempdir_in(std::env::temp_dir())?;
    let moto = moto::start(&target, folder.path()).await?;
    let functions = functions::start(folder.path()).await?;
    let localstack = localstack::start(&target, folder.path(), &moto.url, &functions.url).await?;
    let records = Proxy::before(&localstack.url).await?;
    let people = Pool::make(&moto.url).await?;
    let site = Site { url: localstack.url.clone(), records, moto: moto.url.clone(), people: people.clone() };
    functions.look_up_in(site);
    let (url, tools, files) = (localstack.url.clone(), target.join("localstack"), folder.path().to_owned());
    let deployed = tokio::task::spawn_blocking(move || stack::deploy(&url, &tools, &files)).await?;
    let rig = Rig {
        moto: moto.url.clone(),
        localstack: localstack.url.clone(),
        functions: functions.url.clone(),
        people,
        stack: deployed?,
    };
    let mut command = Command::new(program);
    command.args(arguments).env(VARIABLE, serde_json::to_string(&rig)?);
    let ended = tokio::task::spawn_blocking(move || command.status()).await??;
    if !ended.success() {
        eprintln!("the rig's logs are in {}", folder.keep().display());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder that everything is built in.
fn target() -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    Ok(me.ancestors().nth(2).context("this program lies in a folder of the target")?.to_owned())
}
