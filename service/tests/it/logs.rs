//! What stands in the log: one line of JSON for each request and each upload event that is not believed, and no secret.

use std::io::Write;
use std::sync::{Arc, Mutex};

use activities::moves::confirm_upload;
use activities::objects::ObjectCreated;
use http::Method;
use serde_json::Value;
use states::State;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::app::{App, request};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// From now on, what this thread logs, for as long as the guard is kept.
    fn listen(filter: &str) -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(EnvFilter::new(format!("{filter},{}", service::LOG_CEILING)))
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn a_line_for_each_request_and_no_signature_in_any() {
    let (log, _guard) = Log::listen("trace");
    let app = App::new();
    app.session_in("s", State::Done);
    let song = r#"{"fileName":"secret-name\u2028.wav","size":1,"contentType":"audio/wav"}"#;
    let created = app.xfer(&[("Authorization", "Bearer secret-token")], song).await;
    let shown = app.get("/api/sessions/s").await;
    assert!(created.text.contains("X-Amz-Signature") && shown.text.contains("X-Amz-Signature"));
    app.get("/api/sessions?cursor=secret-query&X-Amz-Signature=zyx").await;
    app.get("/a%0Ab%1B%5B31m").await;
    app.get(&format!("/{}", "long".repeat(2000))).await;
    app.send(request(Method::GET, "/healthz", &[("X-Request-Id", "request-0001")], "")).await;

    let text = log.text();
    for secret in ["Signature", "secret", "canary", "zyx", "\u{1b}"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let lines = log.lines();
    let access: Vec<&Value> = lines.iter().filter(|line| line["target"] == "access").collect();
    assert_eq!(access.len(), 6);
    assert_eq!(access[5]["fields"]["request_id"], "request-0001");
    assert_eq!(access[5]["fields"]["path"], "/healthz");
    assert_eq!(access[5]["fields"]["status"], 200);
    assert!(access.iter().all(|line| line.to_string().len() < 1000));
}

#[tokio::test]
async fn a_forged_upload_event_moves_nothing_and_is_written_down() {
    let (log, _guard) = Log::listen("info");
    let app = App::new();
    let sessions = ["s", "t"].map(|id| app.session_in(id, State::NotUploaded));
    let forged = [
        ("results", "s/source"),
        ("elsewhere", "s/source"),
        ("", "s/source"),
        ("uploads", "nobody/source"),
        ("uploads", "s/other"),
        ("uploads", "t/../s/source"),
        ("uploads", "s"),
        ("uploads", "s/"),
        ("uploads", ""),
        ("uploads", "/"),
        ("uploads", "\0%ff/../.."),
        ("uploads", "a\nb\u{1b}[31m\u{2028}/source"),
    ];
    for (place, (bucket, key)) in forged.into_iter().enumerate() {
        let event = ObjectCreated {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            size: 1000,
            etag: "e".to_owned(),
            version_id: None,
            sequencer: "1".to_owned(),
        };
        confirm_upload::run(&app.service.ctx, &event).await.unwrap();
        for session in &sessions {
            assert_eq!(app.sessions.record(&session.id), *session, "{event:?}");
        }
        let lines = log.lines();
        let said = |line: &&Value| line["fields"]["message"].as_str().unwrap().contains("is ignored");
        assert_eq!(lines.iter().filter(said).count(), place + 1, "{event:?}: {lines:?}");
    }
    assert_eq!(app.sessions.count(), 2);
}
