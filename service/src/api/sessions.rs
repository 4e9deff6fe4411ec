//! `GET /api/sessions`, `GET` and `DELETE /api/sessions/{id}`.

use activities::clock::random_id;
use activities::moves::bury;
use activities::ports::{Cursor, Query};
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use states::{Kind, Recipe, Timestamp};
use utoipa::IntoParams;

use super::App;
use super::caller::{Caller, EVERYBODY, not_everybody};
use super::error::Error;
use super::extract::{Id, Parameters};
use super::view::SessionView;
use super::vocabulary::{KindName, RecipeName, StateName, Vocabulary};
use crate::Service;

const LIMIT_DEFAULT: usize = 20;
const LIMIT_MOST: usize = 100;

#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionList {
    sessions: Vec<SessionView>,
    /// To be given as `cursor` for the next page; not there on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    #[param(value_type = Option<StateName>)]
    state: Option<states::State>,
    #[param(value_type = Option<KindName>)]
    problem: Option<Kind>,
    #[param(value_type = Option<RecipeName>)]
    recipe: Option<Recipe>,
    /// Whose sessions, for admins: a user's name, or `*` for everybody's. One's own, unless said.
    owner: Option<String>,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
    /// Sessions on a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
}

/// List sessions, newest first
#[utoipa::path(
    get,
    path = "/api/sessions",
    operation_id = "listSessions",
    tag = "sessions",
    params(Filter),
    responses(
        (status = 200, body = SessionList),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(service): State<App>,
    caller: Caller,
    parameters: Parameters,
) -> Result<axum::Json<SessionList>, Error> {
    let filter = Filter::parse(&parameters)?;
    let query = Query {
        owner: owner(&service, &caller, filter.owner)?,
        state: filter.state,
        problem: filter.problem,
        recipe: filter.recipe,
        cursor: filter.cursor,
        limit: filter.limit.unwrap_or(LIMIT_DEFAULT),
    };
    let page = service.ctx.sessions.list(&query).await?;
    let mut sessions = Vec::with_capacity(page.sessions.len());
    for session in page.sessions {
        sessions.push(SessionView::of(&service, session).await?);
    }
    Ok(axum::Json(SessionList { sessions, next: page.next.as_ref().map(seal) }))
}

/// Whose sessions are listed; None is everybody's.
fn owner(service: &Service, caller: &Caller, named: Option<String>) -> Result<Option<String>, Error> {
    match caller.looks_at(service, named)? {
        owner if owner != EVERYBODY => Ok(Some(owner)),
        _ if service.config.lists_everybody => Ok(None),
        _ => Err(not_everybody()),
    }
}

/// Show a session
#[utoipa::path(
    get,
    path = "/api/sessions/{id}",
    operation_id = "showSession",
    tag = "sessions",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = SessionView),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
) -> Result<axum::Json<SessionView>, Error> {
    let session = caller.session(&service, &id).await?;
    SessionView::of(&service, session).await.map(axum::Json)
}

/// Delete a session with its objects
///
/// One that has not ended is cancelled first. Afterwards the session answers 410.
#[utoipa::path(
    delete,
    path = "/api/sessions/{id}",
    operation_id = "deleteSession",
    tag = "sessions",
    params(("id" = String, Path)),
    responses(
        (status = 204),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
) -> Result<StatusCode, Error> {
    caller.session(&service, &id).await?;
    bury::run(&service.ctx, &id, random_id()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Filter {
    fn parse(parameters: &Parameters) -> Result<Self, Error> {
        let mut filter = Self::default();
        for (name, value) in parameters {
            match name.as_str() {
                "state" => filter.state = Some(word(name, value)?),
                "problem" => filter.problem = Some(word(name, value)?),
                "recipe" => filter.recipe = Some(word(name, value)?),
                "owner" => filter.owner = Some(value.clone()),
                "cursor" => filter.cursor = Some(unseal(value).ok_or_else(|| not_a_cursor(name))?),
                "limit" => filter.limit = Some(limit(name, value)?),
                _ => {
                    return Err(Parameters::unknown(
                        name,
                        &["state", "problem", "recipe", "owner", "cursor", "limit"],
                    ));
                }
            }
        }
        Ok(filter)
    }
}

pub(super) fn word<V: Vocabulary + Copy>(name: &str, value: &str) -> Result<V, Error> {
    V::parse(value).ok_or_else(|| Error::Parameter {
        name: name.to_owned(),
        detail: "there is no such value".to_owned(),
        allowed: V::words(),
    })
}

pub(super) fn limit(name: &str, value: &str) -> Result<usize, Error> {
    let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MOST).contains(limit));
    limit.ok_or_else(|| Error::Parameter {
        name: name.to_owned(),
        detail: format!("it is not a whole number from 1 to {LIMIT_MOST}"),
        allowed: Vec::new(),
    })
}

pub(super) fn not_a_cursor(name: &str) -> Error {
    let detail = "it is not what a page before gave as next".to_owned();
    Error::Parameter { name: name.to_owned(), detail, allowed: Vec::new() }
}

/// A cursor as text that says nothing to its reader and can stand in a URL.
pub(super) fn seal(cursor: &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", cursor.created_at.as_millisecond(), cursor.id))
}

pub(super) fn unseal(text: &str) -> Option<Cursor> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (millis, id) = text.split_once('.')?;
    let created_at = Timestamp::from_millisecond(millis.parse().ok()?).ok()?;
    Some(Cursor { created_at, id: id.to_owned() }).filter(|cursor| !cursor.id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_seal() {
        let created_at = Timestamp::from_millisecond(1_763_000_000_123).expect("a time");
        let cursor = Cursor { created_at, id: "a-b.c".to_owned() };
        assert_eq!(unseal(&seal(&cursor)), Some(cursor));
        for bad in ["", "!", "MTIz", "eA", "MS4"] {
            assert_eq!(unseal(bad), None, "{bad}");
        }
    }
}
