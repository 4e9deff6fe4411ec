//! `start`: ReadyToXcode → Transcoding, and then the execution.
//!
//! The move is written first and owes the start, which is then paid (see [`settle`]). So a start that dies in between, or
//! is doubled, starts one execution all the same.

use states::session::{Change, Session};

use super::advance::{Mover, Refusal, advance};
use super::settle;
use crate::ctx::Ctx;

/// Starts session `id` on request.
pub async fn run(ctx: &Ctx, id: &str, transition_id: String) -> Result<Session, Refusal> {
    let mover = Mover::Outside { transition_id };
    let session = advance(ctx, id, &mover, &Change::TranscodeStarted).await?;
    settle::at_once(ctx, &session).await;
    Ok(session)
}
