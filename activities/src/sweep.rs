//! `sweep`: finds what is overdue and sees to it. A timer calls it locally, a schedule on AWS. It reads the sparse index
//! of what is due, never the whole store, and does for each record what the one who died would have done.
//!
//! What it could not look after it puts off, so that records that fail again and again, be they ever so many, do not keep
//! it from the others. It never makes Done: an execution that ended without its session makes it Failed.

use jiff::SignedDuration;
use states::session::Change;
use states::{Kind, Problem, Session, State};

use crate::advance::{Mover, Refusal, advance};
use crate::arrival::confirm_if_there;
use crate::clock::{derived_id, random_id};
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::ports::{Due, Execution, Status};
use crate::settle;

/// Records of one round. The rest are due still, and the next round's.
const ROUND: usize = 200;

/// Looks at what is due now, or within `ahead`. Answers how many records that were.
pub async fn run(ctx: &Ctx, ahead: SignedDuration) -> Result<usize, Failure> {
    let due = ctx.sessions.due(ctx.clock.now() + ahead, ROUND).await?;
    for due in &due {
        if let Err(failure) = look_at(ctx, &due.id).await {
            tracing::warn!(session = due.id, %failure, "the sweep will come back to this session");
            put_off(ctx, due).await;
        }
    }
    Ok(due.len())
}

/// Refused when the record was written after it was read to be due; then it has its next look set already.
async fn put_off(ctx: &Ctx, due: &Due) {
    let until = ctx.clock.now() + ctx.settings.deadlines.after_failure;
    if let Err(fault) = ctx.sessions.put_off(due, until).await {
        tracing::warn!(session = due.id, %fault, "the look at this session could not be put off");
    }
}

async fn look_at(ctx: &Ctx, id: &str) -> Result<(), Failure> {
    let Some(session) = ctx.sessions.get(id).await? else { return Ok(()) };
    match session.state {
        State::NotUploaded => look_for_upload(ctx, &session).await?,
        State::ReadyToXcode => give_up_waiting(ctx, &session).await?,
        State::Transcoding => look_at_execution(ctx, &session).await?,
        State::Done | State::Failed => {}
    }
    if let Some(session) = ctx.sessions.get(id).await? {
        settle::settle(ctx, &session).await?; // pays its debts and sets the next look
    }
    Ok(())
}

/// The event of an upload may have been lost; and an upload may never come.
async fn look_for_upload(ctx: &Ctx, session: &Session) -> Result<(), Failure> {
    let came = confirm_if_there(ctx, session).await?;
    if !came && ctx.clock.now() >= session.upload_deadline(&ctx.settings.deadlines) {
        expire(ctx, session).await?;
    }
    Ok(())
}

async fn give_up_waiting(ctx: &Ctx, session: &Session) -> Result<(), Failure> {
    if ctx.clock.now() >= session.since() + ctx.settings.deadlines.start_within {
        expire(ctx, session).await?;
    }
    Ok(())
}

async fn expire(ctx: &Ctx, session: &Session) -> Result<(), Failure> {
    let mover = Mover::Outside { transition_id: derived_id(&["expire", &session.id]) };
    tolerate(advance(ctx, &session.id, &mover, &Change::Expired).await)
}

/// An execution that died without its `fail` is found here, a while later: its own last steps come first.
async fn look_at_execution(ctx: &Ctx, session: &Session) -> Result<(), Failure> {
    let owes_start = session.owes.iter().any(|owed| owed.debt == states::Debt::Start);
    let problem = match ctx.driver.describe(&session.execution_name()).await? {
        None if owes_start => return Ok(()),
        None => Problem::new(Kind::WorkflowFailed, "Its execution is not to be found."),
        Some(execution) if is_dead(ctx, &execution) => problem_of(&execution),
        Some(_) => return Ok(()),
    };
    let mover = Mover::Attempt { attempt: session.attempt, transition_id: random_id() };
    tolerate(advance(ctx, &session.id, &mover, &Change::TranscodeFailed(problem)).await)
}

fn is_dead(ctx: &Ctx, execution: &Execution) -> bool {
    let patience = ctx.settings.deadlines.dead_execution;
    execution.status != Status::Running
        && execution.stopped_at.is_some_and(|stopped| ctx.clock.now() >= stopped + patience)
}

fn problem_of(execution: &Execution) -> Problem {
    match &execution.error {
        Some(error) => {
            let cause = execution.cause.clone().unwrap_or_else(|| format!("It ended with {error}."));
            Problem::new(Kind::of_error_name(error), cause)
        }
        None => Problem::new(
            Kind::WorkflowFailed,
            format!("Its execution is {} and has not said how it ended.", execution.status),
        ),
    }
}

/// Somebody else may have moved the session meanwhile, and then there is nothing left to do.
fn tolerate(outcome: Result<Session, Refusal>) -> Result<(), Failure> {
    match outcome {
        Err(Refusal::Fault(fault)) => Err(fault.into()),
        _ => Ok(()),
    }
}
