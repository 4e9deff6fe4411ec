//! PutObject and DeleteObject: one file, one row, one transaction.

use s3s::S3Request;
use s3s::dto::{
    Checksum, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETag, ETagCondition, PutObjectInput, PutObjectOutput,
};

use super::backend::Backend;
use super::error::Error;
use super::files::Hold;
use super::moment::now;
use super::receive::{Declared, receive};
use super::rows::{self, Condition, Headers, Object, Segment};

/// What an object is when nobody said.
pub(super) const UNKNOWN_TYPE: &str = "application/octet-stream";

impl Backend {
    pub(super) async fn put(&self, mut request: S3Request<PutObjectInput>) -> Result<PutObjectOutput, Error> {
        let declared = Declared::of(&mut request);
        let input = request.input;
        check_key(&input.key)?;
        let condition = condition(input.if_none_match, input.if_match)?;
        let name = input.bucket.clone();
        self.ledger.read(|connection| rows::bucket(connection, &name))?;
        let stored = receive(&self.files, input.body, declared).await?;
        let object = Object {
            version: new_version(),
            etag: stored.mark.etag(),
            size: stored.size,
            content_type: input.content_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned()),
            headers: Headers {
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            },
            modified: now(),
            segments: vec![Segment {
                file: stored.hold.name().to_owned(),
                size: stored.size,
                sha256: stored.sha256,
                blocks: stored.blocks,
            }],
        };
        let output = put_output(&object, stored.checksum);
        self.commit(input.bucket, input.key, object, condition, stored.hold).await?;
        Ok(output)
    }

    /// The row, the event and the end of what stood there, in one transaction.
    ///
    /// The hold travels through the transaction and back, so that the file is let go only after the commit, whether or
    /// not the client still waits.
    async fn commit(
        &self,
        bucket: String,
        key: String,
        object: Object,
        condition: Condition,
        hold: Hold,
    ) -> Result<(), Error> {
        let file = hold.name().to_owned();
        let written = self
            .ledger
            .write("put", move |connection| {
                let replaced = rows::put(connection, (&bucket, &key), &object, &condition)?;
                hold.keep();
                Ok::<_, Error>((replaced, hold))
            })
            .await;
        let (replaced, hold) = self.or_discard(written, &file)?;
        drop(hold);
        self.created.notify_one();
        self.files.discard(&replaced);
        Ok(())
    }

    /// Removes the new file at once when its transaction failed for certain.
    pub(super) fn or_discard<T>(&self, written: Result<T, Error>, file: &String) -> Result<T, Error> {
        if let Err(error) = &written
            && !matches!(error, Error::Ledger(ledger::Error::Closed))
        {
            self.files.discard([file]);
        }
        written
    }

    pub(super) async fn delete(&self, input: DeleteObjectInput) -> Result<DeleteObjectOutput, Error> {
        let condition = condition(None, input.if_match)?;
        self.delete_keys(input.bucket, vec![input.key], condition).await?;
        Ok(DeleteObjectOutput::default())
    }

    /// All of them in one transaction.
    pub(super) async fn delete_many(&self, input: DeleteObjectsInput) -> Result<DeleteObjectsOutput, Error> {
        let keys: Vec<_> = input.delete.objects.into_iter().map(|object| object.key).collect();
        self.delete_keys(input.bucket, keys.clone(), Condition::default()).await?;
        let deleted =
            keys.into_iter().map(|key| DeletedObject { key: Some(key), ..DeletedObject::default() });
        let quiet = input.delete.quiet == Some(true);
        Ok(DeleteObjectsOutput {
            deleted: (!quiet).then(|| deleted.collect()),
            ..DeleteObjectsOutput::default()
        })
    }

    async fn delete_keys(
        &self,
        bucket: String,
        keys: Vec<String>,
        condition: Condition,
    ) -> Result<(), Error> {
        let removed = self
            .ledger
            .write("delete", move |connection| {
                rows::bucket(connection, &bucket)?;
                let mut files = Vec::new();
                for key in keys {
                    condition.check(connection, &bucket, &key)?;
                    files.extend(rows::delete(connection, &bucket, &key)?);
                }
                Ok::<_, Error>(files)
            })
            .await?;
        self.files.discard(&removed);
        Ok(())
    }
}

/// A key is any text but NUL, which would cut it short for too many readers. It never becomes a path.
pub(super) fn check_key(key: &str) -> Result<(), Error> {
    match key {
        "" => Err(Error::Invalid("the key is empty")),
        key if key.len() > 1024 => Err(Error::KeyTooLong),
        key if key.contains('\0') => Err(Error::Invalid("the key contains a NUL")),
        _ => Ok(()),
    }
}

pub(super) fn condition(
    if_none_match: Option<ETagCondition>,
    if_match: Option<ETagCondition>,
) -> Result<Condition, Error> {
    if matches!(if_none_match, Some(ETagCondition::ETag(_))) {
        return Err(Error::Invalid("a write can say If-None-Match: * only"));
    }
    let matches = if_match.map(|wanted| match wanted {
        ETagCondition::Any => "*".to_owned(),
        ETagCondition::ETag(etag) => etag.value().to_owned(),
    });
    Ok(Condition { absent: if_none_match.is_some(), matches })
}

fn put_output(object: &Object, checksum: Checksum) -> PutObjectOutput {
    PutObjectOutput {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        version_id: Some(object.version.clone()),
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        ..PutObjectOutput::default()
    }
}

pub(super) fn new_version() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
