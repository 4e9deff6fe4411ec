//! LocalStack in this machine's own processes: S3, SQS, CloudFormation, Step Functions and what they need. What it cannot
//! run without Docker is taken from elsewhere: see `tests/aws/run_localstack.py`.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{files, pins};
use crate::packages;
use crate::process::{Process, free_address};

/// How long a stand-in may take to answer. It loads for a while on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(180);

const SERVICES: &str =
    "s3,sqs,ssm,stepfunctions,lambda,cloudformation,iam,sts,events,logs,dynamodb,kms,cloudwatch,sns,ec2";

pub struct LocalStack {
    pub url: String,
    _process: Process,
}

/// Starts it with these for DynamoDB and for functions, installed below `target`; its files go to `folder`.
pub async fn start(target: &Path, folder: &Path, dynamodb: &str, functions: &str) -> Result<LocalStack> {
    let installed = target.join("localstack");
    packages::pip(&pins("localstack"), &installed)?;
    let address = free_address()?;
    let mut command = Command::new(installed.join("bin/python"));
    command.arg(files().join("run_localstack.py")).current_dir(folder);
    command.env("HOME", folder).env("FILESYSTEM_ROOT", folder.join("root"));
    // A name, since it becomes the end of other names: `api.execute-api.us-east-1.localhost`.
    let own_name = format!("localhost:{}", address.port());
    command.env("GATEWAY_LISTEN", address.to_string()).env("LOCALSTACK_HOST", own_name);
    command.envs([
        ("SERVICES", SERVICES),
        ("STRICT_SERVICE_LOADING", "1"),
        ("S3_SKIP_SIGNATURE_VALIDATION", "0"),
        ("DISABLE_EVENTS", "1"),
        ("SKIP_SSL_CERT_DOWNLOAD", "1"),
        ("DNS_ADDRESS", "0"),
        ("LOCKGATE_DYNAMODB", dynamodb),
        ("LOCKGATE_FUNCTIONS", functions),
    ]);
    let process = Process::start_on_a_leash(&mut command, &folder.join("localstack.log"))?;
    let url = format!("http://{address}");
    until_ready(&format!("{url}/_localstack/health")).await?;
    Ok(LocalStack { url, _process: process })
}

/// Asks until it is answered well.
pub(super) async fn until_ready(url: &str) -> Result<()> {
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        match reqwest::get(url).await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => ensure!(begun.elapsed() < PATIENCE, "{url} answers {}", answer.status()),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error).context("a stand-in is not ready"),
            Err(_) => {}
        }
    }
}
