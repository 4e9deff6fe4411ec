//! What becomes of a session that has ended long ago: first what it holds goes, then it is buried, then the tombstone is
//! forgotten. The sweep calls it for records that are due; nothing here looks for them.

use states::Session;
use states::session::Retention;

use super::bury;
use crate::clock::derived_id;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::ports::Guard;

pub(crate) async fn run(ctx: &Ctx, session: &Session) -> Result<(), Failure> {
    let (now, deadlines) = (ctx.clock.now(), &ctx.settings.deadlines);
    let retention = &deadlines.retention;
    if session.deleted_at.is_some() {
        return forget(ctx, session, retention).await;
    }
    if session.record_expiry(retention).is_some_and(|at| at <= now) {
        return Ok(bury::run(ctx, &session.id, derived_id(&["expired", &session.id])).await?);
    }
    if let Some(next) = session.expire(now, deadlines) {
        // Refused: somebody has redriven or deleted it just now.
        ctx.sessions.write(&next, Guard::Unmoved { version: session.version }).await?;
    }
    Ok(())
}

/// A tombstone that owes nothing and has stood long enough: no event and no repeated request comes any more.
async fn forget(ctx: &Ctx, session: &Session, retention: &Retention) -> Result<(), Failure> {
    let over =
        session.deleted_at.zip(retention.tombstone).is_some_and(|(at, kept)| at + kept <= ctx.clock.now());
    if over && session.owes.is_empty() {
        ctx.sessions.forget(&session.id, session.version).await?;
    }
    Ok(())
}
