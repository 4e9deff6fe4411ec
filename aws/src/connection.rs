//! The SDK's clients: all over one HTTP client, told the same of who we are, each asked where it always is or where the
//! environment says.
//!
//! A Lambda finds its credentials in its environment. What else an SDK would look through – profiles, the metadata of a
//! machine – is not there, and looking for it is what makes a cold start slow; so a worker, whose credentials change under
//! it, brings its own provider of them.

use activities::objects::Objects;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sfn::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;

use crate::environment::{Account, Keys, Missing};

#[derive(Clone, Debug)]
pub struct Connection {
    account: Account,
    config: SdkConfig,
}

impl Connection {
    /// By the keys that the environment holds.
    pub fn new(account: &Account) -> Result<Self, Missing> {
        let Keys { access, secret, session_token } = account.keys()?.clone();
        let keys = Credentials::new(access, secret, session_token, None, "environment");
        Ok(Self::by(account, SharedCredentialsProvider::new(keys), http_client()))
    }

    /// By keys that are asked for as they expire.
    pub fn by(account: &Account, keys: SharedCredentialsProvider, http: SharedHttpClient) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(account.region.clone()))
            .credentials_provider(keys)
            .http_client(http);
        Self { account: account.clone(), config: config.build() }
    }

    /// What a service is told, which the environment knows by this name.
    fn told(&self, service: &str) -> SdkConfig {
        let told = self.config.clone().into_builder();
        match self.account.endpoint(service) {
            Some(url) => told.endpoint_url(url).build(),
            None => told.build(),
        }
    }

    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.told("DYNAMODB"))
    }

    pub fn step_functions(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.told("SFN"))
    }

    pub fn parameters(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.told("SSM"))
    }

    pub fn transcribe(&self) -> aws_sdk_transcribe::Client {
        aws_sdk_transcribe::Client::new(&self.told("TRANSCRIBE"))
    }

    pub fn letters(&self) -> aws_sdk_sesv2::Client {
        aws_sdk_sesv2::Client::new(&self.told("SESV2"))
    }

    /// The pool of people.
    pub fn people(&self) -> aws_sdk_cognitoidentityprovider::Client {
        aws_sdk_cognitoidentityprovider::Client::new(&self.told("COGNITO_IDENTITY_PROVIDER"))
    }

    pub fn objects(&self) -> Objects {
        use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
        let told = self.told("S3");
        let config = Builder::from(&told)
            // As locally: what is written carries its SHA-256 where that is known.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(told.endpoint_url().is_some()); // a stand-in has one host only
        let client = aws_sdk_s3::Client::from_conf(config.build());
        Objects::new(client.clone(), client)
    }
}

pub fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https()
}
