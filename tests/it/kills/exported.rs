//! A map run that reads its items from an object and writes its results to others, in our own S3 endpoint.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::engine_server::EngineServer;

use super::asking::{EXECUTION, begin, ended, with_children};
use super::{History, Scene, survives};
use crate::objects::rig::{BUCKET, Rig as Store};

fn definition() -> String {
    json!({"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "MaxConcurrency": 2, "End": true,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": BUCKET, "Key": "items.json"}
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": true}}
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "out"},
            "WriterConfig": {"OutputType": "JSONL", "Transformation": "COMPACT"}
        }
    }}})
    .to_string()
}

/// All runs share the store: what a run writes has its id in its name.
struct Exported<'a> {
    store: &'a Store,
}

impl Exported<'_> {
    /// That the results of this run are there, all of them, once and nothing else.
    async fn check(&self, output: &Value) -> Result<()> {
        let details = &output["ResultWriterDetails"];
        let manifest_key = details["Key"].as_str().context("the manifest's key")?;
        let folder = manifest_key.strip_suffix("manifest.json").context("a folder")?;
        let listing = self.store.client().list_objects_v2().bucket(BUCKET).prefix(folder).send().await?;
        let keys: Vec<_> = listing.contents().iter().filter_map(|object| object.key()).collect();
        let results_key = format!("{folder}SUCCEEDED_0.jsonl");
        ensure!(keys == [results_key.as_str(), manifest_key], "{keys:?}");
        let results = self.store.get(&results_key).await.context("the results")?;
        ensure!(results == b"3\n4\n5\n", "{}", String::from_utf8_lossy(&results));
        let manifest = self.store.get(manifest_key).await.context("the manifest")?;
        let manifest: Value = serde_json::from_slice(&manifest)?;
        let files =
            json!({"SUCCEEDED": [{"Key": results_key, "Size": results.len()}], "FAILED": [], "PENDING": []});
        ensure!(
            manifest["MapRunArn"] == output["MapRunArn"] && manifest["ResultFiles"] == files,
            "{manifest:#}"
        );
        Ok(())
    }
}

impl Scene for Exported<'_> {
    /// How many items there are, and which content they are read from, is written beside the history.
    const WRITES: &'static [&'static str] = &["append", "change-map-run"];
    const AT_ONCE: usize = 2;

    fn settings(&self) -> Vec<String> {
        let url = format!("http://{}", self.store.address);
        let keys = ["AWS_ACCESS_KEY_ID", "lockgate", "AWS_SECRET_ACCESS_KEY", "a secret for tests"];
        ["--s3-endpoint", url.as_str()].into_iter().chain(keys).map(str::to_owned).collect()
    }

    async fn go(&mut self, server: &EngineServer) -> Result<Vec<History>> {
        begin(server, &definition(), "{}").await?;
        let execution = ended(server, EXECUTION).await?;
        ensure!(execution["status"] == "SUCCEEDED", "{execution:#}");
        let output = execution["output"].as_str().context("an output")?;
        self.check(&serde_json::from_str(output)?).await?;
        let histories = with_children(server).await?;
        ensure!(histories.len() == 4, "each of three items has one child: {}", histories.len() - 1);
        Ok(histories)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_map_run_ends_as_if_nobody_had_died() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::start(folder.path()).await;
    store.put("items.json", "[3,4,5]").await;
    let shared = &store;
    let deaths = survives(async || Ok(Exported { store: shared })).await?;
    println!("{deaths} deaths");
    store.stop().await;
    Ok(())
}
