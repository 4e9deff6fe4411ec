//! Whether the announced file has come: NotUploaded → ReadyToXcode when it has, → Failed when another one has.
//!
//! The store's event is only a hint: what lies there is asked by HEAD, and names and owners are never read from the
//! event. So a doubled, late, foreign or garbled event moves nothing, and the sweep can do without one.

use states::session::Change;
use states::{Kind, Problem, Session};

use super::advance::{Mover, Refusal, advance};
use super::settle;
use crate::clock::derived_id;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::objects::Head;

/// Asks the store whether the file has come, and moves the session if so. Answers whether it had come.
pub(crate) async fn confirm_if_there(ctx: &Ctx, session: &Session) -> Result<bool, Failure> {
    let Some(head) = ctx.objects.head(&session.source.bucket, &session.source.key).await? else {
        return Ok(false);
    };
    let change = match mismatch(session, &head) {
        None => Change::UploadConfirmed { etag: head.etag.clone() },
        Some(detail) => Change::UploadRejected(Problem::new(Kind::UploadMismatch, detail)),
    };
    let transition_id = derived_id(&["confirm-upload", &session.id, &head.etag]);
    match advance(ctx, &session.id, &Mover::Outside { transition_id }, &change).await {
        Ok(session) => settle::at_once(ctx, &session).await,
        Err(Refusal::Fault(fault)) => return Err(fault.into()),
        Err(_) => remove_if_unwanted(ctx, &session.id).await?,
    }
    Ok(true)
}

/// How what lies there differs from what was announced.
fn mismatch(session: &Session, head: &Head) -> Option<String> {
    let source = &session.source;
    if head.size != source.size {
        return Some(format!("{} bytes were announced and {} came.", source.size, head.size));
    }
    match (&source.sha256, head.sha256.map(hex::encode)) {
        (Some(announced), Some(came)) if *announced != came => {
            Some(format!("The file's SHA-256 is {came}, not {announced}."))
        }
        _ => None,
    }
}

/// An upload that came after its session had ended without it belongs to nobody.
async fn remove_if_unwanted(ctx: &Ctx, id: &str) -> Result<(), Failure> {
    let Some(session) = ctx.sessions.get(id).await? else { return Ok(()) };
    if session.deleted_at.is_some() || (session.state.is_terminal() && session.source.etag.is_none()) {
        ctx.objects.delete(&session.source.bucket, &session.source.key).await?;
    }
    Ok(())
}
