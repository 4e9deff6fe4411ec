//! Aliases: names for versions, and how starts are shared between two of them.

use serde_json::{Value, json};

use super::{Client, pass};
use crate::rig::NOON;

/// A machine with three versions.
async fn machine(client: &Client) -> String {
    let machine = client.machine("m", &pass("0")).await;
    for comment in ["1", "2", "3"] {
        let update = json!({ "stateMachineArn": machine, "definition": pass(comment), "publish": true });
        client.call("UpdateStateMachine", update).await;
    }
    machine
}

fn routes(machine: &str, shares: &[(u32, u32)]) -> Value {
    let route = |(number, weight): &(u32, u32)| json!({ "stateMachineVersionArn": format!("{machine}:{number}"), "weight": weight });
    shares.iter().map(route).collect()
}

#[tokio::test]
async fn an_alias_is_made_changed_described_listed_and_deleted() {
    let client = Client::new().await;
    let machine = machine(&client).await;
    let params = json!({ "name": "live", "description": "now", "routingConfiguration": routes(&machine, &[(1, 100)]) });
    let made = client.call("CreateStateMachineAlias", params.clone()).await;
    let arn = made["stateMachineAliasArn"].as_str().unwrap();
    assert_eq!(arn, format!("{machine}:live"));
    assert_eq!(client.call("CreateStateMachineAlias", params).await, made, "asked again");

    client.rig.hand.set(NOON + 1000);
    let shared = routes(&machine, &[(2, 70), (3, 30)]);
    let update = json!({ "stateMachineAliasArn": arn, "routingConfiguration": shared });
    let updated = client.call("UpdateStateMachineAlias", update).await;
    assert_eq!(updated["updateDate"], 1_700_000_001.0);
    let described = client.call("DescribeStateMachineAlias", json!({ "stateMachineAliasArn": arn })).await;
    assert_eq!(
        described,
        json!({
            "stateMachineAliasArn": arn, "name": "live", "description": "now", "routingConfiguration": shared,
            "creationDate": 1_700_000_000.0, "updateDate": 1_700_000_001.0,
        })
    );
    client
        .call("UpdateStateMachineAlias", json!({ "stateMachineAliasArn": arn, "description": "then" }))
        .await;
    let described = client.call("DescribeStateMachineAlias", json!({ "stateMachineAliasArn": arn })).await;
    assert_eq!((&described["description"], &described["routingConfiguration"]), (&json!("then"), &shared));

    let other = json!({ "name": "a.b", "routingConfiguration": routes(&machine, &[(3, 100)]) });
    client.call("CreateStateMachineAlias", other).await;
    let page = json!({ "stateMachineArn": machine, "maxResults": 1 });
    let first = client.call("ListStateMachineAliases", page).await;
    assert_eq!(first["stateMachineAliases"][0]["stateMachineAliasArn"], format!("{machine}:a.b"));
    let rest = json!({ "stateMachineArn": machine, "nextToken": first["nextToken"] });
    let rest = client.call("ListStateMachineAliases", rest).await;
    assert_eq!(
        rest["stateMachineAliases"],
        json!([{ "stateMachineAliasArn": arn, "creationDate": 1_700_000_000.0 }])
    );

    client.call("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": arn })).await;
    client.call("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": arn })).await;
    let gone = client.refused("DescribeStateMachineAlias", json!({ "stateMachineAliasArn": arn })).await;
    assert_eq!(
        gone,
        ("ResourceNotFound".into(), "Request references a resource that does not exist.".into())
    );
    assert_eq!(
        client.refused("StartExecution", json!({ "stateMachineArn": arn })).await.0,
        "StateMachineDoesNotExist"
    );
}

#[tokio::test]
async fn starts_by_an_alias_are_shared_by_weight_and_remember_both() {
    let client = Client::new().await;
    let machine = machine(&client).await;
    let params = json!({ "name": "live", "routingConfiguration": routes(&machine, &[(1, 75), (2, 25)]) });
    let alias = client.call("CreateStateMachineAlias", params).await["stateMachineAliasArn"].clone();
    let mut of_first = 0;
    for _ in 0..200 {
        let started = client.call("StartExecution", json!({ "stateMachineArn": alias })).await;
        let described =
            client.call("DescribeExecution", json!({ "executionArn": started["executionArn"] })).await;
        assert_eq!(
            (&described["stateMachineAliasArn"], &described["stateMachineArn"]),
            (&alias, &json!(machine))
        );
        of_first += i32::from(described["stateMachineVersionArn"] == format!("{machine}:1"));
    }
    assert!((120..=180).contains(&of_first), "three of four, not {of_first} of 200");
    let listed = client.call("ListExecutions", json!({ "stateMachineArn": alias, "maxResults": 1000 })).await;
    assert_eq!(listed["executions"].as_array().unwrap().len(), 200);
    assert_eq!(listed["executions"][0]["stateMachineAliasArn"], alias);
    let first = json!({ "stateMachineArn": format!("{machine}:1"), "maxResults": 1000 });
    let listed = client.call("ListExecutions", first).await;
    assert_eq!(listed["executions"].as_array().unwrap().len() as i32, of_first);

    let all = json!({ "stateMachineAliasArn": alias, "routingConfiguration": routes(&machine, &[(1, 0), (3, 100)]) });
    client.call("UpdateStateMachineAlias", all).await;
    for _ in 0..20 {
        let started = client.call("StartExecution", json!({ "stateMachineArn": alias })).await;
        let described =
            client.call("DescribeExecution", json!({ "executionArn": started["executionArn"] })).await;
        assert_eq!(described["stateMachineVersionArn"], format!("{machine}:3"));
    }
}

