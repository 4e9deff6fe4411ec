//! Results that come back by a task's token.

use serde_json::{Value, json};

use super::error::Failure;
use super::params::Params;
use crate::driver::Engine;

pub(super) async fn success(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.send_task_success(params.text("taskToken"), params.text("output")).await?;
    Ok(json!({}))
}

pub(super) async fn failure(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (error, cause) = (params.optional("error"), params.optional("cause"));
    engine.send_task_failure(params.text("taskToken"), error, cause).await?;
    Ok(json!({}))
}

pub(super) async fn heartbeat(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.send_task_heartbeat(params.text("taskToken")).await?;
    Ok(json!({}))
}
