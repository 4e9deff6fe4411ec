//! State machines: made, updated, described, listed.

use serde_json::{Value, json};

use super::{Client, ROLE, pass};
use crate::rig::{NOON, chain};

#[tokio::test]
async fn an_update_changes_what_it_names_and_running_executions_keep_their_revision() {
    let client = Client::new().await;
    let machine = client.machine("m", &chain(&["hang"])).await;
    let started = client.call("StartExecution", json!({ "stateMachineArn": machine })).await;
    let execution = json!({ "executionArn": started["executionArn"] });

    client.rig.hand.set(NOON + 5000);
    let update = json!({ "stateMachineArn": machine, "definition": pass("new") });
    let updated = client.call("UpdateStateMachine", update).await;
    assert_eq!(updated["updateDate"], 1_700_000_005.0);
    assert!(updated.get("stateMachineVersionArn").is_none(), "{updated}");
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!((&described["definition"], &described["roleArn"]), (&json!(pass("new")), &json!(ROLE)));
    assert_eq!(described["revisionId"], updated["revisionId"]);
    assert_eq!(described["creationDate"], 1_700_000_000.0, "an update does not make it younger");
    let pinned = client.call("DescribeStateMachineForExecution", execution).await;
    assert_eq!(pinned["definition"], chain(&["hang"]));
    assert_eq!((&pinned["updateDate"], pinned.get("revisionId")), (&json!(1_700_000_000.0), None));

    let role = json!({ "stateMachineArn": machine, "roleArn": "arn:aws:iam::000000000000:role/other" });
    let second = client.call("UpdateStateMachine", role.clone()).await;
    assert_ne!(second["revisionId"], updated["revisionId"]);
    let again = client.call("UpdateStateMachine", role).await;
    assert_eq!(again["revisionId"], second["revisionId"], "nothing changed");
    let tracing = json!({ "stateMachineArn": machine, "tracingConfiguration": { "enabled": true } });
    client.call("UpdateStateMachine", tracing).await;
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!(described["tracingConfiguration"], json!({ "enabled": true }));
    assert_eq!(described["roleArn"], "arn:aws:iam::000000000000:role/other");
    assert_eq!(described["definition"], pass("new"));
    let off = json!({ "stateMachineArn": machine, "tracingConfiguration": { "enabled": false } });
    client.call("UpdateStateMachine", off).await;
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!(described["tracingConfiguration"], json!({ "enabled": false }));
}

