//! The cases recorded on AWS, when the variable `ASL_CASES` names their folder: every one that starts executions, in which only
//! machines are made. Their functions are Python, and run by the `python3` of the machine.
//!
//! A history after a death is compared with that of an engine that lived; where nothing but the engine has a part in it,
//! with the one that AWS recorded besides. What else a recording has depends on functions and services as they were there:
//! ids of requests, traces of a stack.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, stream};
use serde_json::Value;
use tests::stand_in::{Heard, Reply, StandIn};

use super::script::{Replay, Script};
use super::{survives, survives_in_a_row};
use crate::engine::recorded::is_for_the_core;

/// They wait until a day that was at the limit of a wait when they were recorded, and is years away.
const TOO_LONG: &str = "test_timestamp_too_far_in_future_boundary";

/// Takes the code and the event from its input; says what the function returned, or how it failed.
const FUNCTION: &str = r#"
import json, sys, types
call = json.load(sys.stdin)
space = {"__name__": "handler"}
exec(compile(call["code"], "handler.py", "exec"), space)
context = types.SimpleNamespace(aws_request_id="request", function_name="f", invoked_function_arn="f")
try:
    value = space["handler"](json.loads(call["event"]) if call["event"] else None, context)
    print(json.dumps({"value": value.decode() if isinstance(value, bytes) else json.dumps(value)}))
except Exception as error:
    failed = {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": "r", "stackTrace": []}
    print(json.dumps({"failed": json.dumps(failed)}))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_case_ends_as_if_nobody_had_died() -> Result<()> {
    let Some(folder) = std::env::var_os("ASL_CASES") else {
        eprintln!("skipped: ASL_CASES is not set");
        return Ok(());
    };
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(&folder).join("cases"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    let (mut cases, mut failures) = (0, Vec::new());
    let mut all = Outcome { deaths: 0, executions: 0, recordings: 0 };
    let mut runs =
        stream::iter(paths).map(|path| async move { (run(&path).await, path) }).buffer_unordered(4);
    while let Some((outcome, path)) = runs.next().await {
        match outcome {
            Ok(None) => {}
            Ok(Some(outcome)) => {
                all.deaths += outcome.deaths;
                all.executions += outcome.executions;
                all.recordings += outcome.recordings;
                cases += 1;
            }
            Err(error) => failures.push(format!("{}: {error:#}", path.display())),
        }
    }
    let Outcome { deaths, executions, recordings } = all;
    println!(
        "{cases} recorded cases, {deaths} deaths; {executions} executions, {recordings} of them as AWS recorded them"
    );
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    ensure!(executions > cases && recordings > 0, "there are cases of one execution and of many");
    Ok(())
}

/// What came of one case.
struct Outcome {
    deaths: u32,
    executions: usize,
    /// Executions whose history is the one that AWS recorded, too.
    recordings: usize,
}

/// `None` when it is about something else, or lasts longer than a test should.
async fn run(path: &Path) -> Result<Option<Outcome>> {
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let script = Script::of(&case, is_for_the_core(path, &case))?;
    let Some(script) = script.filter(|_| !path.to_string_lossy().contains(TOO_LONG)) else {
        return Ok(None);
    };
    let functions = Arc::new(case["lambdas"].as_array().cloned().unwrap_or_default());
    let lambda = StandIn::start(move |heard| answer(&functions, heard)).await?;
    let settings = &["--lambda-endpoint".to_owned(), lambda.url.clone()];
    let (script, executions, recordings) = (&script, script.executions(), script.recordings());
    let set = async || anyhow::Ok(Replay::new(script, settings));
    let deaths = if executions == 1 { survives(set).await? } else { survives_in_a_row(set).await? };
    Ok(Some(Outcome { deaths, executions, recordings }))
}

fn answer(functions: &[Value], heard: &Heard) -> Reply {
    let called = heard.uri.path().split('/').nth(3).unwrap_or_default().replace("%3A", ":");
    let named =
        called.rsplit(":function:").next().and_then(|name| name.split(':').next()).unwrap_or_default();
    let Some(function) = functions.iter().find(|function| function["name"] == named) else {
        let body = format!(r#"{{"Type":"User","Message":"Function not found: {named}"}}"#);
        return Reply::with(404, body).header("x-amzn-errortype", "ResourceNotFoundException");
    };
    let code = function["code"].as_str().unwrap_or_default();
    let reply = match tokio::task::block_in_place(|| call(code, &heard.body)) {
        Ok(Ok(value)) => Reply::ok(value),
        Ok(Err(failed)) => Reply::ok(failed).header("x-amz-function-error", "Unhandled"),
        Err(error) => Reply::with(500, error.to_string()),
    };
    // The answer's headers are part of a result, and so of the history.
    reply.header("date", "Thu, 01 Jan 1970 00:00:00 GMT")
}

fn call(code: &str, event: &str) -> Result<Result<String, String>> {
    let mut python = Command::new("python3")
        .args(["-c", FUNCTION])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let input = serde_json::json!({"code": code, "event": event});
    python.stdin.take().context("its input is piped")?.write_all(input.to_string().as_bytes())?;
    let said: Value = serde_json::from_slice(&python.wait_with_output()?.stdout)?;
    let text = |name: &str| said[name].as_str().map(str::to_owned);
    Ok(text("value").ok_or_else(|| text("failed").unwrap_or_default()))
}
