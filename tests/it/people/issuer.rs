//! Tokens of an issuer: which are believed, and how often the issuer is asked for its keys. The clock is the test's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use activities::Clock;
use anyhow::{Context, Result, ensure};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use local::config::Issuer;
use local::people::{Issued, Store};
use serde_json::{Value, json};
use service::people::{Identity, Refused, Role, Verifier as _};
use tempfile::TempDir;
use tests::keyhouse::{Keyhouse, Signing, but};
use tests::server::Setup;
use tests::town::Town;

const ISSUER: &str = "https://issuer.example/pool";
const AUDIENCE: &str = "the-client";
const NOW: i64 = 1_763_000_000;

/// A server's people, whom this issuer has.
struct World {
    issued: Issued,
    clock: Arc<AtomicI64>,
    _folder: TempDir,
}

impl World {
    fn new(house: &Keyhouse) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock = Arc::new(AtomicI64::new(NOW * 1000));
        let store = Store::open(folder.path(), Clock::Manual(clock.clone()))?;
        let issuer = Issuer {
            url: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            jwks: house.url.parse()?,
            admins: "admins".to_owned(),
            page: None,
        };
        Ok(Self { issued: Issued::new(store, issuer)?, clock, _folder: folder })
    }

    fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_millis() as i64, Ordering::SeqCst);
    }

    async fn verify(&self, token: &str) -> Result<Identity, Refused> {
        self.issued.verify(token).await
    }

    async fn is_refused(&self, token: &str) -> bool {
        matches!(self.verify(token).await, Err(Refused::Credential))
    }
}

/// What an access token of Cognito's says.
fn cognito() -> Value {
    json!({ "iss": ISSUER, "client_id": AUDIENCE, "token_use": "access", "sub": "a1b2-c3", "exp": NOW + 600, "iat": NOW })
}

/// What another issuer's says.
fn generic() -> Value {
    json!({ "iss": ISSUER, "aud": [AUDIENCE, "another"], "sub": "auth0|bob", "exp": NOW + 600, "nbf": NOW })
}

#[tokio::test]
async fn good_tokens_are_believed() -> Result<()> {
    let key = Signing::new("k1")?;
    let house = Keyhouse::open(&[&key]).await?;
    let world = World::new(&house)?;
    let identity = world.verify(&key.sign(&cognito())?).await?;
    ensure!(identity.user == "a1b2-c3" && identity.role == Role::User);
    ensure!(world.verify(&key.sign(&generic())?).await?.user == "auth0|bob");
    for admins in [json!({ "cognito:groups": ["admins", "b"] }), json!({ "groups": "admins" })] {
        ensure!(world.verify(&key.sign(&but(cognito(), admins))?).await?.role == Role::Admin);
    }
    for users in [json!({ "cognito:groups": ["not-admins"] }), json!({ "groups": [] })] {
        ensure!(world.verify(&key.sign(&but(cognito(), users))?).await?.role == Role::User);
    }
    ensure!(house.asked() == 1, "the keys were fetched {} times", house.asked());
    Ok(())
}

#[tokio::test]
async fn no_other_token_is_believed() -> Result<()> {
    let (key, strange) = (Signing::new("k1")?, Signing::new("k1")?);
    let house = Keyhouse::open(&[&key]).await?;
    let world = World::new(&house)?;
    let changes = [
        json!({ "exp": NOW - 61 }),
        json!({ "exp": null }),
        json!({ "exp": "never" }),
        json!({ "nbf": NOW + 61 }),
        json!({ "iss": "https://issuer.example/another-pool" }),
        json!({ "iss": null }),
        json!({ "client_id": "another-client" }),
        json!({ "client_id": null }),
        json!({ "client_id": null, "aud": "another-client" }),
        // An ID token has its client as its audience.
        json!({ "token_use": "id", "aud": AUDIENCE }),
        json!({ "token_use": null, "aud": AUDIENCE, "nonce": "n" }),
        json!({ "token_use": null, "aud": AUDIENCE, "at_hash": "h" }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": "local" }),
        json!({ "sub": "a/b" }),
        json!({ "sub": ".." }),
        json!({ "sub": "a\u{0}b" }),
        json!({ "sub": "a".repeat(129) }),
    ];
    for change in changes {
        let token = key.sign(&but(cognito(), change.clone()))?;
        ensure!(world.is_refused(&token).await, "{change}");
    }
    ensure!(world.is_refused(&strange.sign(&cognito())?).await, "signed by another key of the same name");
    let good = key.sign(&cognito())?;
    let [head, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        anyhow::bail!("three parts")
    };
    let encode = |head: Value| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(head.to_string())
    };
    let none = encode(json!({ "alg": "none", "kid": "k1" }));
    for forged in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}"),
        format!("{}.{claims}.{signature}", encode(json!({ "alg": "RS384", "kid": "k1" }))),
        format!("{}.{claims}.{signature}", encode(json!({ "alg": "RS256" }))),
    ] {
        ensure!(world.is_refused(&forged).await, "{forged}");
    }
    // The public key, which everybody has, as if it were a secret of HMAC.
    let public = serde_json::to_value(key.public()?)?;
    let modulus = public["n"].as_str().context("a public key has a modulus")?;
    for secret in [modulus.to_owned(), public.to_string()] {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &cognito(), &EncodingKey::from_secret(secret.as_bytes()))?;
        ensure!(world.is_refused(&token).await, "HS256");
    }
    // A token that brings its key along, or says where it is.
    let embedded = Header { jwk: Some(strange.public()?), ..strange.header() };
    let elsewhere = Header { jku: Some("http://127.0.0.1:1/jwks".to_owned()), ..strange.header() };
    let certified = Header { x5u: Some("http://127.0.0.1:1/cert".to_owned()), ..strange.header() };
    for header in [embedded, elsewhere, certified] {
        let token = jsonwebtoken::encode(&header, &cognito(), &strange.key)?;
        ensure!(world.is_refused(&token).await, "{header:?}");
    }
    ensure!(world.verify(&good).await.is_ok(), "the one that all this was made of");
    Ok(())
}

