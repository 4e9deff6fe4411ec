//! What a Task of the engine as a product calls: functions and services behind configured endpoints.
//!
//! One file per service says which requests it takes and how its answers look to a state machine. [`http`] sends a request,
//! [`sign`] signs it, [`failure`] names and words what went wrong. Which resources a definition may name is not here but in
//! [`crate::definition`].
//!
//! None of these calls can take the process with it, so none is recorded as begun again after a restart (see
//! [`Begin`](crate::driver::Begin)): however often the engine dies, no service is blamed for it.

mod failure;
mod http;
mod lambda;
mod metadata;
mod parameters;
mod sign;

use async_trait::async_trait;
use url::Url;

use crate::definition::{Pattern, Resource};
use crate::driver::Ticks;
use crate::tasks::{TaskCall, TaskError, Tasks};
use failure::failed;
use http::{Http, Request};

pub use http::Patience;
pub use sign::Credentials;

/// Where each service is; one that is nowhere refuses its tasks.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    pub lambda: Option<Url>,
    pub sqs: Option<Url>,
    pub sns: Option<Url>,
    pub dynamodb: Option<Url>,
    pub s3: Option<Url>,
}

#[derive(Clone, Debug, Default)]
pub struct Config {
    pub endpoints: Endpoints,
    pub credentials: Credentials,
    pub region: String,
    pub patience: Patience,
}

/// The services, as tasks of an engine.
pub struct Services {
    endpoints: Endpoints,
    credentials: Credentials,
    region: String,
    patience: Patience,
    http: Http,
    ticks: Ticks,
}

/// The HTTP client cannot be made: no certificates to trust, or no memory.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made: {0}")]
pub struct NoClient(#[from] reqwest::Error);

impl Services {
    pub fn new(config: Config, ticks: Ticks) -> Result<Self, NoClient> {
        let Config { endpoints, credentials, region, patience } = config;
        let http = Http::new(&patience)?;
        Ok(Self { endpoints, credentials, region, patience, http, ticks })
    }

    fn sign(&self, request: &mut Request, service: &str) {
        let at = jiff::Timestamp::from_millisecond(self.ticks.now()).unwrap_or_default();
        sign::sign(request, &sign::Scope { service, region: &self.region, at }, &self.credentials);
    }
}

#[async_trait]
impl Tasks for Services {
    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        match &call.resource {
            Resource::Lambda { arn, .. } => lambda::call(self, arn, &call.input).await,
            Resource::Service { service, action, pattern, arn } => {
                match (service.as_str(), action.as_str(), pattern) {
                    ("lambda", "invoke", Pattern::RequestResponse | Pattern::WaitForTaskToken) => {
                        lambda::invoke(self, &call.input).await
                    }
                    ("aws-sdk:lambda", "invoke", _) => lambda::sdk_invoke(self, &call.input).await,
                    _ => Err(nobody(arn)),
                }
            }
            Resource::Activity { arn } => Err(nobody(arn)),
        }
    }
}

/// A resource that this engine cannot call.
fn nobody(arn: &str) -> TaskError {
    failed("States.Runtime", format!("This engine has nothing that does {arn}."))
}
