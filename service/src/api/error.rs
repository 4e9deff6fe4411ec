//! What a request is refused with: the one place where refusals and faults become answers.
//!
//! Every one is RFC 9457 `application/problem+json` with a stable `type`. The text is written in [`render`], by the
//! outermost layer, because only that one knows the request's id; until then the problem travels as an extension.

use std::time::Duration;

use activities::Refusal;
use activities::objects;
use activities::ports::Fault;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use states::{Event, Recipe, State};

use super::upload::UploadView;
use super::vocabulary::StateName;
use crate::people::{Refused, Scope};
use crate::quota::Exceeded;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("Nothing is served at this address.")]
    NoRoute,
    #[error("This address does not take this method.")]
    MethodNotAllowed,
    #[error("There is no such session.")]
    UnknownSession,
    #[error("The session was deleted, or kept for as long as it was to be.")]
    Deleted,
    #[error("{what} no longer kept.")]
    Expired { what: &'static str },
    #[error("There is no such result.")]
    UnknownResult,
    #[error("{}", said(reason))]
    Maintenance { reason: String, retry: u32 },
    #[error("There are no flags on this server.")]
    NoFlags,
    #[error("The flags were changed since they were read.")]
    FlagsChanged,
    #[error("There is no such webhook.")]
    UnknownWebhook,
    #[error("There is no such delivery.")]
    UnknownDelivery,
    #[error("There are {limit} webhooks already; remove one first.")]
    TooManyWebhooks { limit: u64 },
    #[error("Nobody is told anything by this server.")]
    NoNotices,
    #[error("A session in {state} does not take {event}.")]
    WrongState { state: State, event: Event, allowed: Vec<Event> },
    #[error("The body is not what is expected here: {detail}.")]
    Body { pointer: String, detail: String },
    #[error("The parameter {name} is not what is expected here: {detail}.")]
    Parameter { name: String, detail: String, allowed: Vec<String> },
    #[error("The header {name} is not what is expected here: {detail}.")]
    Header { name: &'static str, detail: &'static str },
    #[error("A body must be sent as application/json.")]
    ContentType,
    #[error("The body broke off before its end.")]
    BrokenBody,
    #[error("The body came too slowly.")]
    TooSlow,
    #[error("{what} may be {limit} bytes at most.")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("A picture may be {limit} bytes at most.")]
    PictureTooLarge { limit: u64 },
    #[error("A request may be {limit} bytes at most here; send the picture as `upload` says.")]
    UploadInstead { limit: u64, session_id: String, upload: Option<Box<UploadView>> },
    #[error("This is no JPEG and no PNG; a picture is one of these, of {limit} bytes at most.")]
    NotAPicture { limit: u64, takes: Vec<String> },
    #[error("Nothing here takes a file of the type {content_type} under this name.")]
    UnsupportedMedia { content_type: String, takes: Vec<String> },
    #[error("The recipe {recipe} cannot be made here. {why}")]
    RecipeUnavailable { recipe: Recipe, why: String },
    #[error("This Idempotency-Key was used before, with another request.")]
    KeyReused,
    #[error("This server does not answer for the host that was asked.")]
    WrongHost,
    #[error("A page of another origin may not do this.")]
    CrossOrigin,
    #[error("Who asks is not known here.")]
    SignedOut,
    #[error("The name and the password do not belong together, or this way in is not good any more.")]
    Credential,
    #[error("This key is not good for that: it lacks the scope {}.", <&str>::from(scope))]
    Scope { scope: Scope },
    #[error("Only an admin may do this.")]
    NotAdmin,
    #[error("A page says that it is one by the header {}.", super::cookie::PAGE_HEADER)]
    NotFromPage,
    #[error("What is asked for another user is not done.")]
    NotYours,
    #[error("This server keeps no accounts.")]
    NoAccounts,
    #[error("There is no such user.")]
    UnknownUser,
    #[error("There is no such key.")]
    UnknownKey,
    #[error("There is a user of this name already.")]
    NameTaken,
    #[error("There must be an admin, and this is the last one.")]
    LastAdmin,
    #[error("Too much was asked at once; ask again later.")]
    TooMany { wait: Duration },
    #[error("There may be {limit} sessions, and there are; delete some.")]
    TooManySessions { limit: u64 },
    #[error("There may be {limit} bytes, and this would be more; delete some sessions.")]
    TooManyBytes { limit: u64 },
    #[error("There are {limit} keys already; revoke one.")]
    TooManyKeys { limit: usize },
    #[error("The server could not do it now. Nothing was lost; try again.")]
    Unavailable(#[source] Fault),
    #[error("The server is busy. Nothing was lost; try again.")]
    Busy,
    #[error("The storage is full. Nothing was lost; try again later.")]
    Full,
    #[error("The session's record is damaged.")]
    Damaged(#[source] Fault),
    #[error("The server could not make a URL.")]
    Unsigned(#[source] objects::Error),
    #[error("The server met a fault of its own.")]
    Internal,
}

/// A reason that was given, or none.
fn said(reason: &str) -> &str {
    if reason.is_empty() { "The server is under maintenance and takes nothing new for now." } else { reason }
}

/// After how many seconds to try again what could not be done now.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// How to say who asks (RFC 6750).
const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"lockgate\"");

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable { .. } => Self::Unavailable(fault),
            Fault::Full => Self::Full,
            Fault::Busy => Self::Busy,
            Fault::Broken(_) => Self::Damaged(fault),
        }
    }
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Sessions(limit) => Self::TooManySessions { limit },
            Exceeded::Bytes(limit) => Self::TooManyBytes { limit },
        }
    }
}

