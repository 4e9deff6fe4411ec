//! The table of users.

use ledger::rusqlite::{Connection, OptionalExtension, Row};
use lettre::Address;
use service::people::{Invitation, NewUser, Refused, Role, User, UserChange};

use super::{Failed, Store, instant, invitations, sign_ins};

const NAME_LENGTH: usize = 64;

/// A user with what is not shown of them.
pub(super) struct Stored {
    pub(super) user: User,
    pub(super) password: Option<String>,
}

impl Store {
    pub fn list(&self) -> Result<Vec<User>, Refused> {
        let all = |connection: &Connection| -> Result<Vec<User>, Failed> {
            let mut statement = connection.prepare_cached(&format!("{SELECT} ORDER BY name"))?;
            let users = statement.query_map([], |row| Ok(read(row)?.user))?;
            Ok(users.collect::<Result<_, _>>()?)
        };
        Ok(self.ledger.read(all)?)
    }

    pub(super) fn user(&self, name: &str) -> Result<Option<Stored>, Refused> {
        Ok(self.ledger.read(|connection| find(connection, name))?)
    }

    /// Whether somebody can sign in who looks after the users.
    pub fn has_an_admin(&self) -> Result<bool, Refused> {
        let sql =
            "SELECT count(*) > 0 FROM users WHERE role = 'admin' AND disabled = 0 AND password NOT NULL";
        let there = |connection: &Connection| -> Result<bool, Failed> {
            Ok(connection.query_row(sql, [], |row| row.get(0))?)
        };
        Ok(self.ledger.read(there)?)
    }

    /// Where this user is written to; nowhere, who is disabled.
    pub fn email_of(&self, name: &str) -> Result<Option<String>, Refused> {
        let user = self.user(name)?.map(|stored| stored.user);
        Ok(user.filter(|user| !user.disabled).and_then(|user| user.email))
    }

    /// A new user, and the invitation that lets them set their password.
    pub async fn add(&self, new: NewUser) -> Result<(User, Invitation), Refused> {
        let NewUser { name, role, email } = new;
        check_name(&name)?;
        let email = match email {
            Some(email) => address(email)?,
            None => name.parse::<Address>().is_ok().then(|| name.clone()),
        };
        let now = self.clock.now();
        let add = move |connection: &Connection| -> Result<(User, Invitation), Failed> {
            let sql = "INSERT INTO users (name, role, email, disabled, created_at) VALUES (?1, ?2, ?3, 0, ?4)
                       ON CONFLICT DO NOTHING";
            let parameters = (&name, <&str>::from(role), &email, now.as_millisecond());
            if connection.prepare_cached(sql)?.execute(parameters)? == 0 {
                return Err(Refused::Taken.into());
            }
            let made = invitations::make(connection, &name, now)?;
            let stored = find(connection, &name)?.ok_or(Refused::UnknownUser)?;
            Ok((stored.user, made))
        };
        Ok(self.ledger.write("user-add", add).await?)
    }

    /// Changes what is said of it; who is disabled has signed out everywhere.
    pub async fn change(
        &self,
        name: &str,
        change: UserChange,
    ) -> Result<(User, Option<Invitation>), Refused> {
        let (name, now) = (name.to_owned(), self.clock.now());
        let email = change.email.map(address).transpose()?;
        let write = move |connection: &Connection| -> Result<(User, Option<Invitation>), Failed> {
            let before = find(connection, &name)?.ok_or(Refused::UnknownUser)?.user;
            let role = change.role.unwrap_or(before.role);
            let disabled = change.disabled.unwrap_or(before.disabled);
            if (role != Role::Admin || disabled) && is_last_admin(connection, &name)? {
                return Err(Refused::LastAdmin.into());
            }
            let email = email.as_ref().unwrap_or(&before.email);
            connection
                .prepare_cached("UPDATE users SET role = ?2, disabled = ?3, email = ?4 WHERE name = ?1")?
                .execute((&name, <&str>::from(role), disabled, email))?;
            if disabled {
                sign_ins::end_all(connection, &name)?;
                invitations::withdraw(connection, &name)?;
            }
            let made = match change.invite && !disabled {
                true => Some(invitations::make(connection, &name, now)?),
                false => None,
            };
            let after = find(connection, &name)?.ok_or(Refused::UnknownUser)?.user;
            Ok((after, made))
        };
        Ok(self.ledger.write("user-change", write).await?)
    }