#[tokio::test]
async fn an_update_that_may_not_be_changes_nothing() {
    let client = Client::new().await;
    let machine = client.machine("m", &pass("old")).await;
    for (params, kind, message) in [
        (
            json!({ "stateMachineArn": machine }),
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified".to_owned(),
        ),
        (
            json!({ "stateMachineArn": machine, "publish": true }),
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified".to_owned(),
        ),
        (
            json!({ "stateMachineArn": machine, "roleArn": ROLE, "versionDescription": "x" }),
            "ValidationException",
            "Version description can only be set when publish is true".to_owned(),
        ),
        (
            json!({ "stateMachineArn": machine, "definition": r#"{"StartAt":"P"}"# }),
            "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'".to_owned(),
        ),
        (
            json!({ "stateMachineArn": machine, "loggingConfiguration": { "level": "ALL" } }),
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.".to_owned(),
        ),
        (
            json!({ "stateMachineArn": format!("{machine}x"), "roleArn": ROLE }),
            "StateMachineDoesNotExist",
            format!("State Machine Does Not Exist: '{machine}x'"),
        ),
        (
            json!({ "stateMachineArn": format!("{machine}:1"), "roleArn": ROLE }),
            "StateMachineDoesNotExist",
            format!("State Machine Does Not Exist: '{machine}:1'"),
        ),
    ] {
        assert_eq!(client.refused("UpdateStateMachine", params.clone()).await, (kind.to_owned(), message), "{params}");
    }
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!((&described["definition"], described.get("revisionId")), (&json!(pass("old")), None));
}

#[tokio::test]
async fn the_same_machine_again_is_the_same_and_another_of_its_name_is_refused() {
    let client = Client::new().await;
    let wanted = |more: Value| {
        let mut params = json!({ "name": "m", "definition": pass("it"), "roleArn": ROLE });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    let first =
        client.call("CreateStateMachine", wanted(json!({ "tags": [{ "key": "a", "value": "1" }] }))).await;
    client.rig.hand.set(NOON + 1000);
    for same in [
        json!({}),
        json!({ "roleArn": "arn:aws:iam::000000000000:role/other" }),
        json!({ "tags": [{ "key": "b", "value": "2" }] }),
        json!({ "type": "STANDARD" }),
        json!({ "loggingConfiguration": { "level": "OFF" }, "tracingConfiguration": { "enabled": false } }),
    ] {
        assert_eq!(client.call("CreateStateMachine", wanted(same.clone())).await, first, "{same}");
    }
    let described =
        client.call("DescribeStateMachine", json!({ "stateMachineArn": first["stateMachineArn"] })).await;
    assert_eq!(described["roleArn"], ROLE);
    for other in [
        json!({ "definition": pass("other") }),
        json!({ "type": "EXPRESS" }),
        json!({ "tracingConfiguration": { "enabled": true } }),
    ] {
        let refused = client.refused("CreateStateMachine", wanted(other.clone())).await;
        assert_eq!(refused.0, "StateMachineAlreadyExists", "{other}");
    }
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
    let client = Client::new().await;
    let machine = client.machine("m", &pass("it")).await;
    let state = json!({ "Type": "Pass", "End": true }).to_string();
    for role in
        ["none", "arn:aws:iam::aws:policy/p", "arn:aws:iam::000000000000:role/", "arn:aws:s3:::bucket"]
    {
        for (operation, params) in [
            ("CreateStateMachine", json!({ "name": "n", "definition": pass("it"), "roleArn": role })),
            ("UpdateStateMachine", json!({ "stateMachineArn": machine, "roleArn": role })),
            ("TestState", json!({ "definition": state, "roleArn": role })),
        ] {
            let refused = client.refused(operation, params).await;
            assert_eq!(
                refused,
                ("InvalidArn".to_owned(), format!("Invalid Role Arn: '{role}'")),
                "{operation}"
            );
        }
    }
    let role = "arn:aws-cn:iam::123456789012:role/path/name";
    client.call("UpdateStateMachine", json!({ "stateMachineArn": machine, "roleArn": role })).await;
}

#[tokio::test]
async fn settings_are_checked_completed_and_shown() {
    let client = Client::new().await;
    let group = json!([{ "cloudWatchLogsLogGroup": { "logGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:g:*" } }]);
    let params = json!({
        "name": "m", "definition": pass("it"), "roleArn": ROLE,
        "loggingConfiguration": { "level": "ALL", "destinations": group },
        "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k" },
    });
    let machine = client.call("CreateStateMachine", params).await;
    let described =
        client.call("DescribeStateMachine", json!({ "stateMachineArn": machine["stateMachineArn"] })).await;
    assert_eq!(
        described["loggingConfiguration"],
        json!({ "level": "ALL", "includeExecutionData": false, "destinations": group })
    );
    assert_eq!(
        described["encryptionConfiguration"],
        json!({ "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k" })
    );
    let two = json!([group[0], group[0]]);
    for (setting, kind) in [
        (json!({ "loggingConfiguration": { "level": "FATAL" } }), "InvalidLoggingConfiguration"),
        (
            json!({ "loggingConfiguration": { "level": "OFF", "destinations": two } }),
            "InvalidLoggingConfiguration",
        ),
        (
            json!({ "loggingConfiguration": { "level": "ALL", "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": "arn:aws:s3:::b" } }] } }),
            "InvalidLoggingConfiguration",
        ),
        (
            json!({ "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY" } }),
            "InvalidEncryptionConfiguration",
        ),
        (
            json!({ "encryptionConfiguration": { "type": "AWS_OWNED_KEY", "kmsKeyId": "k" } }),
            "InvalidEncryptionConfiguration",
        ),
        (json!({ "encryptionConfiguration": { "type": "MINE" } }), "ValidationException"),
        (json!({ "loggingConfiguration": { "level": "LOUD" } }), "ValidationException"),
        (json!({ "tracingConfiguration": { "enabled": "yes" } }), "SerializationException"),
    ] {
        let mut params = json!({ "name": "n", "definition": pass("it"), "roleArn": ROLE });
        params.as_object_mut().unwrap().extend(setting.as_object().unwrap().clone());
        assert_eq!(client.refused("CreateStateMachine", params).await.0, kind, "{setting}");
    }
    let listed = client.call("ListStateMachines", json!({})).await;
    assert_eq!(listed["stateMachines"].as_array().unwrap().len(), 1, "nothing that was refused is there");
}

