//! One notice to one endpoint: what its execution is told, how it stands, and what each try came to. The record is the log.

use serde::{Deserialize, Serialize};
use states::Timestamp;

use super::notice::Notice;

/// What an execution of the document is started with. No secret and no URL that opens anything is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The delivery's id, and the execution's name.
    pub delivery: String,
    pub owner: String,
    pub endpoint: String,
    pub notice: Notice,
    /// The delivery that this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    pub id: String,
    pub owner: String,
    pub endpoint: String,
    pub notice: Notice,
    pub replay_of: Option<String>,
    pub standing: Standing,
    pub tries: Vec<Try>,
    /// When the next try is due, while it waits.
    pub next_at: Option<Timestamp>,
    /// How often in a row it was put off without a try, because the endpoint rests.
    pub put_off: u32,
    pub made_at: Timestamp,
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Standing {
    Waiting,
    Delivered,
    /// Given up: dead-lettered.
    Dead,
}

/// One attempt at delivering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Try {
    pub at: Timestamp,
    pub millis: u64,
    /// Of the answer, where there was one.
    pub status: Option<u16>,
    /// Why it did not do.
    pub why: Option<String>,
    /// The beginning of the answer.
    pub answer: String,
}

/// What a step of the document answers, and is given back with the next one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outcome {
    pub verdict: Verdict,
    pub tries: usize,
    pub put_off: u32,
    pub next_at: Option<Timestamp>,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Delivered,
    Again,
    Dead,
}

/// Which deliveries of an endpoint, newest first.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    pub owner: String,
    pub endpoint: String,
    pub standing: Option<Standing>,
    /// Made then or later.
    pub since: Option<Timestamp>,
    /// Made before; with the id, where the page before ended.
    pub before: Option<(Timestamp, Option<String>)>,
    pub limit: usize,
}

impl Delivery {
    pub fn new(order: &Order, now: Timestamp) -> Self {
        Self {
            id: order.delivery.clone(),
            owner: order.owner.clone(),
            endpoint: order.endpoint.clone(),
            notice: order.notice.clone(),
            replay_of: order.replay_of.clone(),
            standing: Standing::Waiting,
            tries: Vec::new(),
            next_at: None,
            put_off: 0,
            made_at: now,
        }
    }

    /// Given up, for this reason.
    pub fn bury(&mut self, why: &str, now: Timestamp) {
        self.standing = Standing::Dead;
        self.next_at = None;
        if self.tries.last().is_none_or(|last| last.why.is_none()) {
            self.tries.push(Try {
                at: now,
                millis: 0,
                status: None,
                why: Some(why.to_owned()),
                answer: String::new(),
            });
        }
    }

    /// As the workflow is told.
    pub fn outcome(&self) -> Outcome {
        let why = self.tries.last().and_then(|last| last.why.clone());
        Outcome {
            verdict: match self.standing {
                Standing::Waiting => Verdict::Again,
                Standing::Delivered => Verdict::Delivered,
                Standing::Dead => Verdict::Dead,
            },
            tries: self.tries.len(),
            put_off: self.put_off,
            next_at: self.next_at,
            why: why.unwrap_or_default(),
        }
    }
}
