//! GetObject and HeadObject: the row, the conditions, and what is said of an object. Its bytes are given out by `reading`.

use std::collections::VecDeque;

use s3s::dto::{
    ChecksumMode, ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    Timestamp,
};

use super::backend::Backend;
use super::error::Error;
use super::files::Hold;
use super::moment::timestamp;
use super::put::check_key;
use super::reading::Reading;
use super::rows::{self, Object};

/// Without a word of the client, bytes of users are saved and never shown.
const SAVE: &str = "attachment";

/// The conditions of a read, in one form for GET and HEAD.
struct Conditions {
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
}

impl Backend {
    pub(super) async fn get(&self, input: GetObjectInput) -> Result<GetObjectOutput, Error> {
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        let (object, holds) = self.held(&input.bucket, &input.key)?;
        conditions.check(&object)?;
        check_version(&object, input.version_id.as_deref())?;
        let range = match &input.range {
            Some(range) => range.check(object.size).map_err(|_| Error::Range)?,
            None => 0..object.size,
        };
        let wants_checksum = is_enabled(input.checksum_mode.as_ref()) && input.range.is_none();
        let output = GetObjectOutput {
            content_range: input
                .range
                .map(|_| format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), object.size)),
            content_length: Some((range.end - range.start) as i64),
            ..describe(&object, wants_checksum)
        };
        let reading = Reading::new(self.files.clone(), object.segments, holds, range);
        Ok(GetObjectOutput { body: Some(reading.into_body().await?), ..output })
    }

    pub(super) fn head(&self, input: HeadObjectInput) -> Result<HeadObjectOutput, Error> {
        check_key(&input.key)?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        let found = self.ledger.read(|connection| rows::get(connection, &input.bucket, &input.key))?;
        let object = found.ok_or(Error::NoSuchKey)?;
        conditions.check(&object)?;
        check_version(&object, input.version_id.as_deref())?;
        let described = describe(&object, is_enabled(input.checksum_mode.as_ref()));
        Ok(HeadObjectOutput {
            accept_ranges: described.accept_ranges,
            cache_control: described.cache_control,
            checksum_sha256: described.checksum_sha256,
            content_disposition: described.content_disposition,
            content_encoding: described.content_encoding,
            content_language: described.content_language,
            content_length: Some(object.size as i64),
            content_type: described.content_type,
            e_tag: described.e_tag,
            last_modified: described.last_modified,
            metadata: described.metadata,
            version_id: described.version_id,
            ..HeadObjectOutput::default()
        })
    }

    /// The object with its files held. It is looked up again once they are: if it still stands there, whoever removes
    /// it from now on sees the holds.
    fn held(&self, bucket: &str, key: &str) -> Result<(Object, VecDeque<Hold>), Error> {
        check_key(key)?;
        let look =
            || self.ledger.read(|connection| rows::get(connection, bucket, key))?.ok_or(Error::NoSuchKey);
        let mut object: Object = look()?;
        loop {
            let holds = object.segments.iter().map(|segment| self.files.hold(&segment.file)).collect();
            let standing = self.ledger.read(|connection| rows::version(connection, bucket, key))?;
            if standing.as_ref() == Some(&object.version) {
                return Ok((object, holds));
            }
            object = look()?;
        }
    }
}

fn is_enabled(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

fn check_version(object: &Object, wanted: Option<&str>) -> Result<(), Error> {
    match wanted {
        Some(version) if version != object.version => Err(Error::NoSuchVersion),
        _ => Ok(()),
    }
}

fn describe(object: &Object, with_checksum: bool) -> GetObjectOutput {
    use base64::Engine;
    let digest = object.sha256().filter(|_| with_checksum);
    let headers = object.headers.clone();
    let metadata = headers.metadata.into_iter().collect();
    GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: headers.cache_control,
        checksum_sha256: digest.map(|digest| base64::engine::general_purpose::STANDARD.encode(digest)),
        content_disposition: Some(headers.content_disposition.unwrap_or_else(|| SAVE.to_owned())),
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        content_type: Some(object.content_type.clone()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(timestamp(object.modified)),
        metadata: Some(metadata),
        version_id: Some(object.version.clone()),
        ..GetObjectOutput::default()
    }
}

impl Conditions {
    /// In the order of RFC 9110, section 13.2.2.
    fn check(&self, object: &Object) -> Result<(), Error> {
        let is = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == object.etag,
        };
        // Header dates have whole seconds.
        let modified = timestamp(object.modified / 1000 * 1000);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(wanted), _) if !is(wanted) => return Err(Error::Precondition("If-Match")),
            (None, Some(since)) if modified > *since => {
                return Err(Error::Precondition("If-Unmodified-Since"));
            }
            _ => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(known), _) if is(known) => Err(Error::NotModified),
            (None, Some(since)) if modified <= *since => Err(Error::NotModified),
            _ => Ok(()),
        }
    }
}
