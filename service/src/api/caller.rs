//! Who asks, and the one gate to a session: everything a handler does with a session begins with [`Caller::session`].
//!
//! There is one caller as long as there are no accounts. Another's session answers exactly as if it did not exist.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use states::Session;

use super::error::Error;
use crate::Service;

/// The owner of everything on a server without accounts.
const LOCAL: &str = "local";

#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) owner: String,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { owner: LOCAL.to_owned() })
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
