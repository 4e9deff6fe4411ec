//! `cancel`: ends a session that has not ended. The move owes the stop of the execution; work that is under way notices
//! at its next progress write, if the stop has not reached it before.

use states::session::{Change, Session};

use super::advance::{Mover, Refusal, advance};
use super::settle;
use crate::ctx::Ctx;

pub async fn run(ctx: &Ctx, id: &str, transition_id: String) -> Result<Session, Refusal> {
    let mover = Mover::Outside { transition_id };
    let session = advance(ctx, id, &mover, &Change::Cancelled).await?;
    settle::at_once(ctx, &session).await;
    Ok(session)
}
