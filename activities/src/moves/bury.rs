//! Deleting a session: cancel it if it has not ended, then leave a tombstone that owes the end of its execution and of
//! its objects. Deleting twice is deleting once.

use states::Session;

use super::advance::Refusal;
use super::cancel;
use super::settle;
use crate::clock::derived_id;
use crate::ctx::Ctx;
use crate::ports::{Fault, Guard, Written};

/// Rounds before giving up on a record that keeps moving.
const ROUNDS: usize = 8;

pub async fn run(ctx: &Ctx, id: &str, transition_id: String) -> Result<(), Refusal> {
    let mut fault = Fault::Busy;
    for _ in 0..ROUNDS {
        match round(ctx, id, &transition_id).await {
            Ok(Some(tombstone)) => {
                settle::at_once(ctx, &tombstone).await;
                return Ok(());
            }
            Ok(None) => {}
            Err(Refusal::Fault(unavailable @ Fault::Unavailable { .. })) => fault = unavailable, // or it was written
            Err(refusal) => return Err(refusal),
        }
    }
    Err(fault.into())
}

/// One step towards the tombstone: the tombstone itself, once it stands.
async fn round(ctx: &Ctx, id: &str, transition_id: &str) -> Result<Option<Session>, Refusal> {
    let session = ctx.sessions.get(id).await?.ok_or_else(|| Refusal::Unknown(id.to_owned()))?;
    if session.deleted_at.is_some() {
        return Ok(Some(session));
    }
    if session.state.is_terminal() {
        return Ok(bury(ctx, &session).await?);
    }
    // A cancel of its own for each version: after a redrive that came in between, the first one would be taken for made.
    let cancel_id = derived_id(&[transition_id, &session.version.to_string()]);
    match cancel::run(ctx, id, cancel_id).await {
        Ok(_) | Err(Refusal::WrongState { .. }) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

async fn bury(ctx: &Ctx, session: &Session) -> Result<Option<Session>, Fault> {
    let tombstone = session.bury(ctx.clock.now(), &ctx.settings.deadlines);
    let guard = Guard::Unmoved { version: session.version };
    Ok(match ctx.sessions.write(&tombstone, guard).await? {
        Written::Stored => Some(tombstone),
        Written::Refused => None,
    })
}
