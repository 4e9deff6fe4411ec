//! `GET /`: how to use the API and the command line, for people (HTML) and for terminals (plain text).

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, header};

use super::App;

pub(crate) async fn show(State(service): State<App>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let text = usage(&service.config.public_url);
    if accept.contains("text/html") { Html(page(&text)).into_response() } else { text.into_response() }
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

fn page(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Lockgate</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<h1>Lockgate</h1>\n<pre>{text}</pre>\n\
         <p><a href=\"/openapi.json\">The OpenAPI document</a> · <a href=\"/api/recipes\">What can be made</a></p>\n</html>\n"
    )
}
