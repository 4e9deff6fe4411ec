//! The engine's own endpoint as `serve` and `engine` offer it: Step Functions' API, for the machines its callers bring.
//!
//! The product's machine and its executions can be looked at here and not touched. Like every listener, this one answers
//! only for the hosts it has: else any page that makes a name of its own point at this machine could start workflows.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;
use service::hosts::Hosts;
use workflow::driver::Engine;

/// The endpoint at `address`; the machines in `read_only` can only be looked at.
pub(crate) fn router(
    engine: &Engine,
    address: SocketAddr,
    read_only: impl IntoIterator<Item = String>,
) -> Router {
    let hosts = Hosts(vec![address.to_string(), format!("localhost:{}", address.port())]);
    workflow::api::router(engine, read_only).layer(from_fn_with_state(Arc::new(hosts), admit))
}

async fn admit(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    match hosts.check(request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(wrong) => {
            let body = json!({ "__type": "AccessDeniedException", "message": wrong.to_string() });
            let headers = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
            (StatusCode::MISDIRECTED_REQUEST, headers, body.to_string()).into_response()
        }
    }
}
