//! `/api/keys`: what a user's machines have in the place of a password, for this API or for the object store.
//!
//! A key is shown once, when it is made, and can be revoked. It can do no more than its owner, and makes no other unless it
//! has the scope `admin`: so that a key which was lost can be taken away for good.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use states::Timestamp;

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{Id, Json};
use crate::Service;
use crate::people::{Key, KeyKind, Keys, NewKey, Scope, Scopes};

const NAME_CHARS: usize = 64;

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct KeyList {
    keys: Vec<Key>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyWanted {
    /// What its owner calls it; 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// `api` unless said.
    kind: Option<KeyKind>,
    /// `read` and `write` unless said. A key for the object store has none.
    #[serde(default)]
    scopes: Vec<Scope>,
    /// For ever, unless said.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key with its secret, which is shown now and never again.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct KeyWithSecret {
    key: Key,
    /// Of a key for this API: what follows `Authorization: Bearer`. Of one for the object store: the secret access key.
    secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, required = false)]
    inbox: Option<Inbox>,
}

/// Where a key for the object store is good.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Inbox {
    endpoint: String,
    bucket: String,
    prefix: String,
}

/// List one's keys
#[utoipa::path(
    get,
    path = "/api/keys",
    operation_id = "listKeys",
    tag = "people",
    responses(
        (status = 200, body = KeyList),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(service): State<App>, caller: Caller) -> Result<axum::Json<KeyList>, Error> {
    let keys = keys(&service)?.keys(&caller.owner).await?;
    Ok(axum::Json(KeyList { keys }))
}

/// Make a key
#[utoipa::path(
    post,
    path = "/api/keys",
    operation_id = "addKey",
    tag = "people",
    request_body = KeyWanted,
    responses(
        (status = 201, body = KeyWithSecret),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(service): State<App>,
    caller: Caller,
    Json(wanted): Json<KeyWanted>,
) -> Result<impl IntoResponse, Error> {
    caller.needs(Scope::Admin)?;
    let new = wanted.check(&service)?;
    caller.note(&new.name, &caller.owner);
    let inbox = (new.kind == KeyKind::S3).then(|| Inbox {
        endpoint: service.config.object_origins.first().cloned().unwrap_or_default(),
        bucket: service.ctx.settings.buckets.uploads.clone(),
        prefix: format!("{}{}/", activities::moves::inbox::PREFIX, caller.owner),
    });
    let (key, secret) = keys(&service)?.add_key(&caller.owner, new).await?;
    caller.note(&key.id, &caller.owner);
    Ok((StatusCode::CREATED, axum::Json(KeyWithSecret { key, secret: secret.0, inbox })))
}

/// Revoke a key
#[utoipa::path(
    delete,
    path = "/api/keys/{id}",
    operation_id = "revokeKey",
    tag = "people",
    params(("id" = String, Path)),
    responses(
        (status = 204),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
) -> Result<StatusCode, Error> {
    caller.needs(Scope::Admin)?;
    caller.note(&id, &caller.owner);
    keys(&service)?.revoke_key(&caller.owner, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl KeyWanted {
    fn check(self, service: &Service) -> Result<NewKey, Error> {
        let wrong = |pointer: &str, detail: &str| Error::Body {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        };
        let name = self.name.trim().to_owned();
        if !(1..=NAME_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(wrong("/name", "it is not 1 to 64 characters long, or holds control characters"));
        }
        if self.expires_at.is_some_and(|expires| expires <= service.ctx.clock.now()) {
            return Err(wrong("/expiresAt", "it is over"));
        }
        let kind = self.kind.unwrap_or(KeyKind::Api);
        let scopes = match (kind, self.scopes.is_empty()) {
            (KeyKind::S3, false) => return Err(wrong("/scopes", "a key for the object store has none")),
            (KeyKind::S3, true) => Scopes::of(&[]),
            (KeyKind::Api, true) => Scopes::of(&[Scope::Read, Scope::Write]),
            (KeyKind::Api, false) => Scopes::of(&self.scopes),
        };
        Ok(NewKey { name, kind, scopes, expires_at: self.expires_at })
    }
}

fn keys(service: &Service) -> Result<&Arc<dyn Keys>, Error> {
    let people = service.people.as_ref().filter(|_| service.config.accounts);
    people.and_then(|people| people.keys.as_ref()).ok_or(Error::NoAccounts)
}
