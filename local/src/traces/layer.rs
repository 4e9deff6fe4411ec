//! Which of the program's own words are spans of a trace.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::{Ids, Message, Span};

/// Spans under this target are parts of a trace; an event under it says that a session has ended.
const TARGET: &str = activities::measures::TRACE;

pub(super) struct Spans(pub(super) mpsc::Sender<Message>);

/// A span that is under way.
struct Open {
    begun: u128,
    fields: Fields,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() == TARGET
            && let Some(span) = context.span(id)
        {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(Open { begun: now(), fields });
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
        let Some(Open { begun, fields }) = span.extensions_mut().remove::<Open>() else { return };
        let name = match fields.get("name") {
            Some(name) => format!("{} {name}", span.name()),
            None => span.name().to_owned(),
        };
        self.send(Span {
            ids: Ids::part(fields.get("session")),
            name,
            begun,
            ended: now(),
            is_error: fields.get("problem").is_some(),
            fields: fields.0,
        });
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let milliseconds = |name| fields.get(name).and_then(|text| text.parse::<u128>().ok());
        let (Some(session), Some(begun), Some(ended)) =
            (fields.get("session"), milliseconds("begun"), milliseconds("ended"))
        else {
            return;
        };
        self.send(Span {
            ids: Ids::root(session),
            name: "session".to_owned(),
            begun: begun * 1_000_000,
            ended: ended * 1_000_000,
            is_error: fields.get("problem").is_some(),
            fields: fields.0,
        });
    }
}

impl Spans {
    /// Whoever works does not wait for whoever looks.
    fn send(&self, span: Span) {
        let _ = self.0.try_send(Message::Ended(Box::new(span)));
    }
}

/// Nanoseconds since 1970.
fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }

    /// What is said later replaces what was said before.
    fn set(&mut self, field: &Field, value: String) {
        self.0.retain(|(name, _)| *name != field.name());
        self.0.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, format!("{value:?}"));
    }
}
