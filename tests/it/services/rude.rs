//! Services that do not answer as they should: each ends in an error that a Retry or a Catch can name, and none in a hang.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tests::stand_in::{Reply, StandIn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use workflow::services::{Config, Endpoints, Patience};

use super::Rig;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

/// Takes every connection, reads a little of it, and answers with these bytes; with none it says nothing for ever.
async fn raw(answer: &'static [u8]) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = [0; 256];
                let _ = stream.read(&mut heard).await;
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                let _ = stream.write_all(answer).await;
            });
        }
    });
    Ok(url)
}

async fn rig(url: &str) -> Result<Rig> {
    let endpoint = || url.parse().ok();
    let endpoints = Endpoints {
        lambda: endpoint(),
        sqs: endpoint(),
        sns: endpoint(),
        dynamodb: endpoint(),
        s3: endpoint(),
    };
    let short = Duration::from_millis(300);
    let patience = Patience { connect: short, function: short, answer: short };
    Rig::new(Config { endpoints, patience, ..Config::default() }).await
}

#[tokio::test]
async fn silence_refusal_and_nonsense_are_errors_of_the_client() -> Result<()> {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        format!("http://{}", listener.local_addr()?)
    };
    for (url, cause) in [
        (gone, "Unable to execute HTTP request: Connect to 127.0.0.1"),
        (raw(b"").await?, "Read timed out"),
        (raw(b"SSH-2.0-nonsense\r\n").await?, "Unable to execute HTTP request: "),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await?, "Unable to execute HTTP request: "),
    ] {
        let rig = rig(&url).await?;
        for (resource, parameters, service) in [
            (FUNCTION, json!({}), "Lambda"),
            ("arn:aws:states:::sqs:sendMessage", json!({"QueueUrl": "q", "MessageBody": "m"}), "SQS"),
            ("arn:aws:states:::sns:publish", json!({"TopicArn": "t", "Message": "m"}), "SNS"),
            ("arn:aws:states:::dynamodb:getItem", json!({"TableName": "t", "Key": {}}), "DynamoDB"),
            ("arn:aws:states:::aws-sdk:s3:getObject", json!({"Bucket": "b", "Key": "k"}), "S3"),
        ] {
            rig.task(resource, parameters).await?.failed(&format!("{service}.SdkClientException"), cause)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_none_of_the_service_is_an_error() -> Result<()> {
    let garbage = StandIn::start(|_| Reply::ok("<<<")).await?;
    let rig = Rig::before(&garbage).await?;
    for (resource, parameters, service) in [
        ("arn:aws:states:::sqs:sendMessage", json!({"QueueUrl": "q", "MessageBody": "m"}), "SQS"),
        ("arn:aws:states:::sns:publish", json!({"TopicArn": "t", "Message": "m"}), "SNS"),
        ("arn:aws:states:::dynamodb:getItem", json!({"TableName": "t", "Key": {}}), "DynamoDB"),
        ("arn:aws:states:::aws-sdk:s3:listObjectsV2", json!({"Bucket": "b"}), "S3"),
    ] {
        rig.task(resource, parameters)
            .await?
            .failed(&format!("{service}.SdkClientException"), "cannot be read")?;
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_no_result() -> Result<()> {
    let long = StandIn::start(|heard| {
        let length = if heard.uri.path().contains("huge") { 9 << 20 } else { 300_000 };
        Reply::ok(format!("\"{}\"", "x".repeat(length)))
    })
    .await?;
    let rig = Rig::before(&long).await?;
    for name in ["long", "huge"] {
        let ended = rig.task("arn:aws:states:::lambda:invoke", json!({"FunctionName": name})).await?;
        ended.failed(
            "States.DataLimitExceeded",
            "The state/task 'lambda' returned a result with a size exceeding",
        )?;
    }
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_nowhere_refuses_its_tasks() -> Result<()> {
    let rig = Rig::new(Config::default()).await?;
    for (resource, error) in [
        (FUNCTION, "Lambda.SdkClientException"),
        ("arn:aws:states:::sqs:sendMessage", "SQS.SdkClientException"),
    ] {
        let ended = rig.task(resource, json!({"QueueUrl": "q", "MessageBody": "m"})).await?;
        ended.failed(error, "this engine was started without")?;
    }
    let redirected =
        StandIn::start(|_| Reply::with(307, "").header("location", "http://127.0.0.1:1/")).await?;
    let rig = Rig::before(&redirected).await?;
    for (resource, error) in [
        ("arn:aws:states:::events:putEvents", "Events.SdkClientException"),
        ("arn:aws:states:::aws-sdk:ec2:describeInstances", "Ec2.SdkClientException"),
        ("arn:aws:states:::aws-sdk:s3:getBucketPolicy", "S3.SdkClientException"),
    ] {
        let cause = format!("this engine does not know the action {resource}");
        rig.task(resource, json!({"Bucket": "b", "Entries": []})).await?.failed(error, &cause)?;
    }
    rig.task(FUNCTION, json!({})).await?.failed("Lambda.AWSLambdaException", "Status Code: 307")?;
    ensure!(redirected.heard().len() == 1, "it is not followed");
    Ok(())
}
