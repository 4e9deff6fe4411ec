//! What a function works on, as a part of its trace in X-Ray: a subsegment for each request and each activity, annotated with
//! the session, so that a session's traces are found by its id.
//!
//! The function's own segment is Lambda's; what it is called, the runtime writes into the environment with each event. A part
//! is one datagram to the daemon beside the function. It is not waited for, and where there is none nothing is sent: a trace
//! is for looking at. What is a part, `activities` and `service` say by the target of their spans.

use std::net::{SocketAddr, UdpSocket};
use std::time::{SystemTime, UNIX_EPOCH};

use activities::clock::random_id;
use activities::measures;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The trace of the event that a function has in hand.
const HEADER: &str = "_X_AMZN_TRACE_ID";

/// Where the daemon is.
const DAEMON: &str = "AWS_XRAY_DAEMON_ADDRESS";

/// No annotation is longer.
const CHARS: usize = 1000;

pub struct Parts {
    socket: UdpSocket,
    daemon: SocketAddr,
    header: fn() -> Option<String>,
}

/// A part that is under way.
struct Open {
    of: Place,
    begun: f64,
    fields: Fields,
}

/// Where in which trace a part belongs.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    trace: String,
    parent: String,
}

impl Parts {
    /// As the environment says; none where there is no daemon.
    pub fn begin() -> Option<Self> {
        Self::told(std::env::var(DAEMON).ok()?.parse().ok()?, || std::env::var(HEADER).ok())
    }

    fn told(daemon: SocketAddr, header: fn() -> Option<String>) -> Option<Self> {
        let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Self { socket, daemon, header })
    }

    fn is_one(metadata: &Metadata<'_>) -> bool {
        metadata.target() == measures::TRACE
    }
}

impl Place {
    /// None where the trace is not kept.
    fn read(header: &str) -> Option<Self> {
        let said = |name: &str| {
            let parts = header.split(';').filter_map(|part| part.trim().split_once('='));
            parts.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let is_kept = said("Sampled").as_deref() == Some("1");
        Some(Self { trace: said("Root")?, parent: said("Parent")? }).filter(|_| is_kept)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Parts {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if Self::is_one(attributes.metadata())
            && let Some(of) = (self.header)().and_then(|header| Place::read(&header))
            && let Some(span) = context.span(id)
        {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(Open { of, begun: now(), fields });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Open { of, begun, fields: Fields(annotations) }) = span.extensions_mut().remove() else {
            return;
        };
        let part = json!({
            "type": "subsegment",
            "trace_id": of.trace,
            "parent_id": of.parent,
            "id": random_id().replace('-', "")[..16],
            "name": called(annotations.get("name").and_then(Value::as_str).unwrap_or_else(|| span.name())),
            "start_time": begun,
            "end_time": now(),
            "fault": annotations.contains_key("problem"),
            "annotations": annotations,
        });
        let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{part}");
        let _ = self.socket.send_to(datagram.as_bytes(), self.daemon); // whoever works does not wait for whoever looks
    }
}

/// X-Ray takes a path with its slashes, and not with its braces.
fn called(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric() || " _.:/%&#=+\\-@".contains(*char)).collect()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Annotations: what is said later replaces what was said before.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let value: String = value.chars().take(CHARS).collect();
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing::field::Empty;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    const KEPT: &str =
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=x:0";

    /// What a daemon is sent of a step that failed.
    fn sent(header: fn() -> Option<String>) -> Option<String> {
        let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
        daemon.set_nonblocking(true).unwrap();
        let parts = Parts::told(daemon.local_addr().unwrap(), header).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(parts), || {
            let span = tracing::info_span!(
                target: measures::TRACE, "activity", name = "flac", session = "s-1", attempt = 2, problem = Empty
            );
            span.record("problem", "media-corrupt");
            tracing::info_span!("of nobody's trace").in_scope(|| ());
        });
        let mut datagram = [0; 4096];
        let length = daemon.recv(&mut datagram).ok()?;
        assert!(daemon.recv(&mut [0; 1]).is_err(), "there is one part");
        Some(String::from_utf8(datagram[..length].to_vec()).unwrap())
    }

    #[test]
    fn a_step_is_a_part_of_the_trace_that_its_function_is_in() {
        let sent = sent(|| Some(KEPT.to_owned())).unwrap();
        let (head, part) = sent.split_once('\n').unwrap();
        assert_eq!(head, r#"{"format":"json","version":1}"#);
        let part: Value = serde_json::from_str(part).unwrap();
        assert_eq!(part["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!((&part["parent_id"], &part["type"]), (&json!("53995c3f42cd8ad8"), &json!("subsegment")));
        assert_eq!((&part["name"], &part["fault"]), (&json!("flac"), &json!(true)));
        let told = json!({ "name": "flac", "session": "s-1", "attempt": "2", "problem": "media-corrupt" });
        assert_eq!(part["annotations"], told);
        assert!(part["id"].as_str().is_some_and(|id| id.len() == 16 && id != "53995c3f42cd8ad8"), "{part}");
        assert!(part["start_time"].as_f64() <= part["end_time"].as_f64(), "{part}");
    }

    #[test]
    fn a_request_is_called_by_its_route() {
        assert_eq!(called("PUT /xcode/{id}"), "PUT /xcode/id");
    }

    #[test]
    fn nothing_is_sent_of_a_trace_that_is_not_kept() {
        assert_eq!(sent(|| None), None);
        assert_eq!(sent(|| Some(KEPT.replace("Sampled=1", "Sampled=0"))), None);
        assert_eq!(sent(|| Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned())), None);
    }
}
