//! The cases recorded on AWS, when the variable `ASL_CASES` names their folder: every one that starts an execution and
//! looks at its history. Their functions are Python, and run by the `python3` of the machine.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, stream};
use serde_json::Value;
use tests::stand_in::{Heard, Reply, StandIn};

use super::{Case, survives};

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
    let (mut deaths, mut cases, mut failures) = (0, 0, Vec::new());
    let mut runs =
        stream::iter(paths).map(|path| async move { (run(&path).await, path) }).buffer_unordered(4);
    while let Some((outcome, path)) = runs.next().await {
        match outcome {
            Ok(None) => {}
            Ok(Some(count)) => {
                deaths += count;
                cases += 1;
            }
            Err(error) => failures.push(format!("{}: {error:#}", path.display())),
        }
    }
    println!("{cases} recorded cases, {deaths} deaths");
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    ensure!(cases > 0, "there is no case");
    Ok(())
}

/// The deaths of one case; `None` when it is about something else, or lasts longer than a test should.
async fn run(path: &Path) -> Result<Option<u32>> {
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let steps = case["steps"].as_array().context("steps")?;
    let operations: Vec<_> = steps.iter().filter_map(|step| step["op"].as_str()).collect();
    if operations != ["CreateStateMachine", "StartExecution", "@await", "GetExecutionHistory"] {
        return Ok(None);
    }
    let text = |step: usize, name: &str| steps[step]["params"][name].as_str().map(str::to_owned);
    let definition = text(0, "definition").context("a definition")?;
    let too_long = path.to_string_lossy().contains(TOO_LONG);
    if too_long || steps[2]["params"]["until"] != "terminated" {
        return Ok(None);
    }
    let functions = Arc::new(case["lambdas"].as_array().cloned().unwrap_or_default());
    let lambda = StandIn::start(move |heard| answer(&functions, heard)).await?;
    let account = "arn:aws:lambda:us-east-1:000000000000:function:";
    let case = Case {
        name: path.display().to_string(),
        definition: definition.replace("${lambda_prefix}", account),
        input: text(1, "input").unwrap_or_else(|| "{}".to_owned()).replace("${lambda_prefix}", account),
        mocked_as: None,
        flags: vec!["--lambda-endpoint".to_owned(), lambda.url.clone()],
    };
    survives(&case).await.map(Some)
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
