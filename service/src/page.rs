//! How the files of the page are served: which of a file's compressed forms, for how long it may be kept, and which
//! addresses are places within the page. Whoever assembles the service brings the files.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

/// The page's files, found by their path without a slash in front. `NAME.br` and `NAME.gz` are NAME, compressed.
#[derive(Clone, Copy)]
pub struct Page(pub fn(&str) -> Option<&'static [u8]>);

const INDEX: &str = "index.html";

/// Nothing below these is a place in the page.
const OF_THE_API: &[&str] =
    &["api", "xfer", "xcode", "images", "upload", "video", "metrics", "healthz", "problems"];

/// The name of a built file ends with so many characters of a hash of what is in it.
const HASH_CHARS: usize = 8;

/// What such a file is told in `Cache-Control`; on AWS, in its bucket.
const FOR_EVER: &str = include_str!("page-for-ever.txt").trim_ascii();

impl Page {
    /// The page itself, if it is there.
    pub fn index(self, headers: &HeaderMap) -> Option<Response> {
        self.file(INDEX, headers)
    }

    /// What is at `path`: a file, or the page at one of its own places. A name with a dot is a file's.
    pub fn at(self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let path = path.strip_prefix('/')?;
        let (first, last) = (path.split('/').next()?, path.rsplit('/').next()?);
        if last.contains('.') {
            let compressed = [".br", ".gz"].iter().any(|ending| path.ends_with(ending));
            return self.file(path, headers).filter(|_| !compressed);
        }
        if OF_THE_API.contains(&first) { None } else { self.index(headers) }
    }

    fn file(self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let plain = (self.0)(path)?;
        let mut response = if is_hashed(path) {
            let year = HeaderValue::from_static(FOR_EVER);
            self.compressed(path, plain, headers, year)
        } else {
            let tag = format!("\"{}\"", hex::encode(&Sha256::digest(plain)[..16]));
            let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
            let is_known =
                known.flat_map(|tags| tags.split(',')).any(|one| one.trim().trim_start_matches("W/") == tag);
            let ask = HeaderValue::from_static("no-cache");
            let mut response = match is_known {
                true => (StatusCode::NOT_MODIFIED, [(header::CACHE_CONTROL, ask)]).into_response(),
                false => self.compressed(path, plain, headers, ask),
            };
            // Weak, since it stands for every compressed form.
            let tag = HeaderValue::try_from(format!("W/{tag}")).expect("hexadecimal digits");
            response.headers_mut().insert(header::ETAG, tag);
            response
        };
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        Some(response)
    }

    /// The smallest form that the client takes.
    fn compressed(
        self,
        path: &str,
        plain: &'static [u8],
        headers: &HeaderMap,
        cache: HeaderValue,
    ) -> Response {
        let forms = [("br", "br"), ("gz", "gzip")];
        let found = forms.iter().find_map(|&(ending, coding)| {
            let body = (self.0)(&format!("{path}.{ending}"))?;
            takes(headers, coding).then_some((body, coding))
        });
        let mut response = Body::from(found.map_or(plain, |(body, _)| body)).into_response();
        let headers = response.headers_mut();
        if let Some((_, coding)) = found {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
        headers.insert(header::CACHE_CONTROL, cache);
        response
    }
}

/// Whether the client takes answers of this coding; one that is weighed as nothing it does not.
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let said = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(coding) && weight.unwrap_or_default() > 0.0
    })
}

/// `main-ABCD1234.js`: what is in it is in its name. The hash may hold a hyphen itself.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, _)) = name.rsplit_once('.') else { return false };
    let (Some(end), true) = (stem.len().checked_sub(HASH_CHARS + 1), stem.is_ascii()) else { return false };
    let (before, hash) = stem.split_at(end);
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    !before.is_empty() && hash.strip_prefix('-').is_some_and(|hash| hash.chars().all(is_sign))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "png" => "image/png",
        "ico" => "image/x-icon",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_told_from_a_word() {
        for hashed in
            ["main-AB12CD34.js", "chunk-B-Shw8X8.js", "media/a-b-ZZZZZZZZ.svg", "styles-5INURTSO.css"]
        {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in
            ["index.html", "favicon.svg", "main.js", "-AB12CD34.js", "main-AB12CD3.js", "é-AB12CD3.js"]
        {
            assert!(!is_hashed(plain), "{plain}");
        }
    }

    #[test]
    fn a_coding_is_taken_if_it_is_named_and_weighs_something() {
        let takes = |said: &'static str, coding| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(said));
            takes(&headers, coding)
        };
        assert!(takes("gzip, deflate, br", "br"));
        assert!(takes("BR;q=0.1", "br"));
        assert!(!takes("br;q=0, gzip", "br"));
        assert!(!takes("brotli", "br"));
    }
}
