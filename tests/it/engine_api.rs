//! The engine's endpoint of the real binary: off unless asked for, complete for machines of one's own, and for the
//! product's own a window.

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::flow::{Flow, id};
use tests::server::{Server, Setup};
use tests::sound::wav;
use tests::stand_in::{Reply, StandIn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest request that is taken.
const BODY: usize = 1024 * 1024;

struct Rig {
    server: Server,
    http: reqwest::Client,
    engine: String,
    _folder: tempfile::TempDir,
}

impl Rig {
    fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// With these flags besides.
    fn with(flags: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let setup = Setup::default().flag("--engine-listen").flag("127.0.0.1:0");
        let setup = flags.iter().fold(setup, |setup, flag| setup.flag(flag));
        let server = Server::start(folder.path(), &setup)?.context("lockgate came up")?;
        let engine = server.engine.clone().context("it says where the engine's endpoint is")?;
        Ok(Self { server, http: reqwest::Client::new(), engine, _folder: folder })
    }

    /// One operation in AWS JSON 1.0, to be answered with this status.
    async fn ask(&self, operation: &str, body: &Value, status: u16) -> Result<Value> {
        read(self.send(operation, body.to_string(), None).await?, status).await
    }

    async fn send(&self, operation: &str, body: String, host: Option<&str>) -> Result<Response> {
        let request = self
            .http
            .post(&self.engine)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .body(body);
        let request = match host {
            Some(host) => request.header("host", host),
            None => request,
        };
        Ok(request.send().await?)
    }

    /// Waits by the API alone until the execution has ended.
    async fn ended(&self, arn: &Value) -> Result<Value> {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        for _ in 0..1000 {
            let execution = self.ask("DescribeExecution", &json!({ "executionArn": arn }), 200).await?;
            if execution["status"] != "RUNNING" {
                return Ok(execution);
            }
            ticks.tick().await;
        }
        anyhow::bail!("{arn} still runs")
    }
}

async fn read(answer: Response, status: u16) -> Result<Value> {
    let (found, text) = (answer.status(), answer.text().await?);
    ensure!(found == status, "{status} is expected, not {found}: {text}");
    serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))
}

fn machine(name: &str, resource: &Value) -> Value {
    let work = json!({ "Type": "Task", "Resource": resource, "End": true });
    let definition = json!({ "StartAt": "Work", "States": { "Work": work } }).to_string();
    json!({ "name": name, "definition": definition, "roleArn": "arn:aws:iam::000000000000:role/any" })
}

#[tokio::test]
async fn the_engine_is_not_served_unless_asked_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), &Setup::default())?.context("lockgate came up")?;
    ensure!(server.ports()?.len() == 2, "the API and the object store listen, and nothing else");
    let asked = Rig::start()?;
    ensure!(asked.server.ports()?.len() == 3, "and the engine, when it was asked for");
    Ok(())
}

#[tokio::test]
async fn a_worker_gets_a_task_by_its_token_and_its_answer_is_the_output() -> Result<()> {
    let rig = Rig::start()?;
    let activity =
        rig.ask("CreateActivity", &json!({ "name": "by-hand" }), 200).await?["activityArn"].clone();
    let made = rig.ask("CreateStateMachine", &machine("mine", &activity), 200).await?;
    let start = json!({ "stateMachineArn": made["stateMachineArn"], "name": "one", "input": "{\"n\":1}" });
    let arn = rig.ask("StartExecution", &start, 200).await?["executionArn"].clone();

    let task =
        rig.ask("GetActivityTask", &json!({ "activityArn": activity, "workerName": "w" }), 200).await?;
    ensure!(task["input"] == "{\"n\":1}", "{task}");
    let token = &task["taskToken"];
    rig.ask("SendTaskHeartbeat", &json!({ "taskToken": token }), 200).await?;
    rig.ask("SendTaskSuccess", &json!({ "taskToken": token, "output": "{\"n\":2}" }), 200).await?;
    let execution = rig.ended(&arn).await?;
    ensure!(execution["status"] == "SUCCEEDED" && execution["output"] == "{\"n\":2}", "{execution:#}");
    let again = rig.ask("SendTaskSuccess", &json!({ "taskToken": token, "output": "{}" }), 400).await?;
    ensure!(again["__type"].as_str().is_some_and(|kind| kind.ends_with("TaskTimedOut")), "{again}");

    let history = rig.ask("GetExecutionHistory", &json!({ "executionArn": arn }), 200).await?;
    let kinds: Vec<_> =
        history["events"].as_array().context("events")?.iter().filter_map(|it| it["type"].as_str()).collect();
    ensure!(
        kinds.first() == Some(&"ExecutionStarted") && kinds.last() == Some(&"ExecutionSucceeded"),
        "{kinds:?}"
    );
    ensure!(kinds.contains(&"ActivitySucceeded"), "{kinds:?}");
    Ok(())
}

