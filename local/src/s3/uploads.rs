//! ListParts and ListMultipartUploads.

use rusqlite::params;
use s3s::dto::{
    ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, Part,
};

use super::backend::Backend;
use super::error::Error;
use super::list::encoder;
use super::moment::timestamp;
use super::multipart::Place;
use super::rows;

/// What S3 gives at most, and without being asked for less.
const PAGE: i32 = 1000;

impl Backend {
    pub(super) fn list_parts(&self, input: ListPartsInput) -> Result<ListPartsOutput, Error> {
        let max = input.max_parts.unwrap_or(PAGE).clamp(0, PAGE);
        let after = input.part_number_marker.unwrap_or_default();
        let place = Place { upload: input.upload_id, bucket: input.bucket, key: input.key };
        let mut parts: Vec<Part> = self.ledger.read(|connection| {
            place.find(connection)?;
            let mut statement = connection.prepare_cached(
                "SELECT number, md5, size, stored FROM parts WHERE upload = ?1 AND number > ?2
                 ORDER BY number LIMIT ?3",
            )?;
            let parts = statement.query_map(params![place.upload, after, max + 1], |row| {
                let mark: [u8; 16] = row.get(1)?;
                Ok(Part {
                    part_number: Some(row.get(0)?),
                    e_tag: Some(ETag::Strong(hex::encode(mark))),
                    size: Some(row.get(2)?),
                    last_modified: Some(timestamp(row.get(3)?)),
                    ..Part::default()
                })
            })?;
            Ok::<_, Error>(parts.collect::<Result<_, _>>()?)
        })?;
        let is_truncated = parts.len() > max as usize;
        parts.truncate(max as usize);
        Ok(ListPartsOutput {
            next_part_number_marker: parts.last().and_then(|part| part.part_number).filter(|_| is_truncated),
            is_truncated: Some(is_truncated),
            max_parts: Some(max),
            part_number_marker: Some(after),
            parts: Some(parts),
            bucket: Some(place.bucket),
            key: Some(place.key),
            upload_id: Some(place.upload),
            ..ListPartsOutput::default()
        })
    }

    pub(super) fn list_uploads(
        &self,
        input: ListMultipartUploadsInput,
    ) -> Result<ListMultipartUploadsOutput, Error> {
        let max = input.max_uploads.unwrap_or(PAGE).clamp(0, PAGE);
        let prefix = input.prefix.clone().unwrap_or_default();
        let key_marker = input.key_marker.clone().unwrap_or_default();
        // Without an id, every upload of the marked key counts as seen.
        let id_marker = input.upload_id_marker.clone().unwrap_or_else(|| "g".to_owned());
        let encode = encoder(input.encoding_type.as_ref());
        let mut uploads: Vec<(String, String, i64)> = self.ledger.read(|connection| {
            rows::bucket(connection, &input.bucket)?;
            let mut statement = connection.prepare_cached(
                "SELECT key, id, started FROM uploads
                 WHERE bucket = ?1 AND key >= ?2 AND (key, id) > (?3, ?4) AND substr(key, 1, length(?2)) = ?2
                 ORDER BY key, id LIMIT ?5",
            )?;
            let found = statement
                .query_map(params![input.bucket, prefix, key_marker, id_marker, max + 1], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
            Ok::<_, Error>(found.collect::<Result<_, _>>()?)
        })?;
        let is_truncated = uploads.len() > max as usize;
        uploads.truncate(max as usize);
        let last = uploads.last().filter(|_| is_truncated).cloned();
        let listed = uploads.into_iter().map(|(key, id, started)| MultipartUpload {
            key: Some(encode(key)),
            upload_id: Some(id),
            initiated: Some(timestamp(started)),
            ..MultipartUpload::default()
        });
        Ok(ListMultipartUploadsOutput {
            uploads: Some(listed.collect()),
            is_truncated: Some(is_truncated),
            next_key_marker: last.as_ref().map(|(key, ..)| encode(key.clone())),
            next_upload_id_marker: last.map(|(_, id, _)| id),
            max_uploads: Some(max),
            bucket: Some(input.bucket),
            prefix: Some(encode(prefix)),
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            encoding_type: input.encoding_type,
            ..ListMultipartUploadsOutput::default()
        })
    }
}
