//! Map runs over S3, against our own endpoint: items are read from objects there, and results are written there.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::objects::rig;
use super::{Ended, Rig};
use crate::objects::rig::{BUCKET, Rig as Store};

/// A machine whose distributed Map reads this, and gives each item back.
fn machine(reader: Value, more: Value) -> Value {
    let processor = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "S", "States": {"S": {"Type": "Pass", "End": true}}});
    let mut map = json!({"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": true});
    map.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
    json!({"StartAt": "M", "States": {"M": map}})
}

fn object(form: Value, key: &str) -> Value {
    json!({"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": form, "Parameters": {"Bucket": BUCKET, "Key": key}})
}

async fn put(rig: &Rig, key: &str, body: &str) -> Result<()> {
    let parameters = json!({"Bucket": BUCKET, "Key": key, "Body": body});
    rig.task("arn:aws:states:::aws-sdk:s3:putObject", parameters).await?.output()?;
    Ok(())
}

async fn run(rig: &Rig, name: &str, definition: &Value) -> Result<Ended> {
    let machine = rig.machine(name, definition).await?;
    rig.run(&machine, &json!({})).await
}

#[tokio::test]
async fn items_are_read_in_every_form() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::start(folder.path()).await;
    let rig = rig(&store, "a secret for tests").await?;
    put(&rig, "in/a.json", r#"{"deep": {"list": [1, {"x": 2}]}}"#).await?;
    put(&rig, "in/b.jsonl", "{\"n\":1}\n{\"n\":2}\n").await?;
    put(&rig, "in/c.csv", "id,name\n1,\"Ada, L.\"\n2,Bob\n").await?;
    for (name, reader, expected) in [
        (
            "json",
            object(json!({"InputType": "JSON", "ItemsPointer": "/deep/list"}), "in/a.json"),
            json!([1, {"x": 2}]),
        ),
        ("lines", object(json!({"InputType": "JSONL", "MaxItems": 1}), "in/b.jsonl"), json!([{"n": 1}])),
        (
            "csv",
            object(json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}), "in/c.csv"),
            json!([{"id": "1", "name": "Ada, L."}, {"id": "2", "name": "Bob"}]),
        ),
    ] {
        let ended = run(&rig, name, &machine(reader, json!({}))).await?;
        ensure!(ended.output()? == expected, "{name}: {ended:#?}");
    }
    let listing = json!({"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": BUCKET, "Prefix": "in/"}});
    let listed = run(&rig, "listing", &machine(listing, json!({}))).await?.output()?;
    let keys: Vec<_> = listed.as_array().context("a list")?.iter().map(|item| item["Key"].clone()).collect();
    ensure!(keys == ["in/a.json", "in/b.jsonl", "in/c.csv"], "{listed:#}");
    ensure!(listed[0]["Size"] == 33 && listed[0]["Etag"].is_string(), "{listed:#}");
    store.stop().await;
    Ok(())
}

#[tokio::test]
async fn results_are_written_with_a_manifest() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::start(folder.path()).await;
    let rig = rig(&store, "a secret for tests").await?;
    put(&rig, "items.json", "[3,4]").await?;
    let writer = json!({"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "out"},
        "WriterConfig": {"OutputType": "JSONL", "Transformation": "COMPACT"}});
    let reader = object(json!({"InputType": "JSON"}), "items.json");
    let output = run(&rig, "written", &machine(reader, json!({"ResultWriter": writer}))).await?.output()?;
    let details = &output["ResultWriterDetails"];
    let key = details["Key"].as_str().context("a key")?;
    ensure!(
        details["Bucket"] == BUCKET && key.starts_with("out/") && key.ends_with("/manifest.json"),
        "{output:#}"
    );
    let manifest: Value = serde_json::from_slice(&store.get(key).await.context("the manifest is stored")?)?;
    ensure!(
        manifest["DestinationBucket"] == BUCKET && manifest["MapRunArn"] == output["MapRunArn"],
        "{manifest:#}"
    );
    let files = &manifest["ResultFiles"];
    ensure!(files["FAILED"] == json!([]) && files["PENDING"] == json!([]), "{manifest:#}");
    let file = &files["SUCCEEDED"][0];
    let results = store.get(file["Key"].as_str().context("a file")?).await.context("it is stored")?;
    ensure!(results == b"3\n4\n" && file["Size"] == results.len(), "{file} {results:?}");
    store.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_the_store_refuses_fails_the_run_by_its_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::start(folder.path()).await;
    let rig = rig(&store, "a secret for tests").await?;
    let none = machine(object(json!({"InputType": "JSON"}), "none.json"), json!({}));
    run(&rig, "none", &none).await?.failed("States.ItemReaderFailed", "")?;
    put(&rig, "text.json", "no JSON").await?;
    let text = machine(object(json!({"InputType": "JSON"}), "text.json"), json!({}));
    run(&rig, "text", &text).await?.failed("States.ItemReaderFailed", "")?;
    put(&rig, "items.json", "[1]").await?;
    let writer = json!({"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "nowhere", "Prefix": "out"}});
    let nowhere =
        machine(object(json!({"InputType": "JSON"}), "items.json"), json!({"ResultWriter": writer}));
    run(&rig, "nowhere", &nowhere).await?.failed("States.ResultWriterFailed", "")?;
    store.stop().await;
    Ok(())
}
