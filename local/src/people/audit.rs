//! The audit log: rows that are only ever added, each with a hash over itself and the row before. Who changes or takes away
//! a row in the middle breaks the chain there; who cuts off its end is found out by whoever has written down the hash of a
//! row that was there.

use activities::ports::Fault;
use async_trait::async_trait;
use ledger::rusqlite::{self, Connection, OptionalExtension};
use service::audit::{Audit, Row};
use sha2::{Digest, Sha256};
use states::Timestamp;

use super::{Store, fault, instant};

/// A row as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub number: i64,
    pub at: Timestamp,
    pub row: Row,
    pub hash: String,
}

/// What a look at the whole chain has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    /// So many rows, and the hash of the last.
    Whole { rows: i64, last: String },
    /// This row is not what was written, or what was before it is gone.
    Broken { number: i64 },
    /// The row that there must be is not there, or is another.
    NotThere { number: i64 },
}

#[async_trait]
impl Audit for Store {
    async fn record(&self, row: Row) -> Result<(), Fault> {
        let at = self.clock.now().as_millisecond();
        let append = move |connection: &Connection| append(connection, at, &row);
        self.ledger.write("audit", append).await.map_err(fault)
    }
}

impl Store {
    /// The last `most` rows, the oldest first; only what this user did or had done to them, if one is named.
    pub fn audited(&self, most: usize, who: Option<&str>) -> Result<Vec<Entry>, ledger::Error> {
        let list = |connection: &Connection| -> Result<Vec<Entry>, ledger::Error> {
            let sql =
                format!("{SELECT} WHERE ?1 IS NULL OR who = ?1 OR whose = ?1 ORDER BY number DESC LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let entries = statement.query_map((who, most as i64), read)?;
            Ok(entries.collect::<Result<_, _>>()?)
        };
        let mut entries = self.ledger.read(list)?;
        entries.reverse();
        Ok(entries)
    }

    /// Goes along the whole chain. `known` is a row that somebody has written down, by its number and hash.
    pub fn verify(&self, known: Option<(i64, &str)>) -> Result<Chain, ledger::Error> {
        self.ledger.read(|connection| verify(connection, known))
    }
}

const SELECT: &str =
    "SELECT number, at, who, what, subject, whose, result, address, request_id, hash FROM audit";

fn append(connection: &Connection, at: i64, row: &Row) -> Result<(), ledger::Error> {
    let last = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
    let last: Option<(i64, Vec<u8>)> =
        connection.prepare_cached(last)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (number, before) = last.map_or((1, Vec::new()), |(number, hash)| (number + 1, hash));
    let Row { who, what, subject, whose, result, address, request_id } = row;
    connection
        .prepare_cached(
            "INSERT INTO audit (number, at, who, what, subject, whose, result, address, request_id, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(rusqlite::params![
            number,
            at,
            who,
            what,
            subject,
            whose,
            result,
            address,
            request_id,
            link(&before, number, at, row)
        ])?;
    Ok(())
}

/// The hash of a row: over the one before, and over each field with its length, so that no field can run into the next.
fn link(before: &[u8], number: i64, at: i64, row: &Row) -> Vec<u8> {
    let Row { who, what, subject, whose, result, address, request_id } = row;
    let mut hash = Sha256::new();
    let numbers = [number.to_be_bytes(), at.to_be_bytes()];
    let fields = [who, what, subject, whose, result, address, request_id].map(|field| field.as_bytes());
    for field in [before, &numbers[0], &numbers[1]].into_iter().chain(fields) {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().to_vec()
}

fn read(row: &rusqlite::Row<'_>) -> Result<Entry, rusqlite::Error> {
    Ok(Entry {
        number: row.get(0)?,
        at: instant(row.get(1)?),
        row: Row {
            who: row.get(2)?,
            what: row.get(3)?,
            subject: row.get(4)?,
            whose: row.get(5)?,
            result: row.get(6)?,
            address: row.get(7)?,
            request_id: row.get(8)?,
        },
        hash: hex::encode(row.get::<_, Vec<u8>>(9)?),
    })
}

pub(super) fn verify(connection: &Connection, known: Option<(i64, &str)>) -> Result<Chain, ledger::Error> {
    let mut statement = connection.prepare(&format!("{SELECT} ORDER BY number"))?;
    let mut rows = statement.query([])?;
    let (mut before, mut next) = (Vec::new(), 1);
    let mut found = known.is_none();
    while let Some(row) = rows.next()? {
        // A byte that makes a text no text any more is a change like any other.
        let Ok(entry) = read(row) else { return Ok(Chain::Broken { number: row.get(0).unwrap_or(next) }) };
        before = link(&before, entry.number, entry.at.as_millisecond(), &entry.row);
        if entry.number != next || entry.hash != hex::encode(&before) {
            return Ok(Chain::Broken { number: entry.number });
        }
        found |= known.is_some_and(|(number, hash)| number == next && hash == entry.hash);
        next += 1;
    }
    match known {
        Some((number, _)) if !found => Ok(Chain::NotThere { number }),
        _ => Ok(Chain::Whole { rows: next - 1, last: hex::encode(before) }),
    }
}
