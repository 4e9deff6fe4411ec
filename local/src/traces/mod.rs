//! Traces by OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` says to whom: one trace for each session, from the request
//! that announced it to its result.
//!
//! Nothing is handed from step to step for that, since a session outlives processes: the id of its trace follows from its
//! own ([`Ids`]), so that whoever works on it, now or after a restart, writes into the same trace. What is written are the
//! spans that `service` and `activities` open through the `tracing` facade, and that name a session or a request
//! ([`layer`]); they are sent in batches, and dropped where nobody takes them ([`export`]). A trace is for looking at;
//! what must not be lost stands in the history.

mod export;
mod layer;

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

/// Spans that wait to be sent. More are dropped.
const QUEUE: usize = 4096;

/// Where traces go, for as long as the process runs.
pub(crate) struct Traces(Option<mpsc::Sender<Message>>);

enum Message {
    Ended(Box<Span>),
    /// To be answered when all before it was sent.
    Flush(oneshot::Sender<()>),
}

/// A span that has ended.
struct Span {
    ids: Ids,
    name: String,
    begun: u128,
    ended: u128,
    fields: Vec<(&'static str, String)>,
    is_error: bool,
}

/// Of which trace a span is, and where in it.
struct Ids {
    trace: [u8; 16],
    span: [u8; 8],
    parent: Option<[u8; 8]>,
}

impl Ids {
    /// The whole of a session.
    fn root(session: &str) -> Self {
        Self { trace: derived(&["trace", session]), span: derived(&["root", session]), parent: None }
    }

    /// A part of a session, or of nothing that is known.
    fn part(session: Option<&str>) -> Self {
        let span = derived(&["span", &activities::clock::random_id()]);
        match session {
            Some(session) => {
                let Self { trace, span: root, .. } = Self::root(session);
                Self { trace, span, parent: Some(root) }
            }
            None => Self { trace: derived(&["alone", &hex::encode(span)]), span, parent: None },
        }
    }
}

fn derived<const BYTES: usize>(parts: &[&str]) -> [u8; BYTES] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(format!("{part}\n")));
    let digest = hash.finalize();
    std::array::from_fn(|index| digest[index])
}

impl Traces {
    /// As the environment says; and what takes spans out of the program's own words.
    pub(crate) fn begin<S>() -> (Self, Option<impl Layer<S>>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(target) = export::Target::of_environment() else { return (Self(None), None) };
        let (queue, messages) = mpsc::channel(QUEUE);
        tokio::spawn(export::run(target, messages));
        (Self(Some(queue.clone())), Some(layer::Spans(queue)))
    }

    /// Sends what is left.
    pub(crate) async fn flush(&self) {
        let Some(queue) = &self.0 else { return };
        let (answer, answered) = oneshot::channel();
        if queue.send(Message::Flush(answer)).await.is_ok() {
            let _ = answered.await; // the sender has ended, and nothing more can be sent
        }
    }
}
