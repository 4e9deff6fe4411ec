//! Task: work done elsewhere. Scheduling it is all that happens here; its result comes in as an input of a step.

use super::{Datum, State};
use crate::data::path::Path;
use crate::definition::fields::Fields;
use crate::definition::{Pattern, Resource, integrations};
use crate::history::{Detail, Failure, Family, Payload};
use crate::step::machine::{Exit, Machine, Outcome};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) resource: Resource,
    timeout: Seconds,
    heartbeat: Seconds,
}

#[derive(Debug)]
enum Seconds {
    Never,
    Fixed(u32),
    From(&'static str, Path),
}

impl Task {
    pub(crate) fn read(fields: &Fields<'_>) -> Option<Task> {
        let timeout = seconds(fields, "TimeoutSeconds", "TimeoutSecondsPath");
        let heartbeat = seconds(fields, "HeartbeatSeconds", "HeartbeatSecondsPath");
        if let (Seconds::Fixed(timeout), Seconds::Fixed(heartbeat)) = (&timeout, &heartbeat)
            && heartbeat >= timeout
        {
            fields.problem("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds");
        }
        if let Some(value) = fields.get("Credentials")
            && let Some(credentials) = fields.inner("Credentials", value)
            && !credentials.keys().any(|key| matches!(key, "RoleArn" | "RoleArn.$"))
        {
            credentials.problem("", "The field 'RoleArn' is required but was missing");
        }
        let arn = fields.need_text("Resource")?;
        let resource = Resource::parse(arn);
        match resource.as_ref().map(integrations::refusal) {
            None => fields.problem("Resource", "Value is not a valid resource ARN"),
            Some(Some(refusal)) => fields.problem("Resource", refusal),
            Some(None) => {}
        }
        Some(Task { resource: resource?, timeout, heartbeat })
    }

    pub(crate) fn family(&self) -> Family {
        match self.resource {
            Resource::Lambda { .. } => Family::Lambda,
            Resource::Activity { .. } => Family::Activity,
            Resource::Service { .. } => Family::Service,
        }
    }

    pub(crate) fn act(&self, state: &State, machine: &mut Machine<'_>, frame: u32) -> Outcome {
        let callback = matches!(self.resource, Resource::Service { pattern: Pattern::WaitForTaskToken, .. });
        let token = (callback || self.family() == Family::Activity).then(|| machine.draw_token());
        machine.offer_token(token);
        let timeout = self.timeout.value(state, machine, frame)?;
        let heartbeat = self.heartbeat.value(state, machine, frame)?;
        let input = state.flow.effective_input(machine, frame);
        machine.offer_token(None);
        let input = machine.payload(frame, input?, "input")?;
        let family = self.family();
        machine.emit(frame, Detail::TaskScheduled { family, input, timeout, heartbeat, token, callback })?;
        // An activity starts when a worker takes it; the rest is given out by the commit of this step.
        if family == Family::Activity {
            Ok(())
        } else {
            machine.emit(frame, Detail::TaskStarted { worker: None })
        }
    }

    /// What AWS calls this task in the message about a result that is too large.
    fn label(&self) -> &str {
        match &self.resource {
            Resource::Service { service, .. } => service,
            Resource::Lambda { arn, .. } | Resource::Activity { arn } => arn,
        }
    }

    pub(crate) fn succeeded(
        &self,
        state: &State,
        machine: &mut Machine<'_>,
        frame: u32,
        output: Arc<str>,
    ) -> Outcome {
        if output.len() > super::flow::MAX_PAYLOAD {
            let cause = format!(
                "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.",
                self.label()
            );
            return Self::failed(machine, frame, Failure::new("States.DataLimitExceeded", &cause));
        }
        machine.emit(frame, Detail::TaskSucceeded { output: Payload::Inline(output.clone()) })?;
        let output = state.flow.output(machine, frame, Datum::Stored(Payload::Result, output))?;
        machine.exit(frame, output, state.next)
    }

    pub(crate) fn failed(machine: &mut Machine<'_>, frame: u32, failure: Failure) -> Outcome {
        machine.emit(frame, Detail::TaskFailed(failure.clone()))?;
        Err(Exit::Failed(failure))
    }

    pub(crate) fn not_submitted(machine: &mut Machine<'_>, frame: u32, failure: Failure) -> Outcome {
        machine.emit(frame, Detail::TaskSubmitFailed(failure.clone()))?;
        Err(Exit::Failed(failure))
    }

    pub(crate) fn timed_out(machine: &mut Machine<'_>, frame: u32, error: &str) -> Outcome {
        let failure = Failure { error: Some(error.into()), cause: None };
        machine.emit(frame, Detail::TaskTimedOut(failure.clone()))?;
        Err(Exit::Failed(failure))
    }
}

fn seconds(fields: &Fields<'_>, fixed: &'static str, path: &'static str) -> Seconds {
    fields.at_most_one(&[fixed, path]);
    match (fields.count(fixed, 1), fields.path(path)) {
        (Some(seconds), _) => Seconds::Fixed(seconds),
        (None, Some(from)) => Seconds::From(path, from),
        (None, None) => Seconds::Never,
    }
}

impl Seconds {
    fn value(&self, state: &State, machine: &Machine<'_>, frame: u32) -> Result<Option<u32>, Exit> {
        match self {
            Seconds::Never => Ok(None),
            Seconds::Fixed(seconds) => Ok(Some(*seconds)),
            Seconds::From(field, path) => {
                let input: Value = state.flow.input(machine, frame)?.to_value();
                let value = machine.look_up(frame, path, &input)?;
                let seconds = value
                    .as_u64()
                    .and_then(|seconds| u32::try_from(seconds).ok())
                    .filter(|&seconds| seconds > 0);
                let message = format!(
                    "The {field} parameter does not reference a valid, positive integer: {} == {value}",
                    path.text()
                );
                seconds.map(Some).ok_or_else(|| machine.runtime(frame, &message))
            }
        }
    }
}
