//! A batch of a queue. What of it could not be seen to is named in the answer, and only that comes again; what comes too
//! often ends in the dead letters.

use std::fmt::Display;

use futures::future::join_all;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Batch {
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
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    batch_item_failures: Vec<Failed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    item_identifier: String,
}

impl Batch {
    /// Has each message's body seen to.
    pub(super) async fn take<F, E>(self, see_to: impl Fn(String) -> F) -> Answer
    where
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let seen_to = self.messages.into_iter().map(|Message { message_id, body }| {
            let seen = Box::pin(see_to(body));
            async move {
                let trouble = seen.await.err()?;
                tracing::warn!(message = message_id, %trouble, "a notice is to come again");
                Some(Failed { item_identifier: message_id })
            }
        });
        Answer { batch_item_failures: join_all(seen_to).await.into_iter().flatten().collect() }
    }
}
