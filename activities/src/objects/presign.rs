//! Presigned URLs: the one way bytes go between a browser and the store without passing through us.
//!
//! An upload's URL signs everything that was declared (length, type, SHA-256 when given, and that the key is free), so
//! that the store itself refuses any other body. A bare presigned PUT signs the host only and would take anything.

use std::time::Duration;

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::types::ChecksumAlgorithm;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use states::limits;

use super::{Error, Objects};

/// No URL lives longer: they are minted at each read, so a short life costs nobody anything.
pub const MAX_LIFETIME: Duration = Duration::from_secs(limits::URL_SECONDS);

/// Longest file name given to a browser, in characters. File systems stop at 255 bytes.
const MAX_FILE_NAME: usize = 200;

/// What follows the last dot of a name is its ending, if it is no longer, dot and all.
const MAX_ENDING: usize = 16;

/// What a browser is told to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub method: String,
    pub url: String,
    /// Sent as they stand, or the signature does not match. The length is the browser's own to send and not among them.
    pub headers: Vec<(String, String)>,
}

impl Objects {
    /// A URL that takes exactly one body: of `size` bytes, of `content_type`, with this SHA-256 when given, once.
    pub async fn presign_put(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
        content_type: &str,
        sha256: Option<[u8; 32]>,
        expires: Duration,
    ) -> Result<Upload, Error> {
        let object = format!("{bucket}/{key}");
        let Ok(length) = i64::try_from(size) else {
            return Err(Error::Invalid { object, reason: "the size is not a length any store knows" });
        };
        if !is_header_value(content_type) {
            return Err(Error::Invalid { object, reason: "the content type cannot be sent in a header" });
        }
        let mut put = self
            .signer
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_length(length)
            .content_type(content_type)
            .if_none_match("*");
        if let Some(digest) = sha256 {
            put = put.checksum_algorithm(ChecksumAlgorithm::Sha256).checksum_sha256(STANDARD.encode(digest));
        }
        let config = lifetime(&object, expires)?;
        let request = put.presigned(config).await.map_err(|error| Error::sort(&object, error))?;
        Ok(upload(&request))
    }

    /// A URL to download the object under `file_name`, with the type we say and not the one the uploader said.
    pub async fn presign_get(
        &self,
        bucket: &str,
        key: &str,
        file_name: &str,
        content_type: &str,
        expires: Duration,
    ) -> Result<String, Error> {
        let object = format!("{bucket}/{key}");
        if !is_header_value(content_type) {
            return Err(Error::Invalid { object, reason: "the content type cannot be sent in a header" });
        }
        let config = lifetime(&object, expires)?;
        let get = self
            .signer
            .get_object()
            .bucket(bucket)
            .key(key)
            .response_content_disposition(content_disposition(file_name))
            .response_content_type(content_type);
        let request = get.presigned(config).await.map_err(|error| Error::sort(&object, error))?;
        Ok(request.uri().to_owned())
    }
}

fn lifetime(object: &str, expires: Duration) -> Result<PresigningConfig, Error> {
    PresigningConfig::expires_in(expires.min(MAX_LIFETIME)).map_err(|_| Error::Invalid {
        object: object.to_owned(),
        reason: "the lifetime of a presigned URL is out of range",
    })
}

fn upload(request: &PresignedRequest) -> Upload {
    let headers = request
        .headers()
        .filter(|(name, _)| {
            !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("host")
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Upload { method: request.method().to_owned(), url: request.uri().to_owned(), headers }
}

fn is_header_value(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// A header that makes any browser save the bytes under that name and never show them (RFC 6266).
///
/// The plain `filename` is for old readers: ASCII only, with anything that could end the string replaced. The name
/// itself is in `filename*`, UTF-8 and percent-encoded (RFC 8187). Path separators and controls are replaced in both.
pub fn content_disposition(file_name: &str) -> String {
    let name: String = shortened(file_name).map(tame).collect();
    let name = match name.trim_matches(['.', ' ']) {
        "" => "download",
        name => name,
    };
    let plain: String =
        name.chars().map(|c| if c.is_ascii() && !matches!(c, '"' | '%') { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent_encode(name))
}

/// What is too long loses of its stem: by the ending people know what it is.
fn shortened(name: &str) -> impl Iterator<Item = char> {
    let is_ending = |ending: &&str| ending.chars().count() <= MAX_ENDING;
    let ending = name.rfind('.').map(|dot| &name[dot..]).filter(is_ending).unwrap_or_default();
    let stem = &name[..name.len() - ending.len()];
    stem.chars().take(MAX_FILE_NAME - ending.chars().count()).chain(ending.chars())
}

/// Controls would break the header or a terminal, separators and colons would make a path, and the marks that turn the
/// direction of writing make `gpj.exe` look like a picture.
fn tame(c: char) -> char {
    let turns_direction =
        matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let breaks_lines = matches!(c, '\u{2028}' | '\u{2029}');
    if c.is_control() || turns_direction || breaks_lines || matches!(c, '/' | '\\' | ':') { '_' } else { c }
}

fn percent_encode(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len() * 3), |mut encoded, byte| {
        let is_plain = byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
        if is_plain {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::content_disposition;

    #[test]
    fn a_name_that_is_too_long_keeps_its_ending() {
        for ending in [".flac", "-1024.jpg"] {
            let header = content_disposition(&format!("{}{ending}", "é".repeat(300)));
            let name = header.split_once("filename*=UTF-8''").unwrap().1;
            assert_eq!(name.replace("%C3%A9", "_").len(), 200);
            assert!(name.ends_with(&ending[ending.find('.').unwrap()..]), "{name}");
        }
        let header = content_disposition(&"a.".repeat(300));
        assert!(header.len() < 450, "{header}");
    }

    #[test]
    fn names_are_kept_where_they_can_be() {
        let cases = [
            ("song.flac", "attachment; filename=\"song.flac\"; filename*=UTF-8''song.flac"),
            ("my song.flac", "attachment; filename=\"my song.flac\"; filename*=UTF-8''my%20song.flac"),
            ("ä.flac", "attachment; filename=\"_.flac\"; filename*=UTF-8''%C3%A4.flac"),
            ("../../etc/passwd", "attachment; filename=\"_.._etc_passwd\"; filename*=UTF-8''_.._etc_passwd"),
            ("", "attachment; filename=\"download\"; filename*=UTF-8''download"),
            (
                "a\"; filename=b\r\nX: y",
                "attachment; filename=\"a_; filename=b__X_ y\"; filename*=UTF-8''a%22%3B%20filename%3Db__X_%20y",
            ),
        ];
        for (name, expected) in cases {
            assert_eq!(content_disposition(name), expected);
        }
    }
}
