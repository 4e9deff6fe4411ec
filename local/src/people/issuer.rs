//! Users that an issuer has, and whose machines have keys that were made here. What of a token is believed, and how, is
//! `service/src/people/issuer.rs`'s; here is who an admin is.

use async_trait::async_trait;
use service::people::issuer::{Tokens, Trust};
use service::people::{Identity, Refused, Role, Scopes, Verifier};

use super::Store;
use crate::config::Issuer;

pub struct Issued {
    store: Store,
    tokens: Tokens,
    /// The group of those who are admins.
    admins: String,
}

impl Issued {
    pub fn new(store: Store, issuer: Issuer) -> Result<Self, reqwest::Error> {
        let Issuer { url, audience, jwks, admins, page: _ } = issuer;
        let tokens = Tokens::new(Trust { url, audience, jwks }, store.clock.clone())?;
        Ok(Self { store, tokens, admins })
    }
}

#[async_trait]
impl Verifier for Issued {
    /// A token of the issuer's, or a key that was made here. Of a key's owner no more is known than the name, so that a key
    /// never is an admin's.
    async fn verify(&self, credential: &str) -> Result<Identity, Refused> {
        if let Some(key) = self.store.api_key(credential).await? {
            return Ok(key.of_a_user());
        }
        let holder = self.tokens.read(credential).await?;
        let role = if holder.is_in(&self.admins) { Role::Admin } else { Role::User };
        Ok(Identity { user: holder.user, role, scopes: Scopes::ALL })
    }
}
