//! The one way a session is moved: read it, ask the table, write on condition, and know one's own write again.
//!
//! An answer that was lost is told by the transition id: if the record has made a passage of that id, the move was ours
//! and has been made. Activities of an attempt are fenced by it: a late one is [`Refusal::Superseded`], which to the
//! workflow is success.

use states::session::{Change, Session, Stamp};
use states::{Timestamp, WrongState};

use super::rewrite::{Decision, rewrite};
use crate::ctx::Ctx;
use crate::measures;
use crate::ports::{Fault, Guard};

/// Why a session was not moved.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("there is no session {0}")]
    Unknown(String),
    #[error("session {0} was deleted")]
    Deleted(String),
    #[error(transparent)]
    WrongState {
        #[from]
        why: WrongState,
    },
    #[error("attempt {attempt} of session {id} is over")]
    Superseded { id: String, attempt: u32 },
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Who moves the session.
#[derive(Clone, Debug)]
pub enum Mover {
    /// A request or an event from outside, told apart from all others by its transition id.
    Outside { transition_id: String },
    /// An activity of this attempt. Whichever try of it wrote the move, it is made.
    Attempt { attempt: u32, transition_id: String },
}

/// Moves session `id` by `change` and answers with the record as it stands after the move.
pub async fn advance(ctx: &Ctx, id: &str, mover: &Mover, change: &Change) -> Result<Session, Refusal> {
    let mut is_new = true;
    let session = rewrite(ctx, id, |session| {
        let decision = decide(session, mover, change, ctx.clock.now(), ctx)?;
        is_new = matches!(decision, Decision::Write { .. });
        Ok::<_, Refusal>(decision)
    })
    .await?;
    if is_new {
        measures::moved(&session);
    }
    Ok(session)
}

fn decide(
    session: &Session,
    mover: &Mover,
    change: &Change,
    now: Timestamp,
    ctx: &Ctx,
) -> Result<Decision, Refusal> {
    let (Mover::Outside { transition_id } | Mover::Attempt { transition_id, .. }) = mover;
    if session.passage(transition_id).is_some() {
        return Ok(Decision::Stands);
    }
    if session.deleted_at.is_some() && !matches!(mover, Mover::Attempt { .. }) {
        return Err(Refusal::Deleted(session.id.clone()));
    }
    if let Mover::Attempt { attempt, .. } = *mover {
        let same = session.trail.last().is_some_and(|last| last.event == change.event());
        if same && session.attempt == attempt && session.state == change.event().target() {
            return Ok(Decision::Stands);
        }
        if session.attempt != attempt || session.state.is_terminal() {
            return Err(Refusal::Superseded { id: session.id.clone(), attempt });
        }
    }
    let stamp = Stamp { transition_id: transition_id.clone(), at: now };
    let next = session.apply(change, &stamp, &ctx.settings.deadlines)?;
    let guard = Guard::Transition { event: change.event(), version: session.version };
    Ok(Decision::Write { next: Box::new(next), guard })
}
