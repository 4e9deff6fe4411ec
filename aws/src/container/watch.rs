//! What a process says of itself, where nobody but who runs it reaches: `/healthz`, and `/metrics` in Prometheus' form.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::{StatusCode, header};
use service::Meters;
use service::serve::{Limits, serve as serve_on};
use tokio::net::TcpListener;

/// How a process is: well, or why not.
pub(crate) type Health = (StatusCode, &'static str);

pub(crate) async fn serve(
    listener: TcpListener,
    meters: Meters,
    health: impl Fn() -> Health + Send + Sync + 'static,
) {
    let app = router(meters, Arc::new(health));
    serve_on(listener, app, Limits::default(), std::future::pending::<()>()).await;
}

fn router(meters: Meters, health: Arc<dyn Fn() -> Health + Send + Sync>) -> Router {
    let metrics = async move || ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], meters.render());
    Router::new().route("/metrics", get(metrics)).route("/healthz", get(async move || health()))
}

/// Whether the process behind this address is well: a container has nothing else to ask with.
pub async fn check(url: &str) -> bool {
    let asked = reqwest::Client::new().get(url).timeout(Duration::from_secs(3)).send().await;
    asked.is_ok_and(|answer| answer.status().is_success())
}
