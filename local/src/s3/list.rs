//! ListObjectsV2: keys in the order of their bytes, by prefix and delimiter, a page at a time.
//!
//! A group of keys behind a delimiter is jumped over, not walked through.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, params};
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, ListObjectsV2Input, ListObjectsV2Output, ObjectStorageClass,
};

use super::backend::Backend;
use super::error::Error;
use super::moment::timestamp;
use super::rows;

/// What S3 gives at most, and without being asked for less.
const PAGE: i32 = 1000;

struct Page {
    objects: Vec<s3s::dto::Object>,
    groups: Vec<String>,
    next: Option<Place>,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// At the key that follows this one.
    After(String),
    /// At this key, or the first one behind it.
    At(String),
}

impl Place {
    fn token(&self) -> String {
        let (mark, key) = match self {
            Self::After(key) => ('>', key),
            Self::At(key) => ('=', key),
        };
        URL_SAFE_NO_PAD.encode(format!("{mark}{key}"))
    }

    fn from_token(token: &str) -> Result<Self, Error> {
        const FOREIGN: Error = Error::Invalid("the continuation token is not one of ours");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| FOREIGN)?;
        let text = String::from_utf8(bytes).map_err(|_| FOREIGN)?;
        match (text.strip_prefix('>'), text.strip_prefix('=')) {
            (Some(key), _) => Ok(Self::After(key.to_owned())),
            (_, Some(key)) => Ok(Self::At(key.to_owned())),
            _ => Err(FOREIGN),
        }
    }

    /// What a key must be compared with, and how. Those before `prefix` need not be looked at.
    fn bound<'a>(&'a self, prefix: &'a str) -> (&'a str, &'static str) {
        match self {
            Self::After(key) if key.as_str() >= prefix => (key, ">"),
            Self::At(key) if key.as_str() >= prefix => (key, ">="),
            _ => (prefix, ">="),
        }
    }
}

impl Backend {
    pub(super) fn list(&self, input: ListObjectsV2Input) -> Result<ListObjectsV2Output, Error> {
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone().filter(|delimiter| !delimiter.is_empty());
        let max = input.max_keys.unwrap_or(PAGE).clamp(0, PAGE);
        let place = match &input.continuation_token {
            Some(token) => Place::from_token(token)?,
            None => Place::After(input.start_after.clone().unwrap_or_default()),
        };
        let page = self.ledger.read(|connection| {
            rows::bucket(connection, &input.bucket)?;
            page(connection, &input.bucket, &prefix, delimiter.as_deref(), place, max as usize)
        })?;
        let encode = encoder(input.encoding_type.as_ref());
        let contents = page.objects.into_iter().map(|mut object| {
            object.key = object.key.map(&encode);
            object
        });
        let groups = page.groups.into_iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix)) });
        let (contents, groups): (Vec<_>, Vec<_>) = (contents.collect(), groups.collect());
        Ok(ListObjectsV2Output {
            key_count: Some((contents.len() + groups.len()) as i32),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.map(|next| next.token()),
            contents: Some(contents),
            common_prefixes: (!groups.is_empty()).then_some(groups),
            name: Some(input.bucket),
            prefix: Some(encode(prefix)),
            delimiter: delimiter.map(&encode),
            max_keys: Some(max),
            continuation_token: input.continuation_token,
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(encode),
            ..ListObjectsV2Output::default()
        })
    }
}

/// Keys may hold what XML cannot; clients that may meet such keys ask for them percent-encoded.
pub(super) fn encoder(encoding: Option<&EncodingType>) -> impl Fn(String) -> String + use<> {
    let is_url = encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL);
    move |text: String| {
        if !is_url {
            return text;
        }
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect()
    }
}

fn page(
    connection: &Connection,
    bucket: &str,
    prefix: &str,
    delimiter: Option<&str>,
    mut place: Place,
    max: usize,
) -> Result<Page, Error> {
    let mut page = Page { objects: Vec::new(), groups: Vec::new(), next: None };
    if max == 0 {
        return Ok(page);
    }
    'seek: loop {
        let (bound, operator) = place.bound(prefix);
        let sql = format!(
            "SELECT key, etag, size, modified FROM objects WHERE bucket = ?1 AND key {operator} ?2 ORDER BY key"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![bucket, bound])?;
        while let Some(row) = rows.next()? {
            let key: String = row.get(0)?;
            if !key.starts_with(prefix) {
                return Ok(page);
            }
            let group = group(&key, prefix, delimiter);
            if page.objects.len() + page.groups.len() == max {
                page.next = Some(place);
                return Ok(page);
            }
            if let Some(group) = group {
                page.groups.push(group.to_owned());
                match behind(group) {
                    Some(next) => place = Place::At(next),
                    None => return Ok(page),
                }
                continue 'seek;
            }
            page.objects.push(listed(key.clone(), row)?);
            place = Place::After(key);
        }
        return Ok(page);
    }
}

/// The prefix up to and with the first delimiter behind it.
fn group<'a>(key: &'a str, prefix: &str, delimiter: Option<&str>) -> Option<&'a str> {
    let delimiter = delimiter?;
    let at = key[prefix.len()..].find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

/// The first text behind all that begin with `group`, in the order of their bytes; none where there is none.
fn behind(group: &str) -> Option<String> {
    let mut kept = group.chars();
    while let Some(last) = kept.next_back() {
        // The characters between are those of UTF-16 alone.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            return Some(format!("{}{next}", kept.as_str()));
        }
    }
    None
}

fn listed(key: String, row: &rusqlite::Row<'_>) -> Result<s3s::dto::Object, Error> {
    Ok(s3s::dto::Object {
        key: Some(key),
        e_tag: Some(ETag::Strong(row.get(1)?)),
        size: Some(row.get(2)?),
        last_modified: Some(timestamp(row.get(3)?)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..s3s::dto::Object::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_group_nothing_is_of_it_and_nothing_is_left_out() {
        for (group, next) in [("a/", Some("a0")), ("\u{D7FF}", Some("\u{E000}")), ("a\u{10FFFF}", Some("b"))]
        {
            assert_eq!(behind(group).as_deref(), next, "{group:?}");
            assert!(
                next.is_some_and(|next| next > format!("{group}\u{10FFFF}\u{10FFFF}").as_str()),
                "{group:?}"
            );
        }
        assert_eq!(behind("\u{10FFFF}"), None);
    }

    #[test]
    fn a_token_leads_back_to_its_place() {
        for place in [Place::After("a".to_owned()), Place::At("=>".to_owned()), Place::After(String::new())] {
            assert_eq!(Place::from_token(&place.token()).ok(), Some(place));
        }
        assert!(Place::from_token("YQ").is_err(), "it does not say how");
    }
}