#[tokio::test]
async fn the_issuer_is_asked_once_a_minute_at_most() -> Result<()> {
    let (key, next, unknown) = (Signing::new("k1")?, Signing::new("k2")?, Signing::new("k3")?);
    let house = Keyhouse::open(&[&key]).await?;
    let world = World::new(&house)?;
    let (old, new, never) = (key.sign(&cognito())?, next.sign(&cognito())?, unknown.sign(&cognito())?);
    ensure!(world.verify(&old).await.is_ok() && house.asked() == 1);
    for _ in 0..20 {
        ensure!(world.is_refused(&never).await);
    }
    ensure!(house.asked() == 1, "a minute has not passed, and it was asked {} times", house.asked());
    // The issuer begins to sign with another key.
    house.say(&[&key, &next])?;
    ensure!(world.is_refused(&new).await && house.asked() == 1);
    world.pass(Duration::from_secs(60));
    ensure!(world.verify(&new).await.is_ok() && house.asked() == 2);
    // Silent, and yet what is known of it is good; what is not, is not.
    house.fall_silent();
    for _ in 0..3 {
        world.pass(Duration::from_secs(60));
        ensure!(world.verify(&old).await.is_ok() && world.verify(&new).await.is_ok());
        ensure!(world.is_refused(&never).await);
    }
    ensure!(house.asked() == 5, "it was asked {} times", house.asked());
    // A key that was taken back is good for an hour at most.
    house.say(&[&next])?;
    world.pass(Duration::from_secs(180));
    ensure!(world.verify(&old).await.is_ok(), "nobody has asked yet");
    world.clock.store(NOW * 1000 + 3_700_000, Ordering::SeqCst);
    let fresh = json!({ "exp": NOW + 10_000 });
    ensure!(world.is_refused(&key.sign(&but(cognito(), fresh.clone()))?).await);
    ensure!(world.verify(&next.sign(&but(cognito(), fresh))?).await.is_ok());
    Ok(())
}

#[tokio::test]
async fn before_the_issuer_has_answered_nobody_is_told_that_they_are_wrong() -> Result<()> {
    let key = Signing::new("k1")?;
    let house = Keyhouse::open(&[]).await?;
    house.fall_silent();
    let world = World::new(&house)?;
    let token = key.sign(&cognito())?;
    ensure!(matches!(world.verify(&token).await, Err(Refused::Fault(_))));
    house.say(&[&key])?;
    world.pass(Duration::from_secs(60));
    ensure!(world.verify(&token).await.is_ok());
    Ok(())
}

#[tokio::test]
async fn a_server_takes_the_tokens_of_its_issuer() -> Result<()> {
    let key = Signing::new("k1")?;
    let house = Keyhouse::open(&[&key]).await?;
    let folder = tempfile::tempdir()?;
    let told = format!(
        "accounts = true\n[issuer]\nurl = '{ISSUER}'\naudience = '{AUDIENCE}'\njwks = '{}'\nadmins = 'admins'\n\
         [issuer.page]\nauthorize = 'https://issuer.example/authorize'\ntoken = 'https://tokens.example/token'\n",
        house.url
    );
    std::fs::write(folder.path().join("lockgate.toml"), told)?;
    let town = Town::in_folder(folder, &Setup::default())?;
    let soon = jiff::Timestamp::now().as_second() + 600;
    let token = key.sign(&but(cognito(), json!({ "exp": soon })))?;
    let ways = town.request(reqwest::Method::GET, "/api/sign-in", None).send().await?;
    let policy = ways.headers()["content-security-policy"].to_str()?.to_owned();
    ensure!(policy.contains(" https://tokens.example;"), "{policy}");
    let ways = tests::flow::expect(ways, 200).await?;
    let page = json!({
        "url": ISSUER, "client": AUDIENCE, "scope": "openid email",
        "authorize": "https://issuer.example/authorize", "token": "https://tokens.example/token",
    });
    ensure!(ways == json!({ "passwords": false, "issuer": page }), "{ways:#}");
    let me = tests::flow::expect(town.get("/api/me", &token).await?, 200).await?;
    ensure!(me["user"] == "a1b2-c3" && me["passwords"] == false, "{me:#}");
    ensure!(town.get("/api/users", &token).await?.status() == 403);
    let admin = key.sign(&but(cognito(), json!({ "exp": soon, "groups": ["admins"] })))?;
    ensure!(town.get("/api/users", &admin).await?.status() == 404, "the issuer has them");
    ensure!(town.get("/api/sessions?owner=*", &admin).await?.status() == 200);
    ensure!(town.sign_in("a1b2-c3", "a wrong password").await?.status() == 404);
    let wanted = json!({ "name": "a key", "scopes": ["read", "write", "admin"] });
    let made = town.request(reqwest::Method::POST, "/api/keys", Some(&admin)).json(&wanted).send().await?;
    let made = tests::flow::expect(made, 201).await?;
    let secret = made["secret"].as_str().context("a secret")?;
    ensure!(town.get("/api/sessions", secret).await?.status() == 200);
    ensure!(town.get("/api/sessions?owner=*", secret).await?.status() == 403, "a key is a user's there");
    ensure!(
        town.get("/api/me", &key.sign(&but(cognito(), json!({ "exp": soon - 1200 })))?).await?.status()
            == 401
    );
    Ok(())
}
