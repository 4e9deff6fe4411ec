//! What a recorded case does, step by step: machines that are made, executions of them, and what AWS recorded of each.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::engine_server::EngineServer;

use super::asking::{create, ended, history, start};
use super::{History, Scene};
use crate::engine::recorded::unlike;

const FUNCTIONS: &str = "arn:aws:lambda:us-east-1:000000000000:function:";
const STATES: &str = "arn:aws:states:us-east-1:000000000000";

pub(super) struct Script {
    steps: Vec<Step>,
}

enum Step {
    Create {
        name: String,
        definition: String,
    },
    Run {
        machine: String,
        name: String,
        input: String,
        /// What AWS recorded, where it is to be met field by field.
        recorded: Option<History>,
    },
}

impl Script {
    /// `None` when the case is about something else than machines and their executions. `is_ours` says that nothing of a
    /// history depends on what stands in for a service.
    pub(super) fn of(case: &Value, is_ours: bool) -> Result<Option<Self>> {
        let all = case["steps"].as_array().context("steps")?;
        if !all.iter().any(|step| step["op"] == "StartExecution") {
            return Ok(None);
        }
        let mut steps = Vec::new();
        for (at, step) in all.iter().enumerate() {
            let params = &step["params"];
            let text = |name: &str| params[name].as_str().map(resolved);
            match step["op"].as_str().context("an operation")? {
                // Whoever only looks changes nothing, whatever the answer.
                "GetExecutionHistory"
                | "DescribeExecution"
                | "DescribeStateMachine"
                | "DescribeStateMachineForExecution" => {}
                _ if step["raises"] == true => return Ok(None),
                "CreateStateMachine" if params["type"] != "EXPRESS" => {
                    let definition = text("definition").context("a definition")?;
                    steps.push(Step::Create { name: format!("m{at}"), definition });
                }
                "StartExecution" => steps.push(Step::Run {
                    machine: text("stateMachineArn").context("a machine")?,
                    name: format!("e{at}"),
                    input: text("input").unwrap_or_else(|| "{}".to_owned()),
                    recorded: if is_ours { recorded(case, at) } else { None },
                }),
                "@await" if params["until"] == "terminated" => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(Self { steps }))
    }

    pub(super) fn executions(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Run { .. })).count()
    }

    /// How many of them are compared with what AWS recorded.
    pub(super) fn recordings(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Run { recorded: Some(_), .. })).count()
    }
}

fn is_look(step: &Value) -> bool {
    step["op"] == "GetExecutionHistory"
}

/// What AWS recorded of the execution that this step started.
fn recorded(case: &Value, start: usize) -> Option<History> {
    let execution = format!("${{{start}.executionArn}}");
    let mut looks = case["steps"].as_array()?.iter().enumerate().filter(|(_, step)| {
        let params = &step["params"];
        is_look(step) && params["executionArn"] == execution && params["reverseOrder"] != true
    });
    let expects = case["expects"].as_array()?;
    looks.find_map(|(at, _)| {
        let expect = expects.iter().find(|expect| expect["ref"]["$step"] == at)?;
        expect["expected"]["events"].as_array().cloned()
    })
}

/// The text with our own ARNs where the case leaves them open: `${0.stateMachineArn}` is the machine that step 0 made.
fn resolved(text: &str) -> String {
    let text = text.replace("${lambda_prefix}", FUNCTIONS);
    let Some((before, rest)) = text.split_once("${") else { return text };
    let Some((step, after)) = rest.split_once(".stateMachineArn}") else { return text };
    format!("{before}{STATES}:stateMachine:m{step}{}", resolved(after))
}

/// The script on its way.
pub(super) struct Replay<'a> {
    script: &'a Script,
    settings: &'a [String],
    /// The first step whose answer is still to come: what was answered stands, however often the engine dies.
    next: usize,
    histories: Vec<History>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(script: &'a Script, settings: &'a [String]) -> Self {
        Self { script, settings, next: 0, histories: Vec::new() }
    }
}

impl Scene for Replay<'_> {
    fn settings(&self) -> Vec<String> {
        self.settings.to_vec()
    }

    async fn go(&mut self, server: &EngineServer) -> Result<Vec<History>> {
        while let Some(step) = self.script.steps.get(self.next) {
            match step {
                Step::Create { name, definition } => create(server, name, definition).await?,
                Step::Run { machine, name, input, recorded } => {
                    start(server, machine, name, input).await?;
                    let execution = format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"));
                    ended(server, &execution).await?;
                    let history = history(server, &execution).await?;
                    let difference = recorded.as_ref().and_then(|recorded| unlike(&history, recorded));
                    ensure!(difference.is_none(), "AWS: {}", difference.unwrap_or_default());
                    self.histories.push(history);
                }
            }
            self.next += 1;
        }
        Ok(self.histories.clone())
    }
}

#[test]
fn what_a_case_leaves_open_is_ours() {
    assert_eq!(resolved("${lambda_prefix}f"), format!("{FUNCTIONS}f"));
    assert_eq!(
        resolved("a ${0.stateMachineArn} b ${12.stateMachineArn}"),
        format!("a {STATES}:stateMachine:m0 b {STATES}:stateMachine:m12")
    );
    assert_eq!(resolved("$${x}"), "$${x}");
}
