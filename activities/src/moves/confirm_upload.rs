//! `confirm-upload`: takes the store's event that an object was created. It finds the session that waits for it (or, for
//! what lies in the inbox, makes one); what has come is looked at by [`super::arrival`], which believes no event.

use super::arrival::confirm_if_there;
use super::inbox;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::objects::ObjectCreated;
use crate::printable::logged;

/// Takes one object-created event. An error means: deliver it again.
pub async fn run(ctx: &Ctx, event: &ObjectCreated) -> Result<(), Failure> {
    if event.bucket != ctx.settings.buckets.uploads {
        tracing::info!(bucket = logged(&event.bucket), "an upload event of a foreign bucket is ignored");
        return Ok(());
    }
    if event.key.starts_with(inbox::PREFIX) {
        return inbox::run(ctx, event).await;
    }
    let id = event.key.split('/').next().unwrap_or_default();
    match ctx.sessions.get(id).await? {
        Some(session) if session.source.key == event.key => confirm_if_there(ctx, &session).await.map(drop),
        _ => {
            tracing::info!(key = logged(&event.key), "an upload event that belongs to no session is ignored");
            Ok(())
        }
    }
}
