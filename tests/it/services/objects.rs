//! S3, against our own endpoint, which verifies every signature.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use workflow::services::{Config, Credentials, Endpoints};

use super::Rig;
use crate::objects::rig::{BUCKET, Rig as Store};

pub(super) async fn rig(store: &Store, secret: &str) -> Result<Rig> {
    let s3 = format!("http://{}", store.address).parse().ok();
    let credentials =
        Credentials { access_key: "lockgate".to_owned(), secret_key: secret.to_owned(), session_token: None };
    Rig::new(Config { endpoints: Endpoints { s3, ..Endpoints::default() }, credentials, ..Config::default() })
        .await
}

async fn s3(rig: &Rig, action: &str, parameters: Value) -> Result<super::Ended> {
    rig.task(&format!("arn:aws:states:::aws-sdk:s3:{action}"), parameters).await
}

#[tokio::test]
async fn an_object_is_written_looked_at_read_listed_and_deleted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::start(folder.path()).await;
    let rig = rig(&store, "a secret for tests").await?;
    let key = "a b/ü&+.json";
    let at = || json!({"Bucket": BUCKET, "Key": key});
    let mut put = at();
    put["Body"] = json!({"x": [1, 2]});
    put["ContentType"] = "application/json".into();
    let etag = s3(&rig, "putObject", put).await?.output()?["ETag"].clone();
    ensure!(etag.as_str().is_some_and(|etag| etag.starts_with('"')), "{etag}");
    ensure!(store.get(key).await.context("it is stored")? == br#"{"x":[1,2]}"#);

    let got = s3(&rig, "getObject", at()).await?.output()?;
    ensure!(got["Body"] == r#"{"x":[1,2]}"# && got["ETag"] == etag && got["ContentLength"] == 11, "{got:#}");
    ensure!(got["ContentType"] == "application/json" && got["Metadata"] == json!({}), "{got:#}");
    ensure!(got["LastModified"].as_str().is_some_and(|at| at.ends_with('Z')), "{got:#}");
    let head = s3(&rig, "headObject", at()).await?.output()?;
    ensure!(head["ContentLength"] == 11 && head.get("Body").is_none(), "{head:#}");

    let list = s3(&rig, "listObjectsV2", json!({"Bucket": BUCKET, "Prefix": "a b/"})).await?.output()?;
    ensure!(list["KeyCount"] == 1 && list["IsTruncated"] == false, "{list:#}");
    ensure!(list["Contents"][0]["Key"] == key && list["Contents"][0]["Size"] == 11, "{list:#}");
    s3(&rig, "deleteObject", at()).await?.output()?;
    ensure!(store.get(key).await.is_none());
    store.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_the_store_refuses_has_its_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::start(folder.path()).await;
    let rig = rig(&store, "a secret for tests").await?;
    let none = json!({"Bucket": BUCKET, "Key": "none"});
    s3(&rig, "getObject", none.clone())
        .await?
        .failed("S3.NoSuchKeyException", "(Service: S3, Status Code: 404, Request ID: ")?;
    s3(&rig, "headObject", none).await?.failed("S3.NoSuchKeyException", "Status Code: 404")?;
    s3(&rig, "listObjectsV2", json!({"Bucket": "nowhere"}))
        .await?
        .failed("S3.NoSuchBucketException", "Status Code: 404")?;
    s3(&rig, "getObject", json!({"Bucket": BUCKET, "Key": "k", "Nope": 1}))
        .await?
        .failed("States.Runtime", "\"Nope\" is not supported")?;

    let stranger = self::rig(&store, "another secret").await?;
    let refused = s3(&stranger, "getObject", json!({"Bucket": BUCKET, "Key": "none"})).await?;
    refused.failed("S3.S3Exception", "Status Code: 403")?;
    store.stop().await;
    Ok(())
}
