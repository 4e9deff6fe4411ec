//! What every request and every answer goes through, from the outside in: an id, a line in the log and the meters; a net
//! for panics; the security headers; the check of host and origin; CORS.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use activities::clock::random_id;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::App;
use super::error::{self, Error};
use crate::hosts::{Hosts, WrongHost};
use crate::meters::names;
use crate::serve::Peer;
use crate::{Config, Service};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A path longer than this is cut in the log.
const LOGGED_PATH_CHARS: usize = 256;

/// `router` within everything that is not its business.
pub(super) fn around(router: Router<App>, service: &Arc<Service>) -> Router<App> {
    let edge = Arc::new(Edge {
        headers: security_headers(&service.config),
        hosts: Hosts(service.config.allowed_hosts.clone()),
        cors_origins: service.config.cors_origins.clone(),
    });
    router
        .layer(cors(&service.config))
        .layer(from_fn_with_state(edge.clone(), admit))
        .layer(from_fn_with_state(edge, observe))
}

struct Edge {
    headers: Vec<(HeaderName, HeaderValue)>,
    hosts: Hosts,
    cors_origins: Vec<String>,
}

/// The outermost: whatever happens inside, one answer with an id and the headers, one line in the log.
async fn observe(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(LOGGED_PATH_CHARS).collect();
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_string());

    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let answer = answered.unwrap_or_else(|_| Error::Internal.into_response());
    let mut response = error::render(answer, &id);
    for (name, value) in &edge.headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response.headers_mut().insert(REQUEST_ID, HeaderValue::from_str(&id).expect("an id is of visible ASCII"));

    let status = response.status().as_u16();
    let elapsed = begun.elapsed();
    let millis = elapsed.as_millis();
    // Never the query: it is where signatures stand.
    tracing::info!(target: "access", request_id = id, %method, path, status, millis, peer);
    let route = route.unwrap_or_else(|| "none".to_owned());
    metrics::counter!(names::REQUESTS, "method" => label(&method), "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!(names::LATENCY, "route" => route).record(elapsed.as_secs_f64());
    response
}

/// A method as a label: of what clients make up there is no end.
fn label(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
    let names = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];
    known.iter().position(|known| known == method).map_or("other", |at| names[at])
}

/// The request's own id if it is a sane one, else a fresh one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let sane = |id: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (8..=64).contains(&id.len()) && id.bytes().all(plain)
    };
    given.filter(sane).map_or_else(random_id, str::to_owned)
}

/// Lets in what is meant for this server and was not sent by a page of another origin.
async fn admit(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let verdict = match edge.hosts.check(request.headers(), request.uri()) {
        Ok(()) => check_origin(&edge, request.method(), request.headers()),
        Err(WrongHost::Unreadable) => Err(Error::Header { name: "Host", detail: "it is missing or doubled" }),
        Err(WrongHost::NotOurs) => Err(Error::WrongHost),
    };
    match verdict {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Nothing is changed for a page of an origin that is neither ours nor configured. Browsers send `Origin` with every
/// request that changes something; other clients do not.
fn check_origin(edge: &Edge, method: &Method, headers: &HeaderMap) -> Result<(), Error> {
    if method.is_safe() {
        return Ok(());
    }
    let ours = |origin: &HeaderValue| {
        origin.to_str().is_ok_and(|origin| {
            let host = origin.split_once("://").map(|(_, host)| host);
            edge.cors_origins.iter().any(|allowed| allowed == origin)
                || host.is_some_and(|host| edge.hosts.is_ours(host))
        })
    };
    if headers.get_all(header::ORIGIN).iter().all(ours) { Ok(()) } else { Err(Error::CrossOrigin) }
}

/// Pages of the configured origins may read answers; with none configured, no page but ours.
fn cors(config: &Config) -> CorsLayer {
    let origins = config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            REQUEST_ID,
        ])
        .expose_headers([header::LOCATION, header::RETRY_AFTER, REQUEST_ID])
}

fn security_headers(config: &Config) -> Vec<(HeaderName, HeaderValue)> {
    let objects: String = config.object_origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{objects}; \
         media-src 'self' blob:{objects}; connect-src 'self'{objects}; object-src 'none'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; \
         trusted-types angular angular#bundler"
    );
    let policy = HeaderValue::try_from(policy).expect("origins of the object store are of visible ASCII");
    let mut headers = vec![
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    if config.public_url.starts_with("https://") {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.push((header::STRICT_TRANSPORT_SECURITY, two_years));
    }
    headers
}
