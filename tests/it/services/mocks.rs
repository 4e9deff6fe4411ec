//! Mocks in place of services.

use anyhow::{Result, ensure};
use serde_json::json;
use workflow::driver::Error;
use workflow::services::{Config, Mocks};

use super::{Rig, one};

fn mocks() -> Result<Mocks> {
    let text = json!({
        "StateMachines": {"m": {"TestCases": {
            "Well": {"Call": "Good"}, "Retried": {"Call": "Bad twice"}, "Other": {}, "Short": {"Call": "Once"}
        }}},
        "MockedResponses": {
            "Good": {"0-9": {"Return": {"n": 1}}},
            "Bad twice": {"0-1": {"Throw": {"Error": "E", "Cause": "c"}}, "2": {"Return": {"n": 2}}},
            "Once": {"0": {"Throw": {"Error": "E"}}}
        }
    });
    Mocks::parse(&text.to_string()).map_err(|problems| anyhow::anyhow!("{problems:?}"))
}

async fn rig() -> Result<Rig> {
    Rig::new(Config { mocks: mocks()?, ..Config::default() }).await
}

#[tokio::test]
async fn a_test_case_answers_each_try_in_place_of_the_service() -> Result<()> {
    let rig = rig().await?;
    let retry = json!([{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1.0}]);
    let mut definition = one("arn:aws:lambda:us-east-1:123456789012:function:f", json!({}));
    definition["States"]["Call"]["Retry"] = retry;
    let machine = rig.machine("m", &definition).await?;
    let run = async |test_case: &str| rig.run(&format!("{machine}{test_case}"), &json!({})).await;

    let well = run("#Well").await?;
    ensure!(well.output()? == json!({"n": 1}) && well.types()[4] == "LambdaFunctionSucceeded", "{well:#?}");
    let retried = run("#Retried").await?;
    ensure!(retried.output()? == json!({"n": 2}), "{retried:#?}");
    ensure!(
        retried.types().iter().filter(|kind| **kind == "LambdaFunctionFailed").count() == 2,
        "{retried:#?}"
    );
    run("#Short").await?.failed("States.Runtime", "no mocked response for call 1 of the state 'Call'")?;
    run("#Other").await?.failed("Lambda.SdkClientException", "without --lambda-endpoint")?;
    run("").await?.failed("Lambda.SdkClientException", "without --lambda-endpoint")?;
    let unknown = rig.engine.start_execution(&format!("{machine}#None"), None, "{}").await;
    ensure!(matches!(unknown, Err(Error::NoTestCase { .. })), "{unknown:?}");
    Ok(())
}

#[tokio::test]
async fn a_mocked_callback_comes_back_by_itself() -> Result<()> {
    let rig = rig().await?;
    let parameters = json!({"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"});
    let machine =
        rig.machine("m", &one("arn:aws:states:::sqs:sendMessage.waitForTaskToken", parameters)).await?;
    let well = rig.run(&format!("{machine}#Well"), &json!({})).await?;
    ensure!(well.output()? == json!({"n": 1}), "{well:#?}");
    ensure!(well.types()[4..6] == ["TaskSubmitted", "TaskSucceeded"], "{well:#?}");
    let thrown = rig.run(&format!("{machine}#Retried"), &json!({})).await?;
    thrown.failed("E", "c")?;
    ensure!(thrown.types()[4..6] == ["TaskSubmitted", "TaskFailed"], "{thrown:#?}");
    Ok(())
}
