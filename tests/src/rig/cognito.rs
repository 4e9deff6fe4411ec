//! People, by moto's Cognito: pools are the API's own business with an authorizer on AWS, so that each test makes one.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Rig;

pub struct Pool {
    url: String,
    pool: Value,
    client: Value,
}

impl Pool {
    pub async fn open(rig: &Rig) -> Result<Self> {
        let url = rig.moto.clone();
        let made = ask(&url, "CreateUserPool", json!({ "PoolName": "people" })).await?;
        let pool = made["UserPool"]["Id"].clone();
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let client = json!({ "UserPoolId": pool, "ClientName": "page", "ExplicitAuthFlows": flows });
        let client = ask(&url, "CreateUserPoolClient", client).await?["UserPoolClient"]["ClientId"].clone();
        Ok(Self { url, pool, client })
    }

    /// Somebody new, and a token of theirs.
    pub async fn sign_in(&self, name: &str) -> Result<String> {
        const PASSWORD: &str = "A-long-enough-1";
        let Self { url, pool, client } = self;
        ask(url, "AdminCreateUser", json!({ "UserPoolId": pool, "Username": name })).await?;
        let password =
            json!({ "UserPoolId": pool, "Username": name, "Password": PASSWORD, "Permanent": true });
        ask(url, "AdminSetUserPassword", password).await?;
        let parameters = json!({ "USERNAME": name, "PASSWORD": PASSWORD });
        let auth =
            json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        let signed_in = ask(url, "InitiateAuth", auth).await?;
        let token = signed_in["AuthenticationResult"]["IdToken"].as_str().context("a token")?;
        Ok(token.to_owned())
    }
}

async fn ask(url: &str, operation: &str, body: Value) -> Result<Value> {
    let request = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(body.to_string());
    let answer = request.send().await?;
    let (good, text) = (answer.status().is_success(), answer.text().await?);
    ensure!(good, "{operation}: {text}");
    if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
}
