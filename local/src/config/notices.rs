//! How owners are told: the tables `[webhooks]` and `[mail]` of the file.

use std::collections::BTreeSet;
use std::time::Duration;

use activities::notices::{Terms, Topic};
use activities::webhook::Guard;
use jiff::SignedDuration;
use serde::Deserialize;
use states::limits;

use crate::notices::Letterbox;

/// What the file says of webhooks; times are in seconds, and what is not said stays as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Webhooks {
    /// Plain http, any port, and addresses of this machine and its network are let through.
    allow_local: bool,
    /// The pause before each try.
    schedule: Option<Vec<f64>>,
    /// Each pause is lengthened by up to so much of itself.
    jitter: Option<f64>,
    /// A receiver that does not answer for so long has failed.
    timeout: Option<f64>,
    /// A receiver that is asked too much is left alone for so long.
    rest: Option<f64>,
    longest_rest: Option<f64>,
    /// An endpoint that has failed for so long is switched off.
    disable_after: Option<f64>,
}

/// How webhooks are sent.
#[derive(Clone, Debug)]
pub struct Sending {
    pub guard: Guard,
    pub patience: Duration,
    pub terms: Terms,
}

const TIMEOUT: std::ops::RangeInclusive<f64> = 0.01..=30.0;
const TRIES: std::ops::RangeInclusive<usize> = 1..=20;

/// A year: no pause is longer.
const LONGEST: f64 = 366.0 * 86_400.0;

impl Webhooks {
    pub(super) fn checked(&self) -> Result<Sending, String> {
        let usual = Terms::default();
        let seconds = |name: &str, said: Option<f64>, usual: SignedDuration| match said {
            None => Ok(usual),
            Some(said) if (0.0..=LONGEST).contains(&said) => Ok(SignedDuration::from_secs_f64(said)),
            Some(said) => Err(format!("webhooks.{name}: {said} is not a number of seconds")),
        };
        let pauses = match &self.schedule {
            None => usual.pauses,
            Some(said) if TRIES.contains(&said.len()) => {
                let pause = |pause: &f64| seconds("schedule", Some(*pause), SignedDuration::ZERO);
                said.iter().map(pause).collect::<Result<_, _>>()?
            }
            Some(_) => return Err("webhooks.schedule has not 1 to 20 pauses".to_owned()),
        };
        let jitter = self.jitter.unwrap_or(usual.jitter);
        if !(0.0..=1.0).contains(&jitter) {
            return Err("webhooks.jitter is not from 0 to 1".to_owned());
        }
        let timeout = self.timeout.unwrap_or(limits::WEBHOOK_ANSWER_SECONDS as f64);
        if !TIMEOUT.contains(&timeout) {
            return Err("webhooks.timeout is not more than 0 and at most 30 seconds".to_owned());
        }
        Ok(Sending {
            guard: if self.allow_local { Guard::Local } else { Guard::Public },
            patience: Duration::from_secs_f64(timeout),
            terms: Terms {
                pauses,
                jitter,
                rest: seconds("rest", self.rest, usual.rest)?,
                longest_rest: seconds("longest-rest", self.longest_rest, usual.longest_rest)?,
                disable_after: seconds("disable-after", self.disable_after, usual.disable_after)?,
            },
        })
    }
}

/// What the file says of letters; without a server none are sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Mail {
    server: Option<String>,
    from: Option<String>,
    /// Where the owner of a server without accounts is written to.
    to: Option<String>,
    /// What is told by letter; all there is, if not said.
    events: BTreeSet<Topic>,
}

impl Mail {
    pub(super) fn checked(&self) -> Result<Option<Letterbox>, String> {
        let Some(server) = self.server.clone() else {
            let useless = self.from.is_some() || self.to.is_some() || !self.events.is_empty();
            return if useless { Err("mail.server is missing".to_owned()) } else { Ok(None) };
        };
        let address = |name: &str, said: &str| {
            said.parse().map_err(|error| format!("mail.{name}: {said:?} is no address: {error}"))
        };
        let from = self.from.as_deref().ok_or_else(|| "mail.from is missing".to_owned())?;
        let (from, to) =
            (address("from", from)?, self.to.as_deref().map(|to| address("to", to)).transpose()?);
        Ok(Some(Letterbox { server, from, to, topics: self.events.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_are_as_told_or_as_usual() {
        let checked =
            |text: &str| toml::from_str::<Webhooks>(text).map_err(|error| error.to_string())?.checked();
        let usual = checked("").unwrap();
        assert_eq!((usual.guard, usual.terms.pauses.len()), (Guard::Public, 10));
        let told = checked("allow-local = true\nschedule = [0, 0.5]\ntimeout = 2").unwrap();
        assert_eq!((told.guard, told.patience), (Guard::Local, Duration::from_secs(2)));
        assert_eq!(told.terms.pauses, [SignedDuration::ZERO, SignedDuration::from_millis(500)]);
        for (said, named) in [
            ("schedule = []", "schedule"),
            ("schedule = [-1]", "schedule"),
            ("jitter = 2", "jitter"),
            ("timeout = 60", "timeout"),
            ("rest = nan", "rest"),
            ("allow-locl = true", "allow-locl"),
        ] {
            let error = checked(said).unwrap_err();
            assert!(error.contains(named), "{said}: {error}");
        }
    }

    #[test]
    fn letters_need_a_server_and_a_sender() {
        let checked = |text: &str| toml::from_str::<Mail>(text).map_err(|error| error.to_string())?.checked();
        assert!(checked("").unwrap().is_none());
        let all = "server = 'smtp://127.0.0.1:25'\nfrom = 'Lockgate <lockgate@example.org>'\n\
                   to = 'ada@example.org'\nevents = ['session.failed']";
        let letterbox = checked(all).unwrap().unwrap();
        assert_eq!(letterbox.to.unwrap().to_string(), "ada@example.org");
        for (said, named) in [
            ("from = 'a@example.org'", "mail.server"),
            ("server = 'smtp://h'", "mail.from"),
            ("server = 'smtp://h'\nfrom = 'nobody'", "mail.from"),
            ("server = 'smtp://h'\nfrom = 'a@b.c'\nevents = ['lunch']", "lunch"),
        ] {
            let error = checked(said).map(|_| ()).unwrap_err();
            assert!(error.contains(named), "{said}: {error}");
        }
    }
}
