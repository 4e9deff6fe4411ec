//! The public form of an event: what GetExecutionHistory shows.

use super::{Detail, Event, Failure, Family, Payload, StateKind};
use crate::definition::{Pattern, Resource};
use crate::execution::frame::Frame;
use crate::{Definition, Execution};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// An event's own fields: the name of the object they stand in, and the object.
type Details = Option<(&'static str, Value)>;

impl Event {
    /// What GetExecutionHistory shows, `None` for a private event. `before` is the execution just before this event:
    /// fold the history and render each event before applying it. The timestamp is in seconds.
    pub fn public(&self, definition: &Definition, before: &Execution) -> Option<Value> {
        if self.detail.is_private() {
            return None;
        }
        let view = View { definition, before, event: self, frame: before.frame(self.frame) };
        let mut shown = Map::new();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of our age fit")]
        shown.insert("timestamp".to_owned(), json!(self.at as f64 / 1000.0));
        shown.insert("type".to_owned(), view.name().into());
        shown.insert("id".to_owned(), self.id.into());
        shown.insert("previousEventId".to_owned(), self.previous.into());
        if let Some((name, details)) = view.details() {
            shown.insert(name.to_owned(), details);
        }
        Some(shown.into())
    }
}

struct View<'a> {
    definition: &'a Definition,
    before: &'a Execution,
    event: &'a Event,
    frame: Option<&'a Frame>,
}

