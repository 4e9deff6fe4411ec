//! A task in somebody's hands, known by its token: signs of life while it lasts, and then the result. Whoever does it goes on
//! when the engine is back, and says again whatever was not answered.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tests::engine_server::EngineServer;

/// How long the task may be without a sign of life: a second and more than the engine is away.
pub(super) const HEARTBEAT_SECONDS: u32 = 3;
const PACE: Duration = Duration::from_secs(1);

pub(super) struct Work {
    token: String,
    /// Signs of life that are still to be given, at a pace by which the work lasts longer than it may without them.
    beats: u32,
    is_sent: bool,
}

impl Work {
    pub(super) fn new(token: &str) -> Self {
        Self { token: token.to_owned(), beats: HEARTBEAT_SECONDS + 1, is_sent: false }
    }

    /// Does what is left of it. An error when the engine has died, and nothing of it is forgotten.
    pub(super) async fn go_on(&mut self, server: &EngineServer) -> Result<()> {
        let mut pace = tokio::time::interval(PACE);
        while self.beats > 0 {
            pace.tick().await;
            let beat = json!({"taskToken": self.token});
            server.ask("SendTaskHeartbeat", &beat).await.context("a sign of life")?;
            self.beats -= 1;
        }
        pace.tick().await;
        let was_sent = std::mem::replace(&mut self.is_sent, true);
        let success = json!({"taskToken": self.token, "output": r#"{"done":true}"#});
        match server.ask("SendTaskSuccess", &success).await {
            // The first one counted, and only its answer was lost.
            Err(error) if was_sent && error.to_string().contains("TaskTimedOut") => Ok(()),
            answered => answered.map(drop),
        }
    }
}
