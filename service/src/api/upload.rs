//! `POST /api/sessions/{id}/upload`: a fresh URL to upload to, as long as nothing is uploaded.

use std::collections::BTreeMap;

use activities::ports::Guard;
use activities::{Decision, rewrite};
use axum::extract::State;
use states::{Event, Session, Timestamp};

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{Id, IdempotencyKey, NoBody};
use crate::Service;

/// The request that uploads the file: exactly this one, byte for byte, will be taken.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Upload)]
pub(crate) struct UploadView {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Get a fresh upload URL
///
/// In NotUploaded only; an older URL stays good until it expires.
#[utoipa::path(
    post,
    path = "/api/sessions/{id}/upload",
    operation_id = "refreshUpload",
    tag = "sessions",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 200, body = UploadView),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refresh(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
    _: IdempotencyKey,
    _: NoBody,
) -> Result<axum::Json<UploadView>, Error> {
    let session = caller.session(&service, &id).await?;
    renew(&service, session).await.map(|(_, upload)| axum::Json(upload))
}

/// Another URL for the upload of `session`, and the record that knows how long it lives: the session must not expire
/// before its URL does.
pub(crate) async fn renew(service: &Service, session: Session) -> Result<(Session, UploadView), Error> {
    let expires_at = service.ctx.clock.now() + service.config.upload_url_lifetime();
    let session = extend(service, &session.id, expires_at).await?;
    let upload = mint(service, &session).await?;
    Ok((session, upload))
}

/// A URL for the upload of `session`, which was made or renewed at this moment.
pub(crate) async fn mint(service: &Service, session: &Session) -> Result<UploadView, Error> {
    let lifetime = service.config.upload_url_lifetime();
    let expires_at = session.upload_expires_at;
    let states::session::Source { bucket, key, size, content_type, sha256, .. } = &session.source;
    let sha256 = sha256.as_deref().and_then(digest);
    let presigned =
        service.ctx.objects.presign_put(bucket, key, *size, content_type, sha256, lifetime).await?;
    let headers = presigned.headers.into_iter().collect();
    Ok(UploadView { method: presigned.method, url: presigned.url, headers, expires_at })
}

/// A digest as the record holds it, which is 64 hexadecimal digits.
fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(hex, &mut digest).ok()?;
    Some(digest)
}

/// Writes down that an upload URL lives until `expires_at`. It is no transition: the version stays.
async fn extend(service: &Service, id: &str, expires_at: Timestamp) -> Result<Session, Error> {
    let decide = |session: &Session| {
        if session.state != states::State::NotUploaded {
            let allowed = session.allowed().collect();
            return Err(Error::WrongState { state: session.state, event: Event::UploadConfirmed, allowed });
        }
        if session.upload_expires_at >= expires_at {
            return Ok(Decision::Stands);
        }
        let mut next = session.clone();
        next.upload_expires_at = expires_at;
        next.due_at = next.next_due(service.ctx.clock.now(), service.deadlines());
        Ok(Decision::Write { next: Box::new(next), guard: Guard::Unmoved { version: session.version } })
    };
    rewrite(&service.ctx, id, decide).await
}
