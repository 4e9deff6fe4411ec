//! Keys for machines. Of a key for the API only a hash is kept; the secret of one for the object store, which checks
//! signatures and so must have it, follows from its id and a secret of the server's.

use std::time::Duration;

use activities::clock::random_secret;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger::rusqlite::{Connection, OptionalExtension, Row};
use service::people::{Identity, Key, KeyKind, Keys, NewKey, Refused, Role, Scope, Scopes, Secret};
use sha2::Sha256;

use super::{Failed, Store, hash, instant, users};

/// So many keys may a user have that are not revoked.
const MOST: usize = 50;

/// When a key was used last is written down no more often.
const USED_EVERY: Duration = Duration::from_secs(60);

/// How a key for the API begins, so that it is known for one wherever it turns up.
const PREFIX: &str = "lgk_";

/// The secrets of keys for the object store.
#[derive(Clone)]
pub struct S3Secrets(Secret);

impl S3Secrets {
    /// They follow from the store's own secret, which signs nothing but requests of the server's.
    pub fn new(store_secret: &str) -> Self {
        Self(Secret(store_secret.to_owned()))
    }

    pub fn of(&self, id: &str) -> Secret {
        let mut mac = <Hmac<Sha256>>::new_from_slice(self.0.0.as_bytes()).expect("any key is one for HMAC");
        mac.update(b"lockgate: the secret of the key ");
        mac.update(id.as_bytes());
        Secret(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

/// The port's keys, whoever has the users.
pub struct Keyring {
    pub store: Store,
    pub s3_secrets: S3Secrets,
}

#[async_trait]
impl Keys for Keyring {
    async fn keys(&self, user: &str) -> Result<Vec<Key>, Refused> {
        self.store.keys_of(user)
    }

    async fn add_key(&self, user: &str, key: NewKey) -> Result<(Key, Secret), Refused> {
        self.store.make_key(user, key, &self.s3_secrets).await
    }

    async fn revoke_key(&self, user: &str, id: &str) -> Result<(), Refused> {
        self.store.revoke(user, id).await
    }
}

/// A key that is good, and whose it is.
pub(super) struct Good {
    id: String,
    pub(super) user: String,
    scopes: Scopes,
    /// None where there is no such user: an issuer may have them.
    known: Option<(Role, bool)>,
    last_used_at: Option<i64>,
}

impl Good {
    /// Whose the key is, where the server keeps its users itself.
    pub(super) fn identity(self) -> Option<Identity> {
        let (role, disabled) = self.known?;
        (!disabled).then_some(Identity { user: self.user, role, scopes: self.scopes })
    }

    /// Whose the key is, where an issuer has the users.
    pub(super) fn of_a_user(self) -> Identity {
        Identity { user: self.user, role: Role::User, scopes: self.scopes }
    }
}

impl Store {
    pub fn keys_of(&self, user: &str) -> Result<Vec<Key>, Refused> {
        let list = |connection: &Connection| -> Result<Vec<Key>, Failed> {
            let sql = "SELECT id, kind, name, scopes, created_at, expires_at, last_used_at FROM keys
                       WHERE user = ?1 AND revoked_at IS NULL ORDER BY created_at DESC, id";
            let mut statement = connection.prepare_cached(sql)?;
            let keys = statement.query_map([user], shown)?;
            Ok(keys.collect::<Result<_, _>>()?)
        };
        Ok(self.ledger.read(list)?)
    }

    /// Makes a key of `user`, with its secret.
    pub async fn make_key(
        &self,
        user: &str,
        new: NewKey,
        secrets: &S3Secrets,
    ) -> Result<(Key, Secret), Refused> {
        let (id, secret, kept) = match new.kind {
            KeyKind::Api => {
                let (id, random) = (random_secret()[..16].to_owned(), random_secret());
                let secret = format!("{PREFIX}{id}_{random}");
                (id, Secret(secret.clone()), Some(hash(&secret)))
            }
            KeyKind::S3 => {
                let id = format!("LG{}", random_secret()[..18].to_ascii_uppercase());
                let secret = secrets.of(&id);
                (id, secret, None)
            }
        };
        let key = Key {
            id,
            kind: new.kind,
            name: new.name,
            scopes: new.scopes.list(),
            created_at: self.clock.now(),
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let (user, stored) = (user.to_owned(), key.clone());
        let make = move |connection: &Connection| insert(connection, &user, &stored, kept.as_deref());
        self.ledger.write("key-add", make).await?;
        Ok((key, secret))
    }

    pub async fn revoke(&self, user: &str, id: &str) -> Result<(), Refused> {
        let (user, id, now) = (user.to_owned(), id.to_owned(), self.clock.now().as_millisecond());
        let revoke = move |connection: &Connection| -> Result<(), Failed> {
            let sql = "UPDATE keys SET revoked_at = ?3 WHERE id = ?1 AND user = ?2 AND revoked_at IS NULL";
            match connection.prepare_cached(sql)?.execute((id, user, now))? {
                0 => Err(Refused::UnknownKey.into()),
                _ => Ok(()),
            }
        };
        Ok(self.ledger.write("key-revoke", revoke).await?)
    }

    /// The key for the API that `credential` is, if it is one and good.
    pub(super) async fn api_key(&self, credential: &str) -> Result<Option<Good>, Refused> {
        let Some((id, _)) = credential.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')) else {
            return Ok(None);
        };
        self.good(id, KeyKind::Api, Some(hash(credential))).await
    }

    /// Whose inbox the key `id` for the object store is good for. Where the server keeps its users itself, a user who is
    /// disabled has none.
    pub async fn inbox_of(&self, id: &str) -> Result<Option<String>, Refused> {
        let good = self.good(id, KeyKind::S3, None).await?;
        let good = good.filter(|good| good.known.is_none_or(|(_, disabled)| !disabled));
        Ok(good.map(|good| good.user))
    }

    /// Whose the key `id` for the object store is, or was: one that is good for nothing any more has an owner all the same.
    pub(crate) fn owner_of_key(&self, id: &str) -> Option<String> {
        let find = |connection: &Connection| -> Result<Option<String>, Failed> {
            let sql = "SELECT user FROM keys WHERE id = ?1 AND kind = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row((id, <&str>::from(KeyKind::S3)), |row| row.get(0)).optional()?)
        };
        // It is asked for a row of the audit log. Where it cannot be read, that row is written without an owner: without a
        // row nobody would know of the request at all.
        self.ledger.read(find).ok()?
    }

    async fn good(&self, id: &str, kind: KeyKind, kept: Option<Vec<u8>>) -> Result<Option<Good>, Refused> {
        let now = self.clock.now().as_millisecond();
        let find = |connection: &Connection| -> Result<Option<Good>, Failed> {
            let sql = "SELECT keys.id, keys.user, keys.scopes, users.role, users.disabled, keys.last_used_at
                       FROM keys LEFT JOIN users ON users.name = keys.user
                       WHERE keys.id = ?1 AND keys.kind = ?2 AND keys.hash IS ?3 AND keys.revoked_at IS NULL
                         AND (keys.expires_at IS NULL OR keys.expires_at > ?4)";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row((id, <&str>::from(kind), &kept, now), good).optional()?)
        };
        let good = self.ledger.read(find)?;
        if let Some(good) = &good {
            self.note_use(good, now).await?;
        }
        Ok(good)
    }

    async fn note_use(&self, good: &Good, now: i64) -> Result<(), Refused> {
        let due = good.last_used_at.is_none_or(|last| now - last >= USED_EVERY.as_millis() as i64);
        if !due {
            return Ok(());
        }
        let id = good.id.clone();
        let note = move |connection: &Connection| -> Result<(), Failed> {
            connection
                .prepare_cached("UPDATE keys SET last_used_at = ?2 WHERE id = ?1")?
                .execute((id, now))?;
            Ok(())
        };
        Ok(self.ledger.write("key-use", note).await?)
    }
}

fn insert(connection: &Connection, user: &str, key: &Key, kept: Option<&[u8]>) -> Result<(), Failed> {
    let sql = "SELECT count(*) FROM keys WHERE user = ?1 AND revoked_at IS NULL";
    let there: i64 = connection.prepare_cached(sql)?.query_row([user], |row| row.get(0))?;
    if there >= MOST as i64 {
        return Err(Refused::TooManyKeys(MOST).into());
    }
    let scopes: Vec<&str> = key.scopes.iter().map(<&str>::from).collect();
    connection
        .prepare_cached(
            "INSERT INTO keys (id, kind, user, name, scopes, hash, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            &key.id,
            <&str>::from(key.kind),
            user,
            &key.name,
            scopes.join(" "),
            kept,
            key.created_at.as_millisecond(),
            key.expires_at.map(|expires| expires.as_millisecond()),
        ))?;
    Ok(())
}

fn scopes(words: &str) -> Scopes {
    let scopes: Vec<Scope> = words.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    Scopes::of(&scopes)
}

fn shown(row: &Row<'_>) -> Result<Key, ledger::rusqlite::Error> {
    Ok(Key {
        id: row.get(0)?,
        kind: row.get::<_, String>(1)?.parse().unwrap_or(KeyKind::Api),
        name: row.get(2)?,
        scopes: scopes(&row.get::<_, String>(3)?).list(),
        created_at: instant(row.get(4)?),
        expires_at: row.get::<_, Option<i64>>(5)?.map(instant),
        last_used_at: row.get::<_, Option<i64>>(6)?.map(instant),
    })
}

fn good(row: &Row<'_>) -> Result<Good, ledger::rusqlite::Error> {
    let role: Option<String> = row.get(3)?;
    let disabled: Option<bool> = row.get(4)?;
    Ok(Good {
        id: row.get(0)?,
        user: row.get(1)?,
        scopes: scopes(&row.get::<_, String>(2)?),
        known: role.as_deref().map(users::role).zip(disabled),
        last_used_at: row.get(5)?,
    })
}
