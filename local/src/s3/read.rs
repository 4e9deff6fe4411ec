//! GetObject and HeadObject: the row, the conditions, and bytes that are never passed off as good when they are not.
//!
//! A segment that is read whole is hashed, and its last bytes are held back until the hash is right; if it is not, the
//! connection breaks off short of the announced length. Of a range, at least the files' lengths are checked. A read in
//! progress holds its files, so that it survives an overwrite or a deletion.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{StreamExt, stream};
use s3s::dto::{
    ChecksumMode, ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    StreamingBlob, Timestamp,
};
use sha2::{Digest, Sha256};

use super::backend::Backend;
use super::error::Error;
use super::files::{Files, Hold};
use super::put::check_key;
use super::receive::blocking;
use super::rows::{self, Object, Segment};

/// Bytes read from the disk at once.
const CHUNK: u64 = 256 * 1024;

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
        let reading = Reading::new(self.files.clone(), &object.segments, holds, range);
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
            let again = look()?;
            if again.version == object.version {
                return Ok((object, holds));
            }
            object = again;
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

pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    (SystemTime::UNIX_EPOCH + since).into()
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

/// A range of an object being read, one chunk at a time.
struct Reading {
    files: Arc<Files>,
    ahead: VecDeque<Stretch>,
    current: Option<Current>,
}

/// The part of a segment that lies in the range.
struct Stretch {
    hold: Hold,
    segment: Segment,
    bytes: Range<u64>,
}

struct Current {
    file: File,
    stretch: Stretch,
    /// Present when the whole segment is read.
    hash: Option<Sha256>,
}

impl Reading {
    fn new(files: Arc<Files>, segments: &[Segment], holds: VecDeque<Hold>, range: Range<u64>) -> Self {
        let mut start = 0;
        let mut ahead = VecDeque::new();
        for (segment, hold) in segments.iter().zip(holds) {
            let end = start + segment.size;
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                ahead.push_back(Stretch { hold, segment: segment.clone(), bytes: from - start..to - start });
            }
            start = end;
        }
        Self { files, ahead, current: None }
    }

    /// The first chunk is read before the answer begins, so that a damaged small object is a plain error.
    async fn into_body(self) -> Result<StreamingBlob, Error> {
        let (first, rest) = self.step().await?;
        let rest = stream::try_unfold(rest, |reading| async {
            let (chunk, reading) = reading.step().await.inspect_err(|error| {
                tracing::error!(error = error as &dyn std::error::Error, "a read breaks off");
            })?;
            Ok(chunk.map(|chunk| (chunk, reading)))
        });
        Ok(StreamingBlob::wrap(stream::iter(first.map(Ok::<_, Error>)).chain(rest)))
    }

    async fn step(mut self) -> Result<(Option<Bytes>, Self), Error> {
        blocking(move || Ok((self.next()?, self))).await
    }

    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let current = match &mut self.current {
            Some(current) => current,
            none => {
                let Some(stretch) = self.ahead.pop_front() else { return Ok(None) };
                none.insert(Current::open(&self.files, stretch)?)
            }
        };
        let chunk = current.read()?;
        if current.stretch.bytes.is_empty() {
            self.current = None;
        }
        Ok(Some(chunk))
    }
}

impl Current {
    fn open(files: &Files, stretch: Stretch) -> Result<Self, Error> {
        let file = files.read(stretch.hold.name(), stretch.segment.size)?;
        let is_whole = stretch.bytes == (0..stretch.segment.size);
        Ok(Self { file, stretch, hash: is_whole.then(Sha256::new) })
    }

    /// The next chunk. The last one of a whole segment is given out only if the hash is right.
    fn read(&mut self) -> Result<Bytes, Error> {
        let bytes = &mut self.stretch.bytes;
        let mut chunk = vec![0; (bytes.end - bytes.start).min(CHUNK) as usize];
        let corrupt = |what| Error::Corrupt { name: self.stretch.segment.file.clone(), what };
        match self.file.read_exact_at(&mut chunk, bytes.start) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(corrupt("it is cut short"));
            }
            Err(error) => return Err(Error::file(&self.stretch.segment.file, error)),
        }
        bytes.start += chunk.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(&chunk);
            let is_last = bytes.is_empty();
            if is_last && hash.clone().finalize()[..] != self.stretch.segment.sha256 {
                return Err(corrupt("its SHA-256 differs"));
            }
        }
        Ok(chunk.into())
    }
}
