//! The one list of activities the workflow calls: name → function. The local engine calls it in the process, a Lambda by
//! the name of its handler. A test compares it with the document.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use states::{Activity, Kind};
use tracing::Instrument;
use tracing::field::Empty;

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::measures;
use crate::moves::{begin, fail, finish};
use crate::notices::deliver;
use crate::recipes::{captions, flac, probe, proxies, thumbnails, video};

/// Calls `activity` as the workflow does.
pub async fn call(ctx: &Ctx, activity: Activity, input: Value) -> Result<Value, Failure> {
    let began = ctx.clock.now();
    let name: &'static str = activity.into();
    let (session, attempt) = (input["sessionId"].as_str(), input["attempt"].as_u64());
    let span =
        tracing::info_span!(target: measures::TRACE, "activity", name, session, attempt, problem = Empty);
    // What an activity holds while it works is large, and deeply nested.
    let outcome = Box::pin(dispatch(ctx, activity, input)).instrument(span.clone()).await;
    if let Err(failure) = &outcome {
        span.record("problem", failure.problem.kind.slug());
    }
    measures::worked(activity, ctx.clock.now().duration_since(began), outcome.as_ref().err());
    outcome
}

async fn dispatch(ctx: &Ctx, activity: Activity, input: Value) -> Result<Value, Failure> {
    match activity {
        Activity::Begin => answer(begin::run(ctx, parse(input)?).await),
        Activity::Probe => answer(probe::run(ctx, parse(input)?).await),
        Activity::Flac => answer(flac::run(ctx, parse(input)?).await),
        Activity::Proxies => answer(proxies::run(ctx, parse(input)?).await),
        Activity::Thumbnails => answer(thumbnails::run(ctx, parse(input)?).await),
        Activity::Video => answer(video::run(ctx, parse(input)?).await),
        Activity::Captions => answer(captions::run(ctx, parse(input)?).await),
        Activity::Finish => answer(finish::run(ctx, parse(input)?).await),
        Activity::Fail => answer(fail::run(ctx, parse(input)?).await),
        Activity::Deliver => answer(deliver::run(ctx, parse(input)?).await),
        Activity::ConfirmUpload
        | Activity::Start
        | Activity::Cancel
        | Activity::Redrive
        | Activity::Sweep => {
            Err(Failure::new(Kind::WorkflowFailed, format!("{activity} is no step of the workflow.")))
        }
    }
}

fn parse<T: DeserializeOwned>(input: Value) -> Result<T, Failure> {
    serde_json::from_value(input).map_err(|error| {
        Failure::new(Kind::WorkflowFailed, format!("The step's input is not understood: {error}."))
    })
}

fn answer<T: Serialize, E: Into<Failure>>(outcome: Result<T, E>) -> Result<Value, Failure> {
    let output = outcome.map_err(Into::into)?;
    Ok(serde_json::to_value(output).expect("an activity's output is plain data"))
}
