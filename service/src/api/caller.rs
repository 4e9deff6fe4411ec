//! Who asks, and the one gate to a session: everything a handler does with a session begins with [`Caller::session`].
//!
//! Without accounts there is one caller, who owns everything. With accounts, whoever asks has been verified before
//! ([`identify`](super::identify)). Another's session answers exactly as if it did not exist, but to an admin.

use axum::extract::FromRequestParts;
use http::request::Parts;
use states::Session;

use super::App;
use super::error::Error;
use crate::Service;
use crate::audit::Trail;
use crate::people::{Identity, Role, Scope, Scopes};
use crate::quota;

/// The owner of everything on a server without accounts. No user is ever called so.
pub const LOCAL: &str = "local";

/// Named as an owner, it is all of them. No user is called so either.
pub(crate) const EVERYBODY: &str = "*";

/// The refusal of [`EVERYBODY`].
pub(crate) fn not_everybody() -> Error {
    Error::Parameter {
        name: "owner".to_owned(),
        detail: format!("{EVERYBODY} cannot be listed here; name one user"),
        allowed: Vec::new(),
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) owner: String,
    role: Role,
    scopes: Scopes,
    trail: Trail,
}

/// An admin who asks, with a credential that is good for it.
pub(crate) struct Admin(pub(crate) Caller);

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, service: &App) -> Result<Self, Error> {
        let trail = parts.extensions.get::<Trail>().cloned().unwrap_or_default();
        if !service.config.accounts {
            let (owner, role, scopes) = (LOCAL.to_owned(), Role::Admin, Scopes::ALL);
            return Ok(Self { owner, role, scopes, trail });
        }
        let Identity { user, role, scopes } = parts.extensions.get().cloned().ok_or(Error::SignedOut)?;
        trail.note(|known| known.who.clone_from(&user));
        let caller = Self { owner: user, role, scopes, trail };
        caller.needs(if parts.method.is_safe() { Scope::Read } else { Scope::Write })?;
        Ok(caller)
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, service: &App) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, service).await?;
        if caller.role != Role::Admin {
            return Err(Error::NotAdmin);
        }
        caller.needs(Scope::Admin)?;
        Ok(Self(caller))
    }
}

impl Caller {
    /// Whether they may see and do what only admins may.
    pub(crate) fn is_admin(&self) -> bool {
        self.role == Role::Admin && self.scopes.has(Scope::Admin)
    }

    /// Without accounts there is nobody else: what was made while there were is theirs who may come back.
    pub(crate) fn sees_everybodys(&self, service: &Service) -> bool {
        service.config.accounts && self.is_admin()
    }

    /// Whose this caller looks at: their own, or of an admin also those of whom they name.
    pub(crate) fn looks_at(&self, service: &Service, named: Option<String>) -> Result<String, Error> {
        match named {
            None => Ok(self.owner.clone()),
            Some(owner) if owner == self.owner || self.sees_everybodys(service) => Ok(owner),
            Some(_) => Err(Error::NotAdmin),
        }
    }

    /// As [`looks_at`](Self::looks_at), where everybody's are not listed.
    pub(crate) fn looks_at_one(&self, service: &Service, named: Option<String>) -> Result<String, Error> {
        let owner = self.looks_at(service, named)?;
        if owner == EVERYBODY { Err(not_everybody()) } else { Ok(owner) }
    }

    /// Refuses what the credential is not good for.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Error> {
        if self.scopes.has(scope) { Ok(()) } else { Err(Error::Scope { scope }) }
    }

    pub(crate) fn role(&self) -> Role {
        self.role
    }

    pub(crate) fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The live session `id`, if it is this caller's to see.
    pub(crate) async fn session(&self, service: &Service, id: &str) -> Result<Session, Error> {
        tracing::Span::current().record("session", id);
        self.trail.note(|known| id.clone_into(&mut known.subject));
        let session = service.ctx.sessions.get(id).await?.ok_or(Error::UnknownSession)?;
        self.trail.note(|known| known.whose.clone_from(&session.owner));
        if session.owner != self.owner && !self.sees_everybodys(service) {
            return Err(Error::UnknownSession);
        }
        if session.deleted_at.is_some() { Err(Error::Deleted) } else { Ok(session) }
    }

    /// Whether this caller may have one session more, of a file of this size. Two at once may both be let through, and then
    /// there is one too many: a quota is for keeping house, and not a lock.
    pub(crate) async fn has_room(&self, service: &Service, size: u64) -> Result<(), Error> {
        let allowance = service.ctx.flags().allowance(&self.owner);
        if self.is_admin() || !quota::is_limited(allowance) {
            return Ok(());
        }
        match service.ctx.sessions.usage(&self.owner).await? {
            Some(usage) => Ok(quota::check(allowance, usage, size)?),
            None => Ok(()),
        }
    }

    /// Writes down what a request is about, where it is no session.
    pub(crate) fn note(&self, subject: &str, whose: &str) {
        self.trail.note(|known| {
            subject.clone_into(&mut known.subject);
            whose.clone_into(&mut known.whose);
        });
    }
}
