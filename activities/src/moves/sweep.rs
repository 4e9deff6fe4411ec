//! `sweep`: finds what is overdue and sees to it. A timer calls it locally, a schedule on AWS. It reads the sparse index
//! of what is due, never the whole store, and does for each record what the one who died would have done.
//!
//! What it could not look after it puts off, so that records that fail again and again, be they ever so many, do not keep
//! it from the others. It never makes Done: an execution that ended without its session makes it Failed.

use jiff::SignedDuration;
use states::recipe::By;
use states::session::{Change, Stage};
use states::{Kind, Problem, Session, State};

use super::advance::{Mover, Refusal, advance};
use super::arrival::confirm_if_there;
use super::expire;
use super::settle;
use crate::clock::{derived_id, random_id};
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::ports::{Due, Execution, Status};

/// Records of one round. The rest are due still, and the next round's.
const ROUND: usize = 200;

/// What a round has seen. Whoever is at work is due every minute, so that a round a minute sees them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Records that were due.
    pub due: usize,
    /// Sessions among them whose step is a worker's, be it waiting for one or at work.
    pub at_workers: usize,
    /// For how long the oldest attempt among them has been going on.
    pub oldest: SignedDuration,
}

/// Looks at what is due now, or within `ahead`.
pub async fn run(ctx: &Ctx, ahead: SignedDuration) -> Result<Round, Failure> {
    let due = ctx.sessions.due(ctx.clock.now() + ahead, ROUND).await?;
    let mut round = Round { due: due.len(), ..Round::default() };
    for due in &due {
        match look_at(ctx, &due.id).await {
            Ok(Some(session)) => round.count(ctx, &session),
            Ok(None) => {}
            Err(failure) => {
                tracing::warn!(session = due.id, %failure, "the sweep will come back to this session");
                put_off(ctx, due).await;
            }
        }
    }
    Ok(round)
}

/// Looks at the session of an execution that has ended, without waiting until it is due: whoever tells that has seen it
/// closed, so that nothing of it comes after.
pub async fn execution_ended(ctx: &Ctx, name: &str) -> Result<(), Failure> {
    let Some((id, attempt)) = name.rsplit_once('-') else { return Ok(()) };
    let Some(session) = ctx.sessions.get(id).await? else { return Ok(()) };
    if session.state == State::Transcoding && attempt.parse() == Ok(session.attempt) {
        look_at_execution(ctx, &session, SignedDuration::ZERO).await?;
        settle_as_it_stands(ctx, id).await?;
    }
    Ok(())
}

impl Round {
    fn count(&mut self, ctx: &Ctx, session: &Session) {
        if session.state != State::Transcoding {
            return;
        }
        let going_on = ctx.clock.now().duration_since(session.since());
        self.at_workers += usize::from(is_at_a_worker(session, going_on));
        self.oldest = self.oldest.max(going_on);
    }
}

/// Refused when the record was written after it was read to be due; then it has its next look set already.
async fn put_off(ctx: &Ctx, due: &Due) {
    let until = ctx.clock.now() + ctx.settings.deadlines.after_failure;
    if let Err(fault) = ctx.sessions.put_off(due, until).await {
        tracing::warn!(session = due.id, %fault, "the look at this session could not be put off");
    }
}

/// The record does not say where an attempt is that a function or a worker may do. A function takes what it is given within
/// seconds, and does not live for longer than a quarter of an hour.
fn is_at_a_worker(session: &Session, going_on: SignedDuration) -> bool {
    const TAKEN: SignedDuration = SignedDuration::from_secs(90);
    const LIFE: SignedDuration = SignedDuration::from_mins(16);
    match session.recipe.row().by {
        By::Worker => true,
        By::Either => {
            let waits = session.progress.stage <= Stage::Probing && going_on > TAKEN;
            waits || going_on > LIFE
        }
        By::Function | By::Callback => false,
    }
}

/// Answers with the session as it stands then.
async fn look_at(ctx: &Ctx, id: &str) -> Result<Option<Session>, Failure> {
    let Some(session) = ctx.sessions.get(id).await? else { return Ok(None) };
    match session.state {
        State::NotUploaded => look_for_upload(ctx, &session).await?,
        State::ReadyToXcode => give_up_waiting(ctx, &session).await?,
        State::Transcoding => {
            look_at_execution(ctx, &session, ctx.settings.deadlines.dead_execution).await?;
        }
        State::Done | State::Failed => expire::run(ctx, &session).await?,
    }
    settle_as_it_stands(ctx, id).await
}

/// Pays what is owed and sets the next look.
async fn settle_as_it_stands(ctx: &Ctx, id: &str) -> Result<Option<Session>, Failure> {
    let session = ctx.sessions.get(id).await?;
    if let Some(session) = &session {
        settle::settle(ctx, session).await?;
    }
    Ok(session)
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
async fn look_at_execution(ctx: &Ctx, session: &Session, patience: SignedDuration) -> Result<(), Failure> {
    let owes_start = session.owes.iter().any(|owed| owed.debt == states::Debt::Start);
    let problem = match ctx.driver.describe(&session.execution_name()).await? {
        None if owes_start => return Ok(()),
        None => Problem::new(Kind::WorkflowFailed, "Its execution is not to be found."),
        Some(execution) if is_dead(ctx, &execution, patience) => problem_of(&execution),
        Some(_) => return Ok(()),
    };
    let mover = Mover::Attempt { attempt: session.attempt, transition_id: random_id() };
    tolerate(advance(ctx, &session.id, &mover, &Change::TranscodeFailed(problem)).await)
}

fn is_dead(ctx: &Ctx, execution: &Execution, patience: SignedDuration) -> bool {
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
