//! The signature of Standard Webhooks 1.0: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in Base64, one for each secret
//! that is valid, with spaces in between.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use states::Timestamp;

use crate::clock::random_id;

/// Bytes of a secret.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

const PREFIX: &str = "whsec_";
const SCHEME: &str = "v1,";

/// A message older or newer than this is refused: it may be one that was overheard.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// What signs the messages to one endpoint. Its text begins with `whsec_`; it is never part of a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and 24 to 64 bytes in Base64")]
pub struct NotASecret;

/// Why a message is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    #[error("the timestamp {0:?} is not a number of seconds")]
    NoTime(String),
    #[error("the message was signed {0} s ago, or its clock is wrong")]
    OutOfTime(i64),
    #[error("no signature is that of this secret over this id, timestamp and body")]
    NoMatch,
}

impl Secret {
    /// A fresh one: the digest of more randomness than it is long.
    pub fn random() -> Self {
        Self(Sha256::digest([random_id(), random_id(), random_id()].concat()).to_vec())
    }

    pub fn sign(&self, id: &str, at: i64, body: &[u8]) -> String {
        format!("{SCHEME}{}", STANDARD.encode(self.mac(id, &at.to_string(), body).finalize().into_bytes()))
    }

    fn mac(&self, id: &str, at: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in [id.as_bytes(), b".", at.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }

    /// Whether a message is believed: one of its signatures is ours, and it was signed about now.
    pub fn verify(
        &self,
        id: &str,
        at: &str,
        signatures: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Forged> {
        let seconds: i64 = at.parse().map_err(|_| Forged::NoTime(at.to_owned()))?;
        let age = now.as_second().saturating_sub(seconds);
        if age.saturating_abs() > TOLERANCE.as_secs() {
            return Err(Forged::OutOfTime(age));
        }
        let is_ours = |signature: &str| {
            let bytes = signature.strip_prefix(SCHEME).and_then(|text| STANDARD.decode(text).ok());
            bytes.is_some_and(|bytes| self.mac(id, at, body).verify_slice(&bytes).is_ok())
        };
        if signatures.split(' ').any(is_ours) { Ok(()) } else { Err(Forged::NoMatch) }
    }
}

impl FromStr for Secret {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Self, NotASecret> {
        let bytes = text.strip_prefix(PREFIX).and_then(|rest| STANDARD.decode(rest).ok());
        bytes.filter(|bytes| LENGTH.contains(&bytes.len())).map(Self).ok_or(NotASecret)
    }
}

impl Secret {
    /// As its owner is shown it, and as it is kept.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.reveal())
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_published_example_is_signed_so() {
        let secret: Secret = SECRET.parse().unwrap();
        assert_eq!(secret.sign(ID, AT, BODY), SIGNATURE);
        assert_eq!(secret.reveal(), SECRET);
    }

    #[test]
    fn one_of_several_signatures_is_enough_and_nothing_may_differ() {
        let secret: Secret = SECRET.parse().unwrap();
        let verify =
            |id, time: &str, signatures: &str, body, now| secret.verify(id, time, signatures, body, at(now));
        let (time, both) = (AT.to_string(), format!("v1,AAAA v1a,xyz {SIGNATURE}"));
        assert_eq!(verify(ID, &time, &both, BODY, AT), Ok(()));
        assert_eq!(verify("msg_other", &time, &both, BODY, AT), Err(Forged::NoMatch));
        assert_eq!(verify(ID, &time, &both, b"{}", AT), Err(Forged::NoMatch));
        assert_eq!(verify(ID, &(AT + 1).to_string(), &both, BODY, AT), Err(Forged::NoMatch));
        assert_eq!(verify(ID, &time, &SIGNATURE[3..], BODY, AT), Err(Forged::NoMatch));
        assert_eq!(verify(ID, &time, &both, BODY, AT + 301), Err(Forged::OutOfTime(301)));
        assert_eq!(verify(ID, &time, &both, BODY, AT - 301), Err(Forged::OutOfTime(-301)));
        assert_eq!(verify(ID, "now", &both, BODY, AT), Err(Forged::NoTime("now".to_owned())));
    }

    #[test]
    fn a_secret_has_24_to_64_bytes_and_does_not_show_itself() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes])).parse::<Secret>();
        assert!(of(23).is_err() && of(24).is_ok() && of(64).is_ok() && of(65).is_err());
        assert!("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse::<Secret>().is_err());
        assert_eq!(format!("{:?}", of(24).unwrap()), "Secret(…)");
        assert_ne!(Secret::random(), Secret::random());
    }
}
