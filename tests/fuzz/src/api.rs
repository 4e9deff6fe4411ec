//! The API: any operations with any bodies, one after the other, against an engine of their own. Each is answered, by a
//! result or by an error that says of which kind it is; none is answered by an accident of ours.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use workflow::driver::{Config, Engine, Hand, Ticks};
use workflow::journal::MemoryJournal;
use workflow::tasks::{TaskCall, TaskError, Tasks};

/// A request that is not answered after so many hours is never answered.
const PATIENCE: u32 = 2000;

/// Every task answers what it was given.
struct Echo;

#[async_trait]
impl Tasks for Echo {
    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        Ok(call.input.to_string())
    }
}

pub(crate) fn run(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime is made").block_on(ask_all(data));
}

async fn ask_all(data: &[u8]) {
    let (ticks, hand) = Ticks::manual(1_700_000_000_000, 1);
    let engine = Engine::open(MemoryJournal::default(), Arc::new(Echo), ticks, Config::default()).await;
    let router = workflow::api::router(engine.expect("an empty journal opens"));
    for (operation, params) in furniture() {
        let (status, answer) = ask(&router, &hand, operation, params.to_string().into_bytes()).await;
        assert_eq!(status, StatusCode::OK, "{operation}: {answer}");
    }
    for line in data.split(|byte| *byte == b'\n') {
        let space = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let (operation, body) = line.split_at(space);
        let Ok(operation) = std::str::from_utf8(operation) else { continue };
        let (status, answer) = ask(&router, &hand, operation, body.to_vec()).await;
        let is_typed = answer["__type"].is_string() && answer["message"].is_string();
        assert!(
            status.is_success() || (status.is_client_error() && is_typed),
            "{operation}: {status} {answer}"
        );
    }
}

/// Something to name: a machine of each kind, an execution that waits for an activity, and the activity.
fn furniture() -> [(&'static str, Value); 5] {
    const ARN: &str = "arn:aws:states:us-east-1:000000000000";
    let role = "arn:aws:iam::000000000000:role/r";
    let state = json!({"Type": "Task", "Resource": format!("{ARN}:activity:a"), "End": true});
    let waits = json!({"StartAt": "A", "States": {"A": state}}).to_string();
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    [
        ("CreateActivity", json!({"name": "a"})),
        ("CreateStateMachine", json!({"name": "m", "definition": waits, "roleArn": role, "publish": true})),
        ("CreateStateMachine", json!({"name": "x", "definition": pass, "roleArn": role, "type": "EXPRESS"})),
        (
            "CreateStateMachineAlias",
            json!({"name": "live", "routingConfiguration": [{"stateMachineVersionArn": format!("{ARN}:stateMachine:m:1"), "weight": 100}]}),
        ),
        ("StartExecution", json!({"stateMachineArn": format!("{ARN}:stateMachine:m"), "name": "e"})),
    ]
}

async fn ask(router: &Router, hand: &Hand, operation: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let request = Request::post("/").header("x-amz-target", format!("AWSStepFunctions.{operation}"));
    // What is no header is refused before it comes here.
    let Ok(request) = request.body(Body::from(body)) else { return (StatusCode::BAD_REQUEST, refused()) };
    let mut answer = pin!(router.clone().oneshot(request));
    for _ in 0..PATIENCE {
        tokio::select! {
            biased;
            answer = &mut answer => return read(answer).await,
            // Whoever waits for the clock, waits for this.
            () = tokio::time::sleep(Duration::from_millis(1)) => hand.advance(Duration::from_hours(1)),
        }
    }
    panic!("{operation} is never answered");
}

fn refused() -> Value {
    json!({"__type": "InvalidHeader", "message": "The target is no header."})
}

async fn read<E: std::fmt::Debug>(answer: Result<axum::response::Response, E>) -> (StatusCode, Value) {
    let answer = answer.expect("a router answers");
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("the answer has a body");
    (status, serde_json::from_slice(&body).expect("the answer is JSON"))
}
