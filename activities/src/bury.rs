//! Deleting a session: cancel it if it has not ended, then leave a tombstone that owes the end of its execution and of
//! its objects. Deleting twice is deleting once.

use states::Session;

use crate::advance::Refusal;
use crate::cancel;
use crate::ctx::Ctx;
use crate::ports::{Fault, Guard, Written};
use crate::settle;

/// Rounds before giving up on a record that keeps moving.
const ROUNDS: usize = 8;

pub async fn run(ctx: &Ctx, id: &str, transition_id: String) -> Result<(), Refusal> {
    for _ in 0..ROUNDS {
        let session = ctx.sessions.get(id).await?.ok_or_else(|| Refusal::Unknown(id.to_owned()))?;
        if session.deleted_at.is_some() {
            return Ok(());
        }
        if !session.state.is_terminal() {
            match cancel::run(ctx, id, transition_id.clone()).await {
                Ok(_) | Err(Refusal::WrongState { .. }) => continue,
                Err(refusal) => return Err(refusal),
            }
        }
        if let Some(tombstone) = bury(ctx, &session).await? {
            settle::at_once(ctx, &tombstone).await;
            return Ok(());
        }
    }
    Err(Fault::Busy.into())
}

async fn bury(ctx: &Ctx, session: &Session) -> Result<Option<Session>, Fault> {
    let tombstone = session.bury(ctx.clock.now(), &ctx.settings.deadlines);
    let guard = Guard::Unmoved { version: session.version };
    Ok(match ctx.sessions.write(&tombstone, guard).await? {
        Written::Stored => Some(tombstone),
        Written::Refused => None,
    })
}
