//! Sign-ins, and the tokens that keep them going: each refresh token is good once, and names the next.

use std::time::Duration;

use activities::clock::{random_id, random_secret};
use ledger::rusqlite::{Connection, OptionalExtension};
use service::people::{Refused, Role, Secret, User};
use states::Timestamp;

use super::token::Bearer;
use super::{Failed, Store, hash, users};

/// Who has not come back for so long signs in anew.
const IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// However often they come back.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A sign-in, and the token that takes it on.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) id: String,
    pub(super) refresh: Secret,
    pub(super) refresh_expires_at: Timestamp,
}

/// What a refresh came to. All of it is committed, the end of a sign-in too.
enum Refreshed {
    On(Box<(User, Begun)>),
    Ended,
    Unknown,
}

impl Store {
    /// Somebody has shown to be this user.
    pub(super) async fn sign_in(&self, name: &str) -> Result<(User, Begun), Refused> {
        let (name, now) = (name.to_owned(), self.clock.now());
        let sign_in = move |connection: &Connection| -> Result<(User, Begun), Failed> {
            let begun = begin(connection, &name, now)?;
            let stored = users::find(connection, &name)?.filter(|stored| !stored.user.disabled);
            Ok((stored.ok_or(Refused::Credential)?.user, begun))
        };
        Ok(self.ledger.write("sign-in", sign_in).await?)
    }

    /// Takes a sign-in on by its token. One that was used before ends it: somebody has stolen it, and it is not to be known
    /// who.
    pub(super) async fn refresh(&self, token: &str) -> Result<(User, Begun), Refused> {
        let (token, now) = (hash(token), self.clock.now());
        let refresh = move |connection: &Connection| refresh(connection, &token, now);
        match self.ledger.write("refresh", refresh).await? {
            Refreshed::On(on) => Ok(*on),
            Refreshed::Ended => {
                tracing::warn!("a refresh token came a second time; its sign-in has ended");
                Err(Refused::Credential)
            }
            Refreshed::Unknown => Err(Refused::Credential),
        }
    }

    /// Ends the sign-in that this token takes on. One that is not known has ended.
    pub(super) async fn sign_out(&self, token: &str) -> Result<(), Refused> {
        let token = hash(token);
        let sign_out = move |connection: &Connection| -> Result<(), Failed> {
            let sql = "DELETE FROM sign_ins WHERE id = (SELECT sign_in FROM refreshes WHERE hash = ?1)";
            connection.prepare_cached(sql)?.execute([token])?;
            Ok(())
        };
        Ok(self.ledger.write("sign-out", sign_out).await?)
    }

    pub(super) async fn sign_out_everywhere(&self, name: &str) -> Result<(), Refused> {
        let name = name.to_owned();
        let sign_out = move |connection: &Connection| end_all(connection, &name);
        Ok(self.ledger.write("sign-out-everywhere", sign_out).await?)
    }

    /// The role of whom an access token was given to, as long as the sign-in stands that it comes from.
    pub(super) fn role_of(&self, bearer: &Bearer) -> Result<Option<Role>, Refused> {
        let now = self.clock.now();
        let find = |connection: &Connection| -> Result<Option<Role>, Failed> {
            let sql = "SELECT users.role FROM sign_ins JOIN users ON users.name = sign_ins.user
                       WHERE sign_ins.id = ?1 AND sign_ins.user = ?2 AND sign_ins.ends_at > ?3
                         AND users.disabled = 0";
            let mut statement = connection.prepare_cached(sql)?;
            let parameters = (&bearer.sign_in, &bearer.user, now.as_millisecond());
            let role = statement.query_row(parameters, |row| row.get::<_, String>(0)).optional()?;
            Ok(role.as_deref().map(users::role))
        };
        Ok(self.ledger.read(find)?)
    }
}

fn refresh(connection: &Connection, token: &[u8], now: Timestamp) -> Result<Refreshed, Failed> {
    let sql = "SELECT sign_ins.id, sign_ins.user, sign_ins.ends_at, refreshes.used
               FROM refreshes JOIN sign_ins ON sign_ins.id = refreshes.sign_in
                              JOIN users ON users.name = sign_ins.user
               WHERE refreshes.hash = ?1 AND refreshes.expires_at > ?2 AND sign_ins.ends_at > ?2
                 AND users.disabled = 0";
    let found = connection
        .prepare_cached(sql)?
        .query_row((token, now.as_millisecond()), |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, bool>(3)?,
            ))
        })
        .optional()?;
    let Some((id, name, ends_at, used)) = found else { return Ok(Refreshed::Unknown) };
    if used {
        connection.prepare_cached("DELETE FROM sign_ins WHERE id = ?1")?.execute([id])?;
        return Ok(Refreshed::Ended);
    }
    connection.prepare_cached("UPDATE refreshes SET used = 1 WHERE hash = ?1")?.execute([token])?;
    connection
        .prepare_cached("DELETE FROM refreshes WHERE sign_in = ?1 AND expires_at <= ?2")?
        .execute((&id, now.as_millisecond()))?;
    let begun = next(connection, id, super::instant(ends_at), now)?;
    let stored = users::find(connection, &name)?.ok_or(Refused::Credential)?;
    Ok(Refreshed::On(Box::new((stored.user, begun))))
}

/// A new sign-in of this user. Those that are over are cleared away on the occasion.
pub(super) fn begin(connection: &Connection, name: &str, now: Timestamp) -> Result<Begun, Failed> {
    let (id, ends_at) = (random_id(), now + LONGEST);
    connection.prepare_cached("DELETE FROM sign_ins WHERE ends_at <= ?1")?.execute([now.as_millisecond()])?;
    connection
        .prepare_cached("INSERT INTO sign_ins (id, user, began_at, ends_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute((&id, name, now.as_millisecond(), ends_at.as_millisecond()))?;
    connection
        .prepare_cached("UPDATE users SET signed_in_at = ?2 WHERE name = ?1")?
        .execute((name, now.as_millisecond()))?;
    next(connection, id, ends_at, now)
}

/// The token that takes a sign-in on.
fn next(connection: &Connection, id: String, ends_at: Timestamp, now: Timestamp) -> Result<Begun, Failed> {
    let (token, expires_at) = (random_secret(), (now + IDLE).min(ends_at));
    connection
        .prepare_cached("INSERT INTO refreshes (hash, sign_in, expires_at, used) VALUES (?1, ?2, ?3, 0)")?
        .execute((hash(&token), &id, expires_at.as_millisecond()))?;
    Ok(Begun { id, refresh: Secret(token), refresh_expires_at: expires_at })
}

pub(super) fn end_all(connection: &Connection, name: &str) -> Result<(), Failed> {
    connection.prepare_cached("DELETE FROM sign_ins WHERE user = ?1")?.execute([name])?;
    Ok(())
}
