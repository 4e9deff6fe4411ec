//! `GET /healthz` and `GET /metrics`: for whoever looks after the server.

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::caller::Admin;
use super::error::Error;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: &'static str,
}

/// Tell whether the server is well
///
/// 200 when the sessions can be read, 503 when they cannot.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health",
    tag = "operations",
    security(()),
    responses(
        (status = 200, body = Health),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn health(State(service): State<App>) -> Result<axum::Json<Health>, Error> {
    service.ctx.sessions.due(service.ctx.clock.now(), 1).await?;
    Ok(axum::Json(Health { status: "ok" }))
}

/// Read the meters
///
/// With accounts, by an admin only: a key with the scopes `read` and `admin` will do.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "operations",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn meters(State(service): State<App>, _: Admin) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], service.meters.render())
}
