//! Rows of the audit log for requests that the object store has answered by 403: under a key that is none, or is not good for
//! that; with a signature that is not its key's, or with none at all. What was let in leaves no row here: a file that came
//! into an inbox becomes a session, and that says whose it is.
//!
//! Who sent a request is known once its signature was found right, and then `keyring` notes it on the request's trail. Until
//! then a key is no more than what somebody says: it tells whose the row is, and not who did it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use activities::clock::random_id;
use http::{HeaderValue, Request, Response, StatusCode, header};
use service::audit::{self, Row, Trail};
use service::forwarded::TrustedProxies;
use service::rates::network;
use service::serve::Peer;

use crate::people::Store;

/// By which S3 says which request it was. Of one that was denied, the same stands in the row.
const REQUEST_ID: &str = "x-amz-request-id";

/// Clones share it.
#[derive(Clone)]
pub(super) struct Denials {
    people: Store,
    trusted: TrustedProxies,
    recent: Arc<Recent>,
}

/// What a request asks for, as a row would tell it.
pub(super) struct Asked {
    trail: Trail,
    what: String,
    subject: String,
    /// Under which it says to be signed.
    key: Option<String>,
    address: Option<IpAddr>,
}

impl Denials {
    pub(super) fn new(people: Store, trusted: TrustedProxies) -> Self {
        Self { people, trusted, recent: Arc::default() }
    }

    /// Looks at a request before it is gone.
    pub(super) fn look_at<B>(&self, request: &mut Request<B>) -> Asked {
        let trail = Trail::default();
        request.extensions_mut().insert(trail.clone());
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        Asked {
            trail,
            what: format!("{} s3", audit::verb(request.method())),
            subject: subject(request.uri().path()),
            key: key_of(request),
            address: peer.map(|peer| self.trusted.origin(peer, request.headers())),
        }
    }

    /// Writes down what was asked for, if this answer denies it.
    pub(super) async fn note<B>(&self, asked: Asked, response: &mut Response<B>) {
        let who = asked.trail.known().who;
        let is_denied = response.status() == StatusCode::FORBIDDEN;
        if !is_denied || !self.recent.is_news(&who, &asked.what, asked.address, Instant::now()) {
            return;
        }
        let request_id = random_id();
        let id = HeaderValue::from_str(&request_id).expect("an id is of visible ASCII");
        response.headers_mut().insert(REQUEST_ID, id);
        let row = Row {
            who,
            what: asked.what,
            subject: asked.subject,
            whose: asked.key.and_then(|key| self.people.owner_of_key(&key)).unwrap_or_default(),
            result: StatusCode::FORBIDDEN.as_u16().to_string(),
            address: asked.address.map(|address| address.to_string()).unwrap_or_default(),
            request_id,
        };
        audit::write_down(&self.people, row).await;
    }
}

/// The bucket and the key, as they were asked for. Signatures stand in the query, which is left out; and in the path of who
/// has quoted the question mark.
fn subject(path: &str) -> String {
    let path = path.strip_prefix('/').unwrap_or(path);
    let end = path.to_ascii_lowercase().find("x-amz-").unwrap_or(path.len());
    audit::plain(&path[..end])
}

/// The key of a header or of a URL that is signed, before anybody has looked whether it is.
fn key_of<B>(request: &Request<B>) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let in_url = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "X-Amz-Credential");
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = header.and_then(|header| header.split_once("Credential=")).map(|(_, scope)| scope);
    let scope = in_header.map(str::to_owned).or_else(|| in_url.map(|(_, scope)| scope.into_owned()))?;
    scope.split(['/', ',']).next().map(str::to_owned)
}

/// What was denied a moment ago: a kind of request leaves a row a minute. What it names beside its kind its sender may make
/// up, so that a flood of requests would be one of rows.
#[derive(Default)]
struct Recent(Mutex<HashMap<Kind, Instant>>);

/// Who, what, and from where.
type Kind = (String, String, Option<IpAddr>);

/// It is news again after so long.
const NEWS: Duration = Duration::from_secs(60);

/// Of more kinds than this within that time nothing is news.
const MOST: usize = 10_000;

impl Recent {
    fn is_news(&self, who: &str, what: &str, from: Option<IpAddr>, now: Instant) -> bool {
        // Nothing panics while it holds this.
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = (who.to_owned(), what.to_owned(), from.map(network));
        let is_fresh = |at: &Instant| now.saturating_duration_since(*at) < NEWS;
        if recent.get(&kind).is_some_and(is_fresh) {
            return false;
        }
        if recent.len() >= MOST {
            recent.retain(|_, at| is_fresh(at));
        }
        let has_room = recent.len() < MOST;
        if has_room {
            recent.insert(kind, now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_kind_there_is_a_row_a_minute() {
        let (recent, began) = (Recent::default(), Instant::now());
        let denied = |who: &str, what: &str, from: &str, seconds: u64| {
            recent.is_news(who, what, Some(from.parse().unwrap()), began + Duration::from_secs(seconds))
        };
        assert!(denied("ada", "PUT s3", "192.0.2.1", 0));
        for seconds in [0, 30, 59] {
            assert!(!denied("ada", "PUT s3", "192.0.2.1", seconds), "{seconds}");
        }
        assert!(denied("ada", "GET s3", "192.0.2.1", 1) && denied("", "PUT s3", "192.0.2.1", 1));
        assert!(denied("", "PUT s3", "2001:db8::1", 1) && !denied("", "PUT s3", "2001:db8::2", 1));
        assert!(denied("ada", "PUT s3", "192.0.2.1", 60), "and what was not written did not put it off");
    }

    #[test]
    fn from_everywhere_at_once_it_is_no_more_than_there_is_room_for() {
        let (recent, began) = (Recent::default(), Instant::now());
        let denied = |who: usize, seconds: u64| {
            recent.is_news(&who.to_string(), "PUT s3", None, began + Duration::from_secs(seconds))
        };
        assert!((0..MOST).all(|who| denied(who, 0)));
        assert!(!denied(MOST, 1) && denied(MOST, 61));
        assert_eq!(recent.0.lock().unwrap().len(), 1, "those of before are forgotten");
    }

    #[test]
    fn no_signature_is_in_what_a_row_is_about() {
        assert_eq!(subject("/uploads/inbox/ada/a%20b.wav"), "uploads/inbox/ada/a%20b.wav");
        assert_eq!(subject("/"), "");
        for quoted in ["/results/k%3FX-Amz-Signature=canary", "/results/k%3fx-amz-signature%3Dcanary"] {
            assert!(
                !subject(quoted).contains("canary") && subject(quoted).starts_with("results/k"),
                "{quoted}"
            );
        }
        assert_eq!(subject(&format!("/{}", "k".repeat(1000))).len(), 128);
        assert_eq!(subject("/results/a\u{9b}\u{202e}b"), "results/a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn a_key_is_found_in_the_header_and_in_the_url() {
        let found = |url: &str, header: Option<&str>| {
            let request = Request::get(url);
            let request =
                header.into_iter().fold(request, |request, value| request.header("authorization", value));
            key_of(&request.body(()).unwrap())
        };
        let header = "AWS4-HMAC-SHA256 Credential=LG1/20260101/us-east-1/s3/aws4_request, SignedHeaders=host";
        assert_eq!(found("/k", Some(header)).as_deref(), Some("LG1"));
        assert_eq!(found("/k?X-Amz-Credential=LG2%2F20260101%2Fus-east-1", None).as_deref(), Some("LG2"));
        assert_eq!(found("/k?Credential=LG3", Some("Basic LG3")), None);
    }
}