#[tokio::test]
async fn a_version_that_an_alias_leads_to_stays() {
    let client = Client::new().await;
    let machine = machine(&client).await;
    for (name, shares) in [("b", [(1, 50), (2, 50)]), ("a", [(2, 10), (3, 90)])] {
        let params = json!({ "name": name, "routingConfiguration": routes(&machine, &shares) });
        client.call("CreateStateMachineAlias", params).await;
    }
    let second = json!({ "stateMachineVersionArn": format!("{machine}:2") });
    assert_eq!(
        client.refused("DeleteStateMachineVersion", second.clone()).await,
        (
            "ConflictException".to_owned(),
            "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [a, b]".to_owned()
        )
    );
    for name in ["a", "b"] {
        client
            .call("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": format!("{machine}:{name}") }))
            .await;
    }
    client.call("DeleteStateMachineVersion", second).await;
    client.call("DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    client.machine("m", &pass("anew")).await;
    let listed = client.call("ListStateMachineAliases", json!({ "stateMachineArn": machine })).await;
    assert_eq!(listed, json!({ "stateMachineAliases": [] }));
}

#[tokio::test]
async fn an_alias_that_may_not_be_is_refused_in_awss_words() {
    let client = Client::new().await;
    let machine = machine(&client).await;
    let other = client.machine("other", &pass("o")).await;
    client.call("PublishStateMachineVersion", json!({ "stateMachineArn": other })).await;
    let taken = json!({ "name": "taken", "routingConfiguration": routes(&machine, &[(1, 100)]) });
    client.call("CreateStateMachineAlias", taken).await;
    let one = |arn: &str| json!([{ "stateMachineVersionArn": arn, "weight": 100 }]);
    let mixed = json!([
        { "stateMachineVersionArn": format!("{machine}:1"), "weight": 50 },
        { "stateMachineVersionArn": format!("{other}:1"), "weight": 50 },
    ]);
    for (name, routes, kind, message) in [
        ("n", one(&machine), "ValidationException", format!("Routing configuration must contain state machine version ARNs. Received: [{machine}]")),
        ("n", one(&format!("{machine}:9")), "ValidationException", format!("Routing configuration must contain state machine version ARNs. Received: [{machine}:9]")),
        ("n", routes(&machine, &[(1, 50), (1, 50)]), "ValidationException", format!("Routing configuration must contain distinct state machine version ARNs. Received: [{machine}:1, {machine}:1]")),
        ("n", routes(&machine, &[(1, 50), (2, 70)]), "ValidationException", "Sum of routing configuration weights must equal 100. Received: [50, 70]".into()),
        ("n", routes(&machine, &[(1, 101)]), "ValidationException", "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy constraint: Member must have value less than or equal to 100".into()),
        ("n", routes(&machine, &[(1, 100), (2, 0), (3, 0)]), "ValidationException", format!("1 validation error detected: Value '[RoutingConfigurationListItem(stateMachineVersionArn={machine}:1, weight=100), RoutingConfigurationListItem(stateMachineVersionArn={machine}:2, weight=0), RoutingConfigurationListItem(stateMachineVersionArn={machine}:3, weight=0)]' at 'routingConfiguration' failed to satisfy constraint: Member must have length less than or equal to 2")),
        ("n", mixed.clone(), "ValidationException", format!("Routing configuration must contain versions of one state machine. Received: [{machine}:1, {other}:1]")),
        ("123", routes(&machine, &[(1, 100)]), "ValidationException", r"1 validation error detected: Value '123' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$".into()),
        ("", routes(&machine, &[(1, 100)]), "ValidationException", r"2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$".into()),
        ("taken", routes(&machine, &[(2, 100)]), "ConflictException", "Failed to create alias because an alias with the same name and a different routing configuration already exists.".into()),
    ] {
        let params = json!({ "name": name, "routingConfiguration": routes });
        assert_eq!(client.refused("CreateStateMachineAlias", params).await, (kind.to_owned(), message));
    }
    let alias = format!("{machine}:taken");
    for (params, kind) in [
        (json!({ "stateMachineAliasArn": alias }), "MissingRequiredParameter"),
        (
            json!({ "stateMachineAliasArn": format!("{machine}:nobody"), "description": "d" }),
            "ResourceNotFound",
        ),
        (json!({ "stateMachineAliasArn": machine, "description": "d" }), "InvalidArn"),
        (
            json!({ "stateMachineAliasArn": alias, "routingConfiguration": one(&format!("{other}:1")) }),
            "ValidationException",
        ),
        (json!({ "stateMachineAliasArn": alias, "routingConfiguration": [] }), "ValidationException"),
    ] {
        assert_eq!(client.refused("UpdateStateMachineAlias", params.clone()).await.0, kind, "{params}");
    }
    let wrong = json!({ "stateMachineArn": alias });
    assert_eq!(client.refused("ListStateMachineAliases", wrong).await.0, "InvalidArn");
}

#[tokio::test]
async fn a_machine_has_a_hundred_aliases_at_most() {
    let client = Client::new().await;
    let machine = machine(&client).await;
    let params = |number: u32| json!({ "name": format!("a{number}"), "routingConfiguration": routes(&machine, &[(1, 100)]) });
    for number in 0..100 {
        client.call("CreateStateMachineAlias", params(number)).await;
    }
    assert_eq!(
        client.refused("CreateStateMachineAlias", params(100)).await.0,
        "ServiceQuotaExceededException"
    );
    client.call("CreateStateMachineAlias", params(99)).await;
    client.call("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": format!("{machine}:a7") })).await;
    client.call("CreateStateMachineAlias", params(100)).await;
}
