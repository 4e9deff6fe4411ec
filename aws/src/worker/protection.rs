//! While it is at work, ECS is not to take a task for one that can go: the agent beside it is told so, and again before
//! that runs out. It is a courtesy: whoever is ended all the same gives its work back.

use std::time::Duration;

use activities::worker::Shift;
use serde_json::json;

const MINUTES: u32 = 60;
const AGAIN: Duration = Duration::from_secs(20 * 60);

/// Tells the agent at `url`, until it is dropped.
pub(super) async fn keep(agent: Option<String>, shift: Shift) {
    let Some(agent) = agent else { return };
    let url = format!("{agent}/task-protection/v1/state");
    let http = reqwest::Client::new();
    let mut changes = shift.changes();
    let mut told = false;
    loop {
        let busy = changes.borrow_and_update().tasks > 0;
        if busy || told {
            told = tell(&http, &url, busy).await && busy;
        }
        let changed = changes.wait_for(|standing| (standing.tasks > 0) != busy);
        // It runs out by itself, and the agent may not have answered.
        if let Ok(Err(_gone)) = tokio::time::timeout(AGAIN, changed).await.map(|changed| changed.map(drop)) {
            return;
        }
    }
}

/// Whether the agent has heard it.
async fn tell(http: &reqwest::Client, url: &str, busy: bool) -> bool {
    let mut state = json!({ "ProtectionEnabled": busy });
    if busy {
        state["ExpiresInMinutes"] = MINUTES.into();
    }
    let answered = http.put(url).json(&state).send().await.and_then(reqwest::Response::error_for_status);
    match answered {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, busy, "ECS could not be told whether this worker is at work");
            false
        }
    }
}
