//! `lockgate asl`.

use std::fs::write;

use anyhow::{Result, ensure};
use serde_json::json;
use tests::engine_server::EngineServer;

use super::{Said, command, is_tame, run};

const GOOD: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","Result":{"x":1},"End":true}}}"#;

#[test]
fn check_says_every_problem_with_its_place() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bad = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"C":{"Type":"Nope"},
        "D":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Retry":[{"ErrorEquals":[]}],"End":true}}}"#;
    write(folder.path().join("good.json"), GOOD)?;
    write(folder.path().join("bad.json"), bad)?;
    write(folder.path().join("broken.json"), "{")?;
    let good = run(folder.path(), &["asl", "check", "good.json"])?;
    ensure!(good.code == Some(0) && good.out.is_empty() && good.err.is_empty(), "{good:#?}");
    let said = run(folder.path(), &["asl", "check", "good.json", "bad.json", "broken.json", "none.json"])?;
    said.expect(
        1,
        &[
            "bad.json: /States/A/Next: ",
            "bad.json: /States/C/Type: ",
            "bad.json: /States/D: Parameters field is required",
            "bad.json: /States/D/Retry/0/ErrorEquals: ",
            "broken.json: EOF while parsing an object at line 1",
            "none.json cannot be read",
        ],
    )?;
    let said = run(folder.path(), &["asl", "check", "--json", "bad.json"])?;
    ensure!(
        said.json()?.iter().all(|problem| problem["file"] == "bad.json" && problem["message"].is_string()),
        "{said:#?}"
    );
    ensure!(said.json()?.iter().any(|problem| problem["pointer"] == "/States/A/Next"), "{said:#?}");
    let activity = r#"{"StartAt":"A","States":{"A":{"Type":"Task","End":true,
        "Resource":"arn:aws:states:us-east-1:000000000000:activity:a"}}}"#;
    write(folder.path().join("activity.json"), activity)?;
    run(folder.path(), &["asl", "check", "--type", "standard", "activity.json"])?.expect(0, &[])?;
    run(folder.path(), &["asl", "check", "--type", "express", "good.json", "activity.json"])?
        .expect(1, &["activity.json: /States/A/Resource: Express state machine does not support"])?;
    run(folder.path(), &["asl", "check"])?.expect(2, &["<FILE>..."])
}

#[test]
fn a_definition_comes_by_standard_input_too() -> Result<()> {
    let folder = tempfile::tempdir()?;
    write(folder.path().join("good.json"), GOOD)?;
    let said = command(folder.path(), &["asl", "check", "-"])?
        .stdin(std::fs::File::open(folder.path().join("good.json"))?)
        .output()?;
    Said::of(said)?.expect(0, &[])
}

#[test]
fn run_prints_the_history_and_ends_as_the_execution_did() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let fail = r#"{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"c\u001b[2J"}}}"#;
    let slow = r#"{"TimeoutSeconds":1,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}"#;
    for (name, text) in
        [("good.json", GOOD), ("fail.json", fail), ("slow.json", slow), ("input.json", r#"{"n":1}"#)]
    {
        write(folder.path().join(name), text)?;
    }
    let good = run(folder.path(), &["asl", "run", "good.json", "--input", "@input.json"])?;
    good.expect(
        0,
        &["\n    2  ", "ExecutionStarted", "input={\"n\":1}", "PassStateExited", "output={\"x\":1}"],
    )?;
    let fail = run(folder.path(), &["asl", "run", "fail.json"])?;
    fail.expect(1, &["ExecutionFailed", "error=E", "lockgate: FAILED E: c"])?;
    ensure!(is_tame(&fail.out) && is_tame(&fail.err), "{fail:#?}");
    run(folder.path(), &["asl", "run", "slow.json"])?
        .expect(5, &["WaitStateEntered", "lockgate: TIMED_OUT States.Timeout"])?;

    let said = run(folder.path(), &["asl", "run", "good.json", "--json"])?;
    let ids: Vec<_> = said.json()?.iter().filter_map(|event| event["id"].as_u64()).collect();
    ensure!(said.code == Some(0) && ids == [1, 2, 3, 4], "{said:#?}");
    run(folder.path(), &["asl", "run", "good.json", "--input", "{"])?.expect(2, &["input is not valid"])?;
    run(folder.path(), &["asl", "run", "input.json"])?.expect(1, &["lockgate: "])
}

#[test]
fn a_long_history_is_printed_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let item = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let map = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": item, "End": true}}});
    write(folder.path().join("map.json"), map.to_string())?;
    let input = format!("[{}0]", "0,".repeat(599));
    let said = run(folder.path(), &["asl", "run", "map.json", "--json", "--input", &input])?;
    let ids: Vec<_> = said.json()?.iter().filter_map(|event| event["id"].as_u64()).collect();
    ensure!(ids == (1..=600 * 4 + 6).collect::<Vec<_>>(), "{} events", ids.len());
    Ok(())
}