#[tokio::test]
async fn machines_of_ones_own_call_services_and_never_the_products_functions() -> Result<()> {
    let lambda = StandIn::start(|heard| Reply::ok(format!("{{\"got\":{}}}", heard.body))).await?;
    let rig = Rig::with(&["--lambda-endpoint", &lambda.url])?;
    for (name, function) in [("theirs", "work"), ("ours", "lockgate-begin")] {
        let resource = json!(format!("arn:aws:lambda:us-east-1:000000000000:function:{function}"));
        let made = rig.ask("CreateStateMachine", &machine(name, &resource), 200).await?;
        let start = json!({ "stateMachineArn": made["stateMachineArn"], "input": "{\"n\":1}" });
        let arn = rig.ask("StartExecution", &start, 200).await?["executionArn"].clone();
        let execution = rig.ended(&arn).await?;
        ensure!(execution["output"] == "{\"got\":{\"n\":1}}", "{execution:#}");
    }
    let heard: Vec<String> = lambda.heard().iter().map(|heard| heard.uri.path().to_owned()).collect();
    let invoked = |name: &str| format!("/2015-03-31/functions/{name}/invocations");
    ensure!(heard == [invoked("work"), invoked("lockgate-begin")], "{heard:?}");
    Ok(())
}

#[tokio::test]
async fn the_products_worker_works_for_the_products_machine_alone() -> Result<()> {
    let rig = Rig::start()?;
    let activity = json!("arn:aws:states:us-east-1:000000000000:activity:lockgate-video");
    let refused = rig.ask("GetActivityTask", &json!({ "activityArn": activity }), 400).await?;
    ensure!(refused.to_string().contains("lockgate-video"), "{refused}");
    rig.ask("DeleteActivity", &json!({ "activityArn": activity }), 400).await?;
    let made = rig.ask("CreateStateMachine", &machine("theirs", &activity), 200).await?;
    let start = json!({ "stateMachineArn": made["stateMachineArn"], "input": "{}" });
    let arn = rig.ask("StartExecution", &start, 200).await?["executionArn"].clone();
    let execution = rig.ended(&arn).await?;
    ensure!(execution["status"] == "FAILED" && execution["error"] == "WorkflowFailed", "{execution:#}");
    ensure!(
        execution["cause"].as_str().is_some_and(|cause| cause.contains("own state machine")),
        "{execution:#}"
    );
    Ok(())
}

#[tokio::test]
async fn an_execution_of_ones_own_is_stopped_and_its_task_is_worth_nothing() -> Result<()> {
    let rig = Rig::start()?;
    let activity =
        rig.ask("CreateActivity", &json!({ "name": "by-hand" }), 200).await?["activityArn"].clone();
    let made = rig.ask("CreateStateMachine", &machine("mine", &activity), 200).await?;
    let arn = rig
        .ask("StartExecution", &json!({ "stateMachineArn": made["stateMachineArn"] }), 200)
        .await?["executionArn"]
        .clone();
    let task = rig.ask("GetActivityTask", &json!({ "activityArn": activity }), 200).await?;
    let stop = json!({ "executionArn": arn, "error": "Enough", "cause": "It was enough." });
    rig.ask("StopExecution", &stop, 200).await?;
    let execution = rig.ended(&arn).await?;
    ensure!(execution["status"] == "ABORTED" && execution["error"] == "Enough", "{execution:#}");
    rig.ask("SendTaskFailure", &json!({ "taskToken": task["taskToken"] }), 400).await?;
    rig.ask("DeleteStateMachine", &json!({ "stateMachineArn": made["stateMachineArn"] }), 200).await?;
    Ok(())
}

#[tokio::test]
async fn the_products_own_machine_can_be_looked_at_and_not_touched() -> Result<()> {
    let rig = Rig::start()?;
    let flow = Flow::new(&rig.server.url);
    let session = flow.run("a.wav", &wav(4410, 1), "k").await?;
    ensure!(session["state"] == "Done", "{session:#}");

    let listed = rig.ask("ListStateMachines", &json!({}), 200).await?;
    let named = |name: &str| {
        let mut all = listed["stateMachines"].as_array().into_iter().flatten();
        all.find(|machine| machine["name"] == name).map(|machine| machine["stateMachineArn"].clone())
    };
    let machine_arn = &named("lockgate-session").context("the sessions' machine is listed")?;
    let notify_arn = named("lockgate-notify").context("the notices' machine is listed")?;
    rig.ask("DescribeStateMachine", &json!({ "stateMachineArn": machine_arn }), 200).await?;
    let executions = rig.ask("ListExecutions", &json!({ "stateMachineArn": machine_arn }), 200).await?;
    let arn = &executions["executions"][0]["executionArn"];
    ensure!(executions["executions"][0]["name"] == format!("{}-1", id(&session)?), "{executions}");
    let execution = rig.ended(arn).await?;
    ensure!(execution["status"] == "SUCCEEDED", "{execution:#}");
    let history = rig.ask("GetExecutionHistory", &json!({ "executionArn": arn }), 200).await?;
    ensure!(history["events"].as_array().is_some_and(|events| events.len() > 10), "{history:#}");

    let definition =
        machine("lockgate-session", &json!("arn:aws:lambda:us-east-1:000000000000:function:other"));
    for (operation, body) in [
        ("StartExecution", json!({ "stateMachineArn": machine_arn, "name": "mine", "input": "{}" })),
        ("StartExecution", json!({ "stateMachineArn": notify_arn, "name": "mine", "input": "{}" })),
        ("StopExecution", json!({ "executionArn": arn })),
        ("DeleteStateMachine", json!({ "stateMachineArn": machine_arn })),
        ("CreateStateMachine", definition),
    ] {
        let refused = rig.ask(operation, &body, 400).await?;
        ensure!(
            refused["__type"].as_str().is_some_and(|kind| kind == "AccessDeniedException"),
            "{operation}: {refused}"
        );
    }
    let executions = rig.ask("ListExecutions", &json!({ "stateMachineArn": machine_arn }), 200).await?;
    ensure!(executions["executions"].as_array().is_some_and(|all| all.len() == 1), "{executions}");
    ensure!(flow.verb(Method::GET, "/healthz", None).await?.status() == 200);
    Ok(())
}

