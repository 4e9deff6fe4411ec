//! What every request passes before the S3 protocol sees it, and every answer on its way out.
//!
//! In: the Host must be one we were configured with; CORS preflights; only Signature Version 4; and no `x-amz-` header
//! that the signature does not cover, since such headers change what a request means. Out: the headers that keep a
//! browser from ever running what a user stored; and, where there are accounts, a row of what was denied (`denials`). The
//! sizes and the pace of a request are the serving loop's business.

use std::sync::Arc;

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use s3s::service::S3Service;
use s3s::{Body, S3Error, S3ErrorCode};
use service::hosts::Hosts;
use service::serve::{RequestBody, STRICT_TRANSPORT};

use super::S3Config;
use super::denials::Denials;

/// What a page may send with an upload: the headers a presigned URL signs.
const CORS_HEADERS: &str = "content-type, content-md5, if-none-match, x-amz-checksum-crc32, x-amz-checksum-sha256, \
                            x-amz-sdk-checksum-algorithm, range";

/// The gate before one S3 service. Clones share it.
#[derive(Clone)]
pub(super) struct Gate {
    service: S3Service,
    hosts: Arc<Hosts>,
    origins: Arc<[String]>,
    over_https: bool,
    /// None without accounts: there is nobody to tell apart.
    denials: Option<Denials>,
}

/// Why a request does not pass.
enum Refusal {
    Host,
    Origin,
    S3(S3ErrorCode, &'static str),
}

impl Gate {
    pub(super) fn new(service: S3Service, config: &S3Config) -> Self {
        let inboxes = config.inboxes.as_ref();
        let denials =
            inboxes.map(|inboxes| Denials::new(inboxes.people.clone(), inboxes.trusted_proxies.clone()));
        Self {
            service,
            hosts: Arc::new(Hosts(config.allowed_hosts.clone())),
            origins: config.cors_origins.as_slice().into(),
            over_https: config.over_https,
            denials,
        }
    }

    pub(super) async fn call(self, mut request: Request<RequestBody>) -> Response<Body> {
        let origin = self.allowed_origin(request.headers());
        let watched = self.denials.as_ref().map(|denials| (denials, denials.look_at(&mut request)));
        let mut response = match self.check(&request) {
            Err(refusal) => refusal.into_response(),
            Ok(()) if request.method() == Method::OPTIONS => preflight(origin.is_some()),
            Ok(()) => self.serve(request).await,
        };
        protect(response.headers_mut());
        if self.over_https {
            let strict = HeaderValue::from_static(STRICT_TRANSPORT);
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, strict);
        }
        share(response.headers_mut(), origin);
        if let Some((denials, asked)) = watched {
            denials.note(asked, &mut response).await;
        }
        response
    }

    async fn serve(&self, request: Request<RequestBody>) -> Response<Body> {
        self.service.call(request.map(Body::http_body)).await.unwrap_or_else(|error| {
            tracing::error!(?error, "the S3 protocol layer failed");
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }

    fn check(&self, request: &Request<RequestBody>) -> Result<(), Refusal> {
        let headers = request.headers();
        self.hosts.check(headers, request.uri()).map_err(|_| Refusal::Host)?;
        if request.method() == Method::OPTIONS {
            return Ok(());
        }
        // A form upload would be gathered in memory before anybody asks who sends it.
        let is_form = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/"));
        if request.method() == Method::POST && is_form {
            return Err(Refusal::S3(S3ErrorCode::NotImplemented, "uploads by form are not served"));
        }
        check_signed_headers(request)
    }

    fn allowed_origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }
}

/// Every `x-amz-` header of the request must be among those the signature names.
///
/// The hash of the body may stand unsigned beside a presigned URL: it can only refuse a body, never change one.
fn check_signed_headers(request: &Request<RequestBody>) -> Result<(), Refusal> {
    let denied = |why| Err(Refusal::S3(S3ErrorCode::AccessDenied, why));
    let query = request.uri().query().unwrap_or_default();
    let parameters: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let parameter = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let authorization =
        request.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let signed = match (authorization, parameter("X-Amz-SignedHeaders")) {
        (Some(_), Some(_)) => return denied("the request is signed twice"),
        (Some(text), None) => text
            .strip_prefix("AWS4-HMAC-SHA256")
            .and_then(|text| text.split(',').find_map(|field| field.trim().strip_prefix("SignedHeaders="))),
        (None, Some(list)) => Some(list.as_ref()),
        (None, None) => None,
    };
    let Some(signed) = signed else {
        return denied("requests are signed with AWS Signature Version 4");
    };
    let covers = |name: &str| signed.split(';').any(|listed| listed.eq_ignore_ascii_case(name));
    let is_presigned = authorization.is_none();
    let uncovered = request.headers().keys().map(HeaderName::as_str).find(|name| {
        name.starts_with("x-amz-") && !covers(name) && !(is_presigned && *name == "x-amz-content-sha256")
    });
    match uncovered {
        _ if !covers("host") => denied("the signature does not cover the host"),
        Some(_) => denied("an x-amz- header of the request is not signed"),
        None => Ok(()),
    }
}

impl Refusal {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::Host => plain(StatusCode::MISDIRECTED_REQUEST),
            Self::Origin => plain(StatusCode::FORBIDDEN),
            Self::S3(code, message) => S3Error::with_message(code, message)
                .to_http_response()
                .unwrap_or_else(|_| plain(StatusCode::FORBIDDEN)),
        }
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn preflight(is_allowed: bool) -> Response<Body> {
    if !is_allowed {
        return Refusal::Origin.into_response();
    }
    let mut response = plain(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, PUT"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(CORS_HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    response
}

/// A browser keeps to the type we say, runs no script and loads nothing.
fn protect(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let sandbox = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");
    headers.insert(header::CONTENT_SECURITY_POLICY, sandbox);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// The answer may be read by the page whose origin was configured, and by no other.
fn share(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static("ETag, Content-Range, Content-Length, Accept-Ranges");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}
