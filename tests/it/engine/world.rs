//! A world for one execution: a journal of encoded rows, a clock of its own, and a check after every append that what
//! was written folds to what stands in memory.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::sync::Arc;
use workflow::history::{decode, encode};
use workflow::{Definition, Execution, Facts, Input, Refused, Stepped, Tick, step};

pub(crate) struct World {
    pub(crate) definition: Arc<Definition>,
    pub(crate) execution: Execution,
    /// One row per append, as a journal would keep them.
    pub(crate) rows: Vec<Vec<u8>>,
    pub(crate) now: i64,
    seed: u64,
}

/// The instant at which every world begins: 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600_000;

impl World {
    pub(crate) fn new(definition: Arc<Definition>, seed: u64) -> World {
        World { definition, execution: Execution::new(facts()), rows: Vec::new(), now: START, seed }
    }

    /// One step and its append. `Ok(Err(_))` when the input is refused.
    pub(crate) fn give(&mut self, input: Input) -> Result<Result<usize, Refused>> {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let tick = Tick { now: self.now, seed: self.seed };
        let Stepped { events, execution } = match step(&self.definition, &self.execution, input, tick) {
            Ok(stepped) => stepped,
            Err(refused) => return Ok(Err(refused)),
        };
        ensure!(events.len() <= 256, "a step made {} events", events.len());
        if events.is_empty() {
            ensure!(execution == self.execution, "an execution moved without an event");
            return Ok(Ok(0));
        }
        let mut row = Vec::new();
        encode(&events, &mut row);
        ensure!(decode(&row)? == events, "a row reads back as something else");
        for event in &events {
            self.execution.apply(event)?;
        }
        ensure!(
            execution == self.execution,
            "the events of a step fold to something else than the step says"
        );
        self.rows.push(row);
        Ok(Ok(events.len()))
    }

    /// The execution as a restarted process would have it: folded from the rows alone.
    pub(crate) fn replayed(&self) -> Result<Execution> {
        let mut execution = Execution::new(facts());
        for row in &self.rows {
            for event in decode(row)? {
                execution.apply(&event).with_context(|| format!("{event:?}"))?;
            }
        }
        Ok(execution)
    }

    /// The public history.
    pub(crate) fn history(&self) -> Result<Vec<Value>> {
        let mut execution = Execution::new(facts());
        let mut shown = Vec::new();
        for row in &self.rows {
            for event in decode(row)? {
                shown.extend(event.public(&self.definition, &execution));
                execution.apply(&event)?;
            }
        }
        Ok(shown)
    }
}

pub(crate) fn facts() -> Arc<Facts> {
    Arc::new(Facts {
        execution_arn: "arn:aws:states:us-east-1:123456789012:execution:machine:run".to_owned(),
        execution_name: "run".to_owned(),
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:machine".to_owned(),
        state_machine_name: "machine".to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/role".to_owned(),
    })
}
