//! Listing, showing and deleting sessions.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use states::session::Progress;
use states::{Kind, State};
use strum::VariantArray;

use crate::app::{App, at, request, session_in};

fn ids(page: &Value) -> Vec<String> {
    let sessions = page["sessions"].as_array().unwrap();
    sessions.iter().map(|session| session["sessionId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_session_in_every_state_is_shown_whole() {
    let app = App::new();
    for &state in State::VARIANTS {
        let record = app.session_in("s", state);
        let mut shown = app.get("/api/sessions/s").await.json();
        assert_eq!(shown["state"], state.to_string());
        let url = shown["source"].as_object_mut().unwrap().remove("url");
        assert_eq!(url.is_some(), state != State::NotUploaded, "an uploaded file can be fetched");
        assert_eq!(
            shown["source"],
            json!({ "fileName": "song.wav", "size": 1000, "contentType": "audio/wav" })
        );
        assert_eq!(shown["trail"].as_array().unwrap().len(), record.trail.len());
        assert_eq!(shown["updatedAt"], record.since().to_string());
        assert_eq!(shown["problem"].is_null(), state != State::Failed);
        assert_eq!(shown["outputs"].as_array().unwrap().len(), usize::from(state == State::Done));
    }
    app.session_in("s", State::Failed);
    let problem = &app.get("/api/sessions/s").await.json()["problem"];
    let title = Kind::WorkerLost.title();
    assert_eq!(
        *problem,
        json!({ "type": "worker-lost", "title": title, "detail": "as the test has it", "redrivable": true })
    );
    app.session_in("s", State::Done);
    let output = &app.get("/api/sessions/s").await.json()["outputs"][0];
    assert!(output["url"].as_str().unwrap().contains("X-Amz-Expires=900"), "{output}");
    assert_eq!(output["verified"], "It decodes to the MD5 it states.");
    let mut running = session_in("s", State::Transcoding);
    running.progress = Progress { permille: 123, ..Progress::default() };
    app.sessions.put(running);
    assert!(app.get("/api/sessions/s").await.text.contains("\"progress\":12.3,"));
}

#[tokio::test]
async fn pages_are_newest_first_and_meet_without_gap_or_overlap() {
    let app = App::new();
    for number in 0..45 {
        let mut session = session_in(&format!("s{number:02}"), State::ReadyToXcode);
        session.created_at = at(number / 3); // three at a time, so that the id decides too
        app.sessions.put(session);
    }
    let mut foreign = session_in("foreign", State::ReadyToXcode);
    foreign.owner = "somebody-else".to_owned();
    app.sessions.put(foreign);
    let mut seen = Vec::new();
    let mut path = "/api/sessions?limit=7".to_owned();
    loop {
        let page = app.get(&path).await.json();
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        assert!(next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{next}");
        path = format!("/api/sessions?limit=7&cursor={next}");
    }
    let all: Vec<String> = (0..45).rev().map(|number| format!("s{number:02}")).collect();
    assert_eq!(seen, all);
    assert_eq!(ids(&app.get("/api/sessions").await.json()).len(), 20);
}

#[tokio::test]
async fn filters_and_what_is_none() {
    let app = App::new();
    for &state in State::VARIANTS {
        app.session_in(&state.to_string(), state);
    }
    assert_eq!(ids(&app.get("/api/sessions?state=Done").await.json()), ["Done"]);
    assert_eq!(ids(&app.get("/api/sessions?problem=worker-lost&recipe=flac").await.json()), ["Failed"]);
    assert_eq!(ids(&app.get("/api/sessions?problem=too-large").await.json()), [""; 0]);
    let refused = [
        ("state=done", "state"),
        ("problem=WorkerLost", "problem"),
        ("recipe=gold", "recipe"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=!", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=MTIz", "cursor"),
        ("page=2", "page"),
    ];
    for (query, name) in refused {
        let problem = app.get(&format!("/api/sessions?{query}")).await.problem(400, "invalid-parameter");
        assert_eq!(problem["parameter"], name, "{problem}");
    }
    let problem = app.get("/api/sessions?state=x").await.problem(400, "invalid-parameter");
    assert_eq!(problem["allowed"], json!(["NotUploaded", "ReadyToXcode", "Transcoding", "Done", "Failed"]));
}

#[tokio::test]
async fn a_deleted_session_is_gone_for_its_owner_and_unknown_to_others() {
    for &state in State::VARIANTS {
        let app = App::new();
        app.session_in("s", state);
        let delete = || app.send(request(Method::DELETE, "/api/sessions/s", &[], ""));
        assert_eq!(delete().await.status, StatusCode::NO_CONTENT);
        delete().await.problem(410, "deleted");
        for path in ["/api/sessions/s", "/api/sessions/s/history", "/api/sessions/s/events"] {
            app.get(path).await.problem(410, "deleted");
        }
        assert_eq!(ids(&app.get("/api/sessions").await.json()), [""; 0]);
        let record = app.sessions.record("s");
        assert!(record.state.is_terminal() && record.deleted_at.is_some());
    }
}

/// Two answers, but for what tells one request from the next.
fn same(one: &crate::app::Answer, other: &crate::app::Answer) -> bool {
    let strip = |answer: &crate::app::Answer| {
        let mut headers = answer.headers.clone();
        let id = headers.remove("x-request-id").unwrap();
        (answer.status, headers, answer.text.replace(id.to_str().unwrap(), ""))
    };
    strip(one) == strip(other)
}

#[tokio::test]
async fn a_foreign_session_answers_exactly_as_an_unknown_one() {
    let app = App::new();
    let mut foreign = session_in("11111111-1111-4111-8111-111111111111", State::Done);
    foreign.owner = "somebody-else".to_owned();
    app.sessions.put(foreign.clone());
    let mut buried = session_in("22222222-2222-4222-8222-222222222222", State::Done);
    buried.owner = "somebody-else".to_owned();
    buried.deleted_at = Some(at(0));
    app.sessions.put(buried.clone());
    let document: Value = serde_json::from_str(&service::document()).unwrap();
    let mut routes = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            // A key or a webhook is no session; with accounts, all routes are walked by tests/it/people.
            let is_other = ["/api/keys", "/api/webhooks"].iter().any(|other| path.starts_with(other));
            if !path.contains("{id}") || is_other {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            let unknown = path.replace("{id}", "33333333-3333-4333-8333-333333333333");
            let unknown = app.send(request(method.clone(), &unknown, &[], "")).await;
            unknown.problem(404, "unknown-session");
            for id in [&foreign.id, &buried.id] {
                let theirs = app.send(request(method.clone(), &path.replace("{id}", id), &[], "")).await;
                assert!(same(&unknown, &theirs), "{method} {path}: {}", theirs.text);
            }
            routes += 1;
        }
    }
    assert_eq!(routes, 10);
    assert_eq!(app.sessions.record(&foreign.id), foreign);
}
