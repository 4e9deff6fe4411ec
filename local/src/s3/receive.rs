//! Taking in a body: streamed to a file in bounded memory, counted, hashed, compared with all that was declared of it,
//! and durable before anybody hears of it.
//!
//! An ETag is the MD5, as S3's is, of what clients store: some compare it. MD5 is the slowest thing that becomes of a byte
//! here, and what this process stores itself has an ETag of its SHA-256 instead, in the form that clients know as none to
//! compare with: that of an upload in parts.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use http::HeaderMap;
use md5::Md5;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::Checksum as _;
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Request, TrailingHeaders};
use sha2::{Digest, Sha256};

use super::blocks::{Blocks, Summing};
use super::error::Error;
use super::files::{Files, Hold};
use super::inside::FromWithin;

/// Bytes gathered before they are hashed and written off the async threads.
const BATCH: usize = 512 * 1024;

/// What the client said of the body. `checksum` holds the values it gave in headers.
#[derive(Default)]
pub(super) struct Declared {
    length: Option<u64>,
    md5: Option<String>,
    checksum: Checksum,
    trailers: Option<TrailingHeaders>,
    /// The checksums that it gave, or that follow the body.
    wanted: Vec<&'static str>,
    is_from_within: bool,
}

const CHECKSUMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

impl Declared {
    /// As the headers say it. The protocol crate has set the length to that of the body proper where it came in chunks.
    pub(super) fn of<T>(request: &mut S3Request<T>) -> Self {
        let headers = &request.headers;
        let following = text(headers, "x-amz-trailer").unwrap_or_default();
        let is_wanted = |name: &&str| {
            let name = format!("x-amz-checksum-{name}");
            headers.contains_key(&name)
                || following.split(',').any(|of| of.trim().eq_ignore_ascii_case(&name))
        };
        Self {
            length: text(headers, "content-length").and_then(|length| length.parse().ok()),
            md5: text(headers, "content-md5"),
            checksum: checksums(headers),
            trailers: request.trailing_headers.take(),
            wanted: CHECKSUMS.into_iter().filter(is_wanted).collect(),
            is_from_within: request.extensions.get::<FromWithin>().is_some(),
        }
    }

    fn wants(&self, checksum: &str) -> bool {
        self.wanted.contains(&checksum)
    }
}

/// A body that is on the disk, durably, and belongs to the one who has this.
pub(super) struct Stored {
    pub(super) hold: Hold,
    pub(super) size: u64,
    pub(super) mark: Mark,
    pub(super) sha256: [u8; 32],
    pub(super) blocks: Blocks,
    /// The checksums the client declared, proven.
    pub(super) checksum: Checksum,
}

/// What tells one body from another in an ETag.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Md5([u8; 16]),
    /// Half of it is as long, and as good.
    Sha256([u8; 16]),
}

impl Mark {
    pub(super) fn bytes(self) -> [u8; 16] {
        match self {
            Self::Md5(bytes) | Self::Sha256(bytes) => bytes,
        }
    }

    /// The ETag of an object that is this body.
    pub(super) fn etag(self) -> String {
        match self {
            Self::Md5(bytes) => hex::encode(bytes),
            Self::Sha256(bytes) => format!("{}-1", hex::encode(bytes)),
        }
    }
}

/// Stores the body if it is what was declared. If not, or if the caller goes away, nothing stays.
pub(super) async fn receive(
    files: &Arc<Files>,
    body: Option<StreamingBlob>,
    declared: Declared,
) -> Result<Stored, Error> {
    let takes_md5 = !declared.is_from_within || declared.md5.is_some();
    let (md5, others) = (takes_md5.then(Md5::new), hasher(&declared));
    let files_of_task = files.clone();
    let mut draft = blocking(move || Draft::create(files_of_task, md5, others)).await?;
    let mut batch = Vec::new();
    let mut gathered = 0;
    if let Some(mut body) = body {
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(Error::Body)?;
            gathered += bytes.len();
            batch.push(bytes);
            if gathered >= BATCH {
                let full = std::mem::take(&mut batch);
                gathered = 0;
                draft = blocking(move || draft.append(&full)).await?;
            }
        }
    }
    blocking(move || draft.append(&batch)?.finish(&declared)).await
}

/// Runs what may block where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Stopping)?
}

