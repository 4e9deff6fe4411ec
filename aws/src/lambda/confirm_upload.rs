//! The uploads' notices, by the batch. Notices are hints, so that their order says nothing.

use activities::Ctx;
use activities::failure::Failure;
use activities::moves::confirm_upload;
use activities::objects::{ObjectCreated, event};
use lambda_runtime::{Error, LambdaEvent, service_fn};

use super::batch::Batch;
use crate::emf::Meters;
use crate::flags::ParameterFlags;

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Unreadable(#[from] event::Error),
    #[error(transparent)]
    Failure(#[from] Failure),
}

pub(super) async fn serve(ctx: Ctx, flags: &ParameterFlags, meters: Meters) -> Result<(), Error> {
    let (ctx, meters) = (&ctx, &meters);
    let handle = |event: LambdaEvent<Batch>| async move {
        flags.look().await; // what comes into the inbox heeds them
        let answer = event.payload.take(|body| async move { confirm(ctx, &body).await }).await;
        meters.write();
        Ok::<_, Error>(answer)
    };
    lambda_runtime::run(service_fn(handle)).await
}

async fn confirm(ctx: &Ctx, body: &str) -> Result<(), Trouble> {
    for created in ObjectCreated::from_notification(body.as_bytes())? {
        confirm_upload::run(ctx, &created).await?;
    }
    Ok(())
}
