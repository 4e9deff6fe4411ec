//! `begin`: the workflow's first step. It lets an execution go on only while its attempt still holds, so that one that
//! was started late, or twice, ends as superseded before it touches anything.

use serde::{Deserialize, Serialize};
use states::State;
use states::session::{Progress, Stage};

use crate::ctx::Ctx;
use crate::ports::Fault;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    pub session_id: String,
    pub attempt: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    pub superseded: bool,
}

pub async fn run(ctx: &Ctx, input: Input) -> Result<Output, Fault> {
    let session = ctx.sessions.get(&input.session_id).await?;
    let holds = session
        .is_some_and(|session| session.state == State::Transcoding && session.attempt == input.attempt);
    if holds {
        let probing = Progress { permille: 0, stage: Stage::Probing, pace: None };
        ctx.sessions.progress(&input.session_id, input.attempt, probing).await?;
    }
    Ok(Output { superseded: !holds })
}
