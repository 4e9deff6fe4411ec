//! An execution that fails, until what it calls is mended, and is redriven then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::engine_server::EngineServer;
use tests::stand_in::{Reply, StandIn};

use super::asking::{EXECUTION, begin, ended, with_children};
use super::{History, Scene, survives};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function";

struct Redriven {
    definition: String,
    input: &'static str,
    lambda: StandIn,
    is_mended: Arc<AtomicBool>,
}

impl Redriven {
    /// The function `breaks` does so for 2, until it is mended.
    async fn set(definition: &Value, input: &'static str) -> Result<Self> {
        let is_mended = Arc::new(AtomicBool::new(false));
        let seen = is_mended.clone();
        let lambda = StandIn::start(move |heard| {
            let breaks = heard.uri.path().contains("breaks") && heard.body == "2";
            if breaks && !seen.load(Ordering::SeqCst) {
                let failed = json!({"errorType": "Broken", "errorMessage": "m"}).to_string();
                return Reply::ok(failed).header("x-amz-function-error", "Unhandled");
            }
            Reply::ok(heard.body.clone())
        });
        Ok(Self { definition: definition.to_string(), input, lambda: lambda.await?, is_mended })
    }
}

impl Scene for Redriven {
    const AT_ONCE: usize = 2;

    fn settings(&self) -> Vec<String> {
        vec!["--lambda-endpoint".to_owned(), self.lambda.url.clone()]
    }

    async fn go(&mut self, server: &EngineServer) -> Result<Vec<History>> {
        begin(server, &self.definition, self.input).await?;
        if !self.is_mended.load(Ordering::SeqCst) {
            let failed = ended(server, EXECUTION).await?;
            ensure!(failed["status"] == "FAILED" && failed["error"] != Value::Null, "{failed:#}");
            self.is_mended.store(true, Ordering::SeqCst);
        }
        // Whether or not it was asked before: under the same token it happens once.
        let redrive = json!({"executionArn": EXECUTION, "clientToken": "once"});
        server.ask("RedriveExecution", &redrive).await?;
        let execution = ended(server, EXECUTION).await?;
        ensure!(execution["status"] == "SUCCEEDED" && execution["redriveCount"] == 1, "{execution:#}");
        with_children(server).await
    }
}

fn task(function: &str) -> Value {
    json!({"Type": "Task", "Resource": format!("{FUNCTION}:{function}"), "End": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redriven_task_ends_as_if_nobody_had_died() -> Result<()> {
    let works = json!({"Type": "Task", "Resource": format!("{FUNCTION}:works"), "Next": "Breaks"});
    let definition = json!({"StartAt": "Works", "States": {"Works": works, "Breaks": task("breaks")}});
    let deaths = survives(async || Redriven::set(&definition, "2").await).await?;
    println!("{deaths} deaths");
    Ok(())
}

/// Of the run's children the one that had succeeded stays as it is, and the other goes on once.
#[tokio::test(flavor = "multi_thread")]
async fn a_redriven_map_run_ends_as_if_nobody_had_died() -> Result<()> {
    let definition = json!({"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "MaxConcurrency": 1, "End": true,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Breaks", "States": {"Breaks": task("breaks")}
        }
    }}});
    let deaths = survives(async || Redriven::set(&definition, "[1,2]").await).await?;
    println!("{deaths} deaths");
    Ok(())
}
