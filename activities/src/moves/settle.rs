//! Paying what a move left owing: whoever made the move tries at once, the sweep finds the rest. Every payment is
//! idempotent, so that two of them at the same time do no harm; what is paid is struck by a conditional write.

use std::collections::HashSet;

use states::session::{Change, Holding};
use states::{Debt, Owed, Session, State, Timestamp};

use super::advance::{Mover, Refusal, advance};
use super::execution;
use crate::clock::derived_id;
use crate::ctx::{Buckets, Ctx};
use crate::failure::Failure;
use crate::notices::tell;
use crate::objects;
use crate::ports::{Fault, Status, Stopped, Written};

/// Pays what can be paid now. What fails is logged and left to the sweep: the move itself stands.
pub async fn at_once(ctx: &Ctx, session: &Session) {
    if let Err(failure) = settle(ctx, session).await {
        tracing::warn!(session = session.id, %failure, "a debt is left to the sweep");
    }
}

/// What became of a debt.
enum Payment {
    Paid,
    NotYet,
    /// To pay it was to move the record on, which voids it.
    MovedOn,
}

impl Payment {
    fn if_paid(is_paid: bool) -> Self {
        if is_paid { Self::Paid } else { Self::NotYet }
    }
}

/// Pays what can be paid of `session`'s debts and sets when to look again.
pub async fn settle(ctx: &Ctx, session: &Session) -> Result<(), Failure> {
    let mut paid = Vec::new();
    let mut failed = None;
    for &owed in &session.owes {
        match pay(ctx, session, owed).await {
            Ok(Payment::Paid) => paid.push(owed),
            Ok(Payment::NotYet) => {}
            // Nothing of what was read holds any longer; whoever moved it on has settled the rest.
            Ok(Payment::MovedOn) => return failed.map_or(Ok(()), Err),
            Err(failure) => failed = Some(failure),
        }
    }
    strike(ctx, session, &paid).await?;
    failed.map_or(Ok(()), Err)
}

/// Writes down what was paid. Refused when the record moved on meanwhile: its debts will be looked at again.
async fn strike(ctx: &Ctx, session: &Session, paid: &[Owed]) -> Result<Written, Fault> {
    let mut rest = session.clone();
    rest.owes.retain(|owed| !paid.contains(owed));
    let due_at = rest.next_due(ctx.clock.now(), &ctx.settings.deadlines);
    if paid.is_empty() && due_at == session.due_at {
        return Ok(Written::Stored); // it stands there already
    }
    ctx.sessions.settle(&session.id, session.version, paid, due_at).await
}

async fn pay(ctx: &Ctx, session: &Session, owed: Owed) -> Result<Payment, Failure> {
    let is_paid = match owed.debt {
        Debt::Start => return pay_start(ctx, session).await,
        Debt::Stop => pay_stop(ctx, session, owed.attempt).await?,
        Debt::Notify => tell::of_session(ctx, session, owed.attempt).await.map(|()| true)?,
        Debt::DeleteObjects => pay_deletion(ctx, session, owed.attempt).await?,
    };
    Ok(Payment::if_paid(is_paid))
}

async fn pay_start(ctx: &Ctx, session: &Session) -> Result<Payment, Failure> {
    match session.state {
        State::ReadyToXcode => start_by_itself(ctx, session).await,
        State::Transcoding => Ok(execution::begin(ctx, session).await.map(|()| Payment::Paid)?),
        _ => Ok(Payment::Paid),
    }
}

/// Moves a session that was made to start at once. That voids this debt; the move has its own.
async fn start_by_itself(ctx: &Ctx, session: &Session) -> Result<Payment, Failure> {
    // One id for all who pay this debt, so that they make one move between them.
    let mover = Mover::Outside { transition_id: derived_id(&["auto-start", &session.id]) };
    match advance(ctx, &session.id, &mover, &Change::TranscodeStarted).await {
        Ok(session) => Box::pin(at_once(ctx, &session)).await,
        Err(Refusal::Fault(fault)) => return Err(fault.into()),
        Err(_by_another) => {}
    }
    Ok(Payment::MovedOn)
}

/// Struck only when the execution is seen closed, or a while after it was owed and still not found: a start that was
/// slow may yet begin it, and then `begin` ends it.
async fn pay_stop(ctx: &Ctx, session: &Session, attempt: u32) -> Result<bool, Fault> {
    if attempt == 0 {
        return Ok(true);
    }
    let name = session.execution_name_of(attempt);
    match ctx.driver.stop(&name, "Cancelled", "The session was cancelled or deleted.").await? {
        Stopped::Closed => Ok(true),
        Stopped::NotFound => Ok(ctx.clock.now() >= ended(session) + ctx.settings.deadlines.not_found),
    }
}

/// When what is owed now came to be owed.
fn ended(session: &Session) -> Timestamp {
    session.deleted_at.unwrap_or_else(|| session.since())
}

/// Deletes what the attempt left and the record does not name, whether in its manifest or as kept. Struck only once
/// nothing can write there any more.
async fn pay_deletion(ctx: &Ctx, session: &Session, attempt: u32) -> Result<bool, Failure> {
    delete_leftovers(ctx, session, attempt).await?;
    if ctx.clock.now() < ended(session) + ctx.settings.deadlines.deletion_grace {
        return Ok(false);
    }
    if attempt == 0 {
        return Ok(true);
    }
    let execution = ctx.driver.describe(&session.execution_name_of(attempt)).await?;
    Ok(execution.is_none_or(|execution| execution.status != Status::Running))
}

async fn delete_leftovers(ctx: &Ctx, session: &Session, attempt: u32) -> Result<(), objects::Error> {
    let named: HashSet<_> = session.named_keys().map(ToOwned::to_owned).collect();
    let Buckets { results, .. } = &ctx.settings.buckets;
    let unconfirmed = session.source.etag.is_none();
    if session.deleted_at.is_some() {
        ctx.objects.delete_under(results, &format!("{}/", session.id), &HashSet::new()).await?;
    } else if attempt > 0 {
        ctx.objects.delete_under(results, &session.output_prefix(attempt), &named).await?;
    }
    if session.deleted_at.is_some() || unconfirmed || session.expired.contains(&Holding::Input) {
        ctx.objects.delete(&session.source.bucket, &session.source.key).await?;
    }
    Ok(())
}
