//! What every request and every answer goes through, from the outside in: an id, a line in the log and the meters, a row
//! in the audit log; a net for panics; the security headers; the check of host and origin; CORS; who asks.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use activities::clock::random_id;
use activities::measures;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument;
use tracing::field::Empty;

use super::App;
use super::error::{self, Error};
use super::identify::identify;
use crate::audit::{self, Audit, Trail};
use crate::forwarded::TrustedProxies;
use crate::hosts::{Hosts, WrongHost};
use crate::meters::names;
use crate::serve::{Peer, STRICT_TRANSPORT};
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
        trusted: service.config.trusted_proxies.clone(),
        audit: service.audit.clone().filter(|_| service.config.accounts),
    });
    router
        .layer(from_fn_with_state(service.clone(), identify))
        .layer(cors(&service.config))
        .layer(from_fn_with_state(edge.clone(), admit))
        .layer(from_fn_with_state(edge, observe))
}

struct Edge {
    headers: Vec<(HeaderName, HeaderValue)>,
    hosts: Hosts,
    cors_origins: Vec<String>,
    trusted: TrustedProxies,
    /// None without accounts: there is nobody to tell apart.
    audit: Option<Arc<dyn Audit>>,
}

/// The address a request comes from: its peer's, or what a proxy that is believed says. An extension of every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin(pub(crate) IpAddr);

/// The outermost: whatever happens inside, one answer with an id and the headers, one line in the log.
async fn observe(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(LOGGED_PATH_CHARS).collect();
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let peer = peer.map(|peer| edge.trusted.origin(peer, request.headers()));
    let trail = Trail::default();
    request.extensions_mut().insert(trail.clone());
    if let Some(address) = peer {
        request.extensions_mut().insert(Origin(address));
    }
    let peer = peer.map(|address| address.to_string());

    let what = format!("{} {}", audit::verb(&method), route.as_deref().unwrap_or("none"));
    let span = tracing::info_span!(
        target: measures::TRACE, "request", name = what, request_id = id, session = Empty, status = Empty, problem = Empty
    );
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let answer = answered.unwrap_or_else(|_| Error::Internal.into_response());
    let mut response = error::render(answer, &id);
    for (name, value) in &edge.headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response.headers_mut().insert(REQUEST_ID, HeaderValue::from_str(&id).expect("an id is of visible ASCII"));

    if let (Some(audit), true) = (&edge.audit, route.is_some())
        && audit::leaves_a_row(&method, response.status())
    {
        let result = response.status().as_u16().to_string();
        let address = peer.clone().unwrap_or_default();
        write_down(audit.as_ref(), trail, what, result, (address, id.clone())).await;
    }
    let status = response.status().as_u16();
    span.record("status", status);
    if response.status().is_server_error() {
        span.record("problem", status);
    }
    let elapsed = begun.elapsed();
    let millis = elapsed.as_millis();
    // Never the query: it is where signatures stand.
    tracing::info!(target: "access", request_id = id, %method, path, status, millis, peer);
    let route = route.unwrap_or_else(|| "none".to_owned());
    let (verb, shown) = (audit::verb(&method), status.to_string());
    metrics::counter!(names::REQUESTS, "method" => verb, "route" => route.clone(), "status" => shown)
        .increment(1);
    metrics::histogram!(names::LATENCY, "route" => route).record(elapsed.as_secs_f64());
    response
}

/// The row of a request, unless there is one of the same already.
async fn write_down(
    audit: &dyn Audit,
    trail: Trail,
    what: String,
    result: String,
    (address, request_id): (String, String),
) {
    let audit::Known { who, subject, changes, whose, is_repeated } = trail.known();
    if is_repeated {
        return;
    }
    let subject = if changes.is_empty() { audit::plain(&subject) } else { audit::told(&changes) };
    let whose = audit::plain(&whose);
    audit::write_down(audit, audit::Row { who, what, subject, whose, result, address, request_id }).await;
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
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            REQUEST_ID,
        ])
        .expose_headers([header::LOCATION, header::RETRY_AFTER, REQUEST_ID])
}

/// A directive a line, with places for the origins of the object store and of the issuer; before the page on AWS stands the
/// same.
const CONTENT_SECURITY_POLICY: &str = include_str!("content-security-policy.txt");

fn content_security_policy(config: &Config) -> String {
    let objects: String = config.object_origins.iter().map(|origin| format!(" {origin}")).collect();
    let issuer = config.issuer.as_ref().and_then(|issuer| origin(&issuer.token));
    let issuer = issuer.map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = CONTENT_SECURITY_POLICY.lines().collect::<Vec<_>>().join("; ");
    policy.replace("{objects}", &objects).replace("{issuer}", &issuer)
}

/// Of the address of a page: its scheme, host and port.
fn origin(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    Some(format!("{}://{}", url.scheme_str()?, url.authority()?))
}

fn security_headers(config: &Config) -> Vec<(HeaderName, HeaderValue)> {
    let policy = content_security_policy(config);
    let policy = HeaderValue::try_from(policy).expect("origins of the object store are of visible ASCII");
    let mut headers = vec![
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    if config.over_https() {
        let strict = HeaderValue::from_static(STRICT_TRANSPORT);
        headers.push((header::STRICT_TRANSPORT_SECURITY, strict));
    }
    headers
}
