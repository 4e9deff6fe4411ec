//! The session workflow on Step Functions. Locally the same port is our own engine, which answers the same API, so that
//! this adapter runs against both.

use std::sync::{Arc, Mutex};

use activities::ports::{Awaited, Driver, Execution, Fault, HistoryPage, Machine, Status, Stopped, Task};
use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_sfn::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sfn::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::DateTime;
use serde_json::Value;
use states::{Activity, Timestamp};

/// Events of one page of a history: as many as Step Functions gives.
const PAGE: i32 = 1000;

pub struct StepFunctions {
    client: Client,
    machine: String,
}

impl StepFunctions {
    /// Executions of the state machine with the ARN `machine`.
    pub fn new(client: Client, machine: &str) -> Self {
        Self { client, machine: machine.to_owned() }
    }

    fn arn(&self, name: &str) -> String {
        format!("{}:{name}", self.machine.replacen(":stateMachine:", ":execution:", 1))
    }

    /// The activity whose workers do this; it is named after the state machine.
    fn activity(&self, activity: Activity) -> String {
        format!("{}-{activity}", self.machine.replacen(":stateMachine:", ":activity:", 1))
    }
}

/// The trace of the event that a function has in hand, which its runtime writes there: the execution goes on with it.
fn trace() -> Option<String> {
    std::env::var("_X_AMZN_TRACE_ID").ok()
}

#[async_trait]
impl Driver for StepFunctions {
    async fn start(&self, machine: Machine, name: &str, input: &str) -> Result<(), Fault> {
        let arn = match machine {
            Machine::Session => self.machine.clone(),
            Machine::Notify => format!("{}-notify", self.machine), // named after the other, as activities are
        };
        let start = self.client.start_execution().state_machine_arn(arn).name(name).input(input);
        match start.set_trace_header(trace()).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_execution_already_exists()) =>
            {
                Ok(())
            }
            Err(error) => Err(fault(error)),
        }
    }

    async fn describe(&self, name: &str) -> Result<Option<Execution>, Fault> {
        let arn = self.arn(name);
        let described = match self.client.describe_execution().execution_arn(&arn).send().await {
            Ok(described) => described,
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_execution_does_not_exist()) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(fault(error)),
        };
        let machine = self
            .client
            .describe_state_machine_for_execution()
            .execution_arn(&arn)
            .send()
            .await
            .map_err(fault)?;
        Ok(Some(Execution {
            name: name.to_owned(),
            status: status(described.status.as_str())?,
            definition: machine.definition,
            input: described.input,
            output: described.output,
            error: described.error,
            cause: described.cause,
            started_at: instant(described.start_date),
            stopped_at: described.stop_date.map(instant),
        }))
    }

    async fn history(&self, name: &str, after: Option<&str>) -> Result<Option<HistoryPage>, Fault> {
        let body = Body::default();
        let get = self.client.get_execution_history().execution_arn(self.arn(name)).max_results(PAGE);
        let get = get.set_next_token(after.map(ToOwned::to_owned)).customize().interceptor(body.clone());
        match get.send().await {
            Ok(page) => Ok(Some(HistoryPage { events: body.events()?, next: page.next_token })),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_execution_does_not_exist()) =>
            {
                Ok(None)
            }
            Err(error) => Err(fault(error)),
        }
    }

    async fn stop(&self, name: &str, error: &str, cause: &str) -> Result<Stopped, Fault> {
        let stop = self.client.stop_execution().execution_arn(self.arn(name)).error(error).cause(cause);
        match stop.send().await {
            Ok(_) => Ok(Stopped::Closed),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_execution_does_not_exist()) =>
            {
                Ok(Stopped::NotFound)
            }
            Err(error) => Err(fault(error)),
        }
    }

    async fn next_task(&self, activity: Activity) -> Result<Option<Task>, Fault> {
        let poll = self.client.get_activity_task().activity_arn(self.activity(activity));
        let answer = poll.worker_name("lockgate").send().await.map_err(fault)?;
        Ok(answer.task_token.zip(answer.input).map(|(token, input)| Task { token, input }))
    }

    async fn beat(&self, token: &str) -> Result<Awaited, Fault> {
        awaited(self.client.send_task_heartbeat().task_token(token).send().await)
    }

    async fn succeed(&self, token: &str, output: &str) -> Result<Awaited, Fault> {
        awaited(self.client.send_task_success().task_token(token).output(output).send().await)
    }

    async fn fail(&self, token: &str, error: &str, cause: &str) -> Result<Awaited, Fault> {
        awaited(self.client.send_task_failure().task_token(token).error(error).cause(cause).send().await)
    }
}

/// Whether a task is still waited for, by what is said to its token.
fn awaited<T, E: ProvideErrorMetadata + std::error::Error>(said: Result<T, E>) -> Result<Awaited, Fault> {
    match said {
        Ok(_) => Ok(Awaited::Yes),
        Err(error) if matches!(error.code(), Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken")) => {
            Ok(Awaited::NoMore)
        }
        Err(error) => Err(fault(error)),
    }
}

/// The answer as it came. The SDK makes types of the events that only it can read; what is shown to people is what Step
/// Functions has said.
#[derive(Clone, Debug, Default)]
struct Body(Arc<Mutex<Vec<u8>>>);

impl Body {
    fn events(&self) -> Result<Vec<Value>, Fault> {
        #[derive(serde::Deserialize)]
        struct Page {
            events: Vec<Value>,
        }
        let body = self.0.lock().expect("nothing panics while it holds the body");
        let page: Page = serde_json::from_slice(&body).map_err(|error| unavailable(error.to_string()))?;
        Ok(page.events)
    }
}

impl Intercept for Body {
    fn name(&self) -> &'static str {
        "Body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().expect("nothing panics while it holds the body") = body.to_vec();
        Ok(())
    }
}

/// A redrive leaves an execution to be begun again; that is not ours to ask for, and it runs then.
fn status(status: &str) -> Result<Status, Fault> {
    match status {
        "PENDING_REDRIVE" => Ok(Status::Running),
        status => status.parse().map_err(|_| unavailable(format!("an execution is {status}"))),
    }
}

fn instant(time: DateTime) -> Timestamp {
    time.to_millis()
        .ok()
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
        .unwrap_or(Timestamp::MAX)
}

fn fault(error: impl std::error::Error) -> Fault {
    unavailable(DisplayErrorContext(error).to_string())
}

fn unavailable(why: String) -> Fault {
    Fault::Unavailable { what: "workflow", why }
}
