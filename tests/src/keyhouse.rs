//! An issuer of tokens in the test's own hands: keys that sign them, and the place where it tells these keys.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::Router;
use axum::extract::State;
use http::StatusCode;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A key of an issuer's.
pub struct Signing {
    pub kid: &'static str,
    pub key: EncodingKey,
}

impl Signing {
    pub fn new(kid: &'static str) -> Result<Self> {
        /// Before the key itself, PKCS#8 says what it is.
        const HEAD: usize = 26;
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let pkcs8 = pair.as_der()?;
        Ok(Self { kid, key: EncodingKey::from_rsa_der(&pkcs8.as_ref()[HEAD..]) })
    }

    pub fn public(&self) -> Result<Jwk> {
        let mut jwk = Jwk::from_encoding_key(&self.key, Algorithm::RS256)?;
        jwk.common.key_id = Some(self.kid.to_owned());
        Ok(jwk)
    }

    pub fn header(&self) -> Header {
        Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::RS256) }
    }

    pub fn sign(&self, claims: &Value) -> Result<String> {
        Ok(jsonwebtoken::encode(&self.header(), claims, &self.key)?)
    }
}

/// These claims with others in their place; null takes one away.
pub fn but(mut claims: Value, change: Value) -> Value {
    for (name, value) in change.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(claims.as_object_mut().and_then(|claims| claims.remove(name))),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// Where the issuer tells its keys, at whatever path: what it says, and how often it was asked. It listens until it is
/// dropped.
pub struct Keyhouse {
    pub url: String,
    told: Arc<Told>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Told {
    /// None while it is silent.
    says: Mutex<Option<JwkSet>>,
    asked: AtomicUsize,
}

impl Told {
    fn says(&self) -> MutexGuard<'_, Option<JwkSet>> {
        self.says.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keyhouse {
    pub async fn open(keys: &[&Signing]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let told: Arc<Told> = Arc::default();
        let app = Router::new().fallback(tell).with_state(told.clone());
        let serving = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        let house = Self { url, told, serving };
        house.say(keys)?;
        Ok(house)
    }

    pub fn say(&self, keys: &[&Signing]) -> Result<()> {
        let keys = keys.iter().map(|key| key.public()).collect::<Result<Vec<_>>>()?;
        *self.told.says() = Some(JwkSet { keys });
        Ok(())
    }

    pub fn fall_silent(&self) {
        *self.told.says() = None;
    }

    pub fn asked(&self) -> usize {
        self.told.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Keyhouse {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn tell(State(told): State<Arc<Told>>) -> Result<String, StatusCode> {
    told.asked.fetch_add(1, Ordering::SeqCst);
    let says = told.says().clone();
    let set = says.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    serde_json::to_string(&set).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
