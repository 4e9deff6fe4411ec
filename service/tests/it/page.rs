//! The page's files: kept for ever or asked for again, compressed or not, and what is none of them.

use http::{Method, StatusCode};
use service::Page;

use crate::app::{Answer, App, request};

const INDEX: &[u8] = b"<!doctype html><title>The page</title>";

fn file(path: &str) -> Option<&'static [u8]> {
    match path {
        "index.html" => Some(INDEX),
        "main-AB12CD34.js" => Some(b"plain"),
        "main-AB12CD34.js.br" => Some(b"by brotli"),
        "main-AB12CD34.js.gz" => Some(b"by gzip"),
        "favicon.svg" => Some(b"<svg/>"),
        _ => None,
    }
}

fn app() -> App {
    App::with(|service| service.page = Some(Page(file)))
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().expect("a header is text"))
}

#[tokio::test]
async fn a_hashed_file_may_be_kept_for_ever_and_comes_as_small_as_the_client_takes_it() {
    let app = app();
    for (takes, coding, text) in [
        ("gzip, br", Some("br"), "by brotli"),
        ("gzip", Some("gzip"), "by gzip"),
        ("identity", None, "plain"),
    ] {
        let headers = [("Accept-Encoding", takes)];
        let answer = app.send(request(Method::GET, "/main-AB12CD34.js", &headers, "")).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, text));
        assert_eq!(header(&answer, "content-encoding"), coding);
        assert_eq!(header(&answer, "cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(header(&answer, "content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(header(&answer, "vary").map(|vary| vary.contains("Accept-Encoding")), Some(true));
        assert!(header(&answer, "content-security-policy").is_some());
    }
}

#[tokio::test]
async fn the_index_is_asked_for_again_and_known_by_its_tag() {
    let app = app();
    let html = [("Accept", "text/html")];
    let answer = app.send(request(Method::GET, "/", &html, "")).await;
    assert_eq!(answer.text.as_bytes(), INDEX);
    assert_eq!(header(&answer, "cache-control"), Some("no-cache"));
    let tag = header(&answer, "etag").unwrap();
    for known in [tag.to_owned(), format!("\"other\", {tag}"), tag.trim_start_matches("W/").to_owned()] {
        let headers = [("Accept", "text/html"), ("If-None-Match", known.as_str())];
        let again = app.send(request(Method::GET, "/", &headers, "")).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(header(&again, "etag"), Some(tag));
    }
    let headers = [("Accept", "text/html"), ("If-None-Match", "\"other\"")];
    assert_eq!(app.send(request(Method::GET, "/", &headers, "")).await.status, StatusCode::OK);
    // A terminal is told how to use the API.
    assert!(app.get("/").await.text.starts_with("Lockgate "));
}

#[tokio::test]
async fn places_are_the_page_and_nothing_else_is() {
    let app = app();
    for place in ["/sessions", "/sessions/0f8fad5b", "/sessions/0f8fad5b/execution", "/nowhere"] {
        let answer = app.get(place).await;
        assert_eq!((answer.status, answer.text.as_bytes()), (StatusCode::OK, INDEX), "{place}");
        assert_eq!(header(&answer, "cache-control"), Some("no-cache"));
    }
    let head = app.send(request(Method::HEAD, "/sessions", &[], "")).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    for nothing in [
        "/nope.js",
        "/sessions/nope.css",
        "/main-AB12CD34.js.br",
        "/api",
        "/api/nope",
        "/xcode/nope/nope",
        "/images/x",
        "/../Cargo.toml",
        "/problems/nothing-of-the-kind",
    ] {
        app.get(nothing).await.problem(404, "not-found");
    }
    app.send(request(Method::POST, "/sessions", &[], "")).await.problem(404, "not-found");
}

#[tokio::test]
async fn without_the_page_it_is_said_how_to_build_it() {
    let app = App::new();
    let answer = app.send(request(Method::GET, "/", &[("Accept", "text/html")], "")).await;
    assert!(answer.text.contains("make run"), "{}", answer.text);
    app.get("/sessions").await.problem(404, "not-found");
}
