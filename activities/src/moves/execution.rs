//! The execution of a session's present attempt. Its name and input follow from the move into Transcoding alone, so that a
//! start that is doubled starts one execution of the same input all the same.

use serde_json::json;
use states::Session;

use crate::ctx::Ctx;
use crate::ports::{Fault, Machine};

/// Starts it; "already exists" means started.
pub(crate) async fn begin(ctx: &Ctx, session: &Session) -> Result<(), Fault> {
    ctx.driver.start(Machine::Session, &session.execution_name(), &input(session)).await
}

/// Built only from fields that were pinned by the move into Transcoding: the same bytes each time.
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
