//! The real binary's engine through AWS's own client for Rust, by endpoint URL alone.
//!
//! Not here: StartSyncExecution and TestState, for which this client insists on another host name.

use anyhow::{Context, Result, ensure};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::{
    ExecutionRedriveStatus, ExecutionStatus, HistoryEventType, RoutingConfigurationListItem, Tag,
    ValidateStateMachineDefinitionResultCode,
};
use serde_json::json;
use tests::server::{Server, Setup};

const ROLE: &str = "arn:aws:iam::000000000000:role/any";

struct Rig {
    client: Client,
    _server: Server,
    _folder: tempfile::TempDir,
}

impl Rig {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let setup = Setup::default().flag("--engine-listen").flag("127.0.0.1:0");
        let server = Server::start(folder.path(), &setup)?.context("lockgate came up")?;
        let url = server.engine.clone().context("it says where the engine's endpoint is")?;
        let config = aws_sdk_sfn::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(url)
            .credentials_provider(Credentials::new("any", "any", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Ok(Self { client: Client::from_conf(config), _server: server, _folder: folder })
    }

    async fn machine(&self, name: &str, definition: &serde_json::Value) -> Result<String> {
        let create = self.client.create_state_machine().name(name).role_arn(ROLE);
        Ok(create.definition(definition.to_string()).send().await?.state_machine_arn)
    }

    async fn start_execution(&self, arn: &str) -> Result<String> {
        let start = self.client.start_execution().state_machine_arn(arn).input(r#"{"n":1}"#);
        Ok(start.send().await?.execution_arn)
    }

    async fn ended(&self, arn: &str) -> Result<ExecutionStatus> {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        for _ in 0..1000 {
            ticks.tick().await;
            let described = self.client.describe_execution().execution_arn(arn).send().await?;
            if described.status != ExecutionStatus::Running {
                return Ok(described.status);
            }
        }
        anyhow::bail!("{arn} still runs")
    }
}

fn pass(comment: &str) -> serde_json::Value {
    json!({ "Comment": comment, "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } })
}

#[tokio::test]
async fn a_worker_takes_a_task_and_a_failed_execution_is_redriven() -> Result<()> {
    let rig = Rig::start()?;
    let client = &rig.client;
    let activity = client.create_activity().name("work").send().await?.activity_arn;
    let task = json!({ "Type": "Task", "Resource": activity, "End": true });
    let machine = rig.machine("m", &json!({ "StartAt": "A", "States": { "A": task } })).await?;
    let execution = rig.start_execution(&machine).await?;

    let task = client.get_activity_task().activity_arn(&activity).worker_name("w").send().await?;
    ensure!(task.input() == Some(r#"{"n":1}"#), "{task:?}");
    let token = task.task_token.context("a token")?;
    client.send_task_heartbeat().task_token(&token).send().await?;
    client.send_task_failure().task_token(&token).error("Mine").cause("because").send().await?;
    ensure!(rig.ended(&execution).await? == ExecutionStatus::Failed);
    let late = client.send_task_success().task_token(&token).output("1").send().await;
    let late = late.err().context("it is too late")?.into_service_error();
    ensure!(late.is_task_timed_out(), "{late:?}");

    client.redrive_execution().execution_arn(&execution).send().await?;
    let task = client.get_activity_task().activity_arn(&activity).send().await?;
    let token = task.task_token.context("a token")?;
    client.send_task_success().task_token(&token).output(r#"{"n":2}"#).send().await?;
    ensure!(rig.ended(&execution).await? == ExecutionStatus::Succeeded);
    let described = client.describe_execution().execution_arn(&execution).send().await?;
    ensure!(described.output() == Some(r#"{"n":2}"#), "{described:?}");
    ensure!(described.redrive_count() == Some(1) && described.redrive_date().is_some(), "{described:?}");
    ensure!(described.redrive_status() == Some(&ExecutionRedriveStatus::NotRedrivable), "{described:?}");
    let again = client.redrive_execution().execution_arn(&execution).send().await;
    let again = again.err().context("it has succeeded")?.into_service_error();
    ensure!(again.is_execution_not_redrivable(), "{again:?}");

    let history = client.get_execution_history().execution_arn(&execution).send().await?.events;
    let redriven = history.iter().find(|event| event.r#type == HistoryEventType::ExecutionRedriven);
    let details = redriven.and_then(|event| event.execution_redriven_event_details());
    ensure!(details.and_then(|details| details.redrive_count()) == Some(1), "{history:?}");
    ensure!(history.last().is_some_and(|event| event.r#type == HistoryEventType::ExecutionSucceeded));
    Ok(())
}

#[tokio::test]
async fn a_machine_with_its_versions_aliases_and_tags() -> Result<()> {
    let rig = Rig::start()?;
    let client = &rig.client;
    let machine = rig.machine("m", &pass("one")).await?;
    let first = client.publish_state_machine_version().state_machine_arn(&machine).description("first");
    let first = first.send().await?.state_machine_version_arn;
    let update = client.update_state_machine().state_machine_arn(&machine).publish(true);
    let second = update.definition(pass("two").to_string()).send().await?;
    let second = second.state_machine_version_arn.context("it is published")?;
    let route = |version: &str, weight| {
        RoutingConfigurationListItem::builder().state_machine_version_arn(version).weight(weight).build()
    };
    let create = client.create_state_machine_alias().name("live");
    let create = create.routing_configuration(route(&first, 40)?).routing_configuration(route(&second, 60)?);
    let alias = create.send().await?.state_machine_alias_arn;
    let execution = rig.start_execution(&alias).await?;
    ensure!(rig.ended(&execution).await? == ExecutionStatus::Succeeded);
    let described = client.describe_execution().execution_arn(&execution).send().await?;
    ensure!(described.state_machine_alias_arn() == Some(&alias), "{described:?}");
    let taken = client.delete_state_machine_version().state_machine_version_arn(&first).send().await;
    let taken = taken.err().context("an alias leads to it")?.into_service_error();
    ensure!(taken.is_conflict_exception(), "{taken:?}");

    let pages = client.list_state_machine_versions().state_machine_arn(&machine).max_results(1);
    let rest = pages.clone().send().await?.next_token.context("there is more")?;
    let page = pages.clone().next_token(rest).send().await?;
    ensure!(page.state_machine_versions[0].state_machine_version_arn == first, "{page:?}");
    let garbled = client.list_state_machine_versions().state_machine_arn(&machine).next_token("garbled");
    let garbled = garbled.send().await.err().context("no token")?.into_service_error();
    ensure!(garbled.is_invalid_token(), "{garbled:?}");

    let tag = Tag::builder().key("team").value("media").build();
    client.tag_resource().resource_arn(&machine).tags(tag.clone()).send().await?;
    let tags = client.list_tags_for_resource().resource_arn(&machine).send().await?;
    ensure!(tags.tags() == [tag], "{tags:?}");
    client.untag_resource().resource_arn(&machine).tag_keys("team").send().await?;
    client.delete_state_machine_alias().state_machine_alias_arn(&alias).send().await?;
    client.delete_state_machine_version().state_machine_version_arn(&first).send().await?;
    client.delete_state_machine().state_machine_arn(&machine).send().await?;
    let gone = client.describe_state_machine().state_machine_arn(&machine).send().await;
    let gone = gone.err().context("it is deleted")?.into_service_error();
    ensure!(gone.is_state_machine_does_not_exist(), "{gone:?}");
    ensure!(gone.message() == Some(&format!("State Machine Does Not Exist: '{machine}'")), "{gone:?}");
    Ok(())
}

#[tokio::test]
async fn a_definition_is_validated_and_a_wrong_one_refused() -> Result<()> {
    let rig = Rig::start()?;
    let wrong = json!({ "StartAt": "P" }).to_string();
    let validated = rig.client.validate_state_machine_definition().definition(&wrong).send().await?;
    ensure!(validated.result == ValidateStateMachineDefinitionResultCode::Fail, "{validated:?}");
    ensure!(validated.diagnostics.len() == 1, "{validated:?}");
    let create = rig.client.create_state_machine().name("m").role_arn(ROLE).definition(wrong);
    let refused = create.send().await.err().context("it is wrong")?.into_service_error();
    ensure!(refused.is_invalid_definition(), "{refused:?}");
    Ok(())
}
