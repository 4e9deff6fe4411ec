//! A step of the workflow: its input is the event, and what it failed with is the error that Retry and Catch match.

use activities::failure::Failure;
use activities::{Ctx, registry};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use states::Activity;

use crate::emf::Meters;

#[derive(Debug)]
struct Failed(Failure);

impl From<Failed> for Diagnostic {
    fn from(Failed(failure): Failed) -> Self {
        let Failure { problem } = failure;
        Self { error_type: problem.kind.error_name().to_owned(), error_message: problem.detail }
    }
}

pub(super) async fn serve(ctx: Ctx, activity: Activity, meters: Meters) -> Result<(), Error> {
    let (ctx, meters) = (&ctx, &meters);
    let handle = |event: LambdaEvent<Value>| async move {
        let outcome = Box::pin(registry::call(ctx, activity, event.payload)).await;
        meters.write();
        outcome.map_err(Failed)
    };
    lambda_runtime::run(service_fn(handle)).await
}
