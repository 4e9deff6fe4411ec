//! The cases in `tests/asl/cases`: a definition, an input, what its tasks answer, and the history that must come of it.
//! A case needs no Rust. `UPDATE=1` writes down what the engine gives now; read the difference before committing it.

use crate::engine::world::{START, World};
use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use workflow::history::Failure;
use workflow::{Definition, Input, Pending, RunEnd, TaskKey};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    about: String,
    pub(crate) definition: Value,
    /// The document was accepted once, and would not be now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    old: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    /// By state name: what each try answers, or each map run comes to. A try without an entry never answers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tasks: BTreeMap<String, Vec<Answer>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<Stop>,
    /// When it is redriven, in milliseconds since the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    redrives: Vec<i64>,
    /// What `Definition::parse` says of the document, as `pointer: message`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) problems: Vec<String>,
    /// Id, previous id, milliseconds since the start, type, details.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) history: Vec<Value>,
}

/// All times are milliseconds since the task was given out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Answer {
    /// When the worker takes the activity.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<i64>,
    /// When the service has accepted a call that awaits a callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    heartbeats: Vec<i64>,
    /// When the answer below comes.
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    /// An output of this many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// How often the process restarts while the task runs, at `at`, without an answer.
    restarts: u32,
    /// How many of these restarts, the first ones, are in order: the task is taken back before.
    #[serde(skip_serializing_if = "is_zero")]
    orderly: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    at: i64,
    error: Option<String>,
    cause: Option<String>,
}

#[test]
fn every_case_has_its_history() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("asl/cases");
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 40, "there are only {} cases", cases.len());
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|path| check(path).err().map(|error| format!("{}: {error:#}", path.display())))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let mut case: Case = serde_json::from_str(&text)?;
    let (problems, history) = run(&case)?;
    if std::env::var_os("UPDATE").is_some() {
        case.problems = problems;
        case.history = history;
        return Ok(std::fs::write(path, printed(&case)?)?);
    }
    ensure!(problems == case.problems, "problems: {problems:#?}");
    for (index, (got, expected)) in history.iter().zip(&case.history).enumerate() {
        ensure!(got == expected, "event {}\n     got {got}\nexpected {expected}", index + 1);
    }
    ensure!(history.len() == case.history.len(), "{} events, expected {}", history.len(), case.history.len());
    Ok(())
}

/// One line per event, so that a difference is readable.
fn printed(case: &Case) -> Result<String> {
    let mut shell = serde_json::to_value(case)?;
    let history = shell.as_object_mut().and_then(|fields| fields.shift_remove("history"));
    let mut text = serde_json::to_string_pretty(&shell)?;
    if let Some(Value::Array(events)) = history {
        text.truncate(text.len() - "\n}".len());
        let lines: Vec<String> = events.iter().map(|event| format!("    {event}")).collect();
        text = format!("{text},\n  \"history\": [\n{}\n  ]\n}}", lines.join(",\n"));
    }
    Ok(text + "\n")
}

fn run(case: &Case) -> Result<(Vec<String>, Vec<Value>)> {
    let text = case.definition.to_string();
    let read = if case.old { Definition::reread(&text) } else { Definition::parse(&text) };
    let definition = match read {
        Ok(definition) => Arc::new(definition),
        Err(problems) => {
            let shown =
                problems.into_iter().map(|problem| format!("{}: {}", problem.pointer, problem.message));
            return Ok((shown.collect(), Vec::new()));
        }
    };
    let world = play(case, definition)?;
    let history = world.history()?.into_iter().map(compact).collect::<Result<_>>()?;
    Ok((Vec::new(), history))
}

/// The world in which a case has come to its end.
pub(crate) fn play(case: &Case, definition: Arc<Definition>) -> Result<World> {
    let mut play = Play {
        case,
        world: World::new(definition, 1),
        script: BTreeMap::new(),
        order: 0,
        seen: HashSet::new(),
    };
    if let Some(stop) = &case.stop {
        let text = |text: &Option<String>| text.as_deref().map(Into::into);
        play.later(
            START + stop.at,
            Act::Give(Input::Stop { error: text(&stop.error), cause: text(&stop.cause) }),
        );
    }
    for at in &case.redrives {
        play.later(START + at, Act::Give(Input::Redrive { token: None }));
    }
    let input = case.input.clone().unwrap_or_else(|| json!({})).to_string();
    play.act(Act::Give(Input::Start { input: input.into() }))?;
    play.on()?;
    Ok(play.world)
}

enum Act {
    Give(Input),
    Restart { key: TaskKey, orderly: bool },
}

struct Play<'a> {
    case: &'a Case,
    world: World,
    /// What comes from outside, by instant and order.
    script: BTreeMap<(i64, u64), Act>,
    order: u64,
    seen: HashSet<TaskKey>,
}

