//! Lambda in both forms.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::stand_in::{Heard, Reply, StandIn};

use super::{Rig, one};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:";

/// Functions by their names: what each answers.
fn functions(heard: &Heard) -> Reply {
    let name = heard.uri.path().split('/').nth(3).unwrap_or_default();
    let invoked =
        || Reply::ok(format!("{{\"got\":{}}}", if heard.body.is_empty() { "null" } else { &heard.body }));
    match name {
        "echo" => invoked().header("x-amz-executed-version", "$LATEST"),
        "text" => Reply::ok("no JSON"),
        "raises" => Reply::ok(r#"{"errorMessage":"no","errorType":"Unlucky"}"#)
            .header("x-amz-function-error", "Unhandled"),
        "dies" => {
            Reply::ok(r#"{"errorMessage":"Task timed out"}"#).header("x-amz-function-error", "Unhandled")
        }
        "busy" => Reply::with(429, r#"{"Reason":"x","message":"Rate Exceeded."}"#)
            .header("x-amzn-errortype", "TooManyRequestsException"),
        "forbidden" => Reply::with(403, r#"{"Message":"You may not"}"#)
            .header("x-amzn-errortype", "AccessDeniedException"),
        "broken" => Reply::with(502, "<html>"),
        _ => Reply::with(404, r#"{"Type":"User","Message":"Function not found: f"}"#)
            .header("x-amzn-errortype", "ResourceNotFoundException:http://internal.amazon.com/"),
    }
}

#[tokio::test]
async fn a_function_by_its_arn_gets_the_input_and_gives_the_result() -> Result<()> {
    let lambda = StandIn::start(functions).await?;
    let rig = Rig::before(&lambda).await?;
    let ended = rig.task(&format!("{ARN}echo:live"), json!({"n": 1})).await?;
    ensure!(ended.output()? == json!({"got": {"n": 1}}), "{ended:#?}");
    let kinds = ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"];
    ensure!(ended.types()[2..5] == kinds, "{ended:#?}");
    let heard = lambda.heard();
    ensure!(heard[0].uri == "/2015-03-31/functions/echo/invocations?Qualifier=live", "{heard:#?}");
    ensure!(heard[0].method == "POST" && heard.len() == 1, "{heard:#?}");
    heard[0].check_signature("lambda")
}

#[tokio::test]
async fn invoke_shows_the_whole_answer() -> Result<()> {
    let lambda = StandIn::start(functions).await?;
    let rig = Rig::before(&lambda).await?;
    let parameters = json!({"FunctionName": format!("{ARN}echo"), "Payload": {"n": 1}, "InvocationType": "RequestResponse", "Qualifier": "7"});
    let ended = rig.task("arn:aws:states:::lambda:invoke", parameters).await?;
    let output = ended.output()?;
    let fields: Vec<&String> = output.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
    let expected = ["ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode"];
    ensure!(fields == expected, "{output:#}");
    ensure!(output["Payload"] == json!({"got": {"n": 1}}) && output["StatusCode"] == 200, "{output:#}");
    ensure!(output["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"] == "the-request", "{output:#}");
    ensure!(
        output["SdkHttpMetadata"]["AllHttpHeaders"]["X-Amz-Executed-Version"] == json!(["$LATEST"]),
        "{output:#}"
    );
    ensure!(output["SdkResponseMetadata"]["RequestId"] == "the-request", "{output:#}");
    let heard = lambda.heard();
    ensure!(heard[0].uri.query() == Some("Qualifier=7"), "{heard:#?}");
    ensure!(heard[0].header("x-amz-invocation-type") == "RequestResponse", "{heard:#?}");
    let scheduled = ended.details("TaskScheduled")?;
    ensure!(scheduled["resourceType"] == "lambda" && scheduled["resource"] == "invoke", "{scheduled}");

    let text = rig.task("arn:aws:states:::lambda:invoke", json!({"FunctionName": "text"})).await?.output()?;
    ensure!(text["Payload"] == "no JSON", "{text:#}");
    let bytes = rig
        .task("arn:aws:states:::aws-sdk:lambda:invoke", json!({"FunctionName": "echo", "Payload": "{}"}))
        .await?;
    ensure!(bytes.output()?["Payload"] == r#"{"got":{}}"#, "{bytes:#?}");
    Ok(())
}

#[tokio::test]
async fn every_failure_has_its_name() -> Result<()> {
    let lambda = StandIn::start(functions).await?;
    let rig = Rig::before(&lambda).await?;
    for (name, error, cause) in [
        ("raises", "Unlucky", r#"{"errorMessage":"no","errorType":"Unlucky"}"#),
        ("dies", "Lambda.Unknown", r#"Returned payload: {"errorMessage":"Task timed out"}"#),
        (
            "none",
            "Lambda.ResourceNotFoundException",
            "Function not found: f (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: the-request; Proxy: null)",
        ),
        ("busy", "Lambda.TooManyRequestsException", "Rate Exceeded. (Service: AWSLambda; Status Code: 429"),
        (
            "forbidden",
            "Lambda.AWSLambdaException",
            "You may not (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException",
        ),
        (
            "broken",
            "Lambda.AWSLambdaException",
            "null (Service: AWSLambda; Status Code: 502; Error Code: null",
        ),
    ] {
        let by_arn = rig.task(&format!("{ARN}{name}"), json!({})).await?;
        by_arn.failed(error, cause)?;
        ensure!(by_arn.types()[4] == "LambdaFunctionFailed", "{by_arn:#?}");
        let by_name = rig.task("arn:aws:states:::lambda:invoke", json!({"FunctionName": name})).await?;
        by_name.failed(error, cause)?;
        ensure!(by_name.types()[4] == "TaskFailed", "{by_name:#?}");
    }
    let new = rig.task("arn:aws:states:::aws-sdk:lambda:invoke", json!({"FunctionName": "none"})).await?;
    new.failed(
        "Lambda.ResourceNotFoundException",
        "(Service: Lambda, Status Code: 404, Request ID: the-request)",
    )
}

#[tokio::test]
async fn a_callback_is_submitted_and_ends_by_its_token() -> Result<()> {
    let lambda = StandIn::start(functions).await?;
    let rig = Rig::before(&lambda).await?;
    let resource = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    let parameters = json!({"FunctionName": "echo", "Payload": {"token.$": "$$.Task.Token"}});
    let machine = rig.machine("callback", &one(resource, parameters)).await?;
    let mut changes = rig.engine.subscribe();
    let arn = rig.engine.start_execution(&machine, Some("one"), "{}").await?.arn;
    let token = loop {
        changes.recv().await?;
        let history = rig.engine.history(&arn, &Default::default(), false).await?.events;
        if history.iter().any(|event| event["type"] == "TaskSubmitted") {
            let sent: serde_json::Value = serde_json::from_str(&lambda.heard()[0].body)?;
            break sent["token"].as_str().unwrap_or_default().to_owned();
        }
    };
    rig.engine.send_task_success(&token, r#"{"done":true}"#).await?;
    let ended = rig.ended(&arn).await?;
    ensure!(ended.output()? == json!({"done": true}), "{ended:#?}");
    ensure!(
        ended.types()[2..6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"],
        "{ended:#?}"
    );

    let refused =
        rig.task(resource, json!({"FunctionName": "none", "Payload": {"t.$": "$$.Task.Token"}})).await?;
    refused.failed("Lambda.ResourceNotFoundException", "Function not found")?;
    ensure!(refused.types()[4] == "TaskSubmitFailed", "{refused:#?}");
    ensure!(refused.details("TaskSubmitFailed")?["resource"] == "invoke.waitForTaskToken", "{refused:#?}");
    Ok(())
}
