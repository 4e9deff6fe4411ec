//! Signature Version 4: a request says who sends it, and nothing of it can be changed on the way. Pure: the time is an
//! argument.

use hmac::{Hmac, KeyInit, Mac};
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::http::Request;

const SCHEME: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const CONTENT: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Whom the services take the engine for. Most stand-ins take anybody.
#[derive(Clone)]
pub struct Credentials {
    pub access_key: String,
    pub secret_key: String,
    pub session_token: Option<String>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self { access_key: "test".into(), secret_key: "test".into(), session_token: None }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// Where and when a request is signed.
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) at: Timestamp,
}

/// Adds the headers of the signature. All other headers must stand already.
pub(super) fn sign(request: &mut Request, scope: &Scope<'_>, credentials: &Credentials) {
    let at = scope.at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &at[..8];
    let digest = hex::encode(Sha256::digest(&request.body));
    let headers = &mut request.headers;
    let mut add = |name: HeaderName, value: &str| {
        HeaderValue::from_str(value).map(|value| headers.insert(name, value)).is_ok()
    };
    add(HOST, request.url.authority());
    add(DATE, &at);
    if scope.service == "s3" {
        add(CONTENT, &digest);
    }
    if let Some(token) = &credentials.session_token {
        add(TOKEN, token);
    }
    let (names, canonical) = canonical(request, scope, &digest);
    let place = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let hashed = hex::encode(Sha256::digest(canonical));
    let to_sign = format!("{SCHEME}\n{at}\n{place}\n{hashed}");
    let secret = format!("AWS4{}", credentials.secret_key);
    let key = [day, scope.region, scope.service, "aws4_request"]
        .into_iter()
        .fold(secret.into_bytes(), |key, part| keyed(&key, part));
    let signature = hex::encode(keyed(&key, &to_sign));
    let access = &credentials.access_key;
    let said = format!("{SCHEME} Credential={access}/{place}, SignedHeaders={names}, Signature={signature}");
    if let Ok(said) = HeaderValue::from_str(&said) {
        request.headers.insert(AUTHORIZATION, said);
    }
}

/// The names of the signed headers, and the request in the one form that both sides hash.
fn canonical(request: &Request, scope: &Scope<'_>, digest: &str) -> (String, String) {
    let mut headers: Vec<(&str, &str)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default().trim()))
        .collect();
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let path = request.url.path();
    // Every service but S3 encodes the path, encoded as it is, once more.
    let path = if scope.service == "s3" { path.to_owned() } else { encode(path, b"/") };
    let mut query: Vec<(String, String)> =
        request.url.query_pairs().map(|(key, value)| (encode(&key, b""), encode(&value, b""))).collect();
    query.sort_unstable();
    let query: Vec<String> = query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let canonical = format!("{}\n{path}\n{}\n{lines}\n{names}\n{digest}", request.method, query.join("&"));
    (names, canonical)
}

/// Percent-encodes all but the unreserved characters of RFC 3986 and those in `keep`.
pub(super) fn encode(text: &str, keep: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    fn request(url: &str) -> Request {
        let url = url.parse().unwrap();
        Request { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    fn signed(mut request: Request) -> String {
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
        };
        let at = "2015-08-30T12:36:00Z".parse().unwrap();
        sign(&mut request, &Scope { service: "service", region: "us-east-1", at }, &credentials);
        let said = request.headers[AUTHORIZATION].to_str().unwrap();
        said.rsplit_once('=').unwrap().1.to_owned()
    }

    #[test]
    fn the_published_examples_come_out() {
        let examples = [
            (
                "https://example.amazonaws.com/",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "https://example.amazonaws.com/?Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        ];
        for (url, signature) in examples {
            assert_eq!(signed(request(url)), signature, "{url}");
        }
    }

    #[test]
    fn a_changed_request_has_another_signature() {
        let mut posted = request("https://example.amazonaws.com/a%20b");
        posted.method = Method::POST;
        let first = signed(posted);
        assert_ne!(first, signed(request("https://example.amazonaws.com/a%20b")));
        assert_ne!(first, signed(request("https://example.amazonaws.com/")));
    }
}
