//! Step Functions itself: executions that executions start, and `aws-sdk:sfn:…`. Both are done by this very engine.
//!
//! A child's name follows from the parent and the try that starts it. So a task that is given out again after a restart
//! finds the child that runs already, and waits for it as if nothing had happened.

use std::time::Duration;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Services;
use super::failure::{Refusal, all, failed};
use super::http::Answer;
use super::metadata::metadata;
use super::naming;
use super::parameters::Parameters;
use crate::api;
use crate::definition::Pattern;
use crate::driver::{Engine, Error, Started};
use crate::errors::TASK_FAILED;
use crate::journal::RunStatus;
use crate::tasks::{TaskCall, TaskError};

/// How long to leave an engine alone that cannot take more in, or whose journal does not write.
const PAUSE: Duration = Duration::from_millis(50);
/// Fields of the API that are text and may be given as JSON.
const TEXTS: [&str; 5] = ["Input", "Output", "Definition", "Cause", "Context"];
/// Fields of the API that are instants.
const INSTANTS: [&str; 6] =
    ["StartDate", "StopDate", "CreationDate", "UpdateDate", "RedriveDate", "Timestamp"];
/// What stands in this field is named by its users.
const BY_STATE: &str = "VariableReferences";

/// `states:startExecution` in all its patterns.
pub(super) async fn start(
    services: &Services,
    call: &TaskCall,
    pattern: Pattern,
) -> Result<String, TaskError> {
    let engine = services.engine().await;
    let parameters = Parameters::read(&call.input)?;
    let machine = parameters.need_text("StateMachineArn")?;
    let name = parameters.text("Name")?.map_or_else(|| name_of(call), ToOwned::to_owned);
    let input = parameters.get("Input").map_or_else(|| "{}".to_owned(), naming::as_text);
    let started = begin(engine, call, machine, &name, &input).await?;
    let submitted = submitted(engine, &started);
    match pattern {
        Pattern::RequestResponse | Pattern::WaitForTaskToken => Ok(submitted),
        Pattern::Sync | Pattern::Sync2 => {
            let child = Child { engine, arn: Some(started.arn) };
            say_submitted(call, submitted).await;
            child.ended(pattern).await
        }
    }
}

/// The name of a child that was given none.
fn name_of(call: &TaskCall) -> String {
    let key = call.key;
    let of = format!("{}/{}/{}/{}", call.execution_arn, key.frame, key.entered, key.attempt);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, of.as_bytes()).to_string()
}

/// Starts the child, or finds the one that this very try has started before the engine died.
async fn begin(
    engine: &Engine,
    call: &TaskCall,
    machine: &str,
    name: &str,
    input: &str,
) -> Result<Started, TaskError> {
    loop {
        match engine.start_execution(machine, Some(name), input).await {
            Ok(started) => return Ok(started),
            Err(Error::Busy | Error::Journal(_)) => tokio::time::sleep(PAUSE).await,
            Err(Error::Closed) => std::future::pending().await,
            Err(Error::ExecutionExists(arn)) if call.begin.is_again() => {
                let standing =
                    engine.describe_execution(&arn).await.map_err(|error| refused(engine, error))?;
                if standing.input.as_deref() != Some(input) {
                    return Err(refused(engine, Error::ExecutionExists(arn)));
                }
                return Ok(Started { arn, start_date: standing.started, existed: true });
            }
            Err(error) => return Err(refused(engine, error)),
        }
    }
}

/// What the API answered to the start.
fn submitted(engine: &Engine, started: &Started) -> String {
    let body =
        json!({"executionArn": started.arn, "startDate": started.start_date as f64 / 1000.0}).to_string();
    let answer = Answer::of_json(engine.new_id(), body);
    let mut fields = metadata(&answer);
    fields.insert("ExecutionArn".to_owned(), started.arn.as_str().into());
    fields.insert("StartDate".to_owned(), started.start_date.into());
    Value::from(naming::sorted(fields)).to_string()
}

/// Returns when it is durable, or nobody waits for it any more.
async fn say_submitted(call: &TaskCall, output: String) {
    while let Err(Error::Journal(_) | Error::Busy) = call.submit.submitted(output.clone()).await {
        tokio::time::sleep(PAUSE).await;
    }
}

