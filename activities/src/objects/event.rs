//! The notice that an object was created, in the form S3 itself sends it.
//!
//! A notice is a hint: whoever takes it looks the object up again before believing any of it. Our endpoint hands it over
//! as the struct; on AWS it arrives as JSON, wrapped in `Records`, with the key form-encoded.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Notices longer than this are not parsed. S3 keeps them below 64 KiB.
const MAX_NOTIFICATION_BYTES: usize = 256 * 1024;

/// One created object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectCreated {
    pub bucket: String,
    /// As the object is called, not as the notice encodes it.
    pub key: String,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    pub version_id: Option<String>,
    /// Hexadecimal; of two notices for one key, the longer, then the greater one is later.
    pub sequencer: String,
}

/// Why a notification was not understood.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the notification is {0} bytes long; {MAX_NOTIFICATION_BYTES} are allowed")]
    TooLong(usize),
    #[error("the notification is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("the notification has neither Records nor an s3:TestEvent")]
    NotANotification,
    #[error("record {index} of the notification is not an object-created record of version 2")]
    Record {
        index: usize,
        #[source]
        source: Option<serde_json::Error>,
    },
    #[error("record {index}: the key is not form-encoded UTF-8")]
    Key { index: usize },
}

impl ObjectCreated {
    /// Every created object of an S3 notification, leaving out records of other events. The test event S3 sends when
    /// notifications are switched on is an empty list.
    pub fn from_notification(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        if bytes.len() > MAX_NOTIFICATION_BYTES {
            return Err(Error::TooLong(bytes.len()));
        }
        let body: Value = serde_json::from_slice(bytes).map_err(Error::NotJson)?;
        if body.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
            return Ok(Vec::new());
        }
        let records = body.get("Records").and_then(Value::as_array).ok_or(Error::NotANotification)?;
        records
            .iter()
            .enumerate()
            .filter_map(|(index, record)| from_record(index, record).transpose())
            .collect()
    }

    /// This notice as S3 would send it, so that a queue between us and a consumer carries one format only.
    pub fn to_notification(&self) -> Value {
        json!({ "Records": [{
            "eventVersion": "2.3",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": { "name": self.bucket, "arn": format!("arn:aws:s3:::{}", self.bucket) },
                "object": {
                    "key": form_encode(&self.key),
                    "size": self.size,
                    "eTag": self.etag,
                    "versionId": self.version_id,
                    "sequencer": self.sequencer,
                },
            },
        }]})
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_version: String,
    event_name: String,
    s3: S3,
}

#[derive(Deserialize)]
struct S3 {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    e_tag: String,
    version_id: Option<String>,
    #[serde(default)]
    sequencer: String,
}

fn from_record(index: usize, record: &Value) -> Result<Option<ObjectCreated>, Error> {
    let record = Record::deserialize(record).map_err(|error| Error::Record { index, source: Some(error) })?;
    if !record.event_version.starts_with("2.") {
        return Err(Error::Record { index, source: None });
    }
    if !record.event_name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
        return Ok(None);
    }
    let object = record.s3.object;
    Ok(Some(ObjectCreated {
        bucket: record.s3.bucket.name,
        key: form_decode(&object.key).ok_or(Error::Key { index })?,
        size: object.size,
        etag: object.e_tag.trim_matches('"').to_owned(),
        version_id: object.version_id.filter(|version| !version.is_empty()),
        sequencer: object.sequencer,
    }))
}

/// S3 encodes keys as a form does: a space is a plus, and all but letters, digits and `-_.*/` is %XX.
fn form_encode(key: &str) -> String {
    key.bytes().fold(String::with_capacity(key.len()), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                encoded.push('%');
                encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
                encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
        encoded
    })
}

fn form_decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(rest.next()?)? << 4 | digit(rest.next()?)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(key: &str) -> ObjectCreated {
        ObjectCreated {
            bucket: "uploads".to_owned(),
            key: key.to_owned(),
            size: 3,
            etag: "abc".to_owned(),
            version_id: Some("v".to_owned()),
            sequencer: "0A".to_owned(),
        }
    }

    #[test]
    fn what_is_sent_is_what_is_read() {
        for key in ["plain", "a b+c%2F", "../x", "C:\\", "ä/\u{10FFFF}", ""] {
            let bytes = notice(key).to_notification().to_string();
            assert_eq!(ObjectCreated::from_notification(bytes.as_bytes()).unwrap(), [notice(key)]);
        }
    }

    #[test]
    fn every_version_2_is_read_and_other_events_are_left_out() {
        for version in ["2.1", "2.2", "2.3", "2.4", "2.5", "2.6"] {
            let mut body = notice("k").to_notification();
            body["Records"][0]["eventVersion"] = version.into();
            let mut removed = body["Records"][0].clone();
            removed["eventName"] = "ObjectRemoved:Delete".into();
            body["Records"].as_array_mut().unwrap().push(removed);
            assert_eq!(ObjectCreated::from_notification(body.to_string().as_bytes()).unwrap().len(), 1);
        }
        let test = br#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#;
        assert_eq!(ObjectCreated::from_notification(test).unwrap(), []);
    }

    #[test]
    fn garbage_is_an_error_that_names_the_record() {
        assert!(matches!(ObjectCreated::from_notification(b"no"), Err(Error::NotJson(_))));
        assert!(matches!(ObjectCreated::from_notification(b"{}"), Err(Error::NotANotification)));
        let mut body = notice("k").to_notification();
        body["Records"][0]["s3"]["object"]["key"] = "%zz".into();
        let bytes = body.to_string();
        assert!(matches!(ObjectCreated::from_notification(bytes.as_bytes()), Err(Error::Key { index: 0 })));
        let wrong = br#"{"Records":[{"eventVersion":"3.0"}]}"#;
        assert!(matches!(ObjectCreated::from_notification(wrong), Err(Error::Record { index: 0, .. })));
        let long = vec![b' '; MAX_NOTIFICATION_BYTES + 1];
        assert!(matches!(ObjectCreated::from_notification(&long), Err(Error::TooLong(_))));
    }
}
