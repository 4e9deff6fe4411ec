//! `finish`: Transcoding → Done, the workflow's last step. It writes the manifest; only what the manifest names counts.

use serde::Deserialize;
use states::session::Change;

use super::advance::Refusal;
use super::ending::{self, Output};
use crate::ctx::Ctx;
use crate::making::meter;
use crate::making::step::Made;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    pub session_id: String,
    pub attempt: u32,
    pub work: Made,
}

pub async fn run(ctx: &Ctx, input: Input) -> Result<Output, Refusal> {
    let Made { outputs, written_at } = input.work;
    let change = Change::TranscodeSucceeded(outputs);
    let ended = ending::end(ctx, &input.session_id, input.attempt, &change).await?;
    if let (Some(session), Some(written_at)) = (&ended, written_at) {
        meter::took(meter::LAST_BYTE_TO_DONE, written_at, session.since());
    }
    Ok(Output { superseded: ended.is_none() })
}
