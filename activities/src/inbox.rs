//! The inbox: what lands under `inbox/{owner}/…` of the uploads bucket without a session gets one by itself, with the
//! default recipe for its type, and starts at once. Its id follows from bucket, key and version, so that a doubled event
//! makes one session. The object is read where it lies, pinned by its ETag.

use std::collections::BTreeMap;

use states::session::{Draft, Source, StartMode};
use states::{Recipe, Session};

use crate::arrival::confirm_if_there;
use crate::clock::derived_id;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::objects::{Head, ObjectCreated};
use crate::ports::Guard;

pub(crate) const PREFIX: &str = "inbox/";

pub(crate) async fn run(ctx: &Ctx, event: &ObjectCreated) -> Result<(), Failure> {
    let Some(head) = ctx.objects.head(&event.bucket, &event.key).await? else { return Ok(()) };
    let Some(session) = session_for(ctx, event, &head) else {
        tracing::warn!(key = event.key, "nothing can be made of this file in the inbox; it is left there");
        return Ok(());
    };
    ctx.sessions.write(&session, Guard::Absent).await?; // refused: an earlier delivery of this event made it
    confirm_if_there(ctx, &session).await.map(drop)
}

fn session_for(ctx: &Ctx, event: &ObjectCreated, head: &Head) -> Option<Session> {
    let (owner, name) = event.key.strip_prefix(PREFIX)?.split_once('/')?;
    let file_name = name.rsplit('/').next().filter(|name| !name.is_empty())?;
    let content_type = head.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    let recipe = Recipe::default_for(&content_type, file_name)?;
    let version = event.version_id.as_deref().unwrap_or(&head.etag);
    let now = ctx.clock.now();
    let draft = Draft {
        id: derived_id(&["inbox", &event.bucket, &event.key, version]),
        owner: owner.to_owned(),
        source: Source {
            bucket: event.bucket.clone(),
            key: event.key.clone(),
            file_name: file_name.to_owned(),
            size: head.size,
            content_type,
            sha256: head.sha256.map(hex::encode),
            etag: None,
        },
        recipe,
        options: serde_json::Map::new(),
        start: StartMode::Auto,
        metadata: BTreeMap::new(),
        upload_expires_at: now,
        request_digest: None,
    };
    Some(Session::new(draft, now, &ctx.settings.deadlines))
}