#[test]
fn mocks_answer_the_tasks_of_a_test_case() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "q", "MessageBody": "m"}, "End": true});
    write(
        folder.path().join("order.asl.json"),
        json!({"StartAt": "Send", "States": {"Send": task}}).to_string(),
    )?;
    let mocks = json!({
        "StateMachines": {"order": {"TestCases": {"Sent": {"Send": "Good"}}}},
        "MockedResponses": {"Good": {"0": {"Return": {"MessageId": "m"}}}}
    });
    write(folder.path().join("mocks.json"), mocks.to_string())?;
    write(folder.path().join("bad.json"), r#"{"MockedResponses":{"R":{"x":{}}}}"#)?;
    let arguments = ["asl", "run", "order.asl.json", "--mock-config", "mocks.json", "--test-case"];
    run(folder.path(), &[&arguments[..], &["Sent"]].concat())?
        .expect(0, &["TaskSucceeded", r#"{"MessageId":"m"}"#])?;
    run(folder.path(), &[&arguments[..], &["None"]].concat())?
        .expect(2, &["no mocks for a test case None of order"])?;
    run(folder.path(), &["asl", "run", "order.asl.json"])?
        .expect(1, &["SQS.SdkClientException", "--sqs-endpoint"])?;
    run(folder.path(), &["asl", "run", "order.asl.json", "--mock-config", "bad.json"])?
        .expect(2, &["bad.json is not a file of mocks", "/MockedResponses/R/x: "])
}

#[tokio::test]
async fn an_engine_alone_keeps_what_it_has_and_ends_in_order() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = EngineServer::start(folder.path(), &["--account", "123456789012", "--region", "eu-west-1"])?;
    let made = json!({"name": "m", "definition": GOOD, "roleArn": "arn:aws:iam::123456789012:role/r"});
    let machine = server.ask("CreateStateMachine", &made).await?["stateMachineArn"].clone();
    ensure!(machine == "arn:aws:states:eu-west-1:123456789012:stateMachine:m", "{machine}");
    let data = folder.path().to_string_lossy().into_owned();
    let flags = ["engine", "--listen", "127.0.0.1:0", "--data", &data];
    run(folder.path(), &flags)?.expect(1, &["already serves"])?;
    ensure!(server.terminate()?.success());

    let server = EngineServer::start(folder.path(), &["--account", "123456789012", "--region", "eu-west-1"])?;
    let listed = server.ask("ListStateMachines", &json!({})).await?;
    ensure!(listed["stateMachines"][0]["stateMachineArn"] == machine, "{listed}");
    let foreign = reqwest::Client::new().post(&server.url).header("host", "evil.example").send().await?;
    ensure!(foreign.status() == 421, "{foreign:?}");

    for (flags, words) in [
        (["--listen", "0.0.0.0:8083"], "loopback only"),
        (["--account", "12"], "twelve digits"),
        (["--lambda-endpoint", "no"], "not an address"),
        (["--mock-config", "none.json"], "none.json cannot be read"),
    ] {
        let said = run(folder.path(), &[&["engine"][..], &flags].concat())?;
        ensure!(said.code != Some(0), "{said:#?}");
        said.expect(said.code.unwrap_or_default(), &[words])?;
    }
    Ok(())
}
