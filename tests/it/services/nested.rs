//! Executions that executions start.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use workflow::journal::RunStatus;
use workflow::services::Config;

use super::{Rig, one};

const START: &str = "arn:aws:states:::states:startExecution";

async fn child(rig: &Rig, states: Value) -> Result<String> {
    rig.machine("child", &json!({"StartAt": "S", "States": {"S": states}})).await
}

/// A parent whose task starts `child` with `pattern`.
async fn parent(rig: &Rig, child: &str, pattern: &str) -> Result<super::Ended> {
    rig.task(&format!("{START}{pattern}"), json!({"StateMachineArn": child, "Input": {"n": 1}})).await
}

#[tokio::test]
async fn a_child_is_started_and_not_waited_for() -> Result<()> {
    let rig = Rig::new(Config::default()).await?;
    let machine = child(&rig, json!({"Type": "Wait", "Seconds": 600, "End": true})).await?;
    let ended = parent(&rig, &machine, "").await?;
    let output = ended.output()?;
    let arn = output["ExecutionArn"].as_str().context("an ARN")?;
    ensure!(output["StartDate"].is_i64() && output["SdkHttpMetadata"]["HttpStatusCode"] == 200, "{output:#}");
    let child = rig.engine.describe_execution(arn).await?;
    ensure!(child.status == RunStatus::Running && child.input.as_deref() == Some(r#"{"n":1}"#), "{child:#?}");
    ensure!(ended.types()[2..5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"], "{ended:#?}");
    Ok(())
}

#[tokio::test]
async fn the_end_of_a_child_is_the_result() -> Result<()> {
    let rig = Rig::new(Config::default()).await?;
    let machine = child(&rig, json!({"Type": "Pass", "Result": {"x": 1}, "End": true})).await?;
    for (pattern, text) in [(".sync", true), (".sync:2", false)] {
        let ended = parent(&rig, &machine, pattern).await?;
        let output = ended.output()?;
        let expected = if text { json!(r#"{"x":1}"#) } else { json!({"x": 1}) };
        ensure!(output["Output"] == expected && output["Status"] == "SUCCEEDED", "{output:#}");
        ensure!(
            output["OutputDetails"] == json!({"Included": true}) && output["StopDate"].is_i64(),
            "{output:#}"
        );
        let kinds = ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"];
        ensure!(ended.types()[2..6] == kinds, "{ended:#?}");
        let submitted = ended.details("TaskSubmitted")?;
        ensure!(submitted["resource"] == format!("startExecution{pattern}"), "{submitted:#}");
    }
    Ok(())
}

#[tokio::test]
async fn the_failure_of_a_child_is_the_cause() -> Result<()> {
    let rig = Rig::new(Config::default()).await?;
    let machine = child(&rig, json!({"Type": "Fail", "Error": "E", "Cause": "c"})).await?;
    let ended = parent(&rig, &machine, ".sync").await?;
    ended.failed("States.TaskFailed", r#"{"Cause":"c","Error":"E","ExecutionArn":"arn:aws:states:"#)?;
    ensure!(ended.types()[4..6] == ["TaskSubmitted", "TaskFailed"], "{ended:#?}");

    let none = machine.replace("child", "none");
    let ended = parent(&rig, &none, ".sync").await?;
    ended.failed("StepFunctions.StateMachineDoesNotExistException", "State Machine Does Not Exist: ")?;
    ended.failed(
        "StepFunctions.StateMachineDoesNotExistException",
        "(Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist",
    )?;
    ensure!(ended.types()[4] == "TaskSubmitFailed", "{ended:#?}");

    rig.engine.start_execution(&machine, Some("taken"), "{}").await?;
    let taken = json!({"StateMachineArn": machine, "Name": "taken", "Input": {"other": 1}});
    let ended = rig.task(START, taken).await?;
    ended.failed("StepFunctions.ExecutionAlreadyExistsException", "Execution Already Exists: ")
}

#[tokio::test]
async fn a_child_is_stopped_with_the_parent_that_waits_for_it() -> Result<()> {
    let rig = Rig::new(Config::default()).await?;
    let machine = child(&rig, json!({"Type": "Wait", "Seconds": 600, "End": true})).await?;
    let parameters = json!({"StateMachineArn": machine, "Name": "waits", "Input": {}});
    let waiting = rig.machine("parent", &one(&format!("{START}.sync"), parameters)).await?;
    let arn = rig.engine.start_execution(&waiting, None, "{}").await?.arn;
    let child = rig.engine.place().execution("child", "waits");
    let mut changes = rig.engine.subscribe();
    while rig.engine.describe_execution(&child).await.is_err() {
        changes.recv().await?;
    }
    rig.engine.stop_execution(&arn, None, None).await?;
    ensure!(rig.ended(&child).await?.description.status == RunStatus::Aborted);

    let timed = json!({"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": format!("{START}.sync"), "TimeoutSeconds": 1, "End": true,
        "Parameters": {"StateMachineArn": machine, "Name": "times out", "Input": {}}
    }}});
    let timed = rig.machine("timed", &timed.to_string().replace("times out", "slow").parse()?).await?;
    rig.run(&timed, &json!({})).await?.failed("States.Timeout", "")?;
    let slow = rig.engine.place().execution("child", "slow");
    ensure!(rig.ended(&slow).await?.description.status == RunStatus::Aborted);
    Ok(())
}

#[tokio::test]
async fn the_engines_own_api_is_an_integration() -> Result<()> {
    let rig = Rig::new(Config::default()).await?;
    let machine = child(&rig, json!({"Type": "Pass", "End": true})).await?;
    let sdk = |action: &str| format!("arn:aws:states:::aws-sdk:sfn:{action}");
    let started =
        rig.task(&sdk("startExecution"), json!({"StateMachineArn": machine, "Input": {"n": 1}})).await?;
    let output = started.output()?;
    let arn = output["ExecutionArn"].as_str().context("an ARN")?;
    ensure!(output["StartDate"].as_str().is_some_and(|at| at.ends_with('Z')), "{output:#}");
    ensure!(rig.ended(arn).await?.description.input.as_deref() == Some(r#"{"n":1}"#));
    let described = rig.task(&sdk("describeExecution"), json!({"ExecutionArn": arn})).await?.output()?;
    ensure!(
        described["Status"] == "SUCCEEDED" && described["InputDetails"]["Included"] == true,
        "{described:#}"
    );

    let refused = rig.task(&sdk("sendTaskSuccess"), json!({"TaskToken": "none", "Output": {"a": 1}})).await?;
    refused.failed(
        "Sfn.InvalidTokenException",
        "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: ",
    )?;
    refused.failed("Sfn.InvalidTokenException", "(SDK Attempt Count: 1)")
}
