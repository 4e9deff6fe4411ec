//! The people of one server, and what they did: `people.db` in the data folder.
//!
//! [`Store`] is the file: `users`, `invitations`, `sign_ins`, `keys` and `audit` are its tables and what is done with each.
//! [`Embedded`] is what the API stands on where the server keeps its users itself, [`Issued`] where an issuer has them, and
//! [`Keyring`] in either case for keys;
//! [`password`] hashes, [`token`] signs.
//! The command line works on the same file while a server serves: SQLite sees to that, and nothing is kept in memory.

pub mod audit;
mod embedded;
mod invitations;
mod issuer;
mod keys;
pub mod password;
mod sign_ins;
pub mod token;
mod users;

use std::fs::OpenOptions;
use std::path::Path;

use activities::Clock;
use activities::ports::Fault;
use ledger::Ledger;
use service::people::Refused;
use sha2::{Digest, Sha256};

use crate::ledgers::instant;

pub use embedded::Embedded;
pub use issuer::Issued;
pub use keys::{Keyring, S3Secrets};

/// Applied in order, each once. A released migration is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    // Users are written to.
    "ALTER TABLE users ADD COLUMN email TEXT",
];

/// The file. Clones share its one writer.
#[derive(Clone)]
pub struct Store {
    ledger: Ledger,
    clock: Clock,
}

impl Store {
    /// Opens `people.db` in `folder`, or makes it.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, ledger::Error> {
        let path = folder.join("people.db");
        keep_private(&path);
        let ledger = Ledger::open(&path, "people", MIGRATIONS)?;
        Ok(Self { ledger, clock })
    }
}

/// Makes the file, if there is none, readable for the server's user only; what SQLite puts beside it is so too. Whether it
/// can be made, opening it will tell.
fn keep_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    drop(OpenOptions::new().append(true).create(true).mode(0o600).open(path));
}

/// What can go wrong with a statement, before it becomes the port's [`Refused`].
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl From<ledger::rusqlite::Error> for Failed {
    fn from(error: ledger::rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<Failed> for Refused {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(refused) => refused,
            Failed::Ledger(error) => Self::Fault(fault(error)),
        }
    }
}

fn fault(error: ledger::Error) -> Fault {
    crate::ledgers::fault("people store", error)
}

/// Under which a token is kept. Tokens are random, so that nothing slower is needed.
fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

#[cfg(test)]
mod tests;