impl View<'_> {
    fn name(&self) -> String {
        let name = match &self.event.detail {
            Detail::StateEntered { kind, .. } => return format!("{kind:?}StateEntered"),
            Detail::StateExited { kind, .. } => return format!("{kind:?}StateExited"),
            Detail::StateAborted { kind } => return format!("{kind:?}StateAborted"),
            detail if detail.is_of_task() => return self.task_name(detail),
            Detail::ExecutionStarted { .. } => "ExecutionStarted",
            Detail::ExecutionSucceeded => "ExecutionSucceeded",
            Detail::ExecutionRedriven { .. } => "ExecutionRedriven",
            Detail::ExecutionFailed(_) => "ExecutionFailed",
            Detail::ExecutionTimedOut(_) => "ExecutionTimedOut",
            Detail::ExecutionAborted(_) => "ExecutionAborted",
            Detail::ParallelStarted { .. } => "ParallelStateStarted",
            Detail::ParallelSucceeded => "ParallelStateSucceeded",
            Detail::ParallelFailed => "ParallelStateFailed",
            Detail::MapStarted { .. } | Detail::DistributedMapStarted { .. } => "MapStateStarted",
            Detail::MapRunStarted { .. } => "MapRunStarted",
            Detail::MapRunSucceeded { .. } => "MapRunSucceeded",
            Detail::MapRunFailed { .. } => "MapRunFailed",
            Detail::MapRunRedriven { .. } => "MapRunRedriven",
            Detail::IterationStarted { .. } => "MapIterationStarted",
            Detail::IterationSucceeded { .. } => "MapIterationSucceeded",
            Detail::IterationFailed { .. } => "MapIterationFailed",
            Detail::IterationAborted { .. } => "MapIterationAborted",
            Detail::MapSucceeded => "MapStateSucceeded",
            Detail::MapFailed => "MapStateFailed",
            Detail::EvaluationFailed { .. } => "EvaluationFailed",
            _ => "",
        };
        name.to_owned()
    }

    fn task_name(&self, detail: &Detail) -> String {
        let family = match self.family() {
            Family::Lambda => "LambdaFunction",
            Family::Activity => "Activity",
            Family::Service => "Task",
        };
        let what = match detail {
            Detail::TaskScheduled { .. } => "Scheduled",
            Detail::TaskStarted { .. } => "Started",
            Detail::TaskSubmitted { .. } => "Submitted",
            Detail::TaskSucceeded { .. } => "Succeeded",
            Detail::TaskFailed(_) => "Failed",
            Detail::TaskSubmitFailed(_) => "SubmitFailed",
            _ => "TimedOut",
        };
        format!("{family}{what}")
    }

    fn family(&self) -> Family {
        match &self.event.detail {
            Detail::TaskScheduled { family, .. } => *family,
            _ => self.frame.and_then(|frame| frame.task()).map_or(Family::Service, |task| task.family),
        }
    }

    fn details(&self) -> Details {
        Some(match &self.event.detail {
            Detail::ExecutionStarted { input, .. } => {
                let role = &self.before.facts().role_arn;
                (
                    "executionStartedEventDetails",
                    json!({"input": input, "inputDetails": whole(), "roleArn": role}),
                )
            }
            Detail::ExecutionSucceeded => (
                "executionSucceededEventDetails",
                json!({"output": self.text(&Payload::Data), "outputDetails": whole()}),
            ),
            Detail::ExecutionRedriven { .. } => {
                ("executionRedrivenEventDetails", json!({"redriveCount": self.before.redrives() + 1}))
            }
            Detail::ExecutionFailed(it) => ("executionFailedEventDetails", failure(it, Map::new())),
            Detail::ExecutionTimedOut(it) => ("executionTimedOutEventDetails", failure(it, Map::new())),
            Detail::ExecutionAborted(it) => ("executionAbortedEventDetails", failure(it, Map::new())),
            Detail::StateEntered { state, .. } => {
                let name = self.definition.name(*state);
                (
                    "stateEnteredEventDetails",
                    json!({"name": name, "input": self.text(&Payload::Data), "inputDetails": whole()}),
                )
            }
            Detail::StateExited { state, output, kind, .. } => {
                debug_assert_ne!(*kind, StateKind::Fail, "a Fail state has no exit");
                let name = self.definition.name(*state);
                let mut details =
                    json!({"name": name, "output": self.text(output), "outputDetails": whole()});
                if let Some(assigned) = self.assigned() {
                    details["assignedVariables"] = assigned;
                    details["assignedVariablesDetails"] = whole();
                }
                ("stateExitedEventDetails", details)
            }
            Detail::MapStarted { length, .. } | Detail::DistributedMapStarted { length } => {
                ("mapStateStartedEventDetails", json!({"length": length}))
            }
            Detail::MapRunStarted { run, label, .. } => {
                let arn = self.before.facts().map_run_arn(label, *run);
                ("mapRunStartedEventDetails", json!({"mapRunArn": arn}))
            }
            Detail::MapRunFailed { failure: it, .. } => ("mapRunFailedEventDetails", failure(it, Map::new())),
            Detail::MapRunRedriven { run, count } => {
                let lost = self.frame?.entry.as_ref()?.lost_run.as_ref()?;
                let arn = self.before.facts().map_run_arn(&lost.label, *run);
                ("mapRunRedrivenEventDetails", json!({"mapRunArn": arn, "redriveCount": count}))
            }
            Detail::IterationStarted { index, .. } => {
                ("mapIterationStartedEventDetails", self.iteration(*index, self.frame))
            }
            Detail::IterationSucceeded { index } => {
                ("mapIterationSucceededEventDetails", self.iteration(*index, self.map()))
            }
            Detail::IterationFailed { index } => {
                ("mapIterationFailedEventDetails", self.iteration(*index, self.map()))
            }
            Detail::IterationAborted { index } => {
                ("mapIterationAbortedEventDetails", self.iteration(*index, self.map()))
            }
            Detail::EvaluationFailed { failure: it, location } => {
                let state = self.frame?.entry.as_ref()?.state;
                let location = location.iter().map(|at| ("location".to_owned(), Value::from(at.as_ref())));
                let fields = location.chain([("state".to_owned(), self.definition.name(state).into())]);
                ("evaluationFailedEventDetails", failure(it, fields.collect()))
            }
            detail if detail.is_of_task() => return self.task_details(detail),
            _ => return None,
        })
    }

    /// What the state assigned just before it was left: by name, the JSON text.
    fn assigned(&self) -> Option<Value> {
        let assigned = &self.frame?.entry.as_ref()?.assigned;
        let shown = |(name, value): &(Arc<str>, Arc<str>)| (name.to_string(), Value::from(value.as_ref()));
        (!assigned.is_empty()).then(|| assigned.iter().map(shown).collect::<Map<_, _>>().into())
    }

    /// The branch of the Map that this iteration belongs to.
    fn map(&self) -> Option<&Frame> {
        self.before.frame(self.frame?.parent?)
    }

    fn iteration(&self, index: u32, map: Option<&Frame>) -> Value {
        let name =
            map.and_then(|map| map.entry.as_ref()).map_or("", |entry| self.definition.name(entry.state));
        json!({"name": name, "index": index})
    }

    fn task_details(&self, detail: &Detail) -> Details {
        let resource = self.definition.resource(self.frame?.entry.as_ref()?.state)?;
        let family = self.family();
        let named = |lambda, activity, service| match family {
            Family::Lambda => lambda,
            Family::Activity => activity,
            Family::Service => service,
        };
        let mut fields = service_fields(resource);
        Some(match detail {
            Detail::TaskScheduled { .. } => {
                let name = named(
                    "lambdaFunctionScheduledEventDetails",
                    "activityScheduledEventDetails",
                    "taskScheduledEventDetails",
                );
                (name, self.scheduled(resource, detail, fields))
            }
            Detail::TaskStarted { worker } => {
                fields
                    .extend(worker.as_ref().map(|worker| ("workerName".to_owned(), worker.as_ref().into())));
                match family {
                    Family::Lambda => return None,
                    Family::Activity => ("activityStartedEventDetails", fields.into()),
                    Family::Service => ("taskStartedEventDetails", fields.into()),
                }
            }
            Detail::TaskSubmitted { output } => {
                fields.extend([
                    ("output".to_owned(), json!(self.text(output))),
                    ("outputDetails".to_owned(), whole()),
                ]);
                ("taskSubmittedEventDetails", fields.into())
            }
            Detail::TaskSucceeded { output } => {
                fields.extend([
                    ("output".to_owned(), json!(self.text(output))),
                    ("outputDetails".to_owned(), whole()),
                ]);
                let name = named(
                    "lambdaFunctionSucceededEventDetails",
                    "activitySucceededEventDetails",
                    "taskSucceededEventDetails",
                );
                (name, fields.into())
            }
            Detail::TaskFailed(it) => {
                let name = named(
                    "lambdaFunctionFailedEventDetails",
                    "activityFailedEventDetails",
                    "taskFailedEventDetails",
                );
                (name, failure(it, fields))
            }
            Detail::TaskSubmitFailed(it) => ("taskSubmitFailedEventDetails", failure(it, fields)),
            Detail::TaskTimedOut(it) => {
                let name = named(
                    "lambdaFunctionTimedOutEventDetails",
                    "activityTimedOutEventDetails",
                    "taskTimedOutEventDetails",
                );
                (name, failure(it, fields))
            }
            _ => return None,
        })
    }

    fn scheduled(&self, resource: &Resource, detail: &Detail, mut fields: Map<String, Value>) -> Value {
        let Detail::TaskScheduled { input, timeout, heartbeat, .. } = detail else { return Value::Null };
        let input = json!(self.text(input));
        if matches!(resource, Resource::Service { .. }) {
            let region = self.before.facts().execution_arn.split(':').nth(3).unwrap_or_default();
            fields.extend([("region".to_owned(), region.into()), ("parameters".to_owned(), input)]);
        } else {
            fields.extend([
                ("resource".to_owned(), resource.arn().into()),
                ("input".to_owned(), input),
                ("inputDetails".to_owned(), whole()),
            ]);
        }
        let role = self.frame.and_then(|frame| frame.entry.as_ref()?.role.as_deref());
        fields.extend(role.map(|role| ("taskCredentials".to_owned(), json!({ "roleArn": role }))));
        fields.extend(timeout.map(|seconds| ("timeoutInSeconds".to_owned(), seconds.into())));
        fields.extend(heartbeat.map(|seconds| ("heartbeatInSeconds".to_owned(), seconds.into())));
        fields.into()
    }

    fn text(&self, payload: &Payload) -> String {
        self.before.resolve(self.event.frame, payload).map_or_else(String::new, |text| text.to_string())
    }
}

fn service_fields(resource: &Resource) -> Map<String, Value> {
    let Resource::Service { service, action, pattern, .. } = resource else { return Map::new() };
    let suffix = match pattern {
        Pattern::RequestResponse => "",
        Pattern::Sync => ".sync",
        Pattern::Sync2 => ".sync:2",
        Pattern::WaitForTaskToken => ".waitForTaskToken",
    };
    Map::from_iter([
        ("resourceType".to_owned(), service.as_str().into()),
        ("resource".to_owned(), format!("{action}{suffix}").into()),
    ])
}

fn failure(failure: &Failure, mut fields: Map<String, Value>) -> Value {
    fields.extend(failure.error.as_ref().map(|error| ("error".to_owned(), error.as_ref().into())));
    fields.extend(failure.cause.as_ref().map(|cause| ("cause".to_owned(), cause.as_ref().into())));
    fields.into()
}

fn whole() -> Value {
    json!({"truncated": false})
}
