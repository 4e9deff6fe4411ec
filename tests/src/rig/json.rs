//! A service's own requests, in AWS's JSON: for services whose SDK is not linked.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::REGION;

/// A service, as its requests name it.
pub(super) struct Service {
    /// In a signature, by which a stand-in finds out who is meant.
    pub(super) signed_as: &'static str,
    /// In front of each operation.
    pub(super) target: &'static str,
    /// Of the protocol.
    pub(super) version: &'static str,
}

impl Service {
    pub(super) async fn ask(&self, url: &str, operation: &str, body: Value) -> Result<Value> {
        let Self { signed_as, target, version } = self;
        let request = reqwest::Client::new()
            .post(url)
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", format!("{target}.{operation}"))
            .header("authorization", authorization(signed_as))
            .body(body.to_string());
        let answer = request.send().await?;
        let (good, text) = (answer.status().is_success(), answer.text().await?);
        ensure!(good, "{operation}: {text}");
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }
}

/// It names a service; that it signs nothing, nobody checks.
pub(super) fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}