impl Play<'_> {
    fn later(&mut self, at: i64, act: Act) {
        self.order += 1;
        self.script.insert((at, self.order), act);
    }

    fn act(&mut self, act: Act) -> Result<()> {
        let input = match act {
            Act::Give(input) => input,
            Act::Restart { key, orderly } => {
                if orderly {
                    let _refused = self.world.give(Input::Withdrawn { key })?;
                }
                self.world.execution = self.world.replayed()?;
                if self.world.execution.pending_task(key).is_none() {
                    return Ok(());
                }
                Input::Redispatched { key }
            }
        };
        // A late result is refused, and that is part of a case.
        let _refused = self.world.give(input)?;
        while self.world.execution.must_continue() {
            let _refused = self.world.give(Input::Continue)?;
        }
        ensure!(self.world.replayed()? == self.world.execution, "the rows fold to something else");
        self.hand_out()
    }

    fn on(&mut self) -> Result<()> {
        for _ in 0..100_000 {
            let due = self.world.execution.next_due();
            let scripted = self.script.keys().next().copied();
            match (scripted, due) {
                (Some((at, order)), due) if due.is_none_or(|due| at <= due) => {
                    self.world.now = self.world.now.max(at);
                    let act = self.script.remove(&(at, order)).context("the key was just seen")?;
                    self.act(act)?;
                }
                (_, Some(due)) => {
                    self.world.now = self.world.now.max(due);
                    self.act(Act::Give(Input::Time))?;
                }
                _ => return Ok(()),
            }
        }
        bail!("the case does not end")
    }

    fn hand_out(&mut self) -> Result<()> {
        let mut tasks = Vec::new();
        for pending in self.world.execution.pending() {
            match pending {
                Pending::RunTask { key, state, .. } | Pending::Activity { key, state, .. }
                    if !self.seen.contains(&key) =>
                {
                    tasks.push((key, state, false));
                }
                Pending::MapRun { key, state, .. } if !self.seen.contains(&key) => {
                    tasks.push((key, state, true));
                }
                _ => {}
            }
        }
        for (key, state, is_run) in tasks {
            self.seen.insert(key);
            let name = self.world.definition.name(state);
            let tries = self.case.tasks.get(name).map_or(&[] as &[Answer], Vec::as_slice);
            // Answers are taken in turn over all entries of the state, so that iterations may differ.
            let taken = self.seen.iter().filter(|seen| **seen != key).count();
            let by_turn = if self.case.tasks.len() == 1 { taken } else { key.attempt as usize - 1 };
            match tries.get(by_turn).cloned() {
                Some(answer) if is_run => self.end_run(key, &answer),
                Some(answer) => self.answer(key, &answer),
                None => {}
            }
        }
        Ok(())
    }

    /// The driver of a map run says what came of it.
    fn end_run(&mut self, key: TaskKey, answer: &Answer) {
        let text = |text: &Option<String>| text.as_deref().map(Into::into);
        let end = if answer.error.is_some() {
            RunEnd::Failed(Failure { error: text(&answer.error), cause: text(&answer.cause) })
        } else {
            RunEnd::Succeeded(answer.output.as_ref().map(|output| output.to_string().into()))
        };
        self.later(self.world.now + answer.at, Act::Give(Input::MapRunEnded { key, end }));
    }

    fn answer(&mut self, key: TaskKey, answer: &Answer) {
        let now = self.world.now;
        if let Some(at) = answer.started {
            self.later(now + at, Act::Give(Input::TaskStarted { key, worker: Some("worker".into()) }));
        }
        if let Some(at) = answer.submitted {
            self.later(now + at, Act::Give(Input::TaskSubmitted { key, output: "{}".into() }));
        }
        for at in &answer.heartbeats {
            self.later(now + at, Act::Give(Input::Heartbeat { key }));
        }
        for restart in 0..answer.restarts {
            self.later(
                now + answer.at * i64::from(restart + 1),
                Act::Restart { key, orderly: restart < answer.orderly },
            );
        }
        let large = answer.bytes.map(|bytes| Value::String("x".repeat(bytes)));
        if let Some(output) = answer.output.clone().or(large) {
            self.later(
                now + answer.at,
                Act::Give(Input::TaskSucceeded { key, output: output.to_string().into() }),
            );
        } else if answer.error.is_some() {
            let text = |text: &Option<String>| text.as_deref().map(Into::into);
            let (error, cause) = (text(&answer.error), text(&answer.cause));
            self.later(now + answer.at, Act::Give(Input::TaskFailed { key, error, cause }));
        }
    }
}

/// An event as a case writes it, with the texts of payloads read.
pub(crate) fn compact(event: Value) -> Result<Value> {
    let Value::Object(fields) = event else { bail!("an event is an object") };
    let number = |name: &str| fields.get(name).and_then(Value::as_f64).context("a number");
    let at = (number("timestamp")? * 1000.0).round() as i64 - START;
    let details = fields.iter().find(|(name, _)| name.ends_with("EventDetails")).map(|(_, details)| details);
    let mut shown = Map::new();
    for (name, value) in details.and_then(Value::as_object).into_iter().flatten() {
        match name.as_str() {
            "inputDetails" | "outputDetails" | "roleArn" | "resourceType" | "region" => {}
            "input" | "output" | "parameters" => {
                let text = value.as_str().context("a payload is text")?;
                let read = if text.len() > 1000 {
                    json!(format!("{} bytes", text.len()))
                } else {
                    serde_json::from_str(text)?
                };
                shown.insert(name.clone(), read);
            }
            _ => {
                shown.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(json!([fields["id"], fields["previousEventId"], at, fields["type"], shown]))
}
