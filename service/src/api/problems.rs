//! `GET /problems/{slug}`: where the `type` of a refusal leads, and that of a session's problem: the page of it in
//! `docs/problems`, which is part of the program. A page is a file there and a line here.

use axum::extract::Path;
use axum::response::IntoResponse;
use http::header;

use super::error::Error;

/// A page for each of these names.
macro_rules! pages {
    ($($slug:literal)*) => {
        &[$(($slug, include_str!(concat!("../../../docs/problems/", $slug, ".md")))),*]
    };
}

const PAGES: &[(&str, &str)] = pages! {
    "broken-body"
    "busy"
    "cancelled"
    "cross-origin"
    "damaged-record"
    "deleted"
    "expired"
    "flags-changed"
    "head-too-large"
    "idempotency-key-reused"
    "insufficient-scope"
    "internal"
    "invalid-body"
    "invalid-header"
    "invalid-parameter"
    "last-admin"
    "maintenance"
    "malformed-request"
    "media-corrupt"
    "method-not-allowed"
    "name-taken"
    "no-accounts"
    "no-flags"
    "no-notices"
    "not-an-admin"
    "not-found"
    "not-from-a-page"
    "not-started"
    "not-yours"
    "out-of-memory"
    "output-unverified"
    "quota-exceeded"
    "recipe-unavailable"
    "signed-out"
    "source-changed"
    "storage-damaged"
    "storage-full"
    "storage-unavailable"
    "timed-out"
    "too-large"
    "too-long"
    "too-many-keys"
    "too-many-requests"
    "too-many-webhooks"
    "too-slow"
    "unavailable"
    "unknown-delivery"
    "unknown-key"
    "unknown-result"
    "unknown-session"
    "unknown-user"
    "unknown-webhook"
    "unsupported-media"
    "upload-expired"
    "upload-instead"
    "upload-mismatch"
    "uri-too-long"
    "worker-crashed"
    "worker-lost"
    "workflow-failed"
    "wrong-content-type"
    "wrong-credential"
    "wrong-host"
    "wrong-state"
};

/// Plain, because browsers show that, and rather save Markdown.
const PLAIN: &str = "text/plain; charset=utf-8";

/// Read what a problem means
///
/// The page that the `type` of a refusal leads to: what causes it, and what to do. Of a session's problem it is the one of
/// that name.
#[utoipa::path(
    get,
    path = "/problems/{slug}",
    operation_id = "explainProblem",
    tag = "operations",
    security(()),
    params(("slug" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(Path(slug): Path<String>) -> Result<impl IntoResponse, Error> {
    let page = PAGES.iter().find(|(name, _)| *name == slug).map(|&(_, text)| text);
    page.map(|text| ([(header::CONTENT_TYPE, PLAIN)], text)).ok_or(Error::NoRoute)
}
