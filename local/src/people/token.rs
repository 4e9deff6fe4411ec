//! Access tokens: short-lived JWTs that this server signs and nobody else reads. HMAC with SHA-256, and nothing else is
//! taken, whatever a token's head says. Whether the sign-in that a token comes from stands still, the store says.

use std::collections::HashSet;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use service::people::Secret;
use states::Timestamp;

/// An access token lives so long.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

const ISSUER: &str = "lockgate";
const AUDIENCE: &str = "lockgate-api";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    /// Which sign-in it comes from.
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    pub user: String,
    pub sign_in: String,
}

/// The key that signs, and how what it has signed is read.
#[derive(Clone)]
pub struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
}

impl Tokens {
    pub fn new(key: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.required_spec_claims =
            HashSet::from(["exp", "nbf", "iss", "aud", "sub"].map(str::to_owned));
        // The times are compared below, with the clock that everything here goes by.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let (signing, reading) = (EncodingKey::from_secret(key), DecodingKey::from_secret(key));
        Self { signing, reading, validation }
    }

    /// A token for `bearer`, and when it ends.
    pub fn sign(&self, bearer: &Bearer, now: Timestamp) -> (Secret, Timestamp) {
        let expires_at = now + LIFETIME;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: bearer.user.clone(),
            sid: bearer.sign_in.clone(),
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: expires_at.as_second(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing);
        (Secret(token.expect("claims are plain data, and any key is one for HMAC")), expires_at)
    }

    /// Whose `token` is, if this server has signed it and it is neither too old nor too new.
    pub fn read(&self, token: &str, now: Timestamp) -> Option<Bearer> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.reading, &self.validation).ok()?.claims;
        let lives = (claims.nbf..claims.exp).contains(&now.as_second());
        lives.then_some(Bearer { user: claims.sub, sign_in: claims.sid })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_763_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn bearer() -> Bearer {
        Bearer { user: "ada".to_owned(), sign_in: "s-1".to_owned() }
    }

    fn good() -> Value {
        json!({ "iss": "lockgate", "aud": "lockgate-api", "sub": "ada", "sid": "s-1",
                "iat": NOW, "nbf": NOW, "exp": NOW + 900 })
    }

    fn signed(header: &Header, claims: &Value, key: &[u8]) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(key)).unwrap()
    }

    #[test]
    fn a_token_is_its_bearers_as_long_as_it_lives() {
        let tokens = Tokens::new(b"a key");
        let (token, expires_at) = tokens.sign(&bearer(), at(NOW));
        assert_eq!(expires_at, at(NOW + 900));
        for then in [NOW, NOW + 899] {
            assert_eq!(tokens.read(&token.0, at(then)), Some(bearer()), "{then}");
        }
        for then in [NOW - 1, NOW + 900, NOW + 100_000] {
            assert_eq!(tokens.read(&token.0, at(then)), None, "{then}");
        }
    }

    #[test]
    fn what_another_has_signed_or_signed_otherwise_is_nobodys() {
        let tokens = Tokens::new(b"a key");
        let hs256 = Header::new(Algorithm::HS256);
        let read = |token: &str| tokens.read(token, at(NOW + 1));
        assert_eq!(read(&signed(&hs256, &good(), b"a key")), Some(bearer()));
        assert_eq!(read(&signed(&hs256, &good(), b"b key")), None);
        assert_eq!(read(&signed(&Header::new(Algorithm::HS384), &good(), b"a key")), None);
        for (claim, value) in [("iss", json!("another")), ("aud", json!("another")), ("exp", json!("soon"))] {
            let mut claims = good();
            claims[claim] = value;
            assert_eq!(read(&signed(&hs256, &claims, b"a key")), None, "{claim}");
        }
        for claim in ["iss", "aud", "sub", "sid", "nbf", "exp"] {
            let mut claims = good();
            claims.as_object_mut().unwrap().remove(claim);
            assert_eq!(read(&signed(&hs256, &claims, b"a key")), None, "without {claim}");
        }
        let token = signed(&hs256, &good(), b"a key");
        let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"; // {"alg":"none","typ":"JWT"}
        for forged in [format!("{none}.{claims}."), format!("{none}.{claims}.{signature}"), String::new()] {
            assert_eq!(read(&forged), None, "{forged}");
        }
    }
}
