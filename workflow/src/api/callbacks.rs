//! Results that come back by a task's token.

use serde_json::{Value, json};

use super::BODY;
use super::error::Failure;
use super::params::Params;
use crate::driver::Engine;

const TOKEN: usize = 2048;
const ERROR: usize = 256;
const CAUSE: usize = 32_768;

pub(super) async fn success(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.send_task_success(params.text("taskToken", TOKEN)?, params.text("output", BODY)?).await?;
    Ok(json!({}))
}

pub(super) async fn failure(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let (error, cause) = (params.optional("error", ERROR)?, params.optional("cause", CAUSE)?);
    engine.send_task_failure(params.text("taskToken", TOKEN)?, error, cause).await?;
    Ok(json!({}))
}

pub(super) async fn heartbeat(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.send_task_heartbeat(params.text("taskToken", TOKEN)?).await?;
    Ok(json!({}))
}
