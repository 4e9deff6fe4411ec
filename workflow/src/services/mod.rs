//! What a Task of the engine as a product calls: functions and services behind configured endpoints, and the engine itself.
//!
//! One file per service says which requests it takes and how its answers look to a state machine. [`http`] sends a request,
//! [`sign`] signs it, [`failure`] names and words what went wrong, [`mocks`] answers in place of all of them. Which resources
//! a definition may name is not here but in [`crate::definition::integrations`].
//!
//! None of these calls can take the process with it, so none is recorded as begun again after a restart (see
//! [`Begin`](crate::driver::Begin)): however often the engine dies, no service is blamed for it.

mod dynamodb;
mod failure;
mod http;
mod json_protocol;
mod lambda;
mod metadata;
mod mocks;
mod naming;
mod parameters;
mod s3;
mod sign;
mod sns;
mod sqs;
mod step_functions;
mod xml;

use async_trait::async_trait;
use tokio::sync::SetOnce;
use url::Url;

use crate::definition::{Pattern, Resource};
use crate::driver::{Engine, Ticks};
use crate::tasks::{TaskCall, TaskError, Tasks};
use failure::unknown;
use http::{Http, Request};

pub use http::Patience;
pub use mocks::Mocks;
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

#[derive(Debug, Default)]
pub struct Config {
    pub endpoints: Endpoints,
    pub credentials: Credentials,
    pub region: String,
    pub patience: Patience,
    pub mocks: Mocks,
}

/// The services, as tasks of an engine.
pub struct Services {
    endpoints: Endpoints,
    credentials: Credentials,
    region: String,
    patience: Patience,
    mocks: Mocks,
    http: Http,
    ticks: Ticks,
    /// The engine is opened before it is here, since it is opened with these tasks.
    engine: SetOnce<Engine>,
}

/// The HTTP client cannot be made: no certificates to trust, or no memory.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made: {0}")]
pub struct NoClient(#[from] reqwest::Error);

impl Services {
    pub fn new(config: Config, ticks: Ticks) -> Result<Self, NoClient> {
        let Config { endpoints, credentials, region, patience, mocks } = config;
        let http = Http::new(&patience)?;
        Ok(Self { endpoints, credentials, region, patience, mocks, http, ticks, engine: SetOnce::new() })
    }

    /// Says which engine these are the tasks of, and by its guard what they may only look at there. Tasks that need it and
    /// were handed out before wait for it.
    pub fn begin(&self, engine: Engine) {
        let _ = self.engine.set(engine); // an error means that it has begun already
    }

    async fn engine(&self) -> &Engine {
        self.engine.wait().await
    }

    fn sign(&self, request: &mut Request, service: &str) {
        let at = jiff::Timestamp::from_millisecond(self.ticks.now()).unwrap_or_default();
        sign::sign(request, &sign::Scope { service, region: &self.region, at }, &self.credentials);
    }

    async fn call(&self, call: &TaskCall) -> Result<String, TaskError> {
        let input = &call.input;
        let Resource::Service { service, action, pattern, arn } = &call.resource else {
            return lambda::call(self, call.resource.arn(), input).await;
        };
        match (service.as_str(), action.as_str()) {
            ("lambda", "invoke") => lambda::invoke(self, input).await,
            ("sqs", "sendMessage") => sqs::send_message(self, input).await,
            ("sns", "publish") => sns::publish(self, input).await,
            ("dynamodb", "getItem" | "putItem" | "updateItem" | "deleteItem") => {
                dynamodb::item(self, action, input).await
            }
            ("states", "startExecution") => step_functions::start(self, call, *pattern).await,
            ("aws-sdk:lambda", "invoke") => lambda::sdk_invoke(self, input).await,
            ("aws-sdk:sqs", action) => sqs::sdk(self, action, input).await,
            ("aws-sdk:sns", action) => sns::sdk(self, action, input).await,
            ("aws-sdk:dynamodb", action) => dynamodb::sdk(self, action, input).await,
            ("aws-sdk:s3", action) if s3::has(action) => s3::sdk(self, action, input).await,
            ("aws-sdk:sfn", action) => step_functions::sdk(self, action, input).await,
            _ => {
                let name = naming::capital(service.trim_start_matches("aws-sdk:"));
                Err(unknown(&name, arn))
            }
        }
    }

    fn mocked(&self, call: &TaskCall) -> Option<Result<String, TaskError>> {
        let test_case = call.test_case.as_ref()?;
        self.mocks.answer(&call.machine, test_case, &call.state, call.key.attempt - 1)
    }

    /// What a mock answers. A call that a service takes first is taken, and what comes by a token comes by it.
    async fn mock(&self, call: &TaskCall, answer: Result<String, TaskError>) -> Result<String, TaskError> {
        if is_taken_first(call) {
            let taken = answer.as_ref().map_or_else(|_| "{}".to_owned(), Clone::clone);
            let _ = call.submit.submitted(taken).await; // an error means that nobody waits any more
        }
        let output = answer?;
        if let Some(token) = &call.token {
            let _ = self.engine().await.send_task_success(token, &output).await; // the same
        }
        Ok(output)
    }
}

#[async_trait]
impl Tasks for Services {
    fn at_once(&self, call: &TaskCall) -> Option<Result<String, TaskError>> {
        if is_taken_first(call) { None } else { self.mocked(call) }
    }

    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        match self.mocked(&call) {
            Some(answer) => self.mock(&call, answer).await,
            None => self.call(&call).await,
        }
    }

    fn has_test_case(&self, machine: &str, test_case: &str) -> bool {
        self.mocks.has(machine, test_case)
    }
}

/// Whether the service first takes the call, and its end comes later.
fn is_taken_first(call: &TaskCall) -> bool {
    matches!(&call.resource, Resource::Service { pattern, .. } if *pattern != Pattern::RequestResponse)
}
