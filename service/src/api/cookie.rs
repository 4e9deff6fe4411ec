//! The one cookie: what lets a page that is opened again come to a new access token. It opens nothing else, and the routes
//! that take it are asked by pages of ours only: another site's page can send no header of its own without being asked
//! first, which it is not allowed (and its request would carry no cookie that is `SameSite=Strict`).

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderName, HeaderValue, header};
use states::Timestamp;

use super::App;
use super::error::Error;
use crate::people::Secret;

/// By which a page says that it is one.
pub(crate) const PAGE_HEADER: &str = "X-Lockgate-Page";

/// With this prefix a browser takes it from this very host only, over TLS, for all its paths.
const NAME: &str = "__Host-lockgate";

/// A request that a page of ours has sent.
pub(crate) struct FromPage;

impl FromRequestParts<App> for FromPage {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        if parts.headers.contains_key(PAGE_HEADER) { Ok(Self) } else { Err(Error::NotFromPage) }
    }
}

/// The token in the cookie of a page of ours; a request without one is signed out.
pub(crate) struct RefreshToken(pub(crate) String);

impl FromRequestParts<App> for RefreshToken {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, service: &App) -> Result<Self, Error> {
        let FromPage = FromPage::from_request_parts(parts, service).await?;
        let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut tokens = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('=').filter(|(name, _)| *name == NAME));
        match (tokens.next(), tokens.next()) {
            (Some((_, token)), None) if !token.is_empty() => Ok(Self(token.to_owned())),
            _ => Err(Error::SignedOut),
        }
    }
}

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The header that keeps `token` in the browser until then.
pub(crate) fn keep(token: &Secret, until: Timestamp, now: Timestamp) -> (HeaderName, HeaderValue) {
    let seconds = until.as_second().saturating_sub(now.as_second()).max(0);
    set(&format!("{NAME}={}; Max-Age={seconds}; {ATTRIBUTES}", token.0))
}

/// The header that makes the browser forget it.
pub(crate) fn forget() -> (HeaderName, HeaderValue) {
    set(&format!("{NAME}=; Max-Age=0; {ATTRIBUTES}"))
}

fn set(cookie: &str) -> (HeaderName, HeaderValue) {
    let mut value = HeaderValue::from_str(cookie).expect("a token of ours is of visible ASCII");
    value.set_sensitive(true);
    (header::SET_COOKIE, value)
}
