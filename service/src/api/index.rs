//! `GET /` and whatever no route has: the page, where there is one. For terminals, `/` is how to use the API and the
//! command line.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, Uri, header};

use super::App;
use super::error::Error;

pub(crate) async fn show(State(service): State<App>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let text = usage(&service.config.public_url);
    let mut response = match service.page.and_then(|page| page.index(&headers)) {
        _ if !accept.contains("text/html") => text.into_response(),
        Some(page) => page,
        None => Html(stand_in(&text)).into_response(),
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// A file of the page, or a place in it: the page knows its own places, the server only what none of them can be.
pub(crate) async fn otherwise(
    State(service): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Error> {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(Error::NoRoute);
    }
    let found = service.page.and_then(|page| page.at(uri.path(), &headers));
    found.ok_or(Error::NoRoute)
}

fn usage(url: &str) -> String {
    format!(
        r#"Lockgate {version}: drop a media file in; get it back in the form you need.

On the command line
  lockgate convert song.wav                     here, without a server
  lockgate session new song.wav -o out/ --server {url}
  lockgate session list --server {url}
  lockgate session events ID --server {url}

By HTTP
  curl {url}/api/recipes
  curl {url}/xfer -H 'Content-Type: application/json' \
       -d '{{"fileName":"song.wav","size":1234,"contentType":"audio/wav","start":"auto"}}'
  then PUT the file to upload.url of the answer, with the headers of upload.headers
  curl -X PUT {url}/xcode/ID                    unless "start" was "auto"
  curl -N {url}/api/sessions/ID/events          watch
  curl {url}/api/sessions/ID                    the results, each with a URL

The whole API: {url}/openapi.json
"#,
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// What people see where the page is not built in.
fn stand_in(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Lockgate</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<h1>Lockgate</h1>\n\
         <p>The page is not built into this server. With Node 20.19, 22.12, 24 or newer, <code>make run</code> builds \
         it; <code>make page</code> builds the page alone, and the next <code>cargo build</code> takes it in.</p>\n\
         <pre>{text}</pre>\n\
         <p><a href=\"/openapi.json\">The OpenAPI document</a> · <a href=\"/api/recipes\">What can be made</a></p>\n</html>\n"
    )
}
