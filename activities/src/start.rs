//! `start`: ReadyToXcode → Transcoding, and then the execution.
//!
//! The move is written first and owes the start; the execution's name and input follow from that write alone. So a
//! start that dies in between, or is doubled, starts one execution of the same input all the same.

use serde_json::json;
use states::session::{Change, Session};

use crate::advance::{Mover, Refusal, advance};
use crate::ctx::Ctx;
use crate::ports::Fault;
use crate::settle;

/// Starts session `id` on request.
pub async fn run(ctx: &Ctx, id: &str, transition_id: String) -> Result<Session, Refusal> {
    let mover = Mover::Outside { transition_id };
    let session = advance(ctx, id, &mover, &Change::TranscodeStarted).await?;
    settle::at_once(ctx, &session).await;
    Ok(session)
}

/// Starts the execution of the session's present attempt; "already exists" means started.
pub(crate) async fn execution(ctx: &Ctx, session: &Session) -> Result<(), Fault> {
    ctx.driver.start(&session.execution_name(), &input(session)).await
}

/// The execution's input, built only from fields that were pinned by the move into Transcoding: the same bytes each time.
fn input(session: &Session) -> String {
    let source = &session.source;
    json!({
        "sessionId": session.id,
        "attempt": session.attempt,
        "recipe": session.recipe,
        "options": session.options,
        "startedAt": session.since(),
        "source": {
            "bucket": source.bucket,
            "key": source.key,
            "etag": source.etag,
            "size": source.size,
            "contentType": source.content_type,
            "fileName": source.file_name,
        },
    })
    .to_string()
}
