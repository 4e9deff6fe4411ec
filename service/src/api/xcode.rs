//! `PUT /xcode/{id}`, `POST /xcode/{id}/cancel`, `POST /xcode/{id}/redrive`: the moves a person asks for. Whether a move
//! is legal is the table's business; here it is asked for, once per idempotency key.

use activities::Refusal;
use activities::moves::{cancel, redrive, start};
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use states::{Event, Session};

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{Id, IdempotencyKey, NoBody};
use super::view::SessionView;
use crate::Service;
use crate::meters::names;

/// Start the conversion
///
/// In ReadyToXcode only; of many requests at a time one wins.
#[utoipa::path(
    put,
    path = "/xcode/{id}",
    operation_id = "startSession",
    tag = "sessions",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 202, body = SessionView),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn begin(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
    key: IdempotencyKey,
    _: NoBody,
) -> Result<impl IntoResponse, Error> {
    let asked = Asked { service: &service, caller: &caller, id: &id, event: Event::TranscodeStarted };
    let moving = |transition_id| start::run(&service.ctx, &id, transition_id);
    asked.once(&key, "PUT /xcode", moving).await
}

/// Cancel a session
///
/// A session that has not ended ends as Failed, with the problem `cancelled`.
#[utoipa::path(
    post,
    path = "/xcode/{id}/cancel",
    operation_id = "cancelSession",
    tag = "sessions",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 202, body = SessionView),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn call_off(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
    key: IdempotencyKey,
    _: NoBody,
) -> Result<impl IntoResponse, Error> {
    let asked = Asked { service: &service, caller: &caller, id: &id, event: Event::Cancelled };
    let moving = |transition_id| cancel::run(&service.ctx, &id, transition_id);
    asked.once(&key, "POST /xcode/cancel", moving).await
}

/// Try a failed session again
///
/// The next attempt on the same upload; only where the problem is of a kind that can pass.
#[utoipa::path(
    post,
    path = "/xcode/{id}/redrive",
    operation_id = "redriveSession",
    tag = "sessions",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 202, body = SessionView),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn again(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
    key: IdempotencyKey,
    _: NoBody,
) -> Result<impl IntoResponse, Error> {
    let asked = Asked { service: &service, caller: &caller, id: &id, event: Event::Redriven };
    let moving = |transition_id| redrive::run(&service.ctx, &id, transition_id);
    asked.once(&key, "POST /xcode/redrive", moving).await
}

/// A move that somebody asks for.
struct Asked<'a> {
    service: &'a Service,
    caller: &'a Caller,
    id: &'a str,
    event: Event,
}

impl Asked<'_> {
    /// Makes the move, once for each idempotency key of this route.
    async fn once<F>(
        self,
        key: &IdempotencyKey,
        route: &str,
        moving: impl FnOnce(String) -> F,
    ) -> Result<(StatusCode, axum::Json<SessionView>), Error>
    where
        F: Future<Output = Result<Session, Refusal>>,
    {
        self.caller.session(self.service, self.id).await?;
        let moved = moving(key.id(&self.caller.owner, route, self.id)).await;
        self.answer(moved).await
    }

    /// 202 with the session, or why not. What the table allows in a state may make no sense for this very record, so a
    /// refusal reads the record again.
    async fn answer(
        self,
        moved: Result<Session, Refusal>,
    ) -> Result<(StatusCode, axum::Json<SessionView>), Error> {
        let Self { service, caller, id, event } = self;
        match moved {
            Ok(session) => {
                metrics::counter!(names::TRANSITIONS, "event" => event.to_string()).increment(1);
                Ok((StatusCode::ACCEPTED, axum::Json(SessionView::of(service, session).await?)))
            }
            Err(Refusal::WrongState { why }) => {
                let session = caller.session(service, id).await?;
                let allowed = match session.state == why.from {
                    true => session.allowed().collect(),
                    false => why.from.allowed().collect(),
                };
                Err(Error::WrongState { state: why.from, event: why.on, allowed })
            }
            Err(refusal) => Err(refusal.into()),
        }
    }
}
