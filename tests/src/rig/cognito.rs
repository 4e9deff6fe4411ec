//! People, by moto's Cognito: no stand-in makes the stack's pool, so that each test makes one of its own, but for those of
//! letters, who are looked up in the one that all functions are told.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Rig;
use super::json::Service;

const COGNITO: Service =
    Service { signed_as: "cognito-idp", target: "AWSCognitoIdentityProviderService", version: "1.1" };

const PASSWORD: &str = "A-long-enough-1";

pub struct Pool {
    url: String,
    /// Its id, which stands in the name of the issuer.
    pub id: String,
    pub client: String,
}

/// A user's tokens.
pub struct Tokens {
    pub access: String,
    pub id: String,
}

impl Tokens {
    /// Whose they are.
    pub fn subject(&self) -> Result<String> {
        let payload = self.access.split('.').nth(1).context("a token has three parts")?;
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
        Ok(claims["sub"].as_str().context("a token has a subject")?.to_owned())
    }
}

impl Pool {
    pub async fn open(rig: &Rig) -> Result<Self> {
        Self::of(rig, Self::make(&rig.moto).await?).await
    }

    /// The one that functions take for the stack's. Names in it are to be [`super::unique`].
    pub async fn shared(rig: &Rig) -> Result<Self> {
        Self::of(rig, rig.people.clone()).await
    }

    /// A new pool at `url`, as the stack has it: people are called by their addresses. Answers its id.
    pub async fn make(url: &str) -> Result<String> {
        let pool = json!({ "PoolName": "people", "UsernameAttributes": ["email"] });
        let made = COGNITO.ask(url, "CreateUserPool", pool).await?;
        Ok(made["UserPool"]["Id"].as_str().context("a pool has an id")?.to_owned())
    }

    async fn of(rig: &Rig, id: String) -> Result<Self> {
        let url = rig.moto.clone();
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let client = json!({ "UserPoolId": id, "ClientName": "page", "ExplicitAuthFlows": flows });
        let client = COGNITO.ask(&url, "CreateUserPoolClient", client).await?;
        let client = client["UserPoolClient"]["ClientId"].as_str().context("a client has an id")?.to_owned();
        Ok(Self { url, id, client })
    }

    /// Where `name` is.
    pub fn address(name: &str) -> String {
        format!("{name}@example.org")
    }

    /// Somebody new, and their tokens.
    pub async fn sign_in(&self, name: &str) -> Result<Tokens> {
        self.add(name).await?;
        self.tokens(name).await
    }

    /// Somebody new of this group, and their tokens.
    pub async fn sign_in_as(&self, name: &str, group: &str) -> Result<Tokens> {
        let Self { url, id, .. } = self;
        self.add(name).await?;
        COGNITO.ask(url, "CreateGroup", json!({ "UserPoolId": id, "GroupName": group })).await?;
        let of = json!({ "UserPoolId": id, "Username": Self::address(name), "GroupName": group });
        COGNITO.ask(url, "AdminAddUserToGroup", of).await?;
        self.tokens(name).await
    }

    async fn add(&self, name: &str) -> Result<()> {
        let Self { url, id, .. } = self;
        let known = json!([{ "Name": "email_verified", "Value": "true" }]);
        let user = json!({ "UserPoolId": id, "Username": Self::address(name), "UserAttributes": known });
        COGNITO.ask(url, "AdminCreateUser", user).await?;
        let password = json!({
            "UserPoolId": id, "Username": Self::address(name), "Password": PASSWORD, "Permanent": true,
        });
        COGNITO.ask(url, "AdminSetUserPassword", password).await?;
        Ok(())
    }

    async fn tokens(&self, name: &str) -> Result<Tokens> {
        let Self { url, client, .. } = self;
        let parameters = json!({ "USERNAME": Self::address(name), "PASSWORD": PASSWORD });
        let auth =
            json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        let signed_in = COGNITO.ask(url, "InitiateAuth", auth).await?;
        let token = |which: &str| {
            let token = signed_in["AuthenticationResult"][which].as_str();
            Ok::<_, anyhow::Error>(token.context("a token")?.to_owned())
        };
        Ok(Tokens { access: token("AccessToken")?, id: token("IdToken")? })
    }
}
