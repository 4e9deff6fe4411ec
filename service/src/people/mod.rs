//! People: who asks, what each may, and the ports to whoever knows them.
//!
//! A request says who sends it by a credential, a token or a key. [`Verifier`] tells whose that is; what came of it is an
//! [`Identity`], an extension of the request, that whoever stands before the API may as well put there by itself (an
//! authorizer of a gateway does). [`Accounts`] are the users that a server keeps itself, [`Keys`] what their machines use;
//! [`issuer`] reads the tokens of somebody else who has the users.
//!
//! Not here: how anything of it is kept (`local/src/people`), which routes ask (`api/caller.rs`).

pub mod issuer;

use std::sync::Arc;

use activities::ports::Fault;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use states::Timestamp;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The owner of what they make. It is never given to anybody else.
    pub user: String,
    pub role: Role,
    pub scopes: Scopes,
}

#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// Sees what is their own.
    #[default]
    User,
    /// Sees everything, and looks after the users.
    Admin,
}

/// What a credential may be used for, within what its owner may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    Read,
    Write,
    /// One's keys and sign-ins, and of an admin what only admins may. Without it an admin's key is that of a user.
    Admin,
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub const ALL: Self = Self(0b111);

    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |set, &scope| set | 1 << scope as u8))
    }

    pub fn has(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    pub fn list(self) -> Vec<Scope> {
        [Scope::Read, Scope::Write, Scope::Admin].into_iter().filter(|&scope| self.has(scope)).collect()
    }
}

/// Why somebody was not let in, or what was asked of the people was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// Whether there is such a user nobody is told.
    #[error("the credential is not good")]
    Credential,
    #[error("the password {0}")]
    Password(&'static str),
    #[error("the name {0}")]
    Name(&'static str),
    #[error("the e-mail address {0}")]
    Email(&'static str),
    #[error("the name is taken")]
    Taken,
    #[error("there is no such user")]
    UnknownUser,
    #[error("there is no such key")]
    UnknownKey,
    #[error("the last admin must stay one")]
    LastAdmin,
    #[error("there are {0} keys already")]
    TooManyKeys(usize),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Who has the users, where this server does not keep them itself, and how the page has people sign in there: by the code
/// flow of OpenID Connect with PKCE, as a client that has no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Issuer {
    /// As its tokens name it.
    pub url: String,
    /// As what the page comes to it.
    pub client: String,
    /// Where the browser is sent to; it comes back at `/signed-in`.
    pub authorize: String,
    /// Where the page fetches tokens.
    pub token: String,
    /// Where the browser is sent to, to sign out there too; it comes back at `/sign-in`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sign_out: Option<String>,
    /// What is asked for.
    pub scope: String,
}

impl Issuer {
    /// What the page asks for, unless something else is said: who somebody is, and what to call them.
    pub const SCOPE: &str = "openid email";
}

/// Tells whose a credential is: the server's own tokens and keys, or an issuer's tokens.
#[async_trait]
pub trait Verifier: Send + Sync {
    async fn verify(&self, credential: &str) -> Result<Identity, Refused>;
}

/// What somebody signs in with.
pub enum Proof {
    Password {
        name: String,
        password: String,
    },
    /// Sets the password of whom it was made for.
    Invitation {
        token: String,
        password: String,
    },
    /// Good once; the answer holds the next.
    Refresh {
        token: String,
    },
}

/// What signs somebody out.
pub enum SignOut {
    /// Where this token was given to.
    Here {
        token: String,
    },
    Everywhere {
        user: String,
    },
}

/// Somebody who has signed in.
#[derive(Debug)]
pub struct SignedIn {
    pub user: User,
    pub access: Secret,
    pub access_expires_at: Timestamp,
    pub refresh: Secret,
    pub refresh_expires_at: Timestamp,
}

/// What is told once and never logged.
#[derive(Clone)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// A user as they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Also the owner of what they make.
    pub name: String,
    pub role: Role,
    /// Where they are written to. Not there if nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, required = false)]
    pub email: Option<String>,
    pub disabled: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Not there until they have signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false, required = false)]
    pub signed_in_at: Option<Timestamp>,
}

