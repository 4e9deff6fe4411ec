//! Express machines: started and waited for, or started and forgotten.

use serde_json::{Value, json};

use super::{Client, ROLE, pass};
use crate::rig::{chain, lambda};

async fn express(client: &Client, definition: &str) -> Value {
    let params = json!({ "name": "x", "definition": definition, "roleArn": ROLE, "type": "EXPRESS" });
    client.call("CreateStateMachine", params).await["stateMachineArn"].clone()
}

#[tokio::test]
async fn a_sync_execution_answers_with_its_end() {
    let client = Client::new().await;
    let machine = express(&client, &chain(&["echo"])).await;
    let params = json!({ "stateMachineArn": machine, "name": "n", "input": "[1]", "traceHeader": "Root=1" });
    let mut ended = client.call("StartSyncExecution", params.clone()).await;
    let arn = ended["executionArn"].take();
    let prefix = "arn:aws:states:us-east-1:000000000000:express:x:n:";
    assert!(arn.as_str().unwrap().starts_with(prefix), "{arn}");
    assert_eq!(
        ended,
        json!({
            "executionArn": null, "stateMachineArn": machine, "name": "n", "status": "SUCCEEDED",
            "startDate": 1_700_000_000.0, "stopDate": 1_700_000_000.0, "traceHeader": "Root=1",
            "input": "[1]", "inputDetails": { "included": true }, "output": "[1]", "outputDetails": { "included": true },
            "billingDetails": { "billedDurationInMilliseconds": 100, "billedMemoryUsedInMB": 64 },
        })
    );
    let again = client.call("StartSyncExecution", params).await;
    assert_ne!(again["executionArn"], arn, "the same name is another execution");
    let bare = json!({ "stateMachineArn": machine, "includedData": "METADATA_ONLY" });
    let bare = client.call("StartSyncExecution", bare).await;
    assert!(bare.get("input").is_none() && bare.get("output").is_none(), "{bare}");
}

#[tokio::test]
async fn who_waits_for_the_end_learns_of_it_whichever_commit_fails_on_the_way() {
    for nth in 2..=4 {
        let client = Client::new().await;
        let machine = express(&client, &chain(&["echo", "once", "echo"])).await;
        client.rig.journal.fail(nth, 1);
        let params = json!({ "stateMachineArn": machine, "input": "[1]" });
        let ended = client.rig.while_time_passes(client.call("StartSyncExecution", params)).await;
        assert_eq!(
            (&ended["status"], &ended["output"]),
            (&json!("SUCCEEDED"), &json!("[1]")),
            "commit {nth}"
        );
    }
}

