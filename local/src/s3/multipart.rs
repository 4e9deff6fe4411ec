//! Multipart uploads: parts in any order, each a durable file with its row; completing moves the rows and no bytes.

use md5::{Digest, Md5};
use rusqlite::{Connection, OptionalExtension, params};
use s3s::S3Request;
use s3s::dto::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, UploadPartInput, UploadPartOutput,
};

use super::backend::Backend;
use super::error::Error;
use super::moment::now;
use super::put::{UNKNOWN_TYPE, check_key, condition, new_version};
use super::receive::{Declared, Stored, receive};
use super::rows::{self, Condition, Headers, Object, Segment};

/// Every part but the last is at least this long, as on S3.
const MIN_PART: u64 = 5 * 1024 * 1024;

/// Parts are numbered from 1 to this.
const MAX_PART: i32 = 10_000;

impl Backend {
    pub(super) async fn create_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> Result<CreateMultipartUploadOutput, Error> {
        check_key(&input.key)?;
        let id = new_version();
        let output = CreateMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            upload_id: Some(id.clone()),
            ..CreateMultipartUploadOutput::default()
        };
        let headers = Headers {
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        };
        let content_type = input.content_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned());
        self.ledger
            .write("upload", move |connection| {
                rows::bucket(connection, &input.bucket)?;
                connection.execute(
                    "INSERT INTO uploads (id, bucket, key, content_type, headers, started)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![id, input.bucket, input.key, content_type, rows::headers_text(&headers), now()],
                )?;
                Ok::<_, Error>(())
            })
            .await?;
        Ok(output)
    }

    pub(super) async fn upload_part(
        &self,
        mut request: S3Request<UploadPartInput>,
    ) -> Result<UploadPartOutput, Error> {
        let declared = Declared::of(&mut request);
        let input = request.input;
        if !(1..=MAX_PART).contains(&input.part_number) {
            return Err(Error::Invalid("parts are numbered from 1 to 10000"));
        }
        let place = Place { upload: input.upload_id, bucket: input.bucket, key: input.key };
        self.ledger.read(|connection| place.find(connection))?;
        let stored = receive(&self.files, input.body, declared).await?;
        let output = UploadPartOutput {
            e_tag: Some(ETag::Strong(hex::encode(stored.mark.bytes()))),
            checksum_crc32: stored.checksum.checksum_crc32.clone(),
            checksum_crc32c: stored.checksum.checksum_crc32c.clone(),
            checksum_crc64nvme: stored.checksum.checksum_crc64nvme.clone(),
            checksum_sha1: stored.checksum.checksum_sha1.clone(),
            checksum_sha256: stored.checksum.checksum_sha256.clone(),
            ..UploadPartOutput::default()
        };
        self.commit_part(place, input.part_number, stored).await?;
        Ok(output)
    }

    async fn commit_part(&self, place: Place, number: i32, stored: Stored) -> Result<(), Error> {
        let file = stored.hold.name().to_owned();
        let written = self
            .ledger
            .write("part", move |connection| {
                place.find(connection)?;
                let replaced = place.put_part(connection, number, &stored)?;
                stored.hold.keep();
                Ok::<_, Error>((replaced, stored.hold))
            })
            .await;
        let (replaced, hold) = self.or_discard(written, &file)?;
        drop(hold);
        self.files.discard(&replaced);
        Ok(())
    }

    pub(super) async fn complete_upload(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> Result<CompleteMultipartUploadOutput, Error> {
        let condition = condition(input.if_none_match, input.if_match)?;
        let place = Place { upload: input.upload_id, bucket: input.bucket, key: input.key };
        let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let mut output = CompleteMultipartUploadOutput {
            bucket: Some(place.bucket.clone()),
            key: Some(place.key.clone()),
            location: Some(format!("/{}/{}", place.bucket, place.key)),
            ..CompleteMultipartUploadOutput::default()
        };
        let (object, rubbish) = self
            .ledger
            .write("complete", move |connection| complete(connection, &place, &listed, &condition))
            .await?;
        self.created.notify_one();
        self.files.discard(&rubbish);
        output.e_tag = Some(ETag::Strong(object.etag));
        output.version_id = Some(object.version);
        Ok(output)
    }

    pub(super) async fn abort_upload(&self, input: AbortMultipartUploadInput) -> Result<(), Error> {
        let place = Place { upload: input.upload_id, bucket: input.bucket, key: input.key };
        let rubbish = self
            .ledger
            .write("abort", move |connection| {
                place.find(connection)?;
                remove(connection, &place.upload)
            })
            .await?;
        self.files.discard(&rubbish);
        Ok(())
    }

    /// Aborts uploads that were begun before `started` and never completed.
    pub(super) async fn abort_older(&self, started: i64) -> Result<usize, Error> {
        let (count, rubbish) = self
            .ledger
            .write("abandon", move |connection| {
                let mut old = connection.prepare_cached("SELECT id FROM uploads WHERE started < ?1")?;
                let ids = old.query_map([started], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
                let mut files = Vec::new();
                for id in &ids {
                    files.extend(remove(connection, id)?);
                }
                Ok::<_, Error>((ids.len(), files))
            })
            .await?;
        self.files.discard(&rubbish);
        Ok(count)
    }
}

/// An upload as a client names it: the id alone is not enough.
pub(super) struct Place {
    pub(super) upload: String,
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Place {
    /// Its content type and headers.
    pub(super) fn find(&self, connection: &Connection) -> Result<(String, Headers), Error> {
        connection
            .prepare_cached(
                "SELECT content_type, headers FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3",
            )?
            .query_row([&self.upload, &self.bucket, &self.key], |row| {
                let headers: String = row.get(1)?;
                Ok((row.get(0)?, rows::headers_from(&headers)))
            })
            .optional()?
            .ok_or(Error::NoSuchUpload)
    }

    /// Answers the file of the part that had this number.
    fn put_part(&self, connection: &Connection, number: i32, stored: &Stored) -> Result<Vec<String>, Error> {
        let replaced = connection
            .prepare_cached("DELETE FROM parts WHERE upload = ?1 AND number = ?2 RETURNING file")?
            .query_row(params![self.upload, number], |row| row.get(0))
            .optional()?;
        connection
            .prepare_cached(
                "INSERT INTO parts (upload, number, file, size, sha256, blocks, md5, stored)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                self.upload,
                number,
                stored.hold.name(),
                stored.size as i64,
                stored.sha256,
                stored.blocks,
                stored.mark.bytes(),
                now()
            ])?;
        Ok(replaced.into_iter().collect())
    }
}

/// The object out of the listed parts. Answers it, and the files that are nobody's now.
fn complete(
    connection: &Connection,
    place: &Place,
    listed: &[CompletedPart],
    condition: &Condition,
) -> Result<(Object, Vec<String>), Error> {
    let (content_type, headers) = place.find(connection)?;
    let (segments, etag) = assemble(connection, &place.upload, listed)?;
    let object = Object {
        version: new_version(),
        etag,
        size: segments.iter().map(|segment| segment.size).sum(),
        content_type,
        headers,
        modified: now(),
        segments,
    };
    let mut rubbish = rows::put(connection, (&place.bucket, &place.key), &object, condition)?;
    let used: std::collections::HashSet<_> = object.segments.iter().map(|segment| &segment.file).collect();
    rubbish.extend(remove(connection, &place.upload)?.into_iter().filter(|file| !used.contains(file)));
    Ok((object, rubbish))
}

/// The segments, and the ETag: the MD5 of the parts' marks, and how many there are. The column is called after what a mark
/// is where a client sent the part.
fn assemble(
    connection: &Connection,
    upload: &str,
    listed: &[CompletedPart],
) -> Result<(Vec<Segment>, String), Error> {
    if listed.is_empty() {
        return Err(Error::Invalid("an upload is completed with at least one part"));
    }
    let mut find = connection.prepare_cached(
        "SELECT file, size, sha256, blocks, md5 FROM parts WHERE upload = ?1 AND number = ?2",
    )?;
    let mut segments: Vec<Segment> = Vec::with_capacity(listed.len());
    let mut digest = Md5::new();
    let mut previous: Option<(i32, u64)> = None;
    for part in listed {
        let number = part.part_number.unwrap_or_default();
        if previous.is_some_and(|(previous, _)| previous >= number) {
            return Err(Error::PartOrder);
        }
        if let Some((number, size)) = previous.filter(|(_, size)| *size < MIN_PART) {
            return Err(Error::PartTooSmall { number, size });
        }
        let found = find.query_row(params![upload, number], |row| Ok((rows::segment(row)?, row.get(4)?)));
        let (segment, mark): (Segment, [u8; 16]) = found.optional()?.ok_or(Error::Part(number))?;
        if part.e_tag.as_ref().is_none_or(|etag| etag.value() != hex::encode(mark)) {
            return Err(Error::Part(number));
        }
        digest.update(mark);
        previous = Some((number, segment.size));
        segments.push(segment);
    }
    Ok((segments, format!("{}-{}", hex::encode(digest.finalize()), listed.len())))
}

/// Removes the upload and its parts. Answers their files.
fn remove(connection: &Connection, upload: &str) -> Result<Vec<String>, Error> {
    let mut parts = connection.prepare_cached("DELETE FROM parts WHERE upload = ?1 RETURNING file")?;
    let files = parts.query_map([upload], |row| row.get(0))?.collect::<Result<_, _>>()?;
    connection.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([upload])?;
    Ok(files)
}