#[tokio::test]
async fn machines_are_listed_by_name_in_pages_of_any_size() {
    let client = Client::new().await;
    for name in ["b", "d", "a", "c"] {
        client.machine(name, &pass("it")).await;
    }
    for size in [1, 2, 3, 4, 5] {
        let mut names = Vec::new();
        let mut token = Value::Null;
        loop {
            let page =
                client.call("ListStateMachines", json!({ "maxResults": size, "nextToken": token })).await;
            let machines = page["stateMachines"].as_array().unwrap();
            assert!(machines.len() <= size, "{page}");
            names.extend(machines.iter().map(|machine| machine["name"].as_str().unwrap().to_owned()));
            token = page["nextToken"].clone();
            if token.is_null() {
                break;
            }
        }
        assert_eq!(names, ["a", "b", "c", "d"], "in pages of {size}");
    }
    let all = client.call("ListStateMachines", json!({ "maxResults": 0 })).await;
    assert_eq!(all["stateMachines"].as_array().unwrap().len(), 4, "0 is for the usual number");
}

#[tokio::test]
async fn what_is_only_metadata_is_without_its_data() {
    let client = Client::new().await;
    let machine = client.machine("m", &pass("it")).await;
    let started = client
        .call(
            "StartExecution",
            json!({ "stateMachineArn": machine, "input": "[1]", "traceHeader": "Root=1" }),
        )
        .await;
    let arn = started["executionArn"].as_str().unwrap();
    client.rig.engine.closed(arn).await.unwrap();
    let whole =
        client.call("DescribeExecution", json!({ "executionArn": arn, "includedData": "ALL_DATA" })).await;
    assert_eq!(
        (&whole["input"], &whole["output"], &whole["traceHeader"]),
        (&json!("[1]"), &json!("[1]"), &json!("Root=1"))
    );
    let bare = client
        .call("DescribeExecution", json!({ "executionArn": arn, "includedData": "METADATA_ONLY" }))
        .await;
    for field in ["input", "output", "error", "cause"] {
        assert!(bare.get(field).is_none(), "{field}: {bare}");
    }
    assert_eq!(bare["status"], "SUCCEEDED");
    let wrong = json!({ "executionArn": arn, "includedData": "SOME" });
    assert_eq!(client.refused("DescribeExecution", wrong).await.0, "ValidationException");
}

#[tokio::test]
async fn a_machine_is_being_deleted_until_nothing_of_it_runs() {
    let client = Client::new().await;
    let machine = client.machine("m", &chain(&["hang"])).await;
    let started = client.call("StartExecution", json!({ "stateMachineArn": machine })).await;
    client.rig.script.next().await;
    client.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    client.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!(
        (&described["status"], &described["definition"]),
        (&json!("DELETING"), &json!(chain(&["hang"])))
    );
    let create = json!({ "name": "m", "definition": pass("anew"), "roleArn": ROLE });
    for (operation, params) in [
        ("StartExecution", json!({ "stateMachineArn": machine })),
        ("UpdateStateMachine", json!({ "stateMachineArn": machine, "roleArn": ROLE })),
        ("PublishStateMachineVersion", json!({ "stateMachineArn": machine })),
        ("CreateStateMachine", create.clone()),
    ] {
        let refused = client.refused(operation, params).await;
        let message = format!("State Machine is being deleted: '{machine}'");
        assert_eq!(refused, ("StateMachineDeleting".to_owned(), message), "{operation}");
    }
    let listed = client.call("ListExecutions", json!({ "stateMachineArn": machine })).await;
    assert_eq!(listed["executions"][0]["status"], "RUNNING");
    client.call("StopExecution", json!({ "executionArn": started["executionArn"] })).await;
    let gone = json!({ "stateMachineArn": machine });
    assert_eq!(client.refused("DescribeStateMachine", gone).await.0, "StateMachineDoesNotExist");
    client.call("CreateStateMachine", create).await;
}

#[tokio::test]
async fn a_description_says_which_state_reads_which_variable() {
    let client = Client::new().await;
    let definition = json!({ "QueryLanguage": "JSONata", "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "x": 1, "y": 2 }, "Next": "Use" },
        "Use": { "Type": "Pass", "Output": "{% $x + $y %}", "End": true },
    } });
    let machine = client.machine("m", &definition.to_string()).await;
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": machine })).await;
    assert_eq!(described["variableReferences"], json!({ "Use": ["x", "y"] }));
    let started = client.call("StartExecution", json!({ "stateMachineArn": machine })).await;
    let execution = json!({ "executionArn": started["executionArn"] });
    let pinned = client.call("DescribeStateMachineForExecution", execution).await;
    assert_eq!(pinned["variableReferences"], described["variableReferences"]);

    let plain = client.machine("plain", &pass("x")).await;
    let described = client.call("DescribeStateMachine", json!({ "stateMachineArn": plain })).await;
    assert!(described.get("variableReferences").is_none(), "{described}");
}
