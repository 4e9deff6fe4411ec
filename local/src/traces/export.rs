//! Sending spans, by OTLP over HTTP in its JSON form.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Message, Span};

/// Spans that are sent together.
const BATCH: usize = 512;
/// How long a span may wait for others.
const GATHERING: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Target {
    url: String,
    headers: HeaderMap,
    client: reqwest::Client,
}

impl Target {
    /// As the variables say that OpenTelemetry has agreed on.
    pub(super) fn of_environment() -> Option<Self> {
        let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok().filter(|url| !url.is_empty())?;
        let headers = std::env::var("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
        let headers = headers.split(',').filter_map(header).collect();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().ok()?;
        Some(Self { url: format!("{}/v1/traces", endpoint.trim_end_matches('/')), headers, client })
    }

    async fn send(&self, spans: &[Span]) -> Result<(), reqwest::Error> {
        let request = self.client.post(&self.url).headers(self.headers.clone()).json(&document(spans));
        request.send().await?.error_for_status().map(drop)
    }
}

fn header(pair: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = pair.split_once('=')?;
    Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
}

/// Sends what comes, until nobody is left who could say something.
pub(super) async fn run(target: Target, mut messages: mpsc::Receiver<Message>) {
    let mut spans = Vec::new();
    let mut is_open = true;
    let mut was_refused = false;
    while is_open {
        let mut flushes = Vec::new();
        let gathered = async {
            while spans.len() < BATCH {
                match messages.recv().await {
                    Some(Message::Ended(span)) => spans.push(*span),
                    Some(Message::Flush(answer)) => return flushes.push(answer),
                    None => return is_open = false,
                }
            }
        };
        let _ = timeout(GATHERING, gathered).await; // what has come by then is sent
        if !spans.is_empty() {
            let sent = target.send(&spans).await;
            // Said once, and again only after it has worked.
            if let Err(error) = &sent
                && !was_refused
            {
                tracing::warn!(%error, spans = spans.len(), "traces are not taken");
            }
            was_refused = sent.is_err();
            spans.clear();
        }
        for answer in flushes {
            let _ = answer.send(()); // nobody may be waiting any more
        }
    }
}

fn document(spans: &[Span]) -> Value {
    let spans: Vec<Value> = spans.iter().map(written).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            attribute("service.name", "lockgate"),
            attribute("service.version", env!("CARGO_PKG_VERSION")),
        ]},
        "scopeSpans": [{ "scope": { "name": "lockgate" }, "spans": spans }],
    }]})
}

fn written(span: &Span) -> Value {
    const SERVER: u8 = 2;
    const INTERNAL: u8 = 1;
    const ERROR: u8 = 2;
    let kind = if span.name.starts_with("request") { SERVER } else { INTERNAL };
    let attributes: Vec<Value> = span.fields.iter().map(|(name, value)| attribute(name, value)).collect();
    json!({
        "traceId": hex::encode(span.ids.trace),
        "spanId": hex::encode(span.ids.span),
        "parentSpanId": span.ids.parent.map(hex::encode).unwrap_or_default(),
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": span.begun.to_string(),
        "endTimeUnixNano": span.ended.to_string(),
        "attributes": attributes,
        "status": if span.is_error { json!({ "code": ERROR }) } else { json!({}) },
    })
}

fn attribute(name: &str, value: &str) -> Value {
    json!({ "key": name, "value": { "stringValue": value } })
}
