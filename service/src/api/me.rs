//! `GET /api/me` and `PUT /api/me/password`: what the server takes the caller for, and the caller's own password.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::Json;
use super::sign_in::accounts;
use super::trail::Noted;
use crate::people::{Role, Scope};

/// Who asks.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    /// The owner of what is made with this credential.
    user: String,
    role: Role,
    /// What this credential is good for.
    scopes: Vec<Scope>,
    /// Whether there are others: without accounts, everything is one user's.
    accounts: bool,
    /// Whether this server keeps passwords; else one signs in with the issuer.
    passwords: bool,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    #[schema(format = Password)]
    current: String,
    /// 12 to 256 characters.
    #[schema(format = Password, min_length = 12, max_length = 256)]
    password: String,
}

/// Tell who asks
#[utoipa::path(
    get,
    path = "/api/me",
    operation_id = "whoAmI",
    tag = "people",
    responses(
        (status = 200, body = Me),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(State(service): State<App>, caller: Caller) -> axum::Json<Me> {
    axum::Json(Me {
        role: caller.role(),
        scopes: caller.scopes().list(),
        accounts: service.config.accounts,
        passwords: accounts(&service).is_ok(),
        user: caller.owner,
    })
}

/// Change one's password
///
/// Every sign-in of who asks has ended then; sign in anew. Keys stay.
#[utoipa::path(
    put,
    path = "/api/me/password",
    operation_id = "changePassword",
    tag = "people",
    request_body = PasswordChange,
    responses(
        (status = 204),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_password(
    State(service): State<App>,
    caller: Caller,
    noted: Noted,
    Json(change): Json<PasswordChange>,
) -> Result<StatusCode, Error> {
    caller.needs(Scope::Admin)?;
    caller.note(&caller.owner, &caller.owner);
    noted.tries(&service, Some(&caller.owner))?;
    accounts(&service)?.set_password(&caller.owner, change.current, change.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
