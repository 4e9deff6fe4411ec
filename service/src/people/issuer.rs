//! An issuer's access tokens: they are JWTs, and its keys say whether they are genuine.
//!
//! RS256 is taken and nothing else, and a key is one of the configured address and no other, whatever a token's head says
//! of algorithms, keys, or where keys are. Keys are kept: a token signed with one that is not known makes them be fetched
//! anew, but at most once a minute, and those that are known stay good while the issuer does not answer.
//!
//! Not here: what the groups of a token's subject mean (`local/src/people`, `aws/src/people.rs`).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use activities::Clock;
use activities::ports::Fault;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use states::Timestamp;
use tokio::sync::Mutex;

use super::Refused;

/// The issuer is asked no more often, whatever tokens come.
const ASKED_EVERY: Duration = Duration::from_secs(60);

/// Keys that were fetched longer ago are fetched anew: one may have been taken back.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// Clocks may differ by so much.
const LEEWAY: i64 = 60;

const PATIENCE: Duration = Duration::from_secs(5);

/// More keys than fit in here no issuer has.
const LARGEST: usize = 1 << 20;

const SUBJECT_LENGTH: usize = 128;

/// Whose tokens are believed, and where the keys are that they are signed with.
#[derive(Clone, Debug)]
pub struct Trust {
    /// As tokens name it, letter by letter.
    pub url: String,
    /// What tokens say whom they are for, as `aud` or, as Cognito's access tokens, as `client_id`.
    pub audience: String,
    pub jwks: reqwest::Url,
}

/// Whom a token was given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub user: String,
    groups: Vec<String>,
}

impl Holder {
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }
}

/// What is known of an issuer, and what its tokens say.
pub struct Tokens {
    trust: Trust,
    clock: Clock,
    http: reqwest::Client,
    validation: Validation,
    keys: Mutex<Kept>,
}

/// What is known of the issuer's keys.
#[derive(Default)]
struct Kept {
    keys: HashMap<String, DecodingKey>,
    asked_at: Option<Timestamp>,
    fetched_at: Option<Timestamp>,
}

/// What is read of a token.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    #[serde(default)]
    aud: OneOrMany,
    client_id: Option<String>,
    token_use: Option<String>,
    /// Only ID tokens have them.
    nonce: Option<serde::de::IgnoredAny>,
    at_hash: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    groups: OneOrMany,
    #[serde(default, rename = "cognito:groups")]
    cognito_groups: OneOrMany,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
    #[default]
    None,
}

impl OneOrMany {
    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
            Self::None => false,
        }
    }

    fn all(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
            Self::None => Vec::new(),
        }
    }
}

impl Tokens {
    pub fn new(trust: Trust, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&trust.url]);
        validation.required_spec_claims = HashSet::from(["exp", "iss", "sub"].map(str::to_owned));
        // Compared below: the times with the clock that everything here goes by, and whom it is for by either name.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        let keys = Mutex::default();
        Ok(Self { trust, clock, http, validation, keys })
    }

    /// Whose `token` is.
    pub async fn read(&self, token: &str) -> Result<Holder, Refused> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused::Credential)?;
        let kid = header.kid.filter(|_| header.alg == Algorithm::RS256).ok_or(Refused::Credential)?;
        let key = self.key(&kid).await?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &self.validation);
        let claims = claims.map_err(|_| Refused::Credential)?.claims;
        if !self.holds(&claims, self.clock.now()) {
            return Err(Refused::Credential);
        }
        let groups = [claims.groups.all(), claims.cognito_groups.all()].concat();
        Ok(Holder { user: claims.sub, groups })
    }

    /// Whether it is an access token, for this server, now.
    fn holds(&self, claims: &Claims, now: Timestamp) -> bool {
        let now = now.as_second();
        let lives = now < claims.exp.saturating_add(LEEWAY)
            && claims.nbf.is_none_or(|nbf| nbf.saturating_sub(LEEWAY) <= now);
        let audience = &self.trust.audience;
        let is_for_us = claims.aud.has(audience) || claims.client_id.as_ref() == Some(audience);
        let is_for_access = claims.token_use.as_deref().is_none_or(|token_use| token_use == "access")
            && claims.nonce.is_none()
            && claims.at_hash.is_none();
        lives && is_for_us && is_for_access && is_subject(&claims.sub)
    }

    /// The issuer's key of this name. While it does not answer, what is known of it.
    async fn key(&self, kid: &str) -> Result<DecodingKey, Refused> {
        let mut kept = self.keys.lock().await;
        let now = self.clock.now();
        let older = |then: Option<Timestamp>, age: Duration| then.is_none_or(|then| then + age <= now);
        let is_wanted = !kept.keys.contains_key(kid) || older(kept.fetched_at, FRESH);
        if is_wanted && older(kept.asked_at, ASKED_EVERY) {
            kept.asked_at = Some(now);
            match self.fetch().await {
                Ok(keys) => {
                    kept.keys = keys;
                    kept.fetched_at = Some(now);
                }
                Err(why) => {
                    tracing::warn!(why, "the issuer's keys cannot be fetched; those that are known stay")
                }
            }
        }
        match kept.keys.get(kid) {
            Some(key) => Ok(key.clone()),
            // Whether it is genuine nobody can tell before the issuer has answered once.
            None if kept.fetched_at.is_none() => {
                let why = "it has not told its keys yet".to_owned();
                Err(Fault::Unavailable { what: "issuer", why }.into())
            }
            None => Err(Refused::Credential),
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, String> {
        let told = |error: reqwest::Error| error.without_url().to_string();
        let mut answer = self.http.get(self.trust.jwks.clone()).send().await.map_err(told)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(format!("it answered {}", answer.status()));
        }
        let mut text = Vec::new();
        while let Some(bytes) = answer.chunk().await.map_err(told)? {
            text.extend_from_slice(&bytes);
            if text.len() > LARGEST {
                return Err("it does not come to an end".to_owned());
            }
        }
        let set: JwkSet = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        Ok(set.keys.iter().filter_map(usable).collect())
    }
}

/// A key that signs with RS256, by its name.
fn usable(key: &Jwk) -> Option<(String, DecodingKey)> {
    let common = &key.common;
    let signs = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let by_rs256 = common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256);
    let is_rsa = matches!(key.algorithm, jsonwebtoken::jwk::AlgorithmParameters::RSA(_));
    let kid = common.key_id.clone().filter(|_| signs && by_rs256 && is_rsa)?;
    Some((kid, DecodingKey::from_jwk(key).ok()?))
}

/// A subject becomes an owner, and stands in keys of objects.
fn is_subject(subject: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+|:-".contains(&byte);
    (1..=SUBJECT_LENGTH).contains(&subject.len())
        && subject.bytes().all(may_stand)
        && subject != crate::LOCAL
        && !subject.starts_with('.')
}