#[tokio::test]
async fn who_waits_for_the_end_learns_of_it_when_it_is_durable_and_not_before() {
    let client = Client::new().await;
    let machine = express(&client, &chain(&["gate"])).await;
    let (journal, script) = (&client.rig.journal, &client.rig.script);
    let mut ended = std::pin::pin!(client.call("StartSyncExecution", json!({ "stateMachineArn": machine })));
    let held_up = async {
        script.waiting(1).await;
        journal.faults.arrived.notified().await; // the commit of the start
        journal.shut();
        script.open();
        journal.faults.arrived.notified().await;
        client.rig.look().await; // the loop has had every chance to answer
    };
    tokio::select! {
        biased;
        early = &mut ended => panic!("it is not durable: {early}"),
        () = held_up => {}
    }
    journal.reopen();
    assert_eq!(ended.await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn a_failure_is_an_answer_and_after_five_minutes_it_is_a_timeout() {
    let client = Client::new().await;
    let machine = express(&client, &chain(&["fail"])).await;
    let failed = client.call("StartSyncExecution", json!({ "stateMachineArn": machine })).await;
    assert_eq!(
        (&failed["status"], &failed["error"], &failed["cause"]),
        (&json!("FAILED"), &json!("Oops"), &json!("it had to be"))
    );
    client
        .call("UpdateStateMachine", json!({ "stateMachineArn": machine, "definition": chain(&["hang"]) }))
        .await;
    let waiting = client.call("StartSyncExecution", json!({ "stateMachineArn": machine }));
    let late = async {
        client.rig.script.next().await;
        client.rig.hand.advance(std::time::Duration::from_secs(5 * 60));
    };
    let (ended, ()) = tokio::join!(waiting, late);
    assert_eq!((&ended["status"], &ended["error"]), (&json!("TIMED_OUT"), &json!("States.Timeout")));
    assert_eq!(ended["billingDetails"]["billedDurationInMilliseconds"], 300_000);
}

#[tokio::test]
async fn what_runs_by_itself_is_not_shown() {
    let client = Client::new().await;
    let machine = express(&client, &chain(&["echo"])).await;
    let start = json!({ "stateMachineArn": machine, "name": "n" });
    let one = client.call("StartExecution", start.clone()).await["executionArn"].clone();
    let two = client.call("StartExecution", start).await["executionArn"].clone();
    assert_ne!(one, two);
    let message = "Invalid Arn: 'Resource type not valid in this context: express'";
    for operation in [
        "DescribeExecution",
        "GetExecutionHistory",
        "StopExecution",
        "RedriveExecution",
        "DescribeStateMachineForExecution",
    ] {
        let refused = client.refused(operation, json!({ "executionArn": one })).await;
        assert_eq!(refused, ("InvalidArn".to_owned(), message.to_owned()), "{operation}");
    }
    let not_supported = "This operation is not supported by this type of state machine";
    assert_eq!(
        client.refused("ListExecutions", json!({ "stateMachineArn": machine })).await,
        ("StateMachineTypeNotSupported".to_owned(), not_supported.to_owned())
    );
    let standard = client.machine("s", &pass("it")).await;
    assert_eq!(
        client.refused("StartSyncExecution", json!({ "stateMachineArn": standard })).await,
        ("StateMachineTypeNotSupported".to_owned(), not_supported.to_owned())
    );
    for (params, kind) in [
        (json!({ "stateMachineArn": format!("{standard}x") }), "StateMachineDoesNotExist"),
        (json!({ "stateMachineArn": machine, "input": "{" }), "InvalidExecutionInput"),
        (json!({ "stateMachineArn": machine, "name": "a b" }), "InvalidName"),
    ] {
        assert_eq!(client.refused("StartSyncExecution", params).await.0, kind);
    }
}

#[tokio::test]
async fn an_express_machine_calls_nobody_who_is_slow() {
    let client = Client::new().await;
    for (resource, what) in [
        ("arn:aws:states:::states:startExecution.sync", "'.sync' service integration"),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "'.waitForTaskToken' service integration"),
        ("arn:aws:states:us-east-1:000000000000:activity:a", "Activity ARN"),
    ] {
        let definition = json!({ "StartAt": "A", "States": { "A": {
            "Type": "Task", "Resource": resource, "End": true,
            "Parameters": { "StateMachineArn": "m", "QueueUrl": "q", "MessageBody": "b" } } } });
        let params =
            json!({ "name": "x", "definition": definition.to_string(), "roleArn": ROLE, "type": "EXPRESS" });
        assert_eq!(
            client.refused("CreateStateMachine", params).await,
            (
                "InvalidDefinition".to_owned(),
                format!(
                    "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support {what} at /States/A/Resource'"
                )
            )
        );
    }
    let task = json!({ "Type": "Task", "Resource": lambda("echo"), "End": true });
    express(&client, &json!({ "StartAt": "A", "States": { "A": task } }).to_string()).await;
}

#[tokio::test]
async fn a_version_of_an_express_machine_is_started_as_well() {
    let client = Client::new().await;
    let machine = express(&client, &pass("it")).await;
    let version = client.call("PublishStateMachineVersion", json!({ "stateMachineArn": machine })).await;
    let params = json!({ "stateMachineArn": version["stateMachineVersionArn"] });
    let ended = client.call("StartSyncExecution", params).await;
    assert_eq!((&ended["status"], &ended["stateMachineArn"]), (&json!("SUCCEEDED"), &machine));
}
