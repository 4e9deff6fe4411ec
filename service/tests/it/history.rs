//! The executions of a session.

use serde_json::json;
use states::State;
use states::session::Change;

use crate::app::{App, after, uploaded};

fn entered(id: u64, name: &str) -> serde_json::Value {
    json!({ "id": id, "previousEventId": id - 1, "type": "TaskStateEntered",
        "stateEnteredEventDetails": { "name": name } })
}

fn exited(id: u64, name: &str) -> serde_json::Value {
    json!({ "id": id, "previousEventId": id - 1, "type": "TaskStateExited",
        "stateExitedEventDetails": { "name": name } })
}

#[tokio::test]
async fn every_attempt_is_told_with_all_its_events() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    app.put("/xcode/s").await.accepted();
    app.post("/xcode/s/cancel").await.accepted();
    app.post("/xcode/s/redrive").await.accepted();
    let events = vec![
        entered(1, "Begin"),
        exited(2, "Begin"),
        entered(3, "Probe"),
        exited(4, "Probe"),
        entered(5, "Flac"),
    ];
    app.driver.events.lock().unwrap().clone_from(&events);

    let history = app.get("/api/sessions/s/history").await.json();
    assert_eq!(history["sessionId"], "s");
    let executions = history["executions"].as_array().unwrap();
    assert_eq!(executions.len(), 2);
    let told = |at: usize| (executions[at]["attempt"].clone(), executions[at]["status"].clone());
    assert_eq!(told(0), (json!(1), json!("ABORTED")));
    assert_eq!(told(1), (json!(2), json!("RUNNING")));
    assert_eq!(executions[0]["error"], "Cancelled");
    assert_eq!(executions[1]["definition"]["StartAt"], "Begin");
    assert_eq!(executions[1]["events"], json!(events));
    let steps: Vec<_> =
        executions[1]["steps"].as_array().unwrap().iter().map(|s| (&s["name"], &s["status"])).collect();
    let expected = [("Begin", "succeeded"), ("Probe", "succeeded"), ("Flac", "running")];
    for (step, (name, status)) in steps.iter().zip(expected) {
        assert_eq!(*step, (&json!(name), &json!(status)));
    }
    assert_eq!(executions[0]["steps"][2]["status"], "stopped");
}

#[tokio::test]
async fn one_attempt_or_none() {
    let app = App::new();
    app.session_in("s", State::ReadyToXcode);
    assert_eq!(app.get("/api/sessions/s/history").await.json()["executions"], json!([]));
    app.put("/xcode/s").await.accepted();
    let one = app.get("/api/sessions/s/history?attempt=1").await.json();
    assert_eq!(one["executions"].as_array().unwrap().len(), 1);
    assert_eq!(app.get("/api/sessions/s/history?attempt=2").await.json()["executions"], json!([]));
    for query in ["attempt=0", "attempt=x", "attempts=1"] {
        app.get(&format!("/api/sessions/s/history?{query}")).await.problem(400, "invalid-parameter");
    }
    // Owed but not started: there is nothing to tell yet.
    let started =
        after(&after(&app.session_in("t", State::NotUploaded), &uploaded()), &Change::TranscodeStarted);
    app.sessions.put(started);
    assert_eq!(app.get("/api/sessions/t/history").await.json()["executions"], json!([]));
}
