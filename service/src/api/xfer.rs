//! `POST /xfer`: a new session and the URL its file goes to. What a request must hold is in [`intake`](super::intake).

use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use states::{Session, State as Lifecycle};

use activities::ports::{Fault, Guard, Written};

use super::caller::Caller;
use super::error::Error;
use super::extract::{IdempotencyKey, Json};
use super::intake::{Intake, Request};
use super::upload::{self, UploadView};
use super::vocabulary::StateName;
use super::{App, ROUNDS};
use crate::Service;
use crate::meters::names;

/// The route of an idempotency key's id; `/xfer/` is the same one.
const ROUTE: &str = "POST /xfer";

/// A session that was made.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    session_id: String,
    #[schema(value_type = StateName)]
    state: states::State,
    /// Not there when a repeated request finds its file uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    upload: Option<UploadView>,
}

/// Announce a file
///
/// Makes a session and answers with the URL to send the file to, by a PUT with exactly these headers. A repeated request
/// with the same `Idempotency-Key` answers with the session that the first one made, and with a fresh URL.
#[utoipa::path(
    post,
    path = "/xfer",
    operation_id = "createSession",
    tag = "sessions",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same one")),
    request_body = Request,
    responses(
        (status = 201, body = Created, headers(("Location" = String, description = "The session"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(service): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<Request>,
) -> Result<impl IntoResponse, Error> {
    let (session, upload) = announced(&service, &caller, &key, ROUTE, request).await?;
    let location = format!("{}/api/sessions/{}", service.config.public_url, session.id);
    let created = Created { session_id: session.id, state: session.state, upload };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(created)))
}

/// The session that a request makes or has made before, and where its file goes, if it is not there yet.
pub(crate) async fn announced(
    service: &Service,
    caller: &Caller,
    key: &IdempotencyKey,
    route: &str,
    request: Request,
) -> Result<(Session, Option<UploadView>), Error> {
    let id = key.id(&caller.owner, route, "");
    tracing::Span::current().record("session", &id);
    let digest = key.is_given().then(|| request.digest());
    let intake = request.check(&service.ctx)?;
    // A repeated request asks for no more than there is.
    if !key.is_given() || service.ctx.sessions.get(&id).await?.is_none() {
        caller.has_room(service, intake.size()).await?;
    }
    let made = make(service, caller, &id, intake, digest).await?;
    with_upload(service, caller, made).await
}

/// Whether the session was made by this request, or before by the same one.
enum Made {
    New(Session),
    Before(Session),
}

/// The session with a URL to upload to, if it still waits for its upload: a repeated request may come after that.
async fn with_upload(
    service: &Service,
    caller: &Caller,
    made: Made,
) -> Result<(Session, Option<UploadView>), Error> {
    let session = match made {
        Made::New(session) => {
            let upload = upload::mint(service, &session).await?;
            return Ok((session, Some(upload)));
        }
        Made::Before(session) => session,
    };
    if session.state != Lifecycle::NotUploaded {
        return Ok((session, None));
    }
    let id = session.id.clone();
    match upload::renew(service, session).await {
        Ok((session, upload)) => Ok((session, Some(upload))),
        Err(Error::WrongState { .. }) => Ok((caller.session(service, &id).await?, None)), // it has just come
        Err(error) => Err(error),
    }
}

/// Writes the new session, or finds the one that the same request made before. After a lost answer the record's key,
/// which is random, tells whether it is this very one.
async fn make(
    service: &Service,
    caller: &Caller,
    id: &str,
    intake: Intake,
    digest: Option<String>,
) -> Result<Made, Error> {
    let new = intake.session(service, id, &caller.owner, digest);
    let mut fault = Fault::Busy;
    for _ in 0..ROUNDS {
        match service.ctx.sessions.write(&new, Guard::Absent).await {
            Ok(Written::Stored) => {
                metrics::counter!(names::CREATED).increment(1);
                return Ok(Made::New(new));
            }
            Ok(Written::Refused) => {
                let found = caller.session(service, id).await?;
                let same = found.source.key == new.source.key
                    || (found.request_digest.is_some() && found.request_digest == new.request_digest);
                return if same { Ok(Made::Before(found)) } else { Err(Error::KeyReused) };
            }
            Err(unavailable @ Fault::Unavailable { .. }) => fault = unavailable,
            Err(other) => return Err(other.into()),
        }
    }
    Err(fault.into())
}
