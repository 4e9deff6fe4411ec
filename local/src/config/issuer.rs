//! `[issuer]`: who has the users, where this server does not keep them itself. Any issuer of OpenID Connect will do whose
//! access tokens are JWTs signed with RS256.

use serde::Deserialize;
use url::Url;

use crate::web_address::is_this_machine;

/// The group whose members are admins, unless the file names another.
const ADMINS: &str = "admin";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Issuer {
    /// As tokens name it, letter by letter: `https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcD`.
    pub url: String,
    /// What tokens say whom they are for, as `aud` or, as Cognito's access tokens, as `client_id`.
    pub audience: String,
    /// Where its keys are.
    pub jwks: Url,
    /// Members of this group are admins; a token names its groups as `groups` or `cognito:groups`.
    #[serde(default = "admins")]
    pub admins: String,
    /// `[issuer.page]`: how people sign in with it on the page; without, only programs come with its tokens.
    pub page: Option<Page>,
}

/// The page as a client of the issuer's, without a secret: its code flow with PKCE.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Page {
    /// The client's id; the audience unless said.
    pub client: Option<String>,
    /// Where browsers are sent to; they come back at `/signed-in`.
    pub authorize: Url,
    /// Where tokens are fetched.
    pub token: Url,
    /// Where browsers are sent to, to sign out there too; they come back at `/sign-in`.
    pub sign_out: Option<Url>,
    #[serde(default = "scope")]
    pub scope: String,
}

fn admins() -> String {
    ADMINS.to_owned()
}

fn scope() -> String {
    service::Issuer::SCOPE.to_owned()
}

impl Issuer {
    pub(super) fn check(self) -> Result<Self, String> {
        is_safe("jwks", &self.jwks)?;
        if let Some(page) = &self.page {
            is_safe("page.authorize", &page.authorize)?;
            is_safe("page.token", &page.token)?;
            page.sign_out.as_ref().map_or(Ok(()), |sign_out| is_safe("page.sign-out", sign_out))?;
        }
        for (name, value) in [("url", &self.url), ("audience", &self.audience), ("admins", &self.admins)] {
            if value.is_empty() {
                return Err(format!("issuer.{name}: it is empty"));
            }
        }
        Ok(self)
    }

    /// What the page is told of it, if it is to send people there.
    pub(crate) fn for_the_page(&self) -> Option<service::Issuer> {
        let page = self.page.as_ref()?;
        Some(service::Issuer {
            url: self.url.clone(),
            client: page.client.as_ref().unwrap_or(&self.audience).clone(),
            authorize: page.authorize.to_string(),
            token: page.token.to_string(),
            sign_out: page.sign_out.as_ref().map(Url::to_string),
            scope: page.scope.clone(),
        })
    }
}

/// What goes there is seen by nobody else: it is over TLS, or does not leave this machine.
fn is_safe(name: &str, url: &Url) -> Result<(), String> {
    if url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(url)) {
        return Ok(());
    }
    Err(format!("issuer.{name}: {url} must begin with https://"))
}