impl From<objects::Error> for Error {
    /// Signing asks nobody, so whatever fails in it is a fault of ours.
    fn from(error: objects::Error) -> Self {
        Self::Unsigned(error)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let wrong = |pointer: &str, why: &str| Self::Body {
            pointer: pointer.to_owned(),
            detail: format!("it {why}"),
        };
        match refused {
            Refused::Credential => Self::Credential,
            Refused::Password(why) => wrong("/password", why),
            Refused::Name(why) => wrong("/name", why),
            Refused::Email(why) => wrong("/email", why),
            Refused::Taken => Self::NameTaken,
            Refused::UnknownUser => Self::UnknownUser,
            Refused::UnknownKey => Self::UnknownKey,
            Refused::LastAdmin => Self::LastAdmin,
            Refused::TooManyKeys(limit) => Self::TooManyKeys { limit },
            Refused::Fault(fault) => fault.into(),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown(_) => Self::UnknownSession,
            Refusal::Deleted(_) => Self::Deleted,
            Refusal::WrongState { why } => {
                Self::WrongState { state: why.from, event: why.on, allowed: why.from.allowed().collect() }
            }
            // Only activities of an attempt are superseded; a request is never told so.
            Refusal::Superseded { .. } => Self::Internal,
            Refusal::Fault(fault) => fault.into(),
        }
    }
}

impl Error {
    /// Status, the end of the `type`, and the title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NoRoute => (StatusCode::NOT_FOUND, "not-found", "Not Found"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method Not Allowed")
            }
            Self::UnknownSession => (StatusCode::NOT_FOUND, "unknown-session", "Unknown Session"),
            Self::Deleted => (StatusCode::GONE, "deleted", "Deleted"),
            Self::Maintenance { .. } => (StatusCode::SERVICE_UNAVAILABLE, "maintenance", "Maintenance"),
            Self::NoFlags => (StatusCode::NOT_IMPLEMENTED, "no-flags", "No Flags"),
            Self::FlagsChanged => (StatusCode::CONFLICT, "flags-changed", "Flags Changed"),
            Self::UnknownWebhook => (StatusCode::NOT_FOUND, "unknown-webhook", "Unknown Webhook"),
            Self::UnknownDelivery => (StatusCode::NOT_FOUND, "unknown-delivery", "Unknown Delivery"),
            Self::TooManyWebhooks { .. } => (StatusCode::CONFLICT, "too-many-webhooks", "Too Many Webhooks"),
            Self::NoNotices => (StatusCode::NOT_IMPLEMENTED, "no-notices", "No Notices"),
            Self::Expired { .. } => (StatusCode::GONE, "expired", "Expired"),
            Self::UnknownResult => (StatusCode::NOT_FOUND, "unknown-result", "Unknown Result"),
            Self::WrongState { .. } => (StatusCode::BAD_REQUEST, "wrong-state", "Wrong State"),
            Self::Body { .. } => (StatusCode::BAD_REQUEST, "invalid-body", "Invalid Body"),
            Self::Parameter { .. } => (StatusCode::BAD_REQUEST, "invalid-parameter", "Invalid Parameter"),
            Self::Header { .. } => (StatusCode::BAD_REQUEST, "invalid-header", "Invalid Header"),
            Self::ContentType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong-content-type", "Wrong Content Type")
            }
            Self::BrokenBody => (StatusCode::BAD_REQUEST, "broken-body", "Broken Body"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "Too Slow"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too Large"),
            Self::PictureTooLarge { .. } => (StatusCode::BAD_REQUEST, "too-large", "Too Large"),
            Self::UploadInstead { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "upload-instead", "Upload Instead"),
            Self::UnsupportedMedia { .. } | Self::NotAPicture { .. } => {
                (StatusCode::BAD_REQUEST, "unsupported-media", "Unsupported Media")
            }
            Self::RecipeUnavailable { .. } => {
                (StatusCode::BAD_REQUEST, "recipe-unavailable", "Recipe Unavailable")
            }
            Self::KeyReused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "Idempotency Key Reused")
            }
            Self::WrongHost => (StatusCode::MISDIRECTED_REQUEST, "wrong-host", "Wrong Host"),
            Self::CrossOrigin => (StatusCode::FORBIDDEN, "cross-origin", "Cross-Origin Request"),
            Self::SignedOut => (StatusCode::UNAUTHORIZED, "signed-out", "Signed Out"),
            Self::Credential => (StatusCode::UNAUTHORIZED, "wrong-credential", "Wrong Credential"),
            Self::Scope { .. } => (StatusCode::FORBIDDEN, "insufficient-scope", "Insufficient Scope"),
            Self::NotAdmin => (StatusCode::FORBIDDEN, "not-an-admin", "Not an Admin"),
            Self::NotFromPage => (StatusCode::FORBIDDEN, "not-from-a-page", "Not from a Page"),
            Self::NotYours => (StatusCode::FORBIDDEN, "not-yours", "Not Yours"),
            Self::NoAccounts => (StatusCode::NOT_FOUND, "no-accounts", "No Accounts"),
            Self::UnknownUser => (StatusCode::NOT_FOUND, "unknown-user", "Unknown User"),
            Self::UnknownKey => (StatusCode::NOT_FOUND, "unknown-key", "Unknown Key"),
            Self::NameTaken => (StatusCode::CONFLICT, "name-taken", "Name Taken"),
            Self::LastAdmin => (StatusCode::CONFLICT, "last-admin", "Last Admin"),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too Many Requests"),
            Self::TooManySessions { .. } | Self::TooManyBytes { .. } => {
                (StatusCode::FORBIDDEN, "quota-exceeded", "Quota Exceeded")
            }
            Self::TooManyKeys { .. } => (StatusCode::CONFLICT, "too-many-keys", "Too Many Keys"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy"),
            Self::Full => (StatusCode::INSUFFICIENT_STORAGE, "storage-full", "Storage Full"),
            Self::Damaged(_) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged-record", "Damaged Record"),
            Self::Unsigned(_) | Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal Error")
            }
        }
    }
}

