//! One thing to tell: thin, so that it may lie about anywhere. It refers to a session and holds nothing that opens it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use states::{Event, Session, State, Timestamp};

use super::endpoint::Endpoint;
use crate::clock::derived_id;

/// What a notice is of.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum Topic {
    #[serde(rename = "session.done")]
    #[strum(serialize = "session.done")]
    SessionDone,
    /// Cancelled and expired ones included.
    #[serde(rename = "session.failed")]
    #[strum(serialize = "session.failed")]
    SessionFailed,
    #[serde(rename = "endpoint.disabled")]
    #[strum(serialize = "endpoint.disabled")]
    EndpointDisabled,
}

impl Topic {
    /// Whether whoever wants these is told of it: who names none wants all.
    pub fn is_wanted(self, topics: &BTreeSet<Self>) -> bool {
        topics.is_empty() || topics.contains(&self)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notice {
    /// The same wherever and however often it is told.
    pub id: String,
    pub topic: Topic,
    pub at: Timestamp,
    pub data: Map<String, Value>,
}

/// A problem's detail may quote a file at length.
const DETAIL_CHARS: usize = 500;

impl Notice {
    /// How this attempt of a session ended. `None` if its record does not say that it has.
    pub fn of_session(session: &Session, attempt: u32, page: &str) -> Option<Self> {
        let is_end = |to: State| to.is_terminal();
        let end =
            session.trail.iter().rev().find(|passage| passage.attempt == attempt && is_end(passage.to))?;
        let topic = if end.to == State::Done { Topic::SessionDone } else { Topic::SessionFailed };
        let mut data = json!({
            "sessionId": session.id,
            "state": end.to,
            "recipe": session.recipe,
            "attempt": attempt,
            "url": format!("{page}/sessions/{}", session.id),
        });
        // After a redrive the record knows no more what the attempt before it failed of.
        let problem = session.problem.as_ref().filter(|_| session.attempt == attempt);
        if let Some(problem) = problem {
            let detail: String = problem.detail.chars().take(DETAIL_CHARS).collect();
            data["problem"] =
                json!({ "type": problem.kind, "title": problem.kind.title(), "detail": detail });
        } else if end.event == Event::Cancelled {
            data["problem"] = json!({ "type": states::Kind::Cancelled });
        }
        Some(Self {
            id: message_id(&["session", &session.id, &attempt.to_string(), &topic.to_string()]),
            topic,
            at: end.at,
            data: fields(data),
        })
    }

    /// That nothing is sent to this endpoint any more. Of one disabling there is one notice.
    pub fn of_disabled(endpoint: &Endpoint, page: &str) -> Option<Self> {
        let disabled = endpoint.disabled.as_ref()?;
        Some(Self {
            id: message_id(&["endpoint", &endpoint.id, &disabled.at.to_string()]),
            topic: Topic::EndpointDisabled,
            at: disabled.at,
            data: fields(json!({
                "endpointId": endpoint.id,
                "endpointUrl": endpoint.shown_url(),
                "reason": disabled.why,
                "url": page,
            })),
        })
    }

    /// One that looks like `topic` and tells nothing.
    pub fn sample(topic: Topic, id: &str, at: Timestamp, page: &str) -> Self {
        let data = match topic {
            Topic::SessionDone => {
                json!({ "sessionId": "test", "state": "Done", "recipe": "flac", "attempt": 1 })
            }
            Topic::SessionFailed => json!({
                "sessionId": "test", "state": "Failed", "recipe": "flac", "attempt": 1,
                "problem": { "type": "cancelled", "title": "The session was cancelled.", "detail": "It is a test." },
            }),
            Topic::EndpointDisabled => json!({ "endpointId": "test", "reason": "It is a test." }),
        };
        let mut data = fields(data);
        data.insert("test".to_owned(), true.into());
        data.insert("url".to_owned(), page.into());
        Self { id: message_id(&["test", id]), topic, at, data }
    }

    /// The body that is sent: the same bytes at each try.
    pub fn body(&self) -> String {
        json!({ "type": self.topic, "timestamp": self.at, "data": self.data }).to_string()
    }
}

fn message_id(parts: &[&str]) -> String {
    format!("msg_{}", derived_id(parts).replace('-', ""))
}

fn fields(data: Value) -> Map<String, Value> {
    match data {
        Value::Object(fields) => fields,
        other => unreachable!("{other} is written above as an object"),
    }
}
