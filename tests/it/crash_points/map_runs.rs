//! A map run that reads its items from a listing and from an object, killed at every durable write it makes: the next
//! start ends it with the same outcome, and every item had one child.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use serde_json::{Map, Value, json};
use tests::doomed::{self, Doomed};
use workflow::driver::{ChildFilter, Config, Engine, MachineRequest, Page, Ticks};
use workflow::journal::{RunStatus, SqliteJournal};
use workflow::objects::{self, Address, Object, ObjectError, Objects};
use workflow::tasks::NoTasks;

pub(super) const RUN: Doomed = Doomed("crash_points::map_runs::inside_a_doomed_process");

/// A store with three objects, each of which lists and reads the same for ever.
struct Store;

#[async_trait]
impl Objects for Store {
    async fn get(&self, _: &Address, _: Option<&str>) -> Result<Object, ObjectError> {
        let content = futures::stream::iter([Ok("\"x\"\n\"y\"\n".into())]).boxed();
        Ok(Object { etag: Some("\"tag\"".into()), content })
    }

    async fn list(&self, _: &Map<String, Value>, after: Option<&str>) -> Result<objects::Page, ObjectError> {
        let page = |keys: &[&str]| keys.iter().map(|key| json!({ "Key": key })).collect();
        Ok(match after {
            None => objects::Page { objects: page(&["a", "b"]), next: Some("b".into()) },
            Some(_) => objects::Page { objects: page(&["c"]), next: None },
        })
    }

    async fn put(&self, _: &Address, _: bytes::Bytes) -> Result<(), ObjectError> {
        Ok(())
    }
}

async fn engine(folder: &Path) -> Engine {
    let journal = SqliteJournal::open(&folder.join("journal.db")).unwrap();
    let config = Config { objects: Arc::new(Store), ..Config::default() };
    Engine::open(journal, Arc::new(NoTasks), Ticks::system(), config).await.unwrap()
}

fn definition() -> String {
    let map = |reader: Option<&str>, inner: &str, state: Value, next: Option<&str>| {
        let mut map = json!({
            "Type": "Map", "MaxConcurrency": 2,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": inner, "States": {inner: state},
            },
        });
        match next {
            Some(next) => map["Next"] = next.into(),
            None => map["End"] = true.into(),
        }
        if let Some(action) = reader {
            map["ItemReader"] = json!({
                "Resource": format!("arn:aws:states:::s3:{action}"),
                "ReaderConfig": {"InputType": "JSONL"},
                "Parameters": {"Bucket": "b", "Key": "k"},
            });
        }
        map
    };
    let pass = json!({"Type": "Pass", "End": true});
    let wait = json!({"Type": "Wait", "Seconds": 86_400, "End": true});
    json!({"StartAt": "List", "States": {
        "List": map(Some("listObjectsV2"), "A", pass.clone(), Some("Read")),
        "Read": map(Some("getObject"), "B", pass, Some("Wait")),
        // Stopped while its children wait.
        "Wait": map(None, "C", wait, None),
    }})
    .to_string()
}

#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn inside_a_doomed_process() {
    run_and_stop(&engine(&doomed::folder()).await).await;
}

/// The machine and its execution, whether or not they are there already, to the end.
async fn run_and_stop(engine: &Engine) {
    let request = MachineRequest { name: "m".into(), definition: definition(), ..MachineRequest::default() };
    let machine = engine.put_state_machine(request).await.unwrap().arn;
    let arn = engine.place().execution("m", "run");
    let mut changes = engine.subscribe();
    // An execution that was started before, or that has ended, is as good.
    let _started = engine.start_execution(&machine, Some("run"), "{}").await;
    while engine.describe_execution(&arn).await.unwrap().status == RunStatus::Running {
        let runs = runs(engine, &arn).await;
        let is_last = runs.len() == 3;
        if is_last && engine.describe_map_run(&runs[0]).await.unwrap().executions.running == 2 {
            engine.stop_execution(&arn, None, None).await.unwrap();
        } else {
            changes.recv().await.unwrap();
        }
    }
    let last = runs(engine, &arn).await.remove(0);
    while engine.describe_map_run(&last).await.unwrap().status == RunStatus::Running {
        tokio::task::yield_now().await;
    }
}

async fn runs(engine: &Engine, arn: &str) -> Vec<String> {
    let (runs, _) = engine.list_map_runs(arn, &Page::default()).await.unwrap();
    runs.into_iter().map(|run| run.arn).collect()
}

/// Each run: how it ended, and the inputs of its children.
async fn outcome(engine: &Engine) -> Vec<(RunStatus, Vec<String>)> {
    let mut outcome = Vec::new();
    for run in runs(engine, &engine.place().execution("m", "run")).await {
        let described = engine.describe_map_run(&run).await.unwrap();
        let (children, _) =
            engine.list_children(&run, ChildFilter::default(), &Page::default()).await.unwrap();
        let mut inputs = Vec::new();
        for child in children {
            let child = engine.describe_execution(&child.arn).await.unwrap();
            inputs.push(format!("{:?} {}", child.status, child.input.unwrap()));
        }
        inputs.sort();
        outcome.push((described.status, inputs));
    }
    outcome
}

#[tokio::test]
async fn a_kill_leaves_a_run_that_ends_as_it_would_have() {
    let calm = tempfile::tempdir().unwrap();
    let passes = RUN.calm(calm.path()).unwrap();
    let expected = outcome(&engine(calm.path()).await).await;
    let texts: Vec<_> = expected.iter().map(|(status, inputs)| (*status, inputs.len())).collect();
    let (aborted, succeeded) = (RunStatus::Aborted, RunStatus::Succeeded);
    assert_eq!(texts, [(aborted, 2), (succeeded, 2), (succeeded, 3)]);
    let of_runs =
        |pass: &&String| pass.starts_with("journal.change-map-run.") || pass.starts_with("journal.append.");
    for death in passes.iter().filter(of_runs) {
        let folder = tempfile::tempdir().unwrap();
        RUN.killed(folder.path(), death).unwrap();
        let engine = engine(folder.path()).await;
        run_and_stop(&engine).await;
        assert_eq!(outcome(&engine).await, expected, "{death}");
    }
}
