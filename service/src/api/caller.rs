//! Who asks, and the one gate to a session: everything a handler does with a session begins with [`Caller::session`].
//!
//! There is one caller as long as there are no accounts; with accounts, whoever stands before the API has verified who
//! asks, and says so by an [`Owner`]. Another's session answers exactly as if it did not exist.

use axum::extract::FromRequestParts;
use http::request::Parts;
use states::Session;

use super::App;
use super::error::Error;
use crate::{Owner, Service};

/// The owner of everything on a server without accounts.
const LOCAL: &str = "local";

#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) owner: String,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, service: &App) -> Result<Self, Error> {
        if !service.config.accounts {
            return Ok(Self { owner: LOCAL.to_owned() });
        }
        let Owner(owner) = parts.extensions.get().ok_or(Error::SignedOut)?;
        Ok(Self { owner: owner.clone() })
    }
}

impl Caller {
    /// The live session `id` of this caller.
    pub(crate) async fn session(&self, service: &Service, id: &str) -> Result<Session, Error> {
        let session = service.ctx.sessions.get(id).await?;
        let own = session.filter(|session| session.owner == self.owner).ok_or(Error::UnknownSession)?;
        if own.deleted_at.is_some() { Err(Error::Deleted) } else { Ok(own) }
    }
}
