//! Temporary seam.
use std::time::Duration;

use activities::ports::Fault;

#[derive(Clone, Debug)]
pub struct Objects {
    pub endpoint: String,
}

#[derive(Clone, Debug)]
pub struct Upload {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
}

impl Objects {
    pub async fn presign_put(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
        content_type: &str,
        sha256: Option<&str>,
        expires: Duration,
    ) -> Result<Upload, Fault> {
        let url = format!(
            "{}/{bucket}/{key}?X-Amz-Expires={}&X-Amz-Signature=0123",
            self.endpoint,
            expires.as_secs()
        );
        let mut headers = vec![
            ("content-length".to_owned(), size.to_string()),
            ("content-type".to_owned(), content_type.to_owned()),
            ("if-none-match".to_owned(), "*".to_owned()),
        ];
        headers.extend(sha256.map(|sha256| ("x-amz-checksum-sha256".to_owned(), sha256.to_owned())));
        Ok(Upload { method: "PUT".to_owned(), url, headers })
    }

    pub async fn presign_get(
        &self,
        bucket: &str,
        key: &str,
        _file_name: &str,
        _content_type: &str,
        expires: Duration,
    ) -> Result<String, Fault> {
        Ok(format!(
            "{}/{bucket}/{key}?X-Amz-Expires={}&X-Amz-Signature=4567",
            self.endpoint,
            expires.as_secs()
        ))
    }
}
