//! Announcing files: what is taken, what is refused and where, repeated requests, upload URLs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use states::State;
use states::recipe::Recipe;

use crate::app::{App, after, at, request, uploaded};

fn song() -> Value {
    json!({ "fileName": "song.wav", "size": 1000, "contentType": "audio/wav" })
}

fn with(field: &str, value: Value) -> String {
    let mut song = song();
    song[field] = value;
    song.to_string()
}

#[tokio::test]
async fn a_file_is_announced() {
    let app = App::new();
    let body = json!({ "fileName": " song.wav ", "size": 1000, "contentType": "audio/wav", "sha256": "AB".repeat(32),
        "recipe": "flac", "options": {}, "start": "auto", "metadata": { "album": "One" } });
    let answer = app.xfer(&[], &body.to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let created = answer.json();
    let id = created["sessionId"].as_str().unwrap();
    assert_eq!(answer.headers["location"], format!("http://lockgate.test/api/sessions/{id}"));
    assert_eq!(created["state"], "NotUploaded");
    assert_eq!(created["upload"]["method"], "PUT");
    assert_eq!(created["upload"]["expiresAt"], at(900_000).to_string());
    assert_eq!(created["upload"]["headers"]["content-type"], "audio/wav");

    let record = app.sessions.record(id);
    assert_eq!(record.source.file_name, "song.wav");
    assert_eq!(record.source.sha256, Some("ab".repeat(32)));
    assert_eq!(record.recipe, Recipe::Flac);
    let url = created["upload"]["url"].as_str().unwrap();
    assert!(url.contains(&record.source.key) && record.source.key.starts_with(&format!("{id}/")));

    let shown = app.get(&format!("/api/sessions/{id}")).await.json();
    assert_eq!(shown["start"], "auto");
    assert_eq!(shown["metadata"], json!({ "album": "One" }));
    assert_eq!(shown["allowed"], json!(["UploadConfirmed", "UploadRejected", "Expired", "Cancelled"]));
    let slash = app.send(request(
        Method::POST,
        "/xfer/",
        &[("Content-Type", "application/json")],
        &song().to_string(),
    ));
    assert_eq!(slash.await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_pointer() {
    let app = App::new();
    let entries: serde_json::Map<String, Value> = (0..21).map(|i| (i.to_string(), json!("v"))).collect();
    let cases = [
        (with("size", json!("1000")), "/size"),
        (with("size", json!(-1)), "/size"),
        (with("size", json!(0)), "/size"),
        (with("size", json!(1.5)), "/size"),
        (with("fileName", json!("")), "/fileName"),
        (with("fileName", json!("   ")), "/fileName"),
        (with("fileName", json!("a\u{0}b")), "/fileName"),
        (with("fileName", json!("a\r\nX: y")), "/fileName"),
        (with("fileName", json!("a\u{1b}[31m")), "/fileName"),
        (with("fileName", json!("x".repeat(256))), "/fileName"),
        (with("fileName", json!("x".repeat(4096))), "/fileName"),
        (with("contentType", json!("audio")), "/contentType"),
        (with("contentType", json!("audio/wav\r\nX: y")), "/contentType"),
        (with("sha256", json!("ab")), "/sha256"),
        (with("sha256", json!("zz".repeat(32))), "/sha256"),
        (with("recipe", json!("gold")), "/recipe"),
        (with("options", json!({ "a/b~c": 1 })), "/options/a~1b~0c"),
        (with("options", json!({ "bits": 17 })), "/options/bits"),
        (with("options", json!({ "level": "best", "rate": "48000" })), "/options/rate"),
        (with("options", json!({ "keepGoing": 1 })), "/options/keepGoing"),
        (with("options", json!([])), "/options"),
        (with("start", json!("soon")), "/start"),
        (with("metadata", json!({ "album": 7 })), "/metadata/album"),
        (with("metadata", json!({ "": "v" })), "/metadata/"),
        (with("metadata", json!({ "k": "v".repeat(513) })), "/metadata/k"),
        (with("metadata", Value::Object(entries)), "/metadata"),
        (with("notify", json!(true)), "/notify"),
        (with("colour", json!("red")), "/colour"),
        (json!({ "fileName": "a.wav", "contentType": "audio/wav" }).to_string(), ""),
        ("[]".to_owned(), ""),
        ("{".to_owned(), ""),
        (String::new(), ""),
        ("{\"fileName\":\"a\",\"fileName\":\"b\"}".to_owned(), ""),
        (format!("{}{}", song(), "x"), ""),
        (
            with(
                "options",
                serde_json::from_str(&format!("{}{}", "[".repeat(100), "]".repeat(100))).unwrap(),
            ),
            "/options",
        ),
    ];
    for (body, pointer) in cases {
        let answer = app.xfer(&[], &body).await;
        assert_eq!(answer.problem(400, "invalid-body")["pointer"], pointer, "{body}: {}", answer.text);
    }
    let deep = format!("{{\"options\":{{\"a\":{}{}}}}}", "[".repeat(200), "]".repeat(200));
    app.xfer(&[], &deep).await.problem(400, "invalid-body");
    assert_eq!(app.sessions.count(), 0);
}

#[tokio::test]
async fn names_are_text_and_nothing_else() {
    let app = App::new();
    let names = [
        "a\"b'c.wav",
        "\u{202e}gnp.wav",
        "../../etc/passwd.wav",
        "<script>.wav",
        "🎵.wav",
        "a\u{2028}b.wav",
        "C:\\x.wav",
    ];
    for name in names {
        let answer = app.xfer(&[], &with("fileName", json!(name))).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        let created = answer.json();
        let id = created["sessionId"].as_str().unwrap();
        assert_eq!(app.get(&format!("/api/sessions/{id}")).await.json()["source"]["fileName"], name);
        let key = app.sessions.record(id).source.key;
        assert!(key.bytes().all(|byte| byte.is_ascii_hexdigit() || b"-/".contains(&byte)), "{key}");
    }
}

#[tokio::test]
async fn too_large_and_not_taken() {
    let app = App::new();
    let limit = Recipe::Flac.row().max_bytes;
    assert_eq!(app.xfer(&[], &with("size", json!(limit))).await.status, StatusCode::CREATED);
    let problem = app.xfer(&[], &with("size", json!(limit + 1))).await.problem(413, "too-large");
    assert_eq!(problem["limit"], limit);
    for recipe in [json!(null), json!("flac")] {
        let body =
            json!({ "fileName": "notes.txt", "size": 5, "contentType": "text/plain", "recipe": recipe });
        let problem = app.xfer(&[], &body.to_string()).await.problem(400, "unsupported-media");
        assert!(problem["takes"].as_array().unwrap().contains(&json!("audio/*")), "{problem}");
    }
}

#[tokio::test]
async fn bodies_that_are_too_large_or_no_json() {
    let app = App::new();
    let padded = |length: usize| {
        let song = song().to_string();
        format!("{song}{}", " ".repeat(length - song.len()))
    };
    assert_eq!(app.xfer(&[], &padded(256 << 10)).await.status, StatusCode::CREATED);
    let problem = app.xfer(&[], &padded((256 << 10) + 1)).await.problem(413, "too-large");
    assert_eq!(problem["limit"], 256 << 10);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let answer =
            app.send(request(Method::POST, "/xfer", &[("Content-Type", kind)], &song().to_string())).await;
        answer.problem(415, "wrong-content-type");
    }
    app.send(request(Method::POST, "/xfer", &[], &song().to_string()))
        .await
        .problem(415, "wrong-content-type");
}

#[tokio::test]
async fn the_same_key_is_the_same_session() {
    let app = App::new();
    let key = [("Idempotency-Key", "one")];
    let first = app.xfer(&key, &song().to_string()).await.json();
    app.pass(Duration::from_secs(60));
    // The same request, written otherwise.
    let again = app.xfer(&key, &format!("{:#}", song())).await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.text);
    let again = again.json();
    assert_eq!(again["sessionId"], first["sessionId"]);
    assert_eq!(again["upload"]["expiresAt"], at(960_000).to_string());
    let id = first["sessionId"].as_str().unwrap();
    assert_eq!(app.sessions.record(id).upload_expires_at, at(960_000), "a session outlives its upload URL");
    app.xfer(&key, &with("size", json!(7))).await.problem(422, "idempotency-key-reused");
    assert_ne!(app.xfer(&[], &song().to_string()).await.json()["sessionId"], first["sessionId"]);
    assert_eq!(app.sessions.count(), 2);

    app.sessions.put(after(&app.sessions.record(id), &uploaded()));
    let late = app.xfer(&key, &song().to_string()).await.json();
    assert_eq!((&late["state"], &late["upload"]), (&json!("ReadyToXcode"), &Value::Null));
    app.send(request(Method::DELETE, &format!("/api/sessions/{id}"), &[], "")).await;
    app.xfer(&key, &song().to_string()).await.problem(410, "deleted");
}

#[tokio::test]
async fn a_repeated_request_may_be_overtaken_by_the_upload() {
    let app = App::new();
    let key = [("Idempotency-Key", "one")];
    let first = app.xfer(&key, &song().to_string()).await.json();
    app.pass(Duration::from_secs(60));
    let record = app.sessions.record(first["sessionId"].as_str().unwrap());
    *app.sessions.overtaken_by.lock().unwrap() = Some(after(&record, &uploaded()));
    let again = app.xfer(&key, &song().to_string()).await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.text);
    let again = again.json();
    assert_eq!((&again["state"], &again["upload"]), (&json!("ReadyToXcode"), &Value::Null));
}

#[tokio::test]
async fn a_lost_answer_of_the_store_makes_no_second_session() {
    let app = App::new();
    app.sessions.lost_answers.store(1, Ordering::SeqCst);
    assert_eq!(app.xfer(&[], &song().to_string()).await.status, StatusCode::CREATED);
    assert_eq!(app.sessions.count(), 1);
}

#[tokio::test]
async fn a_fresh_upload_url_is_had_until_the_file_is_there() {
    let app = App::new();
    app.session_in("s", State::NotUploaded);
    app.pass(Duration::from_secs(1000));
    let answer = app.post("/api/sessions/s/upload").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["expiresAt"], at(1_900_000).to_string());
    let record = app.sessions.record("s");
    assert_eq!((record.upload_expires_at, record.version), (at(1_900_000), 1));
    for state in [State::ReadyToXcode, State::Transcoding, State::Done, State::Failed] {
        app.session_in("s", state);
        let problem = app.post("/api/sessions/s/upload").await.problem(400, "wrong-state");
        assert_eq!(problem["state"], state.to_string());
    }
    app.post("/api/sessions/unknown/upload").await.problem(404, "unknown-session");
}
