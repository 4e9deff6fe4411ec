//! What the optimised integrations show of the HTTP answer beside its content.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::failure::request_id;
use super::http::Answer;

/// Header names as services spell them; the wire does not keep their case here.
const SPELLINGS: [&str; 14] = [
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "ETag",
    "Server",
    "X-Amz-Executed-Version",
    "X-Amz-Function-Error",
    "X-Amz-Log-Result",
    "X-Amzn-Trace-Id",
    "x-amz-crc32",
    "x-amzn-ErrorType",
    "x-amzn-Remapped-Content-Length",
    "x-amzn-RequestId",
];

/// The fields `SdkHttpMetadata` and `SdkResponseMetadata`.
pub(super) fn metadata(answer: &Answer) -> Map<String, Value> {
    metadata_with(answer, request_id(answer))
}

/// The same for an answer that tells the request's id elsewhere.
pub(super) fn metadata_with(answer: &Answer, id: Option<String>) -> Map<String, Value> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in &answer.headers {
        if let Ok(value) = value.to_str() {
            all.entry(spelled(name.as_str())).or_default().push(value);
        }
    }
    let first: BTreeMap<_, _> = all.iter().map(|(name, values)| (*name, values[0])).collect();
    Map::from_iter([
        (
            "SdkHttpMetadata".to_owned(),
            json!({"AllHttpHeaders": all, "HttpHeaders": first, "HttpStatusCode": answer.status}),
        ),
        ("SdkResponseMetadata".to_owned(), json!({"RequestId": id.unwrap_or_default()})),
    ])
}

fn spelled(name: &str) -> &str {
    SPELLINGS.into_iter().find(|spelling| spelling.eq_ignore_ascii_case(name)).unwrap_or(name)
}
