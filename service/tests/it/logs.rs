//! What stands in the log: one line of JSON for each request, and no secret.

use std::io::Write;
use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::Value;
use states::State;
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

#[tokio::test]
async fn a_line_for_each_request_and_no_signature_in_any() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(EnvFilter::new(format!("trace,{}", service::LOG_CEILING)))
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

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

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for secret in ["Signature", "secret", "canary", "zyx", "\u{1b}"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let access: Vec<&Value> = lines.iter().filter(|line| line["target"] == "access").collect();
    assert_eq!(access.len(), 6);
    assert_eq!(access[5]["fields"]["request_id"], "request-0001");
    assert_eq!(access[5]["fields"]["path"], "/healthz");
    assert_eq!(access[5]["fields"]["status"], 200);
    assert!(access.iter().all(|line| line.to_string().len() < 1000));
}
