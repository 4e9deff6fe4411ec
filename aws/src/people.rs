//! People of the stage's pool: what their groups let them do, and, where no gateway has asked before, whose a token is.

use activities::Clock;
use async_trait::async_trait;
use service::people::issuer::{Tokens, Trust};
use service::people::{Identity, Refused, Role, Scope, Scopes, Verifier};

use crate::environment::Environment;

/// The pool's groups, as `infra/` makes them: whoever is in none may do what is their own.
const ADMIN: &str = "admin";
const EDITOR: &str = "editor";
const VIEWER: &str = "viewer";

/// Who asks. The subject of a token is never given to another user, as a name may be.
pub(crate) fn identity(subject: &str, is_in: impl Fn(&str) -> bool) -> Identity {
    let role = if is_in(ADMIN) { Role::Admin } else { Role::User };
    let only_looks = is_in(VIEWER) && !is_in(EDITOR) && !is_in(ADMIN);
    let scopes = if only_looks { Scopes::of(&[Scope::Read]) } else { Scopes::ALL };
    Identity { user: subject.to_owned(), role, scopes }
}

/// The pool's access tokens.
pub(crate) struct PoolTokens(Tokens);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is no address of a pool's keys")]
    Keys(String),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl PoolTokens {
    /// Those of the pool `id` that were given to this client of it.
    pub(crate) fn new(environment: &Environment, id: &str, client: &str) -> Result<Self, Error> {
        let place = format!("https://cognito-idp.{}.amazonaws.com", environment.account.region);
        let keys_at = environment.account.endpoint("COGNITO_IDENTITY_PROVIDER").unwrap_or(&place);
        let jwks = format!("{keys_at}/{id}/.well-known/jwks.json");
        let trust = Trust {
            url: format!("{place}/{id}"),
            audience: client.to_owned(),
            jwks: jwks.parse().map_err(|_| Error::Keys(jwks))?,
        };
        Ok(Self(Tokens::new(trust, Clock::System)?))
    }
}

#[async_trait]
impl Verifier for PoolTokens {
    async fn verify(&self, credential: &str) -> Result<Identity, Refused> {
        let holder = self.0.read(credential).await?;
        Ok(identity(&holder.user, |group| holder.is_in(group)))
    }
}
