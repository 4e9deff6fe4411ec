//! Where the services are that tasks of the engine call: flags, or the environment.

use std::path::PathBuf;

use url::Url;
use workflow::driver::Place;
use workflow::services::{Credentials, Endpoints, Mocks, Patience};

use crate::web_address;

/// The flags of every command that runs state machines.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(id = "services")]
pub struct Told {
    /// The account in ARNs [default: 000000000000]
    #[arg(long, env = "LOCKGATE_ACCOUNT", value_name = "ID", value_parser = account)]
    pub account: Option<String>,

    /// The region in ARNs and signatures [default: us-east-1]
    #[arg(long, env = "LOCKGATE_REGION", value_name = "REGION", value_parser = region)]
    pub region: Option<String>,

    /// Where functions are invoked
    #[arg(long, env = "LOCKGATE_LAMBDA_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub lambda_endpoint: Option<Url>,

    /// Where SQS is
    #[arg(long, env = "LOCKGATE_SQS_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub sqs_endpoint: Option<Url>,

    /// Where SNS is
    #[arg(long, env = "LOCKGATE_SNS_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub sns_endpoint: Option<Url>,

    /// Where DynamoDB is
    #[arg(long, env = "LOCKGATE_DYNAMODB_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub dynamodb_endpoint: Option<Url>,

    /// Where S3 is
    #[arg(long, env = "LOCKGATE_S3_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub s3_endpoint: Option<Url>,

    /// Mocks of service calls, as AWS's local edition takes them
    #[arg(long, env = "LOCKGATE_MOCK_CONFIG", value_name = "FILE")]
    pub mock_config: Option<PathBuf>,
}

impl Told {
    pub fn place(&self) -> Place {
        let usual = Place::default();
        Place {
            region: self.region.clone().unwrap_or(usual.region),
            account: self.account.clone().unwrap_or(usual.account),
        }
    }

    /// The services as told, with these mocks.
    pub fn services(&self, mocks: Mocks) -> workflow::services::Config {
        workflow::services::Config {
            endpoints: Endpoints {
                lambda: self.lambda_endpoint.clone(),
                sqs: self.sqs_endpoint.clone(),
                sns: self.sns_endpoint.clone(),
                dynamodb: self.dynamodb_endpoint.clone(),
                s3: self.s3_endpoint.clone(),
            },
            credentials: credentials(),
            region: self.place().region,
            patience: Patience::default(),
            mocks,
        }
    }
}

/// Whom services take us for: what AWS's own tools would send, or a name that every stand-in takes. A secret is no flag:
/// everybody on the machine could read it.
fn credentials() -> Credentials {
    let told = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (told("AWS_ACCESS_KEY_ID"), told("AWS_SECRET_ACCESS_KEY")) {
        (Some(access_key), Some(secret_key)) => {
            Credentials { access_key, secret_key, session_token: told("AWS_SESSION_TOKEN") }
        }
        _ => Credentials::default(),
    }
}

fn endpoint(text: &str) -> Result<Url, String> {
    web_address::parse(text, "http://127.0.0.1:9101")
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account has twelve digits".to_owned()) }
}

fn region(text: &str) -> Result<String, String> {
    let is_region = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_region { Ok(text.to_owned()) } else { Err("not a region such as us-east-1".to_owned()) }
}
