//! A machine that runs by itself, from its start to its end.

use anyhow::Result;
use tests::engine_server::EngineServer;

use super::asking::{EXECUTION, MACHINE, create, ended, history, start};
use super::{History, Scene};

/// One machine, what it is started with, and what its tasks call.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) definition: String,
    pub(super) input: String,
    /// Behind `#`, where the tasks are mocked.
    pub(super) mocked_as: Option<&'static str>,
    pub(super) flags: Vec<String>,
}

impl Scene for &Case {
    fn settings(&self) -> Vec<String> {
        self.flags.clone()
    }

    async fn go(&mut self, server: &EngineServer) -> Result<Vec<History>> {
        create(server, "machine", &self.definition).await?;
        let mocked = self.mocked_as.map(|test_case| format!("{MACHINE}#{test_case}"));
        start(server, mocked.as_deref().unwrap_or(MACHINE), "one", &self.input).await?;
        ended(server, EXECUTION).await?;
        Ok(vec![history(server, EXECUTION).await?])
    }
}