    /// Sets the password that has this hash. Whoever has signed in with the one before has signed out.
    pub async fn set_password(&self, name: &str, hash: String) -> Result<(), Refused> {
        let name = name.to_owned();
        let write = move |connection: &Connection| -> Result<(), Failed> {
            if write_password(connection, &name, &hash)? == 0 {
                return Err(Refused::UnknownUser.into());
            }
            invitations::withdraw(connection, &name)?;
            sign_ins::end_all(connection, &name)
        };
        Ok(self.ledger.write("user-password", write).await?)
    }

    /// Puts a newer hash of the same password in the place of `before`, unless the password has changed meanwhile.
    pub(super) async fn renew_hash(&self, name: &str, before: String, hash: String) -> Result<(), Refused> {
        let name = name.to_owned();
        let write = move |connection: &Connection| -> Result<(), Failed> {
            connection
                .prepare_cached("UPDATE users SET password = ?3 WHERE name = ?1 AND password = ?2")?
                .execute((&name, &before, &hash))?;
            Ok(())
        };
        Ok(self.ledger.write("user-rehash", write).await?)
    }
}

pub(super) fn write_password(connection: &Connection, name: &str, hash: &str) -> Result<usize, Failed> {
    let sql = "UPDATE users SET password = ?2 WHERE name = ?1 AND disabled = 0";
    Ok(connection.prepare_cached(sql)?.execute((name, hash))?)
}

const SELECT: &str = "SELECT name, role, password, disabled, created_at, signed_in_at, email FROM users";

pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Stored>, Failed> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE name = ?1"))?;
    Ok(statement.query_row([name], read).optional()?)
}

fn read(row: &Row<'_>) -> Result<Stored, ledger::rusqlite::Error> {
    let user = User {
        name: row.get(0)?,
        role: role(&row.get::<_, String>(1)?),
        email: row.get(6)?,
        disabled: row.get(3)?,
        created_at: instant(row.get(4)?),
        signed_in_at: row.get::<_, Option<i64>>(5)?.map(instant),
    };
    Ok(Stored { user, password: row.get(2)? })
}

/// What cannot be read gives no power.
pub(super) fn role(word: &str) -> Role {
    word.parse().unwrap_or(Role::User)
}

fn is_last_admin(connection: &Connection, name: &str) -> Result<bool, Failed> {
    let sql = "SELECT name FROM users WHERE role = 'admin' AND disabled = 0 AND password NOT NULL LIMIT 2";
    let mut statement = connection.prepare_cached(sql)?;
    let admins: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(admins == [name])
}

/// The address that was said, if it is one; none, if it is empty.
fn address(said: String) -> Result<Option<String>, Refused> {
    match said.parse::<Address>() {
        Ok(_) => Ok(Some(said)),
        Err(_) if said.is_empty() => Ok(None),
        Err(_) => Err(Refused::Email("is none")),
    }
}

/// A name stands in paths of the API and in keys of objects, and looks like no other.
fn check_name(name: &str) -> Result<(), Refused> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let may_stand = |byte: u8| is_plain(byte) || b"._-@+".contains(&byte);
    if !(1..=NAME_LENGTH).contains(&name.len())
        || !name.bytes().all(may_stand)
        || !name.bytes().next().is_some_and(is_plain)
    {
        return Err(Refused::Name("has 1 to 64 of a-z, 0-9 and . _ - @ +, the first a letter or a digit"));
    }
    if name == service::LOCAL {
        return Err(Refused::Name("is that of what was made before there were accounts"));
    }
    Ok(())
}
