//! `lockgate webhook verify`: whether a saved request is one of ours.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use activities::webhook::Secret;
use serde_json::json;
use states::Timestamp;

use super::super::Failure;
use super::message::Message;
use super::said;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The request: its headers, an empty line, its body; - for standard input
    file: PathBuf,
    /// What the webhook's messages are signed with
    #[arg(long, env = "LOCKGATE_WEBHOOK_SECRET", hide_env_values = true, value_name = "WHSEC")]
    secret: Secret,
    /// Take the time to be when it was sent: old ones are refused otherwise
    #[arg(long)]
    any_age: bool,
}

pub(super) fn run(args: &Args, json: bool) -> Result<ExitCode, Failure> {
    let mut saved = Vec::new();
    if args.file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut saved)?;
    } else {
        saved = std::fs::read(&args.file)?;
    }
    let message =
        Message::parse(&saved).map_err(|missing| Failure::Odd(format!("it has no header {missing}")))?;
    let sent = message.timestamp.parse().ok().and_then(|at| Timestamp::from_second(at).ok());
    let now = if args.any_age { sent.unwrap_or_else(Timestamp::now) } else { Timestamp::now() };
    let id = &message.id;
    match message.verify(&args.secret, now) {
        Ok(()) => {
            said(json, &json!({ "messageId": id, "verified": true }), &format!("{id} is genuine"))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(forged) => Err(Failure::Odd(format!("{id} is not to be believed: {forged}"))),
    }
}