struct Draft {
    files: Arc<Files>,
    file: File,
    hold: Hold,
    size: u64,
    /// Where there is a client that may compare it.
    md5: Option<Md5>,
    sha256: Sha256,
    blocks: Summing,
    others: ChecksumHasher,
}

impl Draft {
    fn create(files: Arc<Files>, md5: Option<Md5>, others: ChecksumHasher) -> Result<Self, Error> {
        let (file, hold) = files.create()?;
        let (sha256, blocks) = (Sha256::new(), Summing::default());
        Ok(Self { files, file, hold, size: 0, md5, sha256, blocks, others })
    }

    fn append(mut self, batch: &[Bytes]) -> Result<Self, Error> {
        for bytes in batch {
            self.file.write_all(bytes).map_err(|error| Error::file(self.hold.name(), error))?;
            self.size += bytes.len() as u64;
            if let Some(md5) = &mut self.md5 {
                md5.update(bytes);
            }
            self.sha256.update(bytes);
            self.blocks.update(bytes);
            self.others.update(bytes);
        }
        Ok(self)
    }

    /// Compares first: what is refused need not be made durable.
    fn finish(self, declared: &Declared) -> Result<Stored, Error> {
        if let Some(expected) = declared.length.filter(|expected| *expected != self.size) {
            return Err(Error::Length { expected, got: self.size });
        }
        let sha256: [u8; 32] = self.sha256.finalize().into();
        let md5: Option<[u8; 16]> = self.md5.map(|md5| md5.finalize().into());
        if declared.md5.is_some() && declared.md5 != md5.map(|md5| STANDARD.encode(md5)) {
            return Err(Error::Digest("Content-MD5"));
        }
        let half = || Mark::Sha256(*sha256.first_chunk().expect("16 bytes of 32"));
        let mark = md5.map_or_else(half, Mark::Md5);
        let mut checksum = self.others.finalize();
        // It is taken of every object, wanted or not: once will do.
        checksum.checksum_sha256 = declared.wants("sha256").then(|| STANDARD.encode(sha256));
        compare(&checksum, &declared.checksum)?;
        if let Some(trailers) = &declared.trailers {
            let followed = trailers.read(checksums).unwrap_or_default();
            compare(&checksum, &followed)?;
        }
        self.files.sync(&self.file, self.hold.name())?;
        let blocks = self.blocks.finish();
        Ok(Stored { hold: self.hold, size: self.size, mark, sha256, blocks, checksum })
    }
}

/// Computes the checksums that were declared or will follow, and no others; but for SHA-256.
fn hasher(declared: &Declared) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    if declared.wants("crc32") {
        hasher.crc32 = Some(s3s::crypto::Crc32::new());
    }
    if declared.wants("crc32c") {
        hasher.crc32c = Some(s3s::crypto::Crc32c::new());
    }
    if declared.wants("crc64nvme") {
        hasher.crc64nvme = Some(s3s::crypto::Crc64Nvme::new());
    }
    if declared.wants("sha1") {
        hasher.sha1 = Some(s3s::crypto::Sha1::new());
    }
    hasher
}

/// The checksums in headers or trailers.
fn checksums(headers: &HeaderMap) -> Checksum {
    Checksum {
        checksum_crc32: text(headers, "x-amz-checksum-crc32"),
        checksum_crc32c: text(headers, "x-amz-checksum-crc32c"),
        checksum_crc64nvme: text(headers, "x-amz-checksum-crc64nvme"),
        checksum_sha1: text(headers, "x-amz-checksum-sha1"),
        checksum_sha256: text(headers, "x-amz-checksum-sha256"),
        ..Checksum::default()
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn compare(computed: &Checksum, given: &Checksum) -> Result<(), Error> {
    let pairs = [
        ("CRC32 checksum", &computed.checksum_crc32, &given.checksum_crc32),
        ("CRC32C checksum", &computed.checksum_crc32c, &given.checksum_crc32c),
        ("CRC64NVME checksum", &computed.checksum_crc64nvme, &given.checksum_crc64nvme),
        ("SHA-1 checksum", &computed.checksum_sha1, &given.checksum_sha1),
        ("SHA-256 checksum", &computed.checksum_sha256, &given.checksum_sha256),
    ];
    match pairs.into_iter().find(|(_, computed, given)| given.is_some() && given != computed) {
        Some((name, ..)) => Err(Error::Digest(name)),
        None => Ok(()),
    }
}
