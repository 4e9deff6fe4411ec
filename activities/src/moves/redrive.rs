//! `redrive`: Failed → Transcoding as the next attempt, for a confirmed upload whose problem can pass. Always a new
//! execution of the current document; the attempt in its name and input shuts out whatever the old one still does.

use states::session::{Change, Session};

use super::advance::{Mover, Refusal, advance};
use super::settle;
use crate::ctx::Ctx;

pub async fn run(ctx: &Ctx, id: &str, transition_id: String) -> Result<Session, Refusal> {
    let mover = Mover::Outside { transition_id };
    let session = advance(ctx, id, &mover, &Change::Redriven).await?;
    settle::at_once(ctx, &session).await;
    Ok(session)
}
