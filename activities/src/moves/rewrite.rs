//! The loop that rewrites a record that stands: read it, decide, write on condition; again when somebody else was quicker
//! or the store did not answer. What was written under an answer that was lost is found by the next round's reading, so
//! that whoever decides must know its own write again.
//!
//! Not here: a record that is new (`POST /xfer`), a tombstone, which takes a cancel first ([`super::bury`]), and an endpoint,
//! which is no session's (`notices`). These have loops of their own.

use states::Session;

use super::advance::Refusal;
use crate::ctx::Ctx;
use crate::ports::{Fault, Guard, Written};

/// Rounds before giving up on a store that keeps failing or a record that keeps moving.
const ROUNDS: usize = 8;

/// What to do about the record that was read.
pub enum Decision {
    /// It is as it should be; an earlier round may have made it so.
    Stands,
    Write {
        next: Box<Session>,
        guard: Guard,
    },
}

/// Rewrites record `id` as `decide` says, and answers with the record as it stands then.
pub async fn rewrite<E: From<Refusal>>(
    ctx: &Ctx,
    id: &str,
    mut decide: impl FnMut(&Session) -> Result<Decision, E>,
) -> Result<Session, E> {
    let mut fault = Fault::Busy;
    for _ in 0..ROUNDS {
        let session = match ctx.sessions.get(id).await {
            Ok(session) => session.ok_or_else(|| Refusal::Unknown(id.to_owned()))?,
            Err(unavailable @ Fault::Unavailable { .. }) => {
                fault = unavailable;
                continue;
            }
            Err(other) => return Err(Refusal::from(other).into()),
        };
        let (next, guard) = match decide(&session)? {
            Decision::Stands => return Ok(session),
            Decision::Write { next, guard } => (next, guard),
        };
        match ctx.sessions.write(&next, guard).await {
            Ok(Written::Stored) => return Ok(*next),
            Ok(Written::Refused) => {}
            Err(unavailable @ Fault::Unavailable { .. }) => fault = unavailable,
            Err(other) => return Err(Refusal::from(other).into()),
        }
    }
    Err(Refusal::from(fault).into())
}
