//! How an activity of an attempt ends its session: by the attempt's own move, or not at all. A move that comes after the
//! attempt is over is superseded, which to the workflow is success: no Retry, no Catch. What the late one has written is
//! deleted by the debts of the move that overtook it.

use serde::Serialize;
use states::Session;
use states::session::Change;

use super::advance::{Mover, Refusal, advance};
use super::settle;
use crate::clock::random_id;
use crate::ctx::Ctx;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    pub superseded: bool,
}

/// Moves the session by `change`, unless the attempt is over. Answers with the session where it was moved.
pub(crate) async fn end(
    ctx: &Ctx,
    id: &str,
    attempt: u32,
    change: &Change,
) -> Result<Option<Session>, Refusal> {
    let mover = Mover::Attempt { attempt, transition_id: random_id() };
    match advance(ctx, id, &mover, change).await {
        Ok(session) => {
            settle::at_once(ctx, &session).await;
            Ok(Some(session))
        }
        Err(Refusal::Superseded { .. } | Refusal::Deleted(_) | Refusal::Unknown(_)) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