/// A refusal as it is sent.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// What kind of problem it is, the same for ever.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    /// Also in the header `X-Request-Id`, and in the server's log.
    request_id: String,
    /// Where in the body, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// Which parameter of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
    /// How many bytes, or sessions, there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    limit: Option<u64>,
    /// The state the session is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<StateName>, nullable = false)]
    state: Option<State>,
    /// The events the session takes in this state, or the values the parameter takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allowed: Option<Vec<String>>,
    /// Media types and file name endings that are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    takes: Option<Vec<String>>,
    /// The session that waits for what was too large for a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session_id: Option<String>,
    /// How to send it; not there once it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<UploadView>)]
    upload: Option<Box<UploadView>>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, slug, title) = error.kind();
        let mut problem = Self {
            kind: format!("/problems/{slug}"),
            title,
            status: status.as_u16(),
            detail: error.to_string(),
            request_id: String::new(),
            pointer: None,
            parameter: None,
            limit: None,
            state: None,
            allowed: None,
            takes: None,
            session_id: None,
            upload: None,
        };
        match error {
            Error::WrongState { state, allowed, .. } => {
                problem.state = Some(state);
                problem.allowed = Some(allowed.iter().map(Event::to_string).collect());
            }
            Error::Body { pointer, .. } => problem.pointer = Some(pointer),
            Error::Parameter { name, allowed, .. } => {
                problem.parameter = Some(name);
                problem.allowed = Some(allowed).filter(|allowed| !allowed.is_empty());
            }
            Error::TooLarge { limit, .. }
            | Error::PictureTooLarge { limit }
            | Error::TooManySessions { limit }
            | Error::TooManyBytes { limit }
            | Error::TooManyWebhooks { limit } => problem.limit = Some(limit),
            Error::NotAPicture { limit, takes } => {
                problem.limit = Some(limit);
                problem.takes = Some(takes);
            }
            Error::UnsupportedMedia { takes, .. } => problem.takes = Some(takes),
            Error::UploadInstead { limit, session_id, upload } => {
                problem.limit = Some(limit);
                problem.session_id = Some(session_id);
                problem.upload = upload;
            }
            _ => {}
        }
        problem
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Some(cause) = std::error::Error::source(&self) {
            tracing::error!(cause, "a request could not be served");
        }
        let retry = match &self {
            Self::Unavailable(_) | Self::Busy | Self::Full => Some(RETRY_AFTER),
            Self::TooMany { wait } => Some((wait.as_secs() + 1).into()),
            Self::Maintenance { retry, .. } => Some(HeaderValue::from(*retry)),
            _ => None,
        };
        let (status, ..) = self.kind();
        let mut response = status.into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        if let Some(retry) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, retry);
        }
        response.extensions_mut().insert(Problem::from(self));
        response
    }
}

/// Writes the problem that `response` carries, if it does, with the id of the request it answers.
pub(crate) fn render(mut response: Response, request_id: &str) -> Response {
    let Some(mut problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    problem.request_id = request_id.to_owned();
    let text = serde_json::to_vec(&problem).expect("a problem holds nothing that JSON does not");
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = text.into();
    response
}
