//! The HTTP API, by requests to its router: what a client sends and gets, byte for byte where it matters.

mod aliases;
mod express;
mod guard;
mod machines;
mod map_runs;
mod redrive;
mod tags;
mod test_state;
mod validation;
mod versions;
mod wire;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::rig::Rig;

pub(crate) struct Client {
    pub(crate) rig: Rig,
    router: axum::Router,
}

impl Client {
    pub(crate) async fn new() -> Self {
        Self::of(Rig::new().await)
    }

    pub(crate) fn of(rig: Rig) -> Self {
        let router = workflow::api::router(rig.engine.read_only(["ours".to_owned()]));
        Self { rig, router }
    }

    pub(crate) async fn send(&self, target: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let request = Request::post("/").header("x-amz-target", target).body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.0");
        assert!(response.headers().contains_key("x-amzn-requestid"));
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    pub(crate) async fn call(&self, operation: &str, params: Value) -> Value {
        let (status, answer) = self.send(&format!("AWSStepFunctions.{operation}"), params.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{operation}: {answer}");
        answer
    }

    /// The error's type and message.
    pub(crate) async fn refused(&self, operation: &str, params: Value) -> (String, String) {
        let (status, answer) = self.send(&format!("AWSStepFunctions.{operation}"), params.to_string()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{operation}: {answer}");
        (answer["__type"].as_str().unwrap().into(), answer["message"].as_str().unwrap().into())
    }

    pub(crate) async fn machine(&self, name: &str, definition: &str) -> String {
        let params =
            json!({ "name": name, "definition": definition, "roleArn": "arn:aws:iam::000000000000:role/r" });
        self.call("CreateStateMachine", params).await["stateMachineArn"].as_str().unwrap().into()
    }
}

pub(crate) const ROLE: &str = "arn:aws:iam::000000000000:role/r";

/// A machine of one state, which others tell apart by its comment.
pub(crate) fn pass(comment: &str) -> String {
    json!({ "Comment": comment, "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } })
        .to_string()
}
