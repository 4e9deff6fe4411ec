//! The engine's own endpoint as `serve` and `engine` offer it: Step Functions' API, for the machines its callers bring.
//!
//! The product's machine and its executions can be looked at here and not touched, by requests as little as by tasks of the
//! machines that they bring ([`Assembled::outward`](crate::assemble::Assembled::outward)). Like every listener, this one answers
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

/// The endpoint at `address`, of an engine that knows what may only be looked at.
pub(crate) fn router(engine: Engine, address: SocketAddr) -> Router {
    let hosts = Hosts(vec![address.to_string(), format!("localhost:{}", address.port())]);
    workflow::api::router(engine).layer(from_fn_with_state(Arc::new(hosts), admit))
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
