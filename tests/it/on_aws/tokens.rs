//! Whose a request is. The function believes its gateway, which has asked: here that is said, so that nobody takes the
//! authorizer away (`infra/test/template.test.ts` has it before every route). The API in a container reads the pool's tokens
//! itself, as AWS configures it; the pool's keys are the test's, since moto's sign nothing that has expired.

use anyhow::{Result, ensure};
use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use serde_json::{Value, json};
use tests::flow::{Flow, expect};
use tests::keyhouse::{Keyhouse, Signing, but};
use tests::rig::stage::Stage;
use tests::rig::worker::Api;
use tests::rig::{REGION, Rig, gateway};

const POOL: &str = "us-east-1_people";
const CLIENT: &str = "the-client";

/// What somebody is asked for who is to be known.
const PATH: &str = "/api/sessions";

/// By more than clocks may differ.
const LATE: i64 = 120;

/// What Cognito writes into an access token that was good until `lives` seconds from now.
fn claims(lives: i64) -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({
        "iss": format!("https://cognito-idp.{REGION}.amazonaws.com/{POOL}"),
        "client_id": CLIENT,
        "token_use": "access",
        "sub": "a1b2-c3",
        "iat": now - 3600,
        "exp": now + lives,
    })
}

async fn asks(api: &Api, token: &str) -> Result<reqwest::Response> {
    let ann = Flow { token: Some(token.to_owned()), ..Flow::new(&api.url) };
    ann.verb(Method::GET, PATH, None).await
}

#[tokio::test]
async fn a_container_believes_tokens_of_its_pool_while_they_live_and_no_others() -> Result<()> {
    let (key, strange, unknown) = (Signing::new("k1")?, Signing::new("k1")?, Signing::new("k2")?);
    let house = Keyhouse::open(&[&key]).await?;
    let api = Api::believing(&Rig::running()?, &house.url, (POOL, CLIENT)).await?;
    let good = key.sign(&claims(600))?;
    expect(asks(&api, &good).await?, 200).await?;
    let another_pool =
        json!({ "iss": format!("https://cognito-idp.{REGION}.amazonaws.com/us-east-1_other") });
    let refused = [
        ("expired", key.sign(&claims(-LATE))?),
        ("of another pool", key.sign(&but(claims(600), another_pool))?),
        ("given to another client", key.sign(&but(claims(600), json!({ "client_id": "another" })))?),
        ("signed by another key of the same name", strange.sign(&claims(600))?),
        ("signed by a key that the pool never told", unknown.sign(&claims(600))?),
    ];
    for (what, token) in refused {
        let answer = asks(&api, &token).await?;
        let challenge = answer.headers().get(header::WWW_AUTHENTICATE).cloned();
        ensure!(answer.status() == 401 && challenge.is_some(), "{what}: {}", answer.text().await?);
    }
    // What is known of the pool stays good while it does not answer, and nobody is let in for that.
    house.fall_silent();
    expect(asks(&api, &good).await?, 200).await?;
    expect(asks(&api, &unknown.sign(&claims(600))?).await?, 401).await?;
    ensure!(house.asked() == 1, "the keys were asked for {} times", house.asked());
    Ok(())
}

#[tokio::test]
async fn before_a_pool_has_told_its_keys_whose_a_token_is_cannot_be_said() -> Result<()> {
    let key = Signing::new("k1")?;
    let house = Keyhouse::open(&[&key]).await?;
    house.fall_silent();
    for keys_at in [house.url.as_str(), "http://127.0.0.1:1"] {
        let api = Api::believing(&Rig::running()?, keys_at, (POOL, CLIENT)).await?;
        // Not 401, by which the page would send its people away.
        let told = expect(asks(&api, &key.sign(&claims(600))?).await?, 503).await?;
        ensure!(told["type"] == "/problems/unavailable", "{keys_at}: {told:#}");
        let nobody = Flow::new(&api.url);
        expect(nobody.verb(Method::GET, PATH, None).await?, 401).await?;
        expect(nobody.verb(Method::GET, "/api/recipes", None).await?, 200).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_function_knows_who_asks_from_its_gateway_and_from_nothing_else() -> Result<()> {
    let stage = Stage::open().await?;
    // No authorizer would let this through: it has expired, and nobody knows who has signed it.
    let token = Signing::new("nobody's")?.sign(&claims(-LATE))?;
    let bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]);
    let host = stage.rig.output("ApiHost")?;
    let mut event = gateway::event(host, &Method::GET, &Uri::from_static(PATH), &headers, &Bytes::new());
    let answer = stage.invoke("ApiFunction", &event).await?;
    ensure!(answer["statusCode"] == 200, "{answer:#}");

    let context = event["requestContext"].as_object_mut();
    let vouched_for = context.and_then(|context| context.remove("authorizer"));
    ensure!(vouched_for.is_some_and(|authorizer| authorizer["jwt"]["claims"]["sub"] == "a1b2-c3"));
    let answer = stage.invoke("ApiFunction", &event).await?;
    ensure!(answer["statusCode"] == 401, "the header alone lets somebody in: {answer:#}");
    Ok(())
}
