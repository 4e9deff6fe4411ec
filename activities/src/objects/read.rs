//! Reading one object, pinned by its ETag: a description, and ranges with read-ahead.
//!
//! Every read says If-Match, so an object that was replaced is [`Error::Changed`] and never a mixture of two.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

use super::{Error, Objects, Written};

/// What one request fetches at least while somebody reads on and on. A decoder asks for kilobytes; a request costs a
/// round trip.
const READ_AHEAD: u64 = 1024 * 1024;

/// What a jump fetches: probing a file jumps about, and most of what it would read ahead is never asked for.
const FIRST_READ: u64 = 64 * 1024;

/// What the store knows of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    pub content_type: Option<String>,
    /// Known when the object was stored in one piece with a checksum.
    pub sha256: Option<[u8; 32]>,
    pub version_id: Option<String>,
}

impl Objects {
    /// Describes the object; `None` when there is none.
    pub async fn head(&self, bucket: &str, key: &str) -> Result<Option<Head>, Error> {
        let request = self.client.head_object().bucket(bucket).key(key).checksum_mode(ChecksumMode::Enabled);
        match request.send().await.map_err(|error| Error::sort(&format!("{bucket}/{key}"), error)) {
            Ok(answer) => Ok(Some(head(answer))),
            Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The object, to be read as long as it has this ETag. Whether it does turns out at the first read.
    pub fn open(&self, bucket: &str, key: &str, pinned: &Written) -> Source {
        Source {
            objects: self.clone(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            pinned: pinned.clone(),
            ahead: Ahead::default(),
        }
    }

    /// Exactly `bytes` of the object with this ETag; a range that reaches past the end is an error.
    async fn get_range(
        &self,
        bucket: &str,
        key: &str,
        etag: &str,
        bytes: std::ops::Range<u64>,
    ) -> Result<Bytes, Error> {
        let object = format!("{bucket}/{key}");
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .if_match(format!("\"{etag}\""))
            .range(format!("bytes={}-{}", bytes.start, bytes.end.saturating_sub(1)))
            .send()
            .await
            .map_err(|error| Error::sort(&object, error))?;
        collect(answer, bytes.end - bytes.start, object).await
    }
}

/// The body, if it is as long as it was asked to be.
async fn collect(answer: GetObjectOutput, length: u64, object: String) -> Result<Bytes, Error> {
    let broken = |source| Error::Interrupted { object: object.clone(), source };
    let body = answer.body.collect().await.map_err(broken)?.into_bytes();
    if body.len() as u64 != length {
        return Err(Error::Changed { object });
    }
    Ok(body)
}

fn head(answer: HeadObjectOutput) -> Head {
    let digest = |text: String| STANDARD.decode(text).ok()?.try_into().ok();
    Head {
        size: answer.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
        etag: answer.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
        content_type: answer.content_type,
        sha256: answer.checksum_sha256.and_then(digest),
        version_id: answer.version_id,
    }
}

/// One object, read in ranges by one reader.
#[derive(Debug)]
pub struct Source {
    objects: Objects,
    bucket: String,
    key: String,
    pinned: Written,
    ahead: Ahead,
}

/// What was fetched and not yet asked for.
#[derive(Debug, Default)]
struct Ahead {
    start: u64,
    bytes: Bytes,
}

impl Ahead {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// As much of the range from `offset` as is here.
    fn take(&self, offset: u64, len: usize) -> Bytes {
        if offset < self.start || offset >= self.end() {
            return Bytes::new();
        }
        let from = usize::try_from(offset - self.start).expect("an offset inside a buffer fits");
        self.bytes.slice(from..self.bytes.len().min(from.saturating_add(len)))
    }
}

impl Source {
    /// The length of the whole object.
    pub fn size(&self) -> u64 {
        self.pinned.size
    }

    /// Up to `len` bytes from `offset`: fewer only at the end of the object, none past it.
    pub async fn read_at(&mut self, offset: u64, len: usize) -> Result<Bytes, Error> {
        let len = (len as u64).min(self.pinned.size.saturating_sub(offset)) as usize;
        if len == 0 {
            return Ok(Bytes::new());
        }
        let first = self.ahead.take(offset, len);
        if first.len() == len {
            return Ok(first);
        }
        let from = offset + first.len() as u64;
        self.fetch(from, (len - first.len()) as u64).await?;
        let rest = self.ahead.take(from, len - first.len());
        if first.is_empty() {
            return Ok(rest);
        }
        let mut joined = BytesMut::with_capacity(len);
        joined.extend_from_slice(&first);
        joined.extend_from_slice(&rest);
        Ok(joined.freeze())
    }

    /// Replaces the buffer: a long stretch for who reads on where the last one ended, a short one after a jump.
    async fn fetch(&mut self, from: u64, len: u64) -> Result<(), Error> {
        let stretch = if from == self.ahead.end() { READ_AHEAD } else { FIRST_READ };
        let end = (from + len.max(stretch)).min(self.pinned.size);
        let bytes = self.objects.get_range(&self.bucket, &self.key, &self.pinned.etag, from..end).await?;
        self.ahead = Ahead { start: from, bytes };
        Ok(())
    }
}
