//! `GET /api/sessions/{id}/events`: a session's life as server-sent events.
//!
//! An event's id is `{version}.{permille}`, which only ever rises; so a reader that comes back with `Last-Event-ID` is
//! told what is new since, and nothing twice. What is sent is what is stored: a change is only a reason to read again.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::{Extension, http::HeaderMap};
use futures::Stream;
use http::StatusCode;
use states::Session;

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::Id;
use super::identify::Credential;
use super::view::{ProgressView, SessionView};
use crate::Service;
use crate::changes::Watch;
use crate::meters::names;
use crate::serve::Draining;

/// A comment is sent when there was nothing to say for so long, so that no proxy takes the stream for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// When to come back after the end of a stream.
const RETRY: Duration = Duration::from_secs(3);

/// Watch a session
///
/// Events `session` (the whole session, as `GET` shows it, after each transition) and `progress`. The stream ends with the
/// session; a reader that has seen the end is answered 204. Where answers cannot stream it is what is new, and `retry`.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/events",
    operation_id = "watchSession",
    tag = "sessions",
    params(
        ("id" = String, Path),
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream",
            description = "`data` of `session` is a Session, of `progress` a Progress"),
        (status = 204, description = "The session has ended, and its end was seen"),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
    draining: Option<Extension<Draining>>,
    credential: Option<Extension<Credential>>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let seen = Place::last_seen(&headers)?;
    // Before the first read: what is written after it must not be missed.
    let watch = service.changes.as_ref().map(|changes| changes.watch(&id));
    let session = caller.session(&service, &id).await?;
    if session.state.is_terminal() && seen >= Some(Place::of(&session)) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let draining = draining.map(|Extension(draining)| draining);
    let credential = credential.map(|Extension(credential)| credential);
    let next = Some(session);
    let follower =
        Follower { service, caller, id, watch, draining, credential, seen, next, _open: Open::new() };
    let beat = KeepAlive::new().interval(HEARTBEAT);
    let unbuffered = [("x-accel-buffering", "no")]; // a proxy must pass each event on as it comes
    Ok((unbuffered, Sse::new(follower.events()).keep_alive(beat)).into_response())
}

/// How far a session is: the id of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    version: u64,
    permille: u16,
}

impl Place {
    fn of(session: &Session) -> Self {
        Self { version: session.version, permille: session.progress.permille }
    }

    fn last_seen(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        const NAME: &str = "Last-Event-ID";
        let Some(value) = headers.get(NAME) else {
            return Ok(None);
        };
        let parse = || {
            let (version, permille) = value.to_str().ok()?.split_once('.')?;
            Some(Self { version: version.parse().ok()?, permille: permille.parse().ok()? })
        };
        let place = parse().ok_or(Error::Header { name: NAME, detail: "it is not the id of an event" })?;
        Ok(Some(place))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.version, self.permille)
    }
}

/// One reader of one session's events.
struct Follower {
    service: Arc<Service>,
    caller: Caller,
    id: String,
    watch: Option<Watch>,
    draining: Option<Draining>,
    credential: Option<Credential>,
    seen: Option<Place>,
    /// A record that was read and is not told yet.
    next: Option<Session>,
    _open: Open,
}

impl Follower {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let begin = Event::default().retry(RETRY);
        let begin = futures::stream::once(futures::future::ready(Ok(begin)));
        let follow = futures::stream::unfold(self, |mut follower| async move {
            let event = follower.next_event().await?;
            Some((Ok(event), follower))
        });
        futures::StreamExt::chain(begin, follow)
    }

    /// The next thing to tell, or None when there is nothing more.
    async fn next_event(&mut self) -> Option<Event> {
        loop {
            let session = match self.next.take() {
                Some(session) => session,
                None => self.changed().await?,
            };
            let place = Place::of(&session);
            if self.seen.is_some_and(|seen| seen >= place) {
                continue;
            }
            let moved = self.seen.is_none_or(|seen| seen.version != place.version);
            if session.state.is_terminal() {
                self.watch = None; // this is the last thing to tell
            }
            self.seen = Some(place);
            let event = Event::default().id(place.to_string());
            let event = if moved {
                let view = SessionView::of(&self.service, session).await.ok()?;
                event.event("session").json_data(view)
            } else {
                event.event("progress").json_data(ProgressView::of(&session))
            };
            return Some(event.expect("a view holds nothing that JSON does not"));
        }
    }

    /// The record after its next change. None ends the stream: deleted, not readable, or the server is going; the reader
    /// comes back and is told what is the case.
    async fn changed(&mut self) -> Option<Session> {
        let watch = self.watch.as_mut()?;
        let told = match &mut self.draining {
            None => watch.changed().await,
            Some(draining) => tokio::select! {
                () = draining.begun() => false,
                told = watch.changed() => told,
            },
        };
        if !told {
            return None;
        }
        if let Some(credential) = &self.credential
            && !credential.is_good(&self.service).await
        {
            return None; // it has ended meanwhile; whoever has another comes back with it
        }
        self.caller.session(&self.service, &self.id).await.ok()
    }
}

/// Counts an open stream for as long as it is.
struct Open;

impl Open {
    fn new() -> Self {
        metrics::gauge!(names::STREAMS).increment(1.0);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!(names::STREAMS).decrement(1.0);
    }
}
