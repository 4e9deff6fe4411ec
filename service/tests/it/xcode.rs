//! Starting, cancelling and redriving: every verb in every state, races, lost answers, repeated requests.

use futures::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;
use states::session::Change;
use states::{Event, Kind, State, table};
use std::sync::atomic::Ordering;
use strum::VariantArray;

use crate::app::{App, after, failed, request, session_in, uploaded};

const VERBS: [(Method, &str, Event); 3] = [
    (Method::PUT, "", Event::TranscodeStarted),
    (Method::POST, "/cancel", Event::Cancelled),
    (Method::POST, "/redrive", Event::Redriven),
];

#[tokio::test]
async fn every_verb_in_every_state_is_what_the_table_says() {
    for &state in State::VARIANTS {
        for (method, verb, event) in VERBS {
            let app = App::new();
            let before = app.session_in("s", state);
            let answer = app.send(request(method, &format!("/xcode/s{verb}"), &[], "")).await;
            match table::transition(state, event) {
                Ok(row) => {
                    let session = answer.accepted();
                    assert_eq!(session["state"], row.to.to_string());
                    assert_eq!(session["sessionId"], "s");
                    assert_eq!(app.sessions.record("s").state, row.to);
                }
                Err(_) => {
                    let problem = answer.problem(400, "wrong-state");
                    assert_eq!(problem["title"], "Wrong State");
                    assert_eq!(problem["state"], state.to_string());
                    let allowed: Vec<String> = state.allowed().map(|event| event.to_string()).collect();
                    assert_eq!(problem["allowed"], json!(allowed));
                    assert_eq!(app.sessions.record("s"), before);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_can_never_end_otherwise_is_not_redriven_and_not_said_to_be() {
    let app = App::new();
    let started = after(&after(&session_in("s", State::NotUploaded), &uploaded()), &Change::TranscodeStarted);
    app.sessions.put(after(&started, &failed(Kind::MediaCorrupt)));
    for (method, verb) in [(Method::POST, "/redrive"), (Method::PUT, "")] {
        let answer = app.send(request(method, &format!("/xcode/s{verb}"), &[], "")).await;
        assert_eq!(answer.problem(400, "wrong-state")["allowed"], json!([]));
    }
    assert_eq!(app.get("/api/sessions/s").await.json()["problem"]["redrivable"], false);
}

#[tokio::test]
async fn unknown_deleted_and_foreign_sessions() {
    let app = App::new();
    let mut foreign = session_in("foreign", State::ReadyToXcode);
    foreign.owner = "somebody-else".to_owned();
    app.sessions.put(foreign.clone());
    app.session_in("gone", State::Done);
    assert_eq!(
        app.send(request(Method::DELETE, "/api/sessions/gone", &[], "")).await.status,
        StatusCode::NO_CONTENT
    );
    for (method, verb, _) in VERBS {
        let send = |id: &str| app.send(request(method.clone(), &format!("/xcode/{id}{verb}"), &[], ""));
        send("unknown").await.problem(404, "unknown-session");
        send("foreign").await.problem(404, "unknown-session");
        send("gone").await.problem(410, "deleted");
        send("%ff").await.problem(404, "unknown-session");
        send(&"x".repeat(65)).await.problem(404, "unknown-session");
    }
    assert_eq!(app.sessions.record("foreign"), foreign);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_start_at_once_one_is_told_202() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    let all = (0..64).map(|_| {
        let router = app.router.clone();
        tokio::spawn(async move {
            tower::ServiceExt::oneshot(router, request(Method::PUT, "/xcode/s", &[], ""))
                .await
                .unwrap()
                .status()
        })
    });
    let statuses: Vec<StatusCode> = join_all(all).await.into_iter().map(Result::unwrap).collect();
    let won = statuses.iter().filter(|&&status| status == StatusCode::ACCEPTED).count();
    let lost = statuses.iter().filter(|&&status| status == StatusCode::BAD_REQUEST).count();
    assert_eq!((won, lost), (1, 63));
    assert_eq!(app.driver.started(), ["s-1"]);
}

#[tokio::test]
async fn a_winner_whose_answer_was_lost_in_the_store_is_still_told_202() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    app.sessions.lost_answers.store(1, Ordering::SeqCst);
    assert_eq!(app.put("/xcode/s").await.accepted()["state"], "Transcoding");
    app.put("/xcode/s").await.problem(400, "wrong-state");
    assert_eq!(app.driver.started(), ["s-1"]);
}

#[tokio::test]
async fn a_repeated_request_finds_its_own_passage() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    let with_key = |key| request(Method::PUT, "/xcode/s", &[("Idempotency-Key", key)], "");
    app.send(with_key("one")).await.accepted();
    app.send(with_key("one")).await.accepted();
    app.send(with_key("two")).await.problem(400, "wrong-state");
    assert_eq!(app.sessions.record("s").trail.len(), 2);
    // The key is bound to the route and to the session.
    let cancel = request(Method::POST, "/xcode/s/cancel", &[("Idempotency-Key", "one")], "");
    assert_eq!(app.send(cancel).await.accepted()["state"], "Failed");
    app.session_in("t", State::ReadyToXcode);
    let other = request(Method::PUT, "/xcode/t", &[("Idempotency-Key", "one")], "");
    assert_eq!(app.send(other).await.accepted()["state"], "Transcoding");
}

#[tokio::test]
async fn idempotency_keys_that_are_none() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    let long = "k".repeat(256);
    for key in ["", "two words", "ümlaut", long.as_str()] {
        let answer = app.send(request(Method::PUT, "/xcode/s", &[("Idempotency-Key", key)], "")).await;
        answer.problem(400, "invalid-header");
    }
    let twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "a")];
    app.send(request(Method::PUT, "/xcode/s", &twice, "")).await.problem(400, "invalid-header");
    let longest = "k".repeat(255);
    app.send(request(Method::PUT, "/xcode/s", &[("Idempotency-Key", &longest)], "")).await.accepted();
}

#[tokio::test]
async fn a_form_of_another_page_starts_nothing() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let answer = app.send(request(Method::PUT, "/xcode/s", &[("Content-Type", kind)], "")).await;
        answer.problem(415, "wrong-content-type");
    }
    app.send(request(Method::PUT, "/xcode/s", &[], "{}")).await.problem(415, "wrong-content-type");
    let json = [("Content-Type", "application/json")];
    let answer = app.send(request(Method::PUT, "/xcode/s", &json, "{\"force\":true}")).await;
    assert_eq!(answer.problem(400, "invalid-body")["pointer"], "/force");
    for origin in ["http://evil.test", "null", "http://lockgate.test.evil.test"] {
        let answer = app.send(request(Method::PUT, "/xcode/s", &[("Origin", origin)], "")).await;
        answer.problem(403, "cross-origin");
    }
    assert_eq!(app.sessions.record("s").state, State::ReadyToXcode);
    let own = [("Origin", "http://lockgate.test"), ("Content-Type", "application/json")];
    app.send(request(Method::PUT, "/xcode/s", &own, "{}")).await.accepted();
}
