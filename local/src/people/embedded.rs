//! What the API stands on where the server keeps its users itself: passwords and access tokens.

use async_trait::async_trait;
use service::people::{
    Accounts, Identity, Invitation, NewUser, Proof, Refused, Scopes, SignOut, SignedIn, User, UserChange,
    Verifier,
};

use super::Store;
use super::password::{Hasher, Verdict};
use super::sign_ins::Begun;
use super::token::{Bearer, Tokens};

/// Clones are the same people.
#[derive(Clone)]
pub struct Embedded {
    pub store: Store,
    pub hasher: Hasher,
    pub tokens: Tokens,
}

#[async_trait]
impl Verifier for Embedded {
    /// An access token whose sign-in stands, or a key. Both are looked up each time, so that whoever is disabled, or has
    /// signed out everywhere, is out at once.
    async fn verify(&self, credential: &str) -> Result<Identity, Refused> {
        if let Some(key) = self.store.api_key(credential).await? {
            return key.identity().ok_or(Refused::Credential);
        }
        let bearer = self.tokens.read(credential, self.store.clock.now()).ok_or(Refused::Credential)?;
        let role = self.store.role_of(&bearer)?.ok_or(Refused::Credential)?;
        Ok(Identity { user: bearer.user, role, scopes: Scopes::ALL })
    }
}

#[async_trait]
impl Accounts for Embedded {
    async fn sign_in(&self, proof: Proof) -> Result<SignedIn, Refused> {
        let (user, begun) = match proof {
            Proof::Password { name, password } => self.with_password(&name, password).await?,
            Proof::Invitation { token, password } => {
                // Looked up first, so that nothing is hashed for whoever comes with none.
                let name = self.store.invited(&token)?;
                let hash = self.hasher.hash(&name, password).await?;
                self.store.accept(token, hash).await?
            }
            Proof::Refresh { token } => self.store.refresh(&token).await?,
        };
        Ok(self.signed_in(user, begun))
    }

    async fn sign_out(&self, which: SignOut) -> Result<(), Refused> {
        match which {
            SignOut::Here { token } => self.store.sign_out(&token).await,
            SignOut::Everywhere { user } => self.store.sign_out_everywhere(&user).await,
        }
    }

    async fn set_password(&self, user: &str, current: String, new: String) -> Result<(), Refused> {
        let stored = self.store.user(user)?.and_then(|stored| stored.password);
        if self.hasher.verify(stored, current).await? == Verdict::Wrong {
            return Err(Refused::Credential);
        }
        let hash = self.hasher.hash(user, new).await?;
        self.store.set_password(user, hash).await
    }

    async fn users(&self) -> Result<Vec<User>, Refused> {
        self.store.list()
    }

    async fn add_user(&self, new: NewUser) -> Result<(User, Invitation), Refused> {
        self.store.add(new).await
    }

    async fn change_user(
        &self,
        name: &str,
        change: UserChange,
    ) -> Result<(User, Option<Invitation>), Refused> {
        self.store.change(name, change).await
    }
}

impl Embedded {
    /// It takes as long for a name that nobody has.
    async fn with_password(&self, name: &str, password: String) -> Result<(User, Begun), Refused> {
        let stored = self.store.user(name)?;
        let hash = stored.and_then(|stored| stored.password);
        match self.hasher.verify(hash.clone(), password.clone()).await? {
            Verdict::Wrong => return Err(Refused::Credential),
            Verdict::Right => {}
            Verdict::Outdated => self.renew(name, hash, password).await,
        }
        self.store.sign_in(name).await
    }

    /// Hashes the password as it would be hashed today. What goes wrong in it keeps nobody out.
    async fn renew(&self, name: &str, before: Option<String>, password: String) {
        let renewed = async {
            let hash = self.hasher.hash(name, password).await?;
            self.store.renew_hash(name, before.unwrap_or_default(), hash).await
        };
        if let Err(refused) = renewed.await {
            tracing::warn!(%refused, "a password stays hashed as it was");
        }
    }

    fn signed_in(&self, user: User, begun: Begun) -> SignedIn {
        let Begun { id, refresh, refresh_expires_at } = begun;
        let bearer = Bearer { user: user.name.clone(), sign_in: id };
        let (access, access_expires_at) = self.tokens.sign(&bearer, self.store.clock.now());
        SignedIn { user, access, access_expires_at, refresh, refresh_expires_at }
    }
}
