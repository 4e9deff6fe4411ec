//! Deleting: one object, or what an attempt left behind.
//!
//! All of it is idempotent: what is gone already is deleted. Multipart uploads are looked for by prefix too, because a
//! process that died left no other trace of them.

use std::collections::HashSet;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::{Error, Objects};

/// S3 deletes at most this many keys in one request.
const BATCH: usize = 1000;

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    pub objects: usize,
    pub uploads: usize,
}

impl Objects {
    /// Deletes one object, whether it is there or not.
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<(), Error> {
        let sent = self.client.delete_object().bucket(bucket).key(key).send().await;
        sent.map(drop).map_err(|error| Error::sort(&format!("{bucket}/{key}"), error))
    }

    /// Deletes every object under `prefix` but those in `keep`, and aborts every unfinished upload under it.
    ///
    /// Uploads go first: one that completed in between is then seen as an object.
    pub async fn delete_under(
        &self,
        bucket: &str,
        prefix: &str,
        keep: &HashSet<String>,
    ) -> Result<Deleted, Error> {
        let uploads = self.abort_under(bucket, prefix).await?;
        let doomed: Vec<_> = self
            .list(bucket, prefix)
            .await?
            .into_iter()
            .map(|object| object.key)
            .filter(|key| !keep.contains(key))
            .collect();
        for batch in doomed.chunks(BATCH) {
            self.delete_batch(bucket, batch).await?;
        }
        Ok(Deleted { objects: doomed.len(), uploads })
    }

    /// Aborts every unfinished multipart upload under `prefix`; answers how many there were.
    pub async fn abort_under(&self, bucket: &str, prefix: &str) -> Result<usize, Error> {
        let place = format!("{bucket}/{prefix}");
        let mut aborted = 0;
        loop {
            // Each round begins anew: what was aborted is not listed again.
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(bucket)
                .prefix(prefix)
                .send()
                .await
                .map_err(|error| Error::sort(&place, error))?;
            let uploads = page.uploads.unwrap_or_default();
            for upload in &uploads {
                let sent = self
                    .client
                    .abort_multipart_upload()
                    .bucket(bucket)
                    .set_key(upload.key.clone())
                    .set_upload_id(upload.upload_id.clone())
                    .send()
                    .await;
                match sent.map_err(|error| Error::sort(&place, error)) {
                    Ok(_) | Err(Error::Missing { .. }) => aborted += 1,
                    Err(error) => return Err(error),
                }
            }
            if uploads.is_empty() || page.is_truncated != Some(true) {
                return Ok(aborted);
            }
        }
    }

    async fn delete_batch(&self, bucket: &str, keys: &[String]) -> Result<(), Error> {
        const HAS_KEY: &str = "an identifier with a key and a list that is given are complete";
        let identifiers =
            keys.iter().map(|key| ObjectIdentifier::builder().key(key).build().expect(HAS_KEY)).collect();
        let delete = Delete::builder().set_objects(Some(identifiers)).quiet(true).build().expect(HAS_KEY);
        let place = format!("{bucket}/{}", keys.first().map_or("", String::as_str));
        let answer = self
            .client
            .delete_objects()
            .bucket(bucket)
            .delete(delete)
            .send()
            .await
            .map_err(|error| Error::sort(&place, error))?;
        match answer.errors.unwrap_or_default().into_iter().next() {
            None => Ok(()),
            Some(refused) => {
                Err(Error::Denied { object: format!("{bucket}/{}", refused.key.unwrap_or_default()) })
            }
        }
    }
}
