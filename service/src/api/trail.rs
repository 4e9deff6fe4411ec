//! What a handler adds to the row of its request in the audit log; and of a request that nobody has signed in for, whether
//! too many of its kind have come.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::App;
use super::edge::Origin;
use super::error::Error;
use super::identify::not_too_much;
use crate::Service;
use crate::audit::Trail;
use crate::rates::Of;

/// As much of a name is looked at, to count who tries it.
const NAME_CHARS: usize = 64;

pub(crate) struct Noted {
    trail: Trail,
    origin: Option<IpAddr>,
}

impl FromRequestParts<App> for Noted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let origin = parts.extensions.get::<Origin>().map(|origin| origin.0);
        Ok(Self { trail: parts.extensions.get::<Trail>().cloned().unwrap_or_default(), origin })
    }
}

impl Noted {
    /// Whom somebody says to be, who may be anybody: so it is no more than what the request is about.
    pub(crate) fn who_says_to_be(&self, name: &str) {
        self.trail.note(|known| name.clone_into(&mut known.subject));
    }

    /// What a change of the flags changes, which the request's own address does not say.
    pub(crate) fn what_changes(&self, changes: Vec<String>) {
        self.trail.note(|known| known.changes = changes);
    }

    pub(crate) fn who_is(&self, name: &str) {
        self.trail.note(|known| name.clone_into(&mut known.who));
    }

    /// Refuses who tries too often to come in, from one address or under one name.
    pub(crate) fn tries(&self, service: &Service, name: Option<&str>) -> Result<(), Error> {
        let from = self.origin.map(Of::SignInFrom);
        let name = name.map(|name| Of::SignInAs(name.chars().take(NAME_CHARS).collect()));
        from.into_iter().chain(name).try_for_each(|of| not_too_much(service, of, &self.trail))
    }
}
