//! Writing one object as a stream, in memory that does not grow with it.
//!
//! Parts of at least 5 MiB; part 1 is held back and sent last, because a FLAC's header is known only at the end and
//! [`Sink::patch`] may still change it. What fits into one part is one PUT. The key must be free. Nothing is visible
//! before [`Sink::finish`], and a sink that is dropped or fails aborts its upload.
//!
//! Not here: the SHA-256 of the whole. The first part changes last, so it is taken when the object is read back.

use std::collections::VecDeque;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::{Error, Objects};

/// The size of the first parts: what S3 asks for at least, because three are held at a time.
pub const FIRST_PART: usize = 5 * 1024 * 1024;

/// Parts double in size after this many, so that S3's 10,000 parts reach the 5 TiB an object may have.
const PARTS_PER_SIZE: usize = 900;

/// Parts being sent while the next one fills.
const IN_FLIGHT: usize = 1;

/// What was stored: these very bytes, and no others that may stand there later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub size: u64,
    /// Without quotes.
    pub etag: String,
}

/// One object being written.
pub struct Sink {
    target: Target,
    content_type: String,
    /// Part 1, whole but not sent, once there is more than one part.
    first: Option<BytesMut>,
    filling: BytesMut,
    size: u64,
    upload: Option<Multipart>,
}

#[derive(Clone)]
struct Target {
    objects: Objects,
    bucket: String,
    key: String,
}

/// An upload that exists in the store. Dropped unfinished, it is aborted.
struct Multipart {
    target: Target,
    id: String,
    sending: VecDeque<JoinHandle<Result<CompletedPart, Error>>>,
    sent: Vec<CompletedPart>,
    next: i32,
    finished: bool,
}

impl Objects {
    /// Begins writing `key`. The store hears of it when there is more than one part.
    pub fn create(&self, bucket: &str, key: &str, content_type: &str) -> Sink {
        Sink {
            target: Target { objects: self.clone(), bucket: bucket.to_owned(), key: key.to_owned() },
            content_type: content_type.to_owned(),
            first: None,
            filling: BytesMut::new(),
            size: 0,
            upload: None,
        }
    }
}

impl Sink {
    /// Appends. Waits when the store is slower than the writer.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.filling.is_empty() {
                // One that grows would be there twice each time that it is moved. What is not filled takes no memory.
                self.filling.reserve(self.part_size());
            }
            let room = self.part_size() - self.filling.len();
            self.filling.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.filling.len() == self.part_size() {
                self.part_is_full().await?;
            }
        }
        Ok(())
    }

    /// Overwrites bytes of the first part that were written already.
    pub fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let first = self.first.as_mut().unwrap_or(&mut self.filling);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        match start.checked_add(bytes.len()).and_then(|end| first.get_mut(start..end)) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(Error::Invalid {
                object: self.target.name(),
                reason: "only bytes of the first part that were written can be patched",
            }),
        }
    }

    /// Stores the object, all of it, durably.
    pub async fn finish(mut self) -> Result<Written, Error> {
        let filling = std::mem::take(&mut self.filling).freeze();
        let etag = match (self.first.take(), self.upload.take()) {
            (None, _) => self.target.put(filling, &self.content_type).await?,
            (Some(first), None) if filling.is_empty() => {
                self.target.put(first.freeze(), &self.content_type).await?
            }
            (Some(first), None) => {
                let upload = Multipart::begin(&self.target, &self.content_type).await?;
                upload.complete(first.freeze(), filling, self.size).await?
            }
            (Some(first), Some(upload)) => upload.complete(first.freeze(), filling, self.size).await?,
        };
        Ok(Written { size: self.size, etag })
    }

    fn part_size(&self) -> usize {
        let parts = self.upload.as_ref().map_or(0, |upload| upload.next as usize);
        FIRST_PART << (parts / PARTS_PER_SIZE)
    }

    /// Keeps the first part; sends any other. The upload begins with the second, when it is sure to be one.
    async fn part_is_full(&mut self) -> Result<(), Error> {
        let part = std::mem::take(&mut self.filling);
        if self.first.is_none() {
            self.first = Some(part);
            return Ok(());
        }
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => none.insert(Multipart::begin(&self.target, &self.content_type).await?),
        };
        upload.send(part.freeze()).await
    }
}

impl Target {
    fn name(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }

    /// One PUT. When the answer to an earlier try was lost, the key is taken by our own bytes, and that is success.
    async fn put(&self, bytes: Bytes, content_type: &str) -> Result<String, Error> {
        let checksum = self.objects.is_remote.then(|| STANDARD.encode(Sha256::digest(&bytes)));
        let size = bytes.len() as u64;
        let sent = self
            .objects
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(&self.key)
            .content_type(content_type)
            .set_checksum_sha256(checksum)
            .if_none_match("*")
            .body(ByteStream::from(bytes.clone()))
            .customize()
            // Else the SDK would hash the bytes for the signature, too. Over a network their SHA-256 is sent as a header,
            // which is signed and which the store checks; to a store in this process nothing can be lost on the way.
            .disable_payload_signing()
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(unquoted(answer.e_tag)),
            Err(error) => self.already_stored(size, Some(&bytes), Error::sort(&self.name(), error)).await,
        }
    }

    /// After an error that a lost answer explains too: the ETag of what stands there, if it can only be ours.
    ///
    /// Keys are random and of one attempt, so the same length (and checksum, where the store knows it) is ours.
    async fn already_stored(&self, size: u64, whole: Option<&Bytes>, error: Error) -> Result<String, Error> {
        if !matches!(error, Error::Changed { .. } | Error::Missing { .. }) {
            return Err(error);
        }
        let Some(head) = self.objects.head(&self.bucket, &self.key).await? else { return Err(error) };
        let is_ours = head.size == size
            && match (head.sha256, whole) {
                (Some(theirs), Some(ours)) => Sha256::digest(ours)[..] == theirs,
                _ => true,
            };
        if is_ours { Ok(head.etag) } else { Err(error) }
    }
}

impl Multipart {
    async fn begin(target: &Target, content_type: &str) -> Result<Self, Error> {
        let answer = target
            .objects
            .client
            .create_multipart_upload()
            .bucket(&target.bucket)
            .key(&target.key)
            .content_type(content_type)
            .send()
            .await
            .map_err(|error| Error::sort(&target.name(), error))?;
        Ok(Self {
            target: target.clone(),
            id: answer.upload_id.unwrap_or_default(),
            sending: VecDeque::new(),
            sent: Vec::new(),
            next: 2,
            finished: false,
        })
    }

    /// Sends the next part once fewer than [`IN_FLIGHT`] are on their way.
    async fn send(&mut self, bytes: Bytes) -> Result<(), Error> {
        while self.sending.len() >= IN_FLIGHT {
            self.receive().await?;
        }
        let part = send_part(self.target.clone(), self.id.clone(), self.next, bytes);
        self.sending.push_back(tokio::spawn(part));
        self.next += 1;
        Ok(())
    }

    async fn receive(&mut self) -> Result<(), Error> {
        if let Some(sending) = self.sending.pop_front() {
            let part = sending.await.map_err(|_| Error::Invalid {
                object: self.target.name(),
                reason: "the runtime stopped while a part was being sent",
            })?;
            self.sent.push(part?);
        }
        Ok(())
    }

    async fn complete(mut self, first: Bytes, last: Bytes, size: u64) -> Result<String, Error> {
        if !last.is_empty() {
            self.send(last).await?;
        }
        while !self.sending.is_empty() {
            self.receive().await?;
        }
        let first = send_part(self.target.clone(), self.id.clone(), 1, first).await?;
        self.sent.insert(0, first);
        let parts =
            CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.sent))).build();
        let answer = self
            .target
            .objects
            .client
            .complete_multipart_upload()
            .bucket(&self.target.bucket)
            .key(&self.target.key)
            .upload_id(&self.id)
            .if_none_match("*")
            .multipart_upload(parts)
            .send()
            .await;
        let etag = match answer {
            Ok(answer) => unquoted(answer.e_tag),
            Err(error) => {
                let error = Error::sort(&self.target.name(), error);
                self.target.already_stored(size, None, error).await?
            }
        };
        self.finished = true;
        Ok(etag)
    }
}

async fn send_part(
    target: Target,
    upload: String,
    number: i32,
    bytes: Bytes,
) -> Result<CompletedPart, Error> {
    let request = target
        .objects
        .client
        .upload_part()
        .bucket(&target.bucket)
        .key(&target.key)
        .upload_id(upload)
        .part_number(number)
        .body(ByteStream::from(bytes))
        .customize();
    // A part has no checksum of its own. Over a network it is the signature that shows that nothing was lost: it covers the
    // SHA-256 of the body.
    let request = if target.objects.is_remote { request } else { request.disable_payload_signing() };
    let answer = request.send().await.map_err(|error| Error::sort(&target.name(), error))?;
    Ok(CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag).build())
}

impl Drop for Multipart {
    /// Aborts what was not completed, in the background: whoever drops a sink is on its way out. Should the process end
    /// first, deleting under the attempt's prefix finds the upload.
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        self.sending.iter().for_each(JoinHandle::abort);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let client = self.target.objects.client.clone();
        let (bucket, key, id) = (self.target.bucket.clone(), self.target.key.clone(), self.id.clone());
        runtime.spawn(async move {
            let abort = client.abort_multipart_upload().bucket(&bucket).key(&key).upload_id(id);
            if let Err(error) = abort.send().await {
                tracing::warn!(%bucket, %key, %error, "an upload was not aborted; it is swept with its prefix");
            }
        });
    }
}

fn unquoted(etag: Option<String>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}
