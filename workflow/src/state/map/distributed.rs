//! Map, distributed: each item, or batch of items, is an execution of its own, and all of them are a map run. The state
//! says by what the run works and waits for its end; the run itself is the driver's.

use super::super::{Datum, State};
use super::Map;
use super::batcher::Batcher;
use super::label;
use super::number::{TOLERATED_COUNT, TOLERATED_PERCENTAGE, Wrong, whole};
use super::reader::Reader;
use super::writer::ResultWriter;
use crate::StateId;
use crate::data::context::MapItem;
use crate::definition::build::Level;
use crate::definition::fields::Fields;
use crate::errors::RUNTIME;
use crate::execution::frame::Phase;
use crate::history::{Detail, Failure, Limits, Payload, Plan, RunId, Source};
use crate::state::setting::Setting;
use crate::step::RunEnd;
use crate::step::machine::{Exit, Machine, Outcome};
use serde_json::Value;
use std::sync::Arc;

/// How often a map run may be redriven.
const MOST_REDRIVES: u32 = 1000;
/// An express execution lives this many seconds.
const EXPRESS_SECONDS: u32 = 300;

#[derive(Debug)]
pub(crate) struct Distributed {
    express: bool,
    label: Option<Arc<str>>,
    reader: Option<Reader>,
    pub(super) batcher: Option<Batcher>,
    writer: Option<ResultWriter>,
    tolerated_count: Option<Setting<u32>>,
    tolerated_percentage: Option<Setting<f64>>,
}

impl Distributed {
    /// What a Map says of its run; `Some(None)` when it has none. `fields` are the state's, `processor` those of its
    /// ItemProcessor.
    pub(super) fn read(
        fields: &Fields<'_>,
        processor: &Fields<'_>,
        level: &Level<'_>,
    ) -> Option<Option<Distributed>> {
        let config =
            processor.get("ProcessorConfig").and_then(|value| processor.inner("ProcessorConfig", value));
        let (mode, kind) = config
            .as_ref()
            .map_or((None, None), |config| (config.text("Mode"), config.text("ExecutionType")));
        if let Some(config) = config {
            let of = |name, value: Option<&str>, values: [&str; 2]| {
                if value.is_some_and(|value| !values.contains(&value)) {
                    let [first, second] = values;
                    let message =
                        format!("The field '{name}' should have one of these values: [{first}, {second}]");
                    config.problem(name, message);
                }
            };
            of("Mode", mode, ["INLINE", "DISTRIBUTED"]);
            of("ExecutionType", kind, ["STANDARD", "EXPRESS"]);
            if mode == Some("DISTRIBUTED") && kind.is_none() {
                config.problem("", "These fields are required: [ExecutionType]");
            }
            config.finish();
        }
        let tolerated_count = TOLERATED_COUNT.read(fields, |name| fields.count(name, 0));
        let tolerated_percentage = TOLERATED_PERCENTAGE.read(fields, |name| {
            let percentage = fields.number(name, 0.0)?;
            if percentage > 100.0 {
                fields.problem(name, "Expected a number of at most 100");
            }
            Some(percentage)
        });
        if mode != Some("DISTRIBUTED") {
            // An inline Map may say what it tolerates, and tolerates nothing.
            return Some(None);
        }
        let label = fields.text("Label").map(|text| {
            if let Some(problem) = label::problem(text) {
                fields.problem("Label", problem);
            }
            if !level.levels.is_new_label(text) {
                fields.problem("Label", format!("Duplicate Label: {text}"));
            }
            text.into()
        });
        Some(Some(Distributed {
            express: kind == Some("EXPRESS"),
            label,
            reader: Reader::read(fields),
            batcher: Batcher::read(fields),
            writer: ResultWriter::read(fields),
            tolerated_count,
            tolerated_percentage,
        }))
    }

    /// Whether the results are written into a bucket.
    pub(crate) fn writes(&self) -> bool {
        self.writer.is_some()
    }

    pub(super) fn act(&self, map: &Map, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let entry = machine.execution().frame(frame).and_then(|frame| frame.entry.as_ref());
        if let Some(lost) = entry.and_then(|entry| entry.lost_run.as_ref()) {
            let (run, count) = (lost.id, lost.redrives + 1);
            if count > MOST_REDRIVES {
                let cause = format!("The Map Run was redriven {MOST_REDRIVES} times, which is the most.");
                return Err(Exit::Failed(Failure::new(RUNTIME, &cause)));
            }
            return machine.emit(frame, Detail::MapRunRedriven { run, count });
        }
        let (source, length) = match &self.reader {
            None => {
                let (items, length) = map.items(state, machine, frame)?;
                (Some(Source::Items(items)), length)
            }
            Some(reader) => (None, map.show_read(reader, state, machine, frame)?),
        };
        let concurrency = map.concurrency(state, machine, frame)?;
        machine.emit_inside(frame, Detail::DistributedMapStarted { length })?;
        let limits = self.limits(state, machine, frame, concurrency)?;
        if let Some(failed) = machine.failed_items() {
            // On trial AWS holds failures against a threshold that is stated, and against no other.
            let exceeded =
                limits.are_stated() && limits.are_exceeded(u64::from(failed), Some(u64::from(length)));
            return if exceeded { Err(Exit::Failed(Failure::exceeded())) } else { Ok(()) };
        }
        let label = match &self.label {
            Some(label) => label.clone(),
            None => label::unnamed(&machine.execution().facts().state_machine_arn, &state.name).into(),
        };
        let run = RunId::random(machine.draw_token().0);
        let items = self.reader.is_none().then_some(length);
        machine.emit(frame, Detail::MapRunStarted { run, label, items, limits })?;
        match self.plan(source, state, machine, frame) {
            Ok(plan) => machine.emit(frame, Detail::MapRunPlanned(Box::new(plan))),
            Err(Exit::Failed(failure)) => Self::failed(machine, frame, run, failure),
            Err(Exit::Unevaluated { failure, location }) => {
                machine.emit(frame, Detail::MapRunFailed { run, failure: failure.clone() })?;
                Err(Exit::Unevaluated { failure, location })
            }
            Err(closed) => Err(closed),
        }
    }

