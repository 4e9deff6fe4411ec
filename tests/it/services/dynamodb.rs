//! DynamoDB.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stand_in::{Heard, Reply, StandIn};

use super::Rig;

fn table(heard: &Heard) -> Reply {
    match heard.header("x-amz-target") {
        "DynamoDB_20120810.GetItem" => Reply::ok(r#"{"Item":{"ID":{"S":"1"}}}"#),
        "DynamoDB_20120810.PutItem" => Reply::ok("{}"),
        "DynamoDB_20120810.UpdateItem" => Reply::with(
            400,
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#,
        ),
        _ => Reply::with(400, r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"No"}"#),
    }
}

#[tokio::test]
async fn items_are_read_and_written() -> Result<()> {
    let dynamodb = StandIn::start(table).await?;
    let rig = Rig::before(&dynamodb).await?;
    let key = json!({"TableName": "t", "Key": {"ID": {"S": "1"}}});
    let got = rig.task("arn:aws:states:::dynamodb:getItem", key.clone()).await?.output()?;
    ensure!(
        got["Item"] == json!({"ID": {"S": "1"}}) && got["SdkHttpMetadata"]["HttpStatusCode"] == 200,
        "{got:#}"
    );
    let put = rig
        .task("arn:aws:states:::dynamodb:putItem", json!({"TableName": "t", "Item": {}}))
        .await?
        .output()?;
    let fields: Vec<&String> = put.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
    ensure!(fields == ["SdkHttpMetadata", "SdkResponseMetadata"], "{put:#}");
    let heard = dynamodb.heard();
    ensure!(serde_json::from_str::<Value>(&heard[0].body)? == key, "{heard:#?}");
    heard[0].check_signature("dynamodb")?;

    let sdk = rig.task("arn:aws:states:::aws-sdk:dynamodb:getItem", key.clone()).await?;
    ensure!(sdk.output()? == json!({"Item": {"ID": {"S": "1"}}}), "{sdk:#?}");
    let update = rig.task("arn:aws:states:::dynamodb:updateItem", key.clone()).await?;
    update.failed(
        "DynamoDB.ConditionalCheckFailedException",
        "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400",
    )?;
    let invalid = rig.task("arn:aws:states:::dynamodb:deleteItem", key.clone()).await?;
    invalid.failed("DynamoDB.AmazonDynamoDBException", "No (Service: AmazonDynamoDBv2")?;
    let sdk = rig.task("arn:aws:states:::aws-sdk:dynamodb:updateItem", key).await?;
    sdk.failed(
        "DynamoDb.ConditionalCheckFailedException",
        "(Service: DynamoDb, Status Code: 400, Request ID: the-request)",
    )
}
