//! Stand-ins for AWS, on this machine and for it alone: moto is DynamoDB, Cognito, SES and Transcribe ([`moto`]), LocalStack
//! the rest ([`localstack`]), and functions run in sandboxes of ours ([`functions`]), to which [`gateway`] brings HTTP, and
//! containers as plain processes ([`worker`]). `aws-rig`
//! starts them, runs a command that finds them by its environment, and ends them.

pub mod cognito;
pub mod functions;
pub mod gateway;
mod json;
pub mod localstack;
pub mod moto;
pub mod proxy;
pub mod ses;
pub mod sqs;
pub mod stack;
pub mod stage;
pub mod table;
pub mod transcribe;
pub mod worker;

use std::path::{Path, PathBuf};

use activities::clock::random_id;
use anyhow::{Context, Result};
use aws::environment::{Account, Keys};
use serde::{Deserialize, Serialize};

/// Under which its addresses are told to whom it runs.
pub const VARIABLE: &str = "LOCKGATE_RIG";

pub const REGION: &str = "us-east-1";
pub const ACCOUNT: &str = "000000000000";

/// Where everything is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rig {
    pub moto: String,
    pub localstack: String,
    /// Where functions are invoked.
    pub functions: String,
    /// The pool that the functions take for the stack's.
    pub people: String,
    /// What the deployed stack says of itself.
    pub stack: stack::Outputs,
}

impl Rig {
    /// The one that this process was started in.
    pub fn running() -> Result<Self> {
        let told = std::env::var(VARIABLE).context("no rig runs here: use `make test-aws`")?;
        Ok(serde_json::from_str(&told)?)
    }

    /// An output of the stack.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.stack.get(name).map(String::as_str).with_context(|| format!("the stack has no output {name}"))
    }

    /// Who clients of this rig are.
    pub fn account(&self) -> Account {
        let by_moto = ["DYNAMODB", "TRANSCRIBE", "SESV2", "COGNITO_IDENTITY_PROVIDER"];
        let by_moto = by_moto.map(|service| (service, self.moto.as_str()));
        account(&[&[("", self.localstack.as_str())], &by_moto[..]].concat())
    }
}

/// Somebody whom every stand-in takes, with these services elsewhere; under no name, all others.
pub fn account(endpoints: &[(&str, &str)]) -> Account {
    let named = |&(service, url): &(&str, &str)| {
        (Some(service).filter(|service| !service.is_empty()).map(ToOwned::to_owned), url.to_owned())
    };
    Account {
        region: REGION.to_owned(),
        keys: Some(Keys { access: "test".to_owned(), secret: "test".to_owned(), session_token: None }),
        endpoints: endpoints.iter().map(named).collect(),
    }
}

/// A name that nothing else has in the rig.
pub fn unique(what: &str) -> String {
    format!("{what}-{}", random_id())
}

/// The rig's own files.
fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("aws")
}

/// The pins of a stand-in, which benches use too.
fn pins(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(of)
}
