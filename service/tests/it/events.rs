//! The event stream of a session.

use axum::body::BodyDataStream;
use futures::StreamExt as _;
use http::{Method, StatusCode};
use serde_json::Value;
use states::session::{Change, Progress, Stage};
use states::{Kind, State};
use tokio::time::timeout;

use crate::app::{App, PATIENCE, after, failed, request, session_in, succeeded, uploaded};

#[derive(Debug, PartialEq)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

struct Reader {
    body: BodyDataStream,
    text: String,
}

impl Reader {
    async fn open(app: &App, last: Option<&str>) -> Self {
        let headers: Vec<_> = last.iter().map(|last| ("Last-Event-ID", *last)).collect();
        let request = request(Method::GET, "/api/sessions/s/events", &headers, "");
        let response = tower::ServiceExt::oneshot(app.router.clone(), request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next block of the stream; None at its end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let data = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    /// The next event that is one. Heartbeats are none, and do not make the wait longer.
    async fn next(&mut self) -> Option<Event> {
        timeout(PATIENCE, self.event()).await.expect("the stream tells nothing")
    }

    async fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                line.map(str::to_owned)
            };
            if let Some(data) = field("data") {
                let data = serde_json::from_str(&data).unwrap();
                return Some(Event { id: field("id").unwrap(), name: field("event").unwrap(), data });
            }
        }
    }
}

fn at(session: &states::Session, permille: u16) -> states::Session {
    let mut session = session.clone();
    session.progress = Progress { permille, stage: Stage::Working, pace: None };
    session
}

#[tokio::test]
async fn a_session_is_followed_to_its_end() {
    let app = App::new();
    let write = |session: states::Session| {
        app.sessions.put(session);
        app.changes.publish("another");
        app.changes.publish("s");
    };
    let ready = app.session_in("s", State::ReadyToXcode);
    let mut reader = Reader::open(&app, None).await;
    let first = reader.next().await.unwrap();
    assert_eq!((first.id.as_str(), first.name.as_str()), ("2.0", "session"));
    assert_eq!(first.data["state"], "ReadyToXcode");

    let running = after(&ready, &Change::TranscodeStarted);
    write(running.clone());
    assert_eq!(reader.next().await.unwrap().id, "3.0");
    write(at(&running, 123));
    let progress = reader.next().await.unwrap();
    assert_eq!((progress.id.as_str(), progress.name.as_str()), ("3.123", "progress"));
    assert_eq!(progress.data, serde_json::json!({ "attempt": 1, "progress": 12.3, "stage": "working" }));
    write(at(&running, 100)); // a store that answers with something old
    write(at(&running, 456));
    assert_eq!(reader.next().await.unwrap().id, "3.456");

    write(after(&running, &failed(Kind::WorkerLost)));
    let end = reader.next().await.unwrap();
    assert_eq!((end.id.as_str(), &end.data["state"]), ("4.0", &Value::from("Failed")));
    assert_eq!(reader.next().await, None);
}

#[tokio::test]
async fn a_reader_that_comes_back_is_told_what_is_new() {
    let app = App::new();
    let running = app.session_in("s", State::Transcoding);
    app.sessions.put(at(&running, 500));
    // The same version: progress only, and not what was seen.
    let mut reader = Reader::open(&app, Some("3.400")).await;
    assert_eq!(reader.next().await.unwrap().name, "progress");
    let mut reader = Reader::open(&app, Some("3.500")).await;
    app.sessions.put(after(&running, &succeeded()));
    app.changes.publish("s");
    let end = reader.next().await.unwrap();
    assert_eq!((end.id.as_str(), &end.data["state"]), ("4.1000", &Value::from("Done")));
    assert!(end.data["outputs"][0]["url"].as_str().unwrap().starts_with("http://objects.test/"));
    assert_eq!(reader.next().await, None);
    // An older version: the whole session.
    let mut reader = Reader::open(&app, Some("2.0")).await;
    assert_eq!(reader.next().await.unwrap().name, "session");
    // The end was seen: 204 tells an EventSource to stay away.
    let ended = |last| request(Method::GET, "/api/sessions/s/events", &[("Last-Event-ID", last)], "");
    assert_eq!(app.send(ended("4.1000")).await.status, StatusCode::NO_CONTENT);
    app.send(ended("yesterday")).await.problem(400, "invalid-header");
}

#[tokio::test]
async fn a_redrive_goes_on_in_the_same_stream_of_ids() {
    let app = App::new();
    let failed = app.session_in("s", State::Failed);
    let again = after(&failed, &Change::Redriven);
    app.sessions.put(at(&again, 10));
    let mut reader = Reader::open(&app, Some("4.900")).await;
    let event = reader.next().await.unwrap();
    assert_eq!((event.id.as_str(), &event.data["attempt"]), ("5.10", &Value::from(2)));
}

#[tokio::test]
async fn a_reader_that_lags_behind_reads_again() {
    let app = App::new();
    let ready = app.session_in("s", State::ReadyToXcode);
    let mut reader = Reader::open(&app, None).await;
    reader.next().await.unwrap();
    app.sessions.put(after(&ready, &Change::TranscodeStarted));
    app.changes.publish("s");
    (0..5000).for_each(|_| app.changes.publish("another"));
    assert_eq!(reader.next().await.unwrap().id, "3.0");
}

#[tokio::test]
async fn a_deleted_session_ends_its_streams() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    let mut reader = Reader::open(&app, None).await;
    reader.next().await.unwrap();
    let answer = app.send(request(Method::DELETE, "/api/sessions/s", &[], "")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    app.changes.publish("s");
    assert_eq!(reader.next().await, None);
}

#[tokio::test]
async fn where_nothing_can_stream_it_is_the_snapshot_and_when_to_ask_again() {
    let app = App::with(|service| service.changes = None);
    app.sessions.put(after(&session_in("s", State::NotUploaded), &uploaded()));
    let answer = app.get("/api/sessions/s/events").await;
    assert!(answer.text.contains("retry: 3000\n"), "{}", answer.text);
    assert!(answer.text.contains("id: 2.0\n") && answer.text.contains("event: session\n"), "{}", answer.text);
    let seen = request(Method::GET, "/api/sessions/s/events", &[("Last-Event-ID", "2.0")], "");
    assert_eq!(app.send(seen).await.text.trim(), "retry: 3000");
}