/// A child whose end is awaited. When nobody awaits it any more, because the parent was stopped or timed out, the child is
/// stopped too. An engine that ends takes no such command any more: its children go on with the next one.
struct Child<'a> {
    engine: &'a Engine,
    /// Until its end is known.
    arn: Option<String>,
}

impl Child<'_> {
    async fn ended(mut self, pattern: Pattern) -> Result<String, TaskError> {
        let arn = self.arn.clone().unwrap_or_default();
        let description = loop {
            match self.engine.closed(&arn).await {
                Ok(description) => break description,
                Err(Error::Busy | Error::Journal(_)) => tokio::time::sleep(PAUSE).await,
                Err(Error::Closed) => std::future::pending().await,
                Err(error) => return Err(refused(self.engine, error)),
            }
        };
        self.arn = None;
        let asked = json!({"executionArn": arn}).to_string();
        let said = api::ask(self.engine, "DescribeExecution", &asked).await;
        let said = said.map_err(|failure| self::said(self.engine, &failure))?;
        let Value::Object(said) = shown(said, |at| at.into()) else { unreachable!("an answer is an object") };
        let mut said = naming::sorted(said);
        if description.status != RunStatus::Succeeded {
            return Err(failed(TASK_FAILED, Value::from(said).to_string()));
        }
        if pattern == Pattern::Sync2 {
            for field in ["Input", "Output"] {
                if let Some(value) = said.get_mut(field)
                    && let Some(parsed) = value.as_str().and_then(|text| serde_json::from_str(text).ok())
                {
                    *value = parsed;
                }
            }
        }
        Ok(Value::from(said).to_string())
    }
}

impl Drop for Child<'_> {
    fn drop(&mut self) {
        if let Some(arn) = self.arn.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let engine = self.engine.clone();
            runtime.spawn(async move {
                if let Err(error) = engine.stop_execution(&arn, None, None).await {
                    tracing::debug!(%arn, %error, "a child whose parent is gone was not stopped");
                }
            });
        }
    }
}

/// `aws-sdk:sfn:ACTION`: the engine's own API.
pub(super) async fn sdk(services: &Services, action: &str, input: &str) -> Result<String, TaskError> {
    let engine = services.engine().await;
    let mut parameters = Parameters::read(input)?.0;
    for field in TEXTS {
        if let Some(value) = parameters.get_mut(field) {
            *value = naming::as_text(value).into();
        }
    }
    let body = naming::renamed(parameters.into(), naming::small).to_string();
    let answer = api::ask(engine, &naming::capital(action), &body).await;
    let answer = answer
        .map_err(|failure| refusal_of(&failure, engine.new_id().to_string()).in_new_words("Sfn", all))?;
    Ok(shown(answer, |at| naming::instant(at).into()).to_string())
}

/// An answer of the API with the SDK's names, and its instants in the form `instant`.
fn shown(value: Value, instant: fn(crate::Millis) -> Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let name = naming::shown(&name);
                let value = match value.as_f64().filter(|_| INSTANTS.contains(&name.as_str())) {
                    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our age fit")]
                    Some(seconds) => instant((seconds * 1000.0).round() as crate::Millis),
                    None if name == BY_STATE => value,
                    None => shown(value, instant),
                };
                (name, value)
            };
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(|item| shown(item, instant)).collect(),
        other => other,
    }
}

fn refused(engine: &Engine, error: Error) -> TaskError {
    said(engine, &api::Failure::from(error))
}

fn said(engine: &Engine, failure: &api::Failure) -> TaskError {
    refusal_of(failure, engine.new_id().to_string()).in_old_words(
        "StepFunctions",
        "AWSStepFunctions",
        "AWSStepFunctionsException",
        all,
    )
}

/// What the API refused by; `request` is the id of the request, which it would have told a client.
fn refusal_of(failure: &api::Failure, request: String) -> Refusal {
    Refusal {
        code: Some(failure.kind().to_owned()),
        message: Some(failure.message().to_owned()),
        status: failure.status(),
        request_id: Some(request),
    }
}
