//! `finish`: Transcoding → Done, the workflow's last step. It writes the manifest; only what the manifest names counts.

use serde::{Deserialize, Serialize};
use states::session::{self, Change};

use crate::advance::{Mover, Refusal, advance};
use crate::clock::random_id;
use crate::ctx::Ctx;
use crate::settle;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    pub session_id: String,
    pub attempt: u32,
    pub work: Work,
}

/// What the media work has made and verified.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Work {
    pub outputs: Vec<session::Output>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    pub superseded: bool,
}

pub async fn run(ctx: &Ctx, input: Input) -> Result<Output, Refusal> {
    let mover = Mover::Attempt { attempt: input.attempt, transition_id: random_id() };
    match advance(ctx, &input.session_id, &mover, &Change::TranscodeSucceeded(input.work.outputs)).await {
        Ok(session) => {
            settle::at_once(ctx, &session).await;
            Ok(Output { superseded: false })
        }
        Err(Refusal::Superseded { .. } | Refusal::Deleted(_) | Refusal::Unknown(_)) => {
            Ok(Output { superseded: true })
        }
        Err(refusal) => Err(refusal),
    }
}
