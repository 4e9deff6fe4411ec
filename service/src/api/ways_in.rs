//! `GET /api/sign-in`: by which ways people come in here, so that the page knows before anybody is signed in.

use axum::extract::State;
use serde::Serialize;

use super::App;
use super::sign_in::accounts;
use crate::people::Issuer;

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WaysIn {
    /// Whether this server keeps passwords, which `POST /api/sign-in` takes.
    passwords: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    issuer: Option<Issuer>,
}

/// Tell how one signs in
///
/// With a password, with an issuer of OpenID Connect, or not at all: where there are no accounts, nobody is asked.
#[utoipa::path(
    get,
    path = "/api/sign-in",
    operation_id = "waysIn",
    tag = "people",
    security(()),
    responses(
        (status = 200, body = WaysIn),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(State(service): State<App>) -> axum::Json<WaysIn> {
    let issuer = service.config.issuer.clone().filter(|_| service.config.accounts);
    axum::Json(WaysIn { passwords: accounts(&service).is_ok(), issuer })
}
