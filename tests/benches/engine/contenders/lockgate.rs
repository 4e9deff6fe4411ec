//! Ours: the release binary's `engine`, once with tasks that are answered in its process, once with tasks behind HTTP.

use std::process::Command;
use std::rc::Rc;

use anyhow::Result;
use async_trait::async_trait;
use serde_json::json;

use super::{Called, Contender};
use crate::cell::Cell;
use crate::connection::operation;
use crate::engine::Engine;
use crate::machines::{MOCKED, TEST_CASE, tasks};
use tests::bench;
use tests::bench::peers::pins;
use tests::process::Process;

struct Lockgate {
    name: &'static str,
    about: &'static str,
    called: Called,
    _held: Rc<Held>,
}

/// What runs until the last row is measured.
struct Held {
    _engine: Engine,
    _functions: Process,
    _folder: tempfile::TempDir,
}

/// Both rows; one engine runs them.
pub(crate) async fn lockgate() -> Result<[Box<dyn Contender>; 2]> {
    let folder = bench::folder()?;
    let script = pins("lambda").join("nothing.mjs");
    let (functions, at) =
        Process::start_listening(Command::new("node").arg(script), &folder.path().join("functions.log"))?;
    let engine = Engine::start(&folder.path().join("data"), Some(at))?;
    let mocked = engine.machine(MOCKED, "EXPRESS", &tasks()).await?;
    let called = engine.machine("called", "EXPRESS", &tasks()).await?;
    let address = engine.address;
    let held = Rc::new(Held { _engine: engine, _functions: functions, _folder: folder });
    let row = |name, about, machine: String| {
        let request =
            operation(address, "StartSyncExecution", &json!({ "stateMachineArn": machine, "input": "{}" }));
        let is_well = |answer: &str| answer.contains(r#""status":"SUCCEEDED""#);
        let called = Called::new(address, move |_| request.clone(), is_well);
        Box::new(Lockgate { name, about, called, _held: held.clone() }) as Box<dyn Contender>
    };
    Ok([
        row(
            "in the process",
            "ten Tasks that the engine's --mock-config answers, StartSyncExecution (journalled as any other)",
            format!("{mocked}#{TEST_CASE}"),
        ),
        row(
            "behind HTTP",
            "ten Tasks that call a Lambda function in a Node process, StartSyncExecution (journalled as any other)",
            called,
        ),
    ])
}

#[async_trait(?Send)]
impl Contender for Lockgate {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> String {
        format!("lockgate engine {}: {}", env!("CARGO_PKG_VERSION"), self.about)
    }

    fn takes_part(&self, _in_flight: usize) -> bool {
        true
    }

    async fn measure(&self, in_flight: usize) -> Result<Cell> {
        self.called.measure(in_flight).await
    }
}
