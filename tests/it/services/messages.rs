//! SQS and SNS.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stand_in::{Heard, Reply, StandIn};

use super::Rig;

fn queue(heard: &Heard) -> Reply {
    match heard.header("x-amz-target") {
        "AmazonSQS.SendMessage" if heard.body.contains("nowhere") => Reply::with(
            400,
            r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#,
        ),
        "AmazonSQS.SendMessage" => Reply::ok(r#"{"MD5OfMessageBody":"abc","MessageId":"m-1"}"#),
        _ => Reply::with(400, r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#),
    }
}

fn topic(heard: &Heard) -> Reply {
    if heard.body.contains("Nope") {
        return Reply::with(
            404,
            "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error>\
             <RequestId>r-2</RequestId></ErrorResponse>",
        );
    }
    Reply::ok(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m-2</MessageId>\
         </PublishResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PublishResponse>",
    )
}

#[tokio::test]
async fn a_message_goes_to_a_queue() -> Result<()> {
    let sqs = StandIn::start(queue).await?;
    let rig = Rig::before(&sqs).await?;
    let send = "arn:aws:states:::sqs:sendMessage";
    let sent = rig.task(send, json!({"QueueUrl": "http://q/1", "MessageBody": {"n": 1}})).await?.output()?;
    ensure!(sent["MD5OfMessageBody"] == "abc" && sent["MessageId"] == "m-1", "{sent:#}");
    ensure!(sent["SdkResponseMetadata"]["RequestId"] == "the-request", "{sent:#}");
    let heard = sqs.heard();
    let body: Value = serde_json::from_str(&heard[0].body)?;
    ensure!(body == json!({"QueueUrl": "http://q/1", "MessageBody": "{\"n\":1}"}), "{body}");
    heard[0].check_signature("sqs")?;

    let sdk = rig
        .task("arn:aws:states:::aws-sdk:sqs:sendMessage", json!({"QueueUrl": "q", "MessageBody": "x"}))
        .await?;
    ensure!(sdk.output()? == json!({"Md5OfMessageBody": "abc", "MessageId": "m-1"}), "{sdk:#?}");
    let lost = rig.task(send, json!({"QueueUrl": "nowhere", "MessageBody": "x"})).await?;
    lost.failed(
        "SQS.QueueDoesNotExistException",
        "The specified queue does not exist. (Service: AmazonSQS; Status Code: 400",
    )?;
    let resource = format!("{send}.waitForTaskToken");
    let waits = rig.task(&resource, json!({"QueueUrl": "nowhere", "MessageBody.$": "$$.Task.Token"})).await?;
    ensure!(waits.types()[4] == "TaskSubmitFailed", "{waits:#?}");
    Ok(())
}

#[tokio::test]
async fn a_message_goes_to_a_topic() -> Result<()> {
    let sns = StandIn::start(topic).await?;
    let rig = Rig::before(&sns).await?;
    let publish = "arn:aws:states:::sns:publish";
    let sent = rig.task(publish, json!({"TopicArn": "arn:t", "Message": {"n": 1}})).await?.output()?;
    ensure!(sent["MessageId"] == "m-2" && sent["SdkResponseMetadata"]["RequestId"] == "r-1", "{sent:#}");
    let heard = sns.heard();
    ensure!(
        heard[0].body == "Action=Publish&Version=2010-03-31&TopicArn=arn%3At&Message=%7B%22n%22%3A1%7D",
        "{heard:#?}"
    );
    heard[0].check_signature("sns")?;
    let sdk = rig
        .task("arn:aws:states:::aws-sdk:sns:publish", json!({"TopicArn": "arn:t", "Message": "x"}))
        .await?;
    ensure!(sdk.output()? == json!({"MessageId": "m-2"}), "{sdk:#?}");
    let lost = rig.task(publish, json!({"TopicArn": "Nope", "Message": "x"})).await?;
    lost.failed(
        "SNS.NotFoundException",
        "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: r-2",
    )
}
