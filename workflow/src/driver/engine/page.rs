//! Pages of a list: how many, and from where. The token is opaque to callers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use super::super::Error;

/// Entries of a page when nothing is said, and at most.
const MOST: u32 = 1000;
const USUAL: u32 = 100;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// 0 for as many as is usual.
    pub limit: u32,
    pub token: Option<String>,
    /// Which list this is a page of, parameters and all: the token of another list is none of this one's. Those who
    /// keep their tokens to themselves need not say.
    pub list: String,
}

impl Page {
    /// The token of the page that follows so many entries, for lists whose entries are numbered, as events are.
    pub fn after_count(count: u32) -> String {
        Page::default().token_at(&count.to_string())
    }

    pub(super) fn limit(&self) -> u32 {
        if self.limit == 0 { USUAL } else { self.limit.min(MOST) }
    }

    /// Where the page before this one ended.
    pub(super) fn after(&self) -> Result<Option<String>, Error> {
        let Some(token) = &self.token else { return Ok(None) };
        let bytes = BASE64.decode(token).map_err(|_| Error::InvalidPage)?;
        let (checksum, place) = bytes.split_first_chunk().ok_or(Error::InvalidPage)?;
        if self.checksum(place) != *checksum {
            return Err(Error::InvalidPage);
        }
        String::from_utf8(place.to_vec()).map(Some).map_err(|_| Error::InvalidPage)
    }

    pub(super) fn after_number<T: std::str::FromStr>(&self) -> Result<Option<T>, Error> {
        let after = self.after()?;
        after.map(|text| text.parse().map_err(|_| Error::InvalidPage)).transpose()
    }

    /// The token of the page that follows `last`, if this one is full.
    pub(super) fn next<T>(&self, rows: &[T], last: impl FnOnce(&T) -> String) -> Option<String> {
        let full = rows.len() >= self.limit() as usize;
        rows.last().filter(|_| full).map(|row| self.token_at(&last(row)))
    }

    /// A place in the list with its checksum, so that a garbled token is known as one.
    pub(super) fn token_at(&self, place: &str) -> String {
        let mut bytes = self.checksum(place.as_bytes()).to_vec();
        bytes.extend(place.as_bytes());
        BASE64.encode(bytes)
    }

    fn checksum(&self, place: &[u8]) -> [u8; 4] {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(self.list.as_bytes());
        hasher.update(place);
        hasher.finalize().to_le_bytes()
    }
}
