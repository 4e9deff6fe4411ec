//! The inbox: what lands under `inbox/{owner}/…` of the uploads bucket without a session gets one by itself, with the
//! default recipe for its type, and starts at once. Its id follows from bucket, key and version, so that a doubled event
//! makes one session. The object is read where it lies, pinned by its ETag.

use std::collections::BTreeMap;

use states::session::{Draft, Source, StartMode};
use states::{Kind, Recipe, Session};

use super::arrival::confirm_if_there;
use crate::clock::derived_id;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::objects::{Head, ObjectCreated};
use crate::ports::Guard;
use crate::printable::logged;

pub const PREFIX: &str = "inbox/";

pub(crate) async fn run(ctx: &Ctx, event: &ObjectCreated) -> Result<(), Failure> {
    arrived(ctx, &event.bucket, &event.key, event.version_id.as_deref()).await.map(drop)
}

/// The session of what was just put under `key`, not waiting for the event that makes it as well.
pub async fn take(ctx: &Ctx, bucket: &str, key: &str) -> Result<Option<Session>, Failure> {
    let Some(id) = arrived(ctx, bucket, key, None).await? else { return Ok(None) };
    Ok(ctx.sessions.get(&id).await?)
}

/// Sees to it that what lies there has a session; answers its id.
async fn arrived(
    ctx: &Ctx,
    bucket: &str,
    key: &str,
    version_id: Option<&str>,
) -> Result<Option<String>, Failure> {
    let Some(head) = ctx.objects.head(bucket, key).await? else { return Ok(None) };
    let Some(session) = session_for(ctx, (bucket, key, version_id), &head) else {
        tracing::warn!(key = logged(key), "nothing can be made of this file in the inbox; it is left there");
        return Ok(None);
    };
    if let Some(reason) = not_now(ctx, &session)
        && ctx.sessions.get(&session.id).await?.is_none()
    {
        return Err(Failure::new(Kind::RecipeUnavailable, reason)); // its event comes again
    }
    ctx.sessions.write(&session, Guard::Absent).await?; // refused: it was made before
    confirm_if_there(ctx, &session).await?;
    Ok(Some(session.id))
}

/// Why no session is made of this for now.
fn not_now(ctx: &Ctx, session: &Session) -> Option<String> {
    let flags = ctx.flags();
    let maintenance = flags.maintenance.on.then(|| "The server is under maintenance.".to_owned());
    maintenance.or_else(|| flags.refuses(session.recipe))
}

fn session_for(
    ctx: &Ctx,
    (bucket, key, version_id): (&str, &str, Option<&str>),
    head: &Head,
) -> Option<Session> {
    let (owner, name) = key.strip_prefix(PREFIX)?.split_once('/')?;
    let file_name = name.rsplit('/').next().filter(|name| !name.is_empty())?;
    let content_type = head.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    let recipe = Recipe::default_for(&content_type, file_name)?;
    let flags = ctx.flags();
    if head.size > flags.max_bytes(recipe) {
        return None;
    }
    let version = version_id.or(head.version_id.as_deref()).unwrap_or(&head.etag);
    let now = ctx.clock.now();
    let draft = Draft {
        id: derived_id(&["inbox", bucket, key, version]),
        owner: owner.to_owned(),
        source: Source {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            file_name: file_name.to_owned(),
            size: head.size,
            content_type,
            sha256: head.sha256.map(hex::encode),
            etag: None,
        },
        recipe,
        options: flags.options(recipe, &serde_json::Map::new()),
        start: StartMode::Auto,
        metadata: BTreeMap::new(),
        upload_expires_at: now,
        request_digest: None,
    };
    Some(Session::new(draft, now, &ctx.settings.deadlines))
}
