//! The API with everything around it in memory, and sessions in any state to ask it about.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use activities::child::Workbench;
use activities::objects::{Endpoint, Objects};
use activities::{Buckets, Clock, Ctx, Settings, Workers};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use service::{Changes, Config, Meters, Service};
use states::session::{Change, Deadlines, Draft, Output, Source, Stamp, StartMode};
use states::{Kind, Problem, Recipe, Session, State, Timestamp};
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::fakes::{MemoryDriver, MemorySessions};

pub(crate) const HOST: &str = "lockgate.test";
/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const START: i64 = 1_763_000_000_000;

pub(crate) struct App {
    pub(crate) sessions: Arc<MemorySessions>,
    pub(crate) driver: Arc<MemoryDriver>,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) changes: Changes,
    pub(crate) service: Service,
    pub(crate) router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Service)) -> Self {
        let sessions = Arc::new(MemorySessions::default());
        let driver = Arc::new(MemoryDriver::default());
        let clock = Arc::new(AtomicI64::new(START));
        let changes = Changes::default();
        let settings = Settings {
            buckets: Buckets::default(),
            deadlines: Deadlines::default(),
            proxies: activities::recipes::proxies::Wanted::default(),
            limits: activities::child::RecipeLimits::default(),
            workers: Workers::default(),
            progress_interval: Duration::ZERO,
        };
        let ctx = Ctx {
            sessions: sessions.clone(),
            driver: driver.clone(),
            objects: objects(),
            workbench: Workbench::new("/nonexistent".into()),
            captioner: None,
            notices: None,
            flags: None,
            clock: Clock::Manual(clock.clone()),
            settings: Arc::new(settings),
        };
        let mut service = Service {
            images: service::turns::Turns::new(2),
            ctx,
            changes: Some(changes.clone()),
            meters: Meters::default(),
            config: Config::at(&format!("http://{HOST}")),
            page: None,
            people: None,
            audit: None,
            rates: service::rates::Rates::default(),
        };
        change(&mut service);
        let router = service::router(service.clone());
        Self { sessions, driver, clock, changes, service, router }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = timeout(PATIENCE, body.collect()).await.expect("the answer does not end").unwrap();
        let text = String::from_utf8(body.to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, &[], "")).await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        self.send(request(Method::PUT, path, &[], "")).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send(request(Method::POST, path, &[], "")).await
    }

    /// `POST /xfer` with `body`.
    pub(crate) async fn xfer(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = [&[("Content-Type", "application/json")], headers].concat();
        self.send(request(Method::POST, "/xfer", &headers, body)).await
    }

    /// A session of the local owner that the store holds in `state`.
    pub(crate) fn session_in(&self, id: &str, state: State) -> Session {
        let session = session_in(id, state);
        self.sessions.put(session.clone());
        session
    }
}

/// A store that signs; nothing is sent to it.
fn objects() -> Objects {
    let url = "http://objects.test".to_owned();
    let (access, secret) = ("access-canary".to_owned(), "secret-canary".to_owned());
    let endpoint = Endpoint { public_url: url.clone(), url, access, secret };
    Objects::local(&endpoint, aws_smithy_http_client::Builder::new().build_http())
}

pub(crate) fn request(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("Host", HOST);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The answer as a problem of this status and `type`.
    pub(crate) fn problem(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{}", self.text);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["requestId"], self.headers["x-request-id"].to_str().unwrap());
        assert!(problem["detail"].as_str().unwrap().ends_with('.'), "{}", self.text);
        problem
    }

    pub(crate) fn accepted(&self) -> Value {
        assert_eq!(self.status, StatusCode::ACCEPTED, "{}", self.text);
        self.json()
    }
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(START + millis).unwrap()
}

pub(crate) fn new_session(id: &str) -> Session {
    let draft = Draft {
        id: id.to_owned(),
        owner: "local".to_owned(),
        source: Source {
            bucket: "uploads".to_owned(),
            key: format!("{id}/source"),
            file_name: "song.wav".to_owned(),
            size: 1000,
            content_type: "audio/wav".to_owned(),
            sha256: None,
            etag: None,
        },
        recipe: Recipe::Flac,
        options: Map::new(),
        start: StartMode::Manual,
        metadata: BTreeMap::from([("album".to_owned(), "One".to_owned())]),
        upload_expires_at: at(900_000),
        request_digest: None,
    };
    Session::new(draft, at(0), &Deadlines::default())
}

pub(crate) fn after(session: &Session, change: &Change) -> Session {
    let transition_id = format!("test-{}", session.version);
    let at = at(session.version as i64 * 1000);
    let mut next = session.apply(change, &Stamp { transition_id, at }, &Deadlines::default()).unwrap();
    next.owes.clear();
    next
}

pub(crate) fn uploaded() -> Change {
    Change::UploadConfirmed { etag: "\"e\"".to_owned() }
}

pub(crate) fn failed(kind: Kind) -> Change {
    Change::TranscodeFailed(Problem::new(kind, "as the test has it"))
}

pub(crate) fn succeeded() -> Change {
    Change::TranscodeSucceeded(vec![Output {
        name: "song.flac".to_owned(),
        bucket: "results".to_owned(),
        key: "s/1/random".to_owned(),
        bytes: 600,
        sha256: "00".repeat(32),
        content_type: "audio/flac".to_owned(),
        media: Map::new(),
        verified: "It decodes to the MD5 it states.".to_owned(),
    }])
}

/// A session in `state`; a failed one has a problem that can pass.
pub(crate) fn session_in(id: &str, state: State) -> Session {
    let new = new_session(id);
    let changes = match state {
        State::NotUploaded => vec![],
        State::ReadyToXcode => vec![uploaded()],
        State::Transcoding => vec![uploaded(), Change::TranscodeStarted],
        State::Done => vec![uploaded(), Change::TranscodeStarted, succeeded()],
        State::Failed => vec![uploaded(), Change::TranscodeStarted, failed(Kind::WorkerLost)],
    };
    changes.iter().fold(new, |session, change| after(&session, change))
}
