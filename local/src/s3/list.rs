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

/// The last character there is: behind it, a group of keys is over.
const LAST: char = '\u{10FFFF}';

struct Page {
    objects: Vec<s3s::dto::Object>,
    groups: Vec<String>,
    /// Where the next page begins: after this.
    next: Option<String>,
}

impl Backend {
    pub(super) fn list(&self, input: ListObjectsV2Input) -> Result<ListObjectsV2Output, Error> {
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone().filter(|delimiter| !delimiter.is_empty());
        let max = input.max_keys.unwrap_or(PAGE).clamp(0, PAGE);
        let after = match &input.continuation_token {
            Some(token) => from_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let page = self.ledger.read(|connection| {
            rows::bucket(connection, &input.bucket)?;
            page(connection, &input.bucket, &prefix, delimiter.as_deref(), after, max as usize)
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
            next_continuation_token: page.next.map(|next| URL_SAFE_NO_PAD.encode(next)),
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

fn from_token(token: &str) -> Result<String, Error> {
    const FOREIGN: Error = Error::Invalid("the continuation token is not one of ours");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| FOREIGN)?;
    String::from_utf8(bytes).map_err(|_| FOREIGN)
}

fn page(
    connection: &Connection,
    bucket: &str,
    prefix: &str,
    delimiter: Option<&str>,
    after: String,
    max: usize,
) -> Result<Page, Error> {
    let mut page = Page { objects: Vec::new(), groups: Vec::new(), next: None };
    let mut place = after;
    if max == 0 {
        return Ok(page);
    }
    'seek: loop {
        // The greater of the two bounds; a key equal to the prefix counts.
        let (bound, operator) = if place.as_str() < prefix { (prefix, ">=") } else { (place.as_str(), ">") };
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
            if group.is_some() && group == page.groups.last().map(String::as_str) {
                continue;
            }
            if page.objects.len() + page.groups.len() == max {
                page.next = Some(place);
                return Ok(page);
            }
            if let Some(group) = group {
                page.groups.push(group.to_owned());
                place = format!("{group}{LAST}");
                continue 'seek;
            }
            page.objects.push(listed(key.clone(), row)?);
            place = key;
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
