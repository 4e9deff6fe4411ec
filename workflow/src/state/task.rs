//! Task: work done elsewhere. Scheduling it is all that happens here; its result comes in as an input of a step.

use super::setting::{Form, Setting, positive};
use super::{Datum, State};
use crate::data::template::Template;
use crate::definition::fields::Fields;
use crate::definition::{Pattern, Resource, integrations, parameters};
use crate::errors::DATA_LIMIT_EXCEEDED;
use crate::history::{Detail, Failure, Family, Payload};
use crate::step::evaluate::Sight;
use crate::step::machine::{Exit, Machine, Outcome};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) resource: Resource,
    timeout: Option<Setting<u32>>,
    heartbeat: Option<Setting<u32>>,
    /// The role to take on for the call; this engine has no use for it, but shows it.
    credentials: Option<Template>,
}

/// A time limit.
const SECONDS: Form<u32> = Form { read: positive, wanted: "positive integer", kind: "number" };

impl Task {
    pub(crate) fn read(fields: &Fields<'_>) -> Option<Task> {
        let seconds = |names: [&'static str; 2]| {
            fields.at_most_one(&names);
            Setting::read(fields, names, |name| fields.count(name, 1))
        };
        let timeout = seconds(["TimeoutSeconds", "TimeoutSecondsPath"]);
        let heartbeat = seconds(["HeartbeatSeconds", "HeartbeatSecondsPath"]);
        if let (Some(Setting::Fixed(timeout)), Some(Setting::Fixed(heartbeat))) = (&timeout, &heartbeat)
            && heartbeat >= timeout
        {
            fields.problem("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds");
        }
        let credentials = credentials(fields);
        let arn = fields.need_text("Resource")?;
        let resource = Resource::parse(arn);
        match &resource {
            None => fields.problem("Resource", "Value is not a valid resource ARN"),
            Some(resource) => match integrations::refusal(resource) {
                Some(refusal) => fields.problem("Resource", refusal),
                None => parameters::check(fields, resource),
            },
        }
        Some(Task { resource: resource?, timeout, heartbeat, credentials })
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
        let seconds = |setting: &Option<Setting<u32>>| match setting {
            None => Ok(None),
            Some(setting) => {
                let input = state.flow.input(machine, frame)?;
                setting.value(&SECONDS, machine, frame, &input).map(Some)
            }
        };
        let (timeout, heartbeat) = (seconds(&self.timeout)?, seconds(&self.heartbeat)?);
        let input = state.flow.effective_input(machine, frame);
        machine.offer_token(None);
        let input = machine.payload(frame, input?, "input")?;
        if let Some(template) = &self.credentials {
            let data = state.flow.input(machine, frame)?;
            let filled = machine.fill(frame, template, Sight::of(&data))?;
            if let Some(role) = filled["RoleArn"].as_str() {
                machine.emit(frame, Detail::RoleTaken { role: role.into() })?;
            }
        }
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
            return Self::failed(machine, frame, Failure::new(DATA_LIMIT_EXCEEDED, &cause));
        }
        machine.emit(frame, Detail::TaskSucceeded { output: Payload::Inline(output.clone()) })?;
        state.complete(machine, frame, Datum::Stored(Payload::Result, output))
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

fn credentials(fields: &Fields<'_>) -> Option<Template> {
    let value = fields.get("Credentials")?;
    let inner = fields.inner("Credentials", value)?;
    if !inner.keys().any(|key| matches!(key, "RoleArn" | "RoleArn.$")) {
        inner.problem("", "The field 'RoleArn' is required but was missing");
    }
    fields.template("Credentials")
}
