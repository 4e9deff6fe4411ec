//! A place where an owner wants to be told, and how it has been doing.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use states::Timestamp;

use super::notice::Topic;
use crate::webhook::Secret;

/// Where a delivery goes that is a letter: an endpoint that nobody made.
pub const MAIL: &str = "mail";

/// The secret before the last one signs for so long.
const ROTATION: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    pub id: String,
    pub owner: String,
    /// Raised by every write.
    pub version: u64,
    pub url: String,
    /// For its owner's eyes.
    pub about: String,
    /// What is told there; all there is, if empty.
    pub topics: BTreeSet<Topic>,
    pub enabled: bool,
    /// Why and when it was switched off, if not by its owner.
    pub disabled: Option<Disabled>,
    /// The first signs; those behind it do too, until they end.
    pub keys: Vec<Key>,
    pub made_at: Timestamp,
    /// Since when nothing was delivered there, though it was tried.
    pub failing_since: Option<Timestamp>,
    /// Nothing is sent before: it has asked for a rest.
    pub rests_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disabled {
    pub why: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    pub secret: Secret,
    /// When it signs no more; `None` is the last one made.
    pub until: Option<Timestamp>,
}

/// What an owner says of an endpoint.
#[derive(Clone, Debug)]
pub struct Named {
    pub url: String,
    pub about: String,
    pub topics: BTreeSet<Topic>,
    pub enabled: bool,
}

impl Endpoint {
    pub fn new(id: &str, owner: &str, named: Named, secret: Secret, now: Timestamp) -> Self {
        Self {
            id: format!("ep_{}", id.replace('-', "")),
            owner: owner.to_owned(),
            version: 1,
            url: named.url,
            about: named.about,
            topics: named.topics,
            enabled: named.enabled,
            disabled: None,
            keys: vec![Key { secret, until: None }],
            made_at: now,
            failing_since: None,
            rests_until: None,
        }
    }

    /// As its owner says from now on. Another address, or being switched on, begins anew.
    pub fn rename(&mut self, named: Named) {
        if named.url != self.url || (named.enabled && !self.enabled) {
            self.failing_since = None;
            self.rests_until = None;
        }
        if named.enabled {
            self.disabled = None;
        }
        Named { url: self.url, about: self.about, topics: self.topics, enabled: self.enabled } = named;
    }

    pub fn wants(&self, topic: Topic) -> bool {
        self.enabled && topic.is_wanted(&self.topics)
    }

    /// A new secret signs from now on; the one before it signs beside it for a day, older ones no more.
    pub fn rotate(&mut self, secret: Secret, now: Timestamp) {
        self.keys.truncate(1);
        for key in &mut self.keys {
            key.until = Some(now + ROTATION);
        }
        self.keys.insert(0, Key { secret, until: None });
    }

    pub fn secrets(&self, now: Timestamp) -> Vec<&Secret> {
        let signs = |key: &&Key| key.until.is_none_or(|until| now < until);
        self.keys.iter().filter(signs).map(|key| &key.secret).collect()
    }

    /// Switched off by us. The first reason stays.
    pub fn disable(&mut self, why: &str, at: Timestamp) {
        if self.enabled {
            self.enabled = false;
            self.disabled = Some(Disabled { why: why.to_owned(), at });
        }
    }

    /// The address without what may be secret in it.
    pub fn shown_url(&self) -> &str {
        self.url.split('?').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn named(url: &str, enabled: bool) -> Named {
        Named { url: url.to_owned(), about: String::new(), topics: BTreeSet::new(), enabled }
    }

    fn endpoint() -> Endpoint {
        Endpoint::new("e", "ada", named("https://example.org/", true), Secret::random(), at(0))
    }

    #[test]
    fn after_a_rotation_two_secrets_sign_for_a_day() {
        let mut endpoint = endpoint();
        let (first, second, third) = (Secret::random(), Secret::random(), Secret::random());
        endpoint.keys[0].secret = first.clone();
        endpoint.rotate(second.clone(), at(10));
        assert_eq!(endpoint.secrets(at(10)), [&second, &first]);
        assert_eq!(endpoint.secrets(at(10) + ROTATION), [&second]);
        endpoint.rotate(third.clone(), at(20));
        assert_eq!(endpoint.secrets(at(20)), [&third, &second], "never more than two");
    }

    #[test]
    fn what_was_disabled_begins_anew_when_it_is_switched_on() {
        let mut endpoint = endpoint();
        endpoint.failing_since = Some(at(1));
        endpoint.disable("It is gone.", at(2));
        endpoint.disable("Another reason.", at(3));
        assert_eq!(endpoint.disabled.as_ref().unwrap().why, "It is gone.");
        assert!(!endpoint.wants(Topic::SessionDone));
        endpoint.rename(named("https://example.org/", true));
        assert!(endpoint.wants(Topic::SessionDone) && endpoint.disabled.is_none());
        assert_eq!(endpoint.failing_since, None);
        endpoint.topics = BTreeSet::from([Topic::SessionFailed]);
        assert!(!endpoint.wants(Topic::SessionDone) && endpoint.wants(Topic::SessionFailed));
    }
}
