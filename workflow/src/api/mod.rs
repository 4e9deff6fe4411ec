//! The Step Functions HTTP API over an [`Engine`]: AWS JSON 1.0, so that the aws CLI and the SDKs work by endpoint URL.
//!
//! [`answer`] is the contents page: one line per operation. Signatures are not checked: the listener is loopback's.
//! Not here: listening, and limits on connections and headers; who serves the router brings them.

mod activities;
mod aliases;
mod answers;
mod callbacks;
mod error;
mod executions;
mod map_runs;
mod mocks;
mod model;
mod params;
mod settings;
mod shape;
mod state_machines;
mod tags;
mod test_state;
mod validation;
mod versions;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;

use crate::Millis;
use crate::driver::Engine;
pub(crate) use error::Failure;
use model::{BODY, OPERATIONS, Operation};
use params::Params;

const TARGET: &str = "x-amz-target";
const PREFIX: &str = "AWSStepFunctions.";
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// Serves the API. What its callers may only look at, the engine has been told ([`Engine::read_only`]).
pub fn router(engine: Engine) -> Router {
    Router::new().route("/", post(serve)).fallback(nothing_here).with_state(engine)
}

/// The names of all operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|(name, _)| *name)
}

fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|(known, _)| *known == name)
}

async fn serve(State(engine): State<Engine>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match handle(&engine, &head.headers, body).await {
        Ok(answer) => respond(&engine, StatusCode::OK, &answer),
        Err(failure) => respond(&engine, failure.status, &failure.body()),
    }
}

async fn nothing_here(State(engine): State<Engine>) -> Response {
    let failure = Failure::unknown_operation();
    respond(&engine, StatusCode::NOT_FOUND, &failure.body())
}

async fn handle(engine: &Engine, headers: &HeaderMap, body: Body) -> Result<Value, Failure> {
    let target = headers.get(TARGET).and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| operation(target.strip_prefix(PREFIX)?));
    let operation = operation.ok_or_else(Failure::unknown_operation)?;
    let body = read(headers, body).await?;
    answer(engine, operation.0, &Params::parse(operation, &body)?).await
}

/// One operation, asked by a task of this very engine; the body is JSON.
pub(crate) async fn ask(engine: &Engine, name: &str, body: &str) -> Result<Value, Failure> {
    let operation = operation(name).ok_or_else(Failure::unknown_operation)?;
    answer(engine, operation.0, &Params::parse(operation, body.as_bytes())?).await
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > BODY) {
        return Err(Failure::too_large(BODY));
    }
    axum::body::to_bytes(body, BODY).await.map_err(|_| Failure::too_large(BODY))
}

async fn answer(engine: &Engine, operation: &str, params: &Params) -> Result<Value, Failure> {
    match operation {
        "CreateStateMachine" => state_machines::create(engine, params).await,
        "UpdateStateMachine" => state_machines::update(engine, params).await,
        "DescribeStateMachine" => state_machines::describe(engine, params).await,
        "DescribeStateMachineForExecution" => state_machines::describe_for_execution(engine, params).await,
        "ListStateMachines" => state_machines::list(engine, params).await,
        "TestState" => test_state::test_state(engine, params).await,
        "ValidateStateMachineDefinition" => Ok(validation::validate(params)),
        "DeleteStateMachine" => state_machines::delete(engine, params).await,

        "PublishStateMachineVersion" => versions::publish(engine, params).await,
        "ListStateMachineVersions" => versions::list(engine, params).await,
        "DeleteStateMachineVersion" => versions::delete(engine, params).await,

        "CreateStateMachineAlias" => aliases::create(engine, params).await,
        "UpdateStateMachineAlias" => aliases::update(engine, params).await,
        "DescribeStateMachineAlias" => aliases::describe(engine, params).await,
        "ListStateMachineAliases" => aliases::list(engine, params).await,
        "DeleteStateMachineAlias" => aliases::delete(engine, params).await,

        "TagResource" => tags::tag(engine, params).await,
        "UntagResource" => tags::untag(engine, params).await,
        "ListTagsForResource" => tags::list(engine, params).await,

        "StartExecution" => executions::start(engine, params).await,
        "StartSyncExecution" => executions::start_sync(engine, params).await,
        "RedriveExecution" => executions::redrive(engine, params).await,
        "DescribeExecution" => executions::describe(engine, params).await,
        "ListExecutions" => executions::list(engine, params).await,
        "GetExecutionHistory" => executions::history(engine, params).await,
        "StopExecution" => executions::stop(engine, params).await,

        "DescribeMapRun" => map_runs::describe(engine, params).await,
        "ListMapRuns" => map_runs::list(engine, params).await,
        "UpdateMapRun" => map_runs::update(engine, params).await,

        "CreateActivity" => activities::create(engine, params).await,
        "DescribeActivity" => activities::describe(engine, params).await,
        "ListActivities" => activities::list(engine, params).await,
        "DeleteActivity" => activities::delete(engine, params).await,
        "GetActivityTask" => activities::get_task(engine, params).await,

        "SendTaskSuccess" => callbacks::success(engine, params).await,
        "SendTaskFailure" => callbacks::failure(engine, params).await,
        "SendTaskHeartbeat" => callbacks::heartbeat(engine, params).await,

        _ => Err(Failure::unknown_operation()),
    }
}

fn respond(engine: &Engine, status: StatusCode, body: &Value) -> Response {
    let id = engine.new_id().to_string();
    let id = HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"));
    let headers =
        [(header::CONTENT_TYPE, CONTENT_TYPE), (header::HeaderName::from_static("x-amzn-requestid"), id)];
    (status, headers, body.to_string()).into_response()
}

fn set_next(answer: &mut Value, next: Option<String>) {
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
}

/// An instant as AWS JSON writes it: seconds, with a fraction.
fn seconds(at: Millis) -> Value {
    Value::from(at as f64 / 1000.0)
}
