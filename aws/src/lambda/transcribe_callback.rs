//! What Transcribe tells of its jobs, by the batch; and, when the clock calls, the jobs that it has told nothing of.

use activities::Ctx;
use activities::failure::Failure;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;

use super::batch::{Answer, Batch};
use crate::captioner::{Ended, NobodyWaits, Transcribe};
use crate::emf::Meters;

/// A batch of the queue, or the clock's event, which holds none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Occasion {
    Told(Batch),
    Clock {},
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("it is no word of Transcribe's: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    NobodyWaits(#[from] NobodyWaits),
    #[error(transparent)]
    Failure(#[from] Failure),
}

pub(super) async fn serve(ctx: Ctx, transcribe: Transcribe, meters: Meters) -> Result<(), Error> {
    let (ctx, transcribe, meters) = (&ctx, &transcribe, &meters);
    let handle = |event: LambdaEvent<Occasion>| async move {
        let answer = match event.payload {
            Occasion::Told(batch) => {
                batch.take(|body| async move { see_to(ctx, transcribe, &body).await }).await
            }
            Occasion::Clock {} => {
                Box::pin(transcribe.look_around(ctx)).await?;
                Answer::default()
            }
        };
        meters.write();
        Ok::<_, Error>(answer)
    };
    lambda_runtime::run(service_fn(handle)).await
}

async fn see_to(ctx: &Ctx, transcribe: &Transcribe, body: &str) -> Result<(), Trouble> {
    let ended: Ended = serde_json::from_str(body)?;
    transcribe.see_to(ctx, ended.job()).await??;
    Ok(())
}
