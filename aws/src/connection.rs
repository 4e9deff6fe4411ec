//! The SDK's clients, all over one HTTP client and told the same of who we are.
//!
//! Credentials are those that a Lambda finds in its environment. What else an SDK would look through – profiles, the
//! metadata of a machine – is not there, and looking for it is what makes a cold start slow.

use activities::objects::Objects;
use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::environment::Account;

#[derive(Clone, Debug)]
pub struct Connection {
    account: Account,
    http: SharedHttpClient,
}

impl Connection {
    pub fn new(account: &Account) -> Self {
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
        Self { account: account.clone(), http }
    }

    fn credentials(&self) -> Credentials {
        let Account { access_key, secret_key, session_token, .. } = &self.account;
        Credentials::new(access_key, secret_key, session_token.clone(), None, "environment")
    }

    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region};
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.account.region.clone()))
            .credentials_provider(self.credentials())
            .http_client(self.http.clone());
        let config = match self.account.endpoint("DYNAMODB") {
            Some(url) => config.endpoint_url(url),
            None => config,
        };
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    pub fn step_functions(&self) -> aws_sdk_sfn::Client {
        use aws_sdk_sfn::config::{BehaviorVersion, Builder, Region};
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.account.region.clone()))
            .credentials_provider(self.credentials())
            .http_client(self.http.clone());
        let config = match self.account.endpoint("SFN") {
            Some(url) => config.endpoint_url(url),
            None => config,
        };
        aws_sdk_sfn::Client::from_conf(config.build())
    }

    pub fn objects(&self) -> Objects {
        use aws_sdk_s3::config::{
            BehaviorVersion, Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        };
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.account.region.clone()))
            .credentials_provider(self.credentials())
            .http_client(self.http.clone())
            // As locally: what is written carries its SHA-256 where that is known.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let config = match self.account.endpoint("S3") {
            Some(url) => config.endpoint_url(url).force_path_style(true), // a stand-in has one host only
            None => config,
        };
        let client = aws_sdk_s3::Client::from_conf(config.build());
        Objects::new(client.clone(), client)
    }
}