#[tokio::test]
async fn a_task_touches_the_products_machine_no_more_than_a_request_does() -> Result<()> {
    let rig = Rig::start()?;
    let flow = Flow::new(&rig.server.url);
    flow.run("a.wav", &wav(4410, 1), "k").await?;
    let machine_arn = "arn:aws:states:us-east-1:000000000000:stateMachine:lockgate-session";
    let executions = json!({ "stateMachineArn": machine_arn });
    let listed = rig.ask("ListExecutions", &executions, 200).await?;
    let arn = &listed["executions"][0]["executionArn"];
    // The session is Done a little before its execution has ended.
    rig.ended(arn).await?;
    let before = rig.ask("ListExecutions", &executions, 200).await?;

    for (action, parameters) in [
        ("states:startExecution", json!({ "StateMachineArn": machine_arn, "Input": {} })),
        ("states:startExecution.sync:2", json!({ "StateMachineArn": machine_arn, "Input": {} })),
        ("aws-sdk:sfn:startExecution", json!({ "StateMachineArn": machine_arn, "Input": {} })),
        ("aws-sdk:sfn:stopExecution", json!({ "ExecutionArn": arn })),
        ("aws-sdk:sfn:redriveExecution", json!({ "ExecutionArn": arn })),
        ("aws-sdk:sfn:deleteStateMachine", json!({ "StateMachineArn": machine_arn })),
    ] {
        let resource = format!("arn:aws:states:::{action}");
        let call = json!({ "Type": "Task", "Resource": resource, "Parameters": parameters, "End": true });
        let definition = json!({ "StartAt": "Call", "States": { "Call": call } }).to_string();
        let role = "arn:aws:iam::000000000000:role/any";
        let create = json!({ "name": action.replace(':', "-"), "definition": definition, "roleArn": role });
        let made = rig.ask("CreateStateMachine", &create, 200).await?;
        let start = json!({ "stateMachineArn": made["stateMachineArn"] });
        let started = rig.ask("StartExecution", &start, 200).await?["executionArn"].clone();
        let mut ends = vec![rig.ended(&started).await?];
        if !action.contains(".sync") {
            let alone = json!({ "definition": call.to_string(), "roleArn": role });
            ends.push(rig.ask("TestState", &alone, 200).await?);
        }
        for end in ends {
            let cause = end["cause"].as_str().unwrap_or_default();
            let is_refused = cause.contains("'lockgate-session' may only be looked at");
            ensure!(end["status"] == "FAILED" && is_refused, "{action}: {end:#}");
        }
    }
    ensure!(rig.ask("ListExecutions", &executions, 200).await? == before, "nothing has become of it");
    let describe = json!({ "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
        "Parameters": { "ExecutionArn": arn }, "End": true });
    let looked = rig.ask("TestState", &json!({ "definition": describe.to_string() }), 200).await?;
    ensure!(looked["status"] == "SUCCEEDED", "it may be looked at: {looked:#}");
    Ok(())
}

#[tokio::test]
async fn another_host_and_a_long_request_are_refused() -> Result<()> {
    let rig = Rig::start()?;
    let own = rig.engine.strip_prefix("http://").context("a URL")?;
    let port = own.rsplit_once(':').context("a port")?.1;
    for (host, status) in [
        (own.to_owned(), 200),
        (format!("localhost:{port}"), 200),
        (format!("evil.example:{port}"), 421),
        ("127.0.0.1".to_owned(), 421),
        (rig.server.url.replace("http://", ""), 421),
    ] {
        let answer = rig.send("ListStateMachines", "{}".to_owned(), Some(&host)).await?;
        read(answer, status).await.with_context(|| host)?;
    }
    let padded = |length: usize| format!("{{\"x\":\"{}\"}}", "a".repeat(length - 8));
    let refused = declared(own, BODY + 1).await?;
    ensure!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
    let fits = rig.send("ListStateMachines", padded(BODY), None).await?;
    ensure!(fits.status() == 200, "{}", fits.text().await?);
    Ok(())
}

/// The answer to a request that says how long it will be, and sends nothing of it.
async fn declared(host: &str, length: usize) -> Result<String> {
    let mut stream = TcpStream::connect(host).await?;
    let target = "x-amz-target: AWSStepFunctions.ListStateMachines";
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\n{target}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
