//! Invitations: what lets a user set their password without anybody else knowing it.

use std::time::Duration;

use activities::clock::random_secret;
use ledger::rusqlite::{Connection, OptionalExtension};
use service::people::{Invitation, Refused, Secret, User};
use states::Timestamp;

use super::sign_ins::{self, Begun};
use super::{Failed, Store, hash, users};

/// An invitation is good for so long.
const LIFETIME: Duration = Duration::from_secs(3 * 24 * 60 * 60);

impl Store {
    /// Whom the invitation with this token was made for, if it is good.
    pub(super) fn invited(&self, token: &str) -> Result<String, Refused> {
        let now = self.clock.now();
        let find = |connection: &Connection| invited(connection, token, now);
        self.ledger.read(find)?.ok_or(Refused::Credential)
    }

    /// Sets the password and signs in, if the invitation is still good. Every other sign-in ends.
    pub(super) async fn accept(&self, token: String, password: String) -> Result<(User, Begun), Refused> {
        let now = self.clock.now();
        let accept = move |connection: &Connection| -> Result<(User, Begun), Failed> {
            let name = invited(connection, &token, now)?.ok_or(Refused::Credential)?;
            if users::write_password(connection, &name, &password)? == 0 {
                return Err(Refused::Credential.into());
            }
            withdraw(connection, &name)?;
            sign_ins::end_all(connection, &name)?;
            let begun = sign_ins::begin(connection, &name, now)?;
            let stored = users::find(connection, &name)?.ok_or(Refused::UnknownUser)?;
            Ok((stored.user, begun))
        };
        Ok(self.ledger.write("invitation-accept", accept).await?)
    }
}

fn invited(connection: &Connection, token: &str, now: Timestamp) -> Result<Option<String>, Failed> {
    let sql = "SELECT user FROM invitations WHERE hash = ?1 AND expires_at > ?2";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row((hash(token), now.as_millisecond()), |row| row.get(0)).optional()?)
}

/// A new invitation in the place of the one before.
pub(super) fn make(connection: &Connection, name: &str, now: Timestamp) -> Result<Invitation, Failed> {
    let (token, expires_at) = (random_secret(), now + LIFETIME);
    connection
        .prepare_cached("INSERT OR REPLACE INTO invitations (hash, user, expires_at) VALUES (?1, ?2, ?3)")?
        .execute((hash(&token), name, expires_at.as_millisecond()))?;
    Ok(Invitation { token: Secret(token), expires_at })
}

pub(super) fn withdraw(connection: &Connection, name: &str) -> Result<(), Failed> {
    connection.prepare_cached("DELETE FROM invitations WHERE user = ?1")?.execute([name])?;
    Ok(())
}