/// Lets whoever has it set the password of one user, once.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub token: Secret,
    pub expires_at: Timestamp,
}

/// Somebody who is to be a user.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// 1 to 64 of a to z, 0 to 9, `.`, `_`, `-`, `@` and `+`, the first a letter or a digit. It never changes.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9][a-z0-9._@+-]*$")]
    pub name: String,
    /// A user, unless said.
    #[serde(default)]
    #[schema(required = false)]
    pub role: Role,
    /// Where they are written to. If it is not said and the name is an address, there.
    pub email: Option<String>,
}

impl NewUser {
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role, email: None }
    }
}

/// What is changed of a user; what is not said stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangedUser)]
pub struct UserChange {
    pub role: Option<Role>,
    /// Where they are written to from now on; empty for nowhere.
    pub email: Option<String>,
    /// Ends their sign-ins, and their keys are good for nothing meanwhile.
    pub disabled: Option<bool>,
    /// Makes a new invitation, for who has forgotten the password. It stays good until somebody uses it.
    #[serde(default)]
    pub invite: bool,
}

/// The users of a server that keeps them itself. On AWS an issuer does, so that there is one implementation; it is a port
/// because the API's routes and their document must not know of SQLite, which AWS has not.
#[async_trait]
pub trait Accounts: Send + Sync {
    async fn sign_in(&self, proof: Proof) -> Result<SignedIn, Refused>;

    async fn sign_out(&self, which: SignOut) -> Result<(), Refused>;

    /// Ends every other sign-in of the user.
    async fn set_password(&self, user: &str, current: String, new: String) -> Result<(), Refused>;

    async fn users(&self) -> Result<Vec<User>, Refused>;

    async fn add_user(&self, new: NewUser) -> Result<(User, Invitation), Refused>;

    async fn change_user(
        &self,
        name: &str,
        change: UserChange,
    ) -> Result<(User, Option<Invitation>), Refused>;
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum KeyKind {
    /// For this API, as a bearer's token.
    Api,
    /// For the object store: what it puts into its owner's inbox becomes a session.
    S3,
}

/// A key as it is shown; its secret is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Of a key for the object store, the access key id.
    pub id: String,
    pub kind: KeyKind,
    /// What its owner calls it.
    pub name: String,
    pub scopes: Vec<Scope>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false, required = false)]
    pub expires_at: Option<Timestamp>,
    /// To the minute; not there until it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, nullable = false, required = false)]
    pub last_used_at: Option<Timestamp>,
}

pub struct NewKey {
    pub name: String,
    pub kind: KeyKind,
    pub scopes: Scopes,
    pub expires_at: Option<Timestamp>,
}

/// What machines use in the place of their owners. Like [`Accounts`] a port for the sake of who knows what.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Those of one user that are not revoked, newest first.
    async fn keys(&self, user: &str) -> Result<Vec<Key>, Refused>;

    /// With the secret, which is told now and never again.
    async fn add_key(&self, user: &str, key: NewKey) -> Result<(Key, Secret), Refused>;

    async fn revoke_key(&self, user: &str, id: &str) -> Result<(), Refused>;
}

/// Whoever knows the people of a server.
#[derive(Clone)]
pub struct People {
    pub verifier: Arc<dyn Verifier>,
    /// None where an issuer has them.
    pub accounts: Option<Arc<dyn Accounts>>,
    /// None where nobody keeps any.
    pub keys: Option<Arc<dyn Keys>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set() {
        let some = Scopes::of(&[Scope::Admin, Scope::Read, Scope::Read]);
        assert_eq!(some.list(), [Scope::Read, Scope::Admin]);
        assert!(!some.has(Scope::Write));
        assert_eq!(Scopes::of(&[Scope::Read, Scope::Write, Scope::Admin]), Scopes::ALL);
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert!(!format!("{:?}", Secret("hunter2".to_owned())).contains("hunter"));
    }
}
