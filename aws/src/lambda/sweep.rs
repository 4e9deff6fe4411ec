//! One round of the sweep, on a schedule.

use activities::{Ctx, sweep};
use jiff::SignedDuration;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::IgnoredAny;

pub(super) async fn serve(ctx: Ctx) -> Result<(), Error> {
    let ctx = &ctx;
    let handle = |_: LambdaEvent<IgnoredAny>| async move {
        Box::pin(sweep::run(ctx, SignedDuration::ZERO)).await.map_err(Error::from)
    };
    lambda_runtime::run(service_fn(handle)).await
}
