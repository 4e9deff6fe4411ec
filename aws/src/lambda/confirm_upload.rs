//! The uploads' notices, by the batch. What of a batch could not be seen to is named in the answer, and only that comes
//! again; what comes too often ends in the dead letters. Notices are hints, so that their order says nothing.

use activities::failure::Failure;
use activities::objects::{ObjectCreated, event};
use activities::{Ctx, confirm_upload};
use futures::future::join_all;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    body: String,
}

/// Which messages are to come again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    batch_item_failures: Vec<Failed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    item_identifier: String,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Unreadable(#[from] event::Error),
    #[error(transparent)]
    Failure(#[from] Failure),
}

pub(super) async fn serve(ctx: Ctx) -> Result<(), Error> {
    let ctx = &ctx;
    let handle = |event: LambdaEvent<Batch>| async move { Ok::<_, Error>(take(ctx, event.payload).await) };
    lambda_runtime::run(service_fn(handle)).await
}

async fn take(ctx: &Ctx, batch: Batch) -> Answer {
    let seen_to = batch.messages.into_iter().map(|message| Box::pin(see_to(ctx, message)));
    Answer { batch_item_failures: join_all(seen_to).await.into_iter().flatten().collect() }
}

async fn see_to(ctx: &Ctx, message: Message) -> Option<Failed> {
    let Message { message_id, body } = message;
    let trouble = confirm(ctx, &body).await.err()?;
    tracing::warn!(message = message_id, %trouble, "the notice of an upload is to come again");
    Some(Failed { item_identifier: message_id })
}

async fn confirm(ctx: &Ctx, body: &str) -> Result<(), Trouble> {
    for created in ObjectCreated::from_notification(body.as_bytes())? {
        confirm_upload::run(ctx, &created).await?;
    }
    Ok(())
}