    fn plan(
        &self,
        source: Option<Source>,
        state: &State,
        machine: &Machine<'_>,
        frame: u32,
    ) -> Result<Plan, Exit> {
        let source = match (source, &self.reader) {
            (Some(source), _) => source,
            (None, Some(reader)) => reader.evaluate(state, machine, frame)?,
            (None, None) => return Err(Exit::Closed),
        };
        let batch =
            self.batcher.as_ref().map(|batcher| batcher.evaluate(state, machine, frame)).transpose()?;
        let writer = self.writer.as_ref().map(|writer| writer.evaluate(state, machine, frame)).transpose()?;
        Ok(Plan { source, batch, writer, express: self.express })
    }

    fn limits(
        &self,
        state: &State,
        machine: &Machine<'_>,
        frame: u32,
        concurrency: u32,
    ) -> Result<Limits, Exit> {
        let count = |value: &Value| whole(value, "ToleratedFailureCount cannot be negative.");
        let percentage = |value: &Value| {
            let number = value.as_f64().ok_or(Wrong::Kind("float"))?;
            let range = Wrong::Range("ToleratedFailurePercentage must be between 0 and 100.");
            if (0.0..=100.0).contains(&number) { Ok(number) } else { Err(range) }
        };
        let counted = self.tolerated_count.as_ref();
        let tolerated_count = TOLERATED_COUNT.value(counted, state, machine, frame, count)?;
        let share = self.tolerated_percentage.as_ref();
        let tolerated_percentage = TOLERATED_PERCENTAGE.value(share, state, machine, frame, percentage)?;
        machine.inspect(|it| {
            it.tolerated_failure_count = tolerated_count;
            it.tolerated_failure_percentage = tolerated_percentage;
        });
        Ok(Limits { concurrency, tolerated_count, tolerated_percentage })
    }

    /// The run has come to its end.
    pub(crate) fn ended(state: &State, machine: &mut Machine<'_>, frame: u32, end: RunEnd) -> Outcome {
        let Some(Phase::Run(run)) = machine.execution().frame(frame).map(|frame| &frame.phase) else {
            return Err(Exit::Closed);
        };
        let run = run.id;
        let output = match end {
            RunEnd::Failed(failure) => return Self::failed(machine, frame, run, failure),
            RunEnd::Succeeded(output) => output,
        };
        // What is too large for the state is not kept, and the run has succeeded all the same.
        let stored: Arc<str> = output.clone().unwrap_or_else(|| "[]".into());
        machine.emit(frame, Detail::MapRunSucceeded { run, output: Payload::Inline(stored.clone()) })?;
        // The exit follows the run's start; only what the state makes of the run follows the run's end.
        let ended = machine.execution().length();
        if output.is_none() {
            machine.emit_after(ended, frame, Detail::MapFailed)?;
            return Err(machine.too_large(frame, "output"));
        }
        machine.emit_after(ended, frame, Detail::MapSucceeded)?;
        state.complete(machine, frame, Datum::Stored(Payload::Result, stored))
    }

    fn failed(machine: &mut Machine<'_>, frame: u32, run: RunId, failure: Failure) -> Outcome {
        machine.emit(frame, Detail::MapRunFailed { run, failure: failure.clone() })?;
        machine.emit(frame, Detail::MapFailed)?;
        Err(Exit::Failed(failure))
    }

    /// How long a child may take.
    pub(crate) fn seconds(&self) -> Option<u32> {
        self.express.then_some(EXPRESS_SECONDS)
    }
}

impl Map {
    /// Where its children start.
    pub(crate) fn start(&self) -> StateId {
        self.start
    }

    /// The input of a child with this item alone, or the item's part in a batch.
    pub(crate) fn input_of(
        &self,
        state: &State,
        machine: &Machine<'_>,
        frame: u32,
        item: MapItem<'_>,
    ) -> Result<String, Failure> {
        match self.selected(state, machine, frame, item) {
            Ok(None) => Ok(item.whole()),
            Ok(Some(value)) => Ok(value.to_string()),
            Err(Exit::Failed(failure) | Exit::Unevaluated { failure, .. }) => Err(failure),
            Err(Exit::Closed) => Err(Failure::default()),
        }
    }
}
