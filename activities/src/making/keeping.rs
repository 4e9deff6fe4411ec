//! Work that is done already: what a step has made and verified is kept on the record, and the next try of it, in this
//! attempt or after a redrive, finds it there instead of making it again.
//!
//! It is found by all that decides what comes out (see [`Ingredients`]), and only while its objects stand as they were
//! verified.

use states::session::{Ingredients, Kept, Output, Stored};
use states::{Session, State, Timestamp};

use super::step::{Made, Step};
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::moves::{Decision, rewrite};
use crate::ports::Guard;

/// The work of an earlier try, if it was made of the same and still stands.
pub(crate) async fn find(ctx: &Ctx, step: &Step, made_from: &Ingredients) -> Result<Option<Made>, Failure> {
    let Some(session) = ctx.sessions.get(&step.session_id).await? else { return Err(step.is_over()) };
    let Some(kept) = session.kept_from(made_from) else { return Ok(None) };
    for Stored { etag, output } in &kept.results {
        let stands = ctx.objects.head(&output.bucket, &output.key).await?;
        if !stands.is_some_and(|head| head.etag == *etag && head.size == output.bytes) {
            tracing::warn!(session = session.id, key = output.key, "a result that was kept is gone");
            return Ok(None);
        }
    }
    tracing::info!(
        session = session.id,
        attempt = kept.attempt,
        "the work was done before; it is not done again"
    );
    Ok(Some(Made { outputs: outputs(&kept.results), written_at: None }))
}

/// The end of a try that has written under `keys`: what it has `verified` is kept, for `finish` to name; what it has not is
/// deleted.
pub(crate) async fn keep_or_delete(
    ctx: &Ctx,
    step: &Step,
    made_from: Ingredients,
    (keys, written_at): (&[String], Timestamp),
    verified: Result<Vec<Stored>, Failure>,
) -> Result<Made, Failure> {
    match verified {
        Ok(results) => {
            let outputs = keep(ctx, step, made_from, results).await?;
            Ok(Made { outputs, written_at: Some(written_at) })
        }
        Err(failure) => {
            // A later sweep deletes them too, but nothing should lie about that is known to be bad.
            for key in keys {
                let _ = ctx.objects.delete(&ctx.settings.buckets.results, key).await;
            }
            Err(failure)
        }
    }
}

/// Keeps what this try has made and verified, unless its attempt is over. Answers the outputs, for the manifest.
async fn keep(
    ctx: &Ctx,
    step: &Step,
    made_from: Ingredients,
    results: Vec<Stored>,
) -> Result<Vec<Output>, Failure> {
    let kept = Kept { attempt: step.attempt, made_from, results };
    let decide = |session: &Session| -> Result<Decision, Failure> {
        if session.kept.as_ref() == Some(&kept) && session.state == State::Transcoding {
            return Ok(Decision::Stands);
        }
        let next = session.keep(kept.clone(), ctx.clock.now(), &ctx.settings.deadlines);
        let guard = Guard::Unmoved { version: session.version };
        Ok(Decision::Write { next: Box::new(next.ok_or_else(|| step.is_over())?), guard })
    };
    rewrite(ctx, &step.session_id, decide).await?;
    Ok(outputs(&kept.results))
}

fn outputs(results: &[Stored]) -> Vec<Output> {
    results.iter().map(|stored| stored.output.clone()).collect()
}
