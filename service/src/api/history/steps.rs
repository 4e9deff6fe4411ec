//! The steps of an execution, read off its history events: which states it entered, how each ended, what failed in it.

use activities::ports::Status;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One state that was entered.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    /// The state's name in the document.
    name: String,
    /// The state's type: Task, Choice, …
    #[serde(rename = "type")]
    kind: String,
    status: StepStatus,
    /// How often something failed in it; each but the last was retried, and the last too where the state was left.
    failures: u32,
    /// The error of the last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cause: Option<String>,
    /// The id of the event that entered it.
    entered: u64,
    /// The id of the event that left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exited: Option<u64>,
    /// Whether the last thing that happened in it was a failure.
    #[serde(skip)]
    failing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum StepStatus {
    Running,
    Succeeded,
    /// It failed, and a Catch went on from there.
    Caught,
    Failed,
    /// The execution was stopped while it ran.
    Stopped,
}

/// The steps behind `events`; `ended` says how the execution ended, if it has.
pub(super) fn of(events: &[Value], ended: Option<Status>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // By event id: the step the event happened in. An event belongs to the step of the one that led to it.
    let mut places: Vec<(u64, usize)> = Vec::new();
    for event in events {
        let (Some(id), Some(kind)) = (event["id"].as_u64(), event["type"].as_str()) else {
            continue;
        };
        let previous = event["previousEventId"].as_u64().unwrap_or_default();
        let before = places.binary_search_by_key(&previous, |&(id, _)| id).ok().map(|at| places[at].1);
        let place = if let Some(kind) = kind.strip_suffix("StateEntered") {
            steps.push(Step::entered(event, kind, id));
            Some(steps.len() - 1)
        } else if kind.ends_with("StateExited") {
            exit(&mut steps, event, id, before)
        } else {
            if let Some(step) = before.and_then(|before| steps.get_mut(before)) {
                step.note(event, kind);
            }
            before
        };
        places.extend(place.map(|place| (id, place)));
    }
    if let Some(ended) = ended {
        steps.iter_mut().for_each(|step| step.end_with(ended));
    }
    steps
}

/// Closes the step that `event` leaves: the one it happened in if that is its name, else the last open one of that name
/// (a Parallel or a Map is left after events of its branches).
fn exit(steps: &mut [Step], event: &Value, id: u64, before: Option<usize>) -> Option<usize> {
    let name = event["stateExitedEventDetails"]["name"].as_str()?;
    let left = before.filter(|&before| steps[before].name == name);
    let open = || steps.iter().rposition(|step| step.name == name && step.exited.is_none());
    let place = left.or_else(open)?;
    let step = &mut steps[place];
    step.exited = Some(id);
    step.status = if step.failing { StepStatus::Caught } else { StepStatus::Succeeded };
    Some(place)
}

impl Step {
    fn entered(event: &Value, kind: &str, id: u64) -> Self {
        let name = event["stateEnteredEventDetails"]["name"].as_str().unwrap_or_default().to_owned();
        Self {
            name,
            kind: kind.to_owned(),
            status: StepStatus::Running,
            failures: 0,
            error: None,
            cause: None,
            entered: id,
            exited: None,
            failing: false,
        }
    }

    /// Takes in what happened inside: `TaskFailed`, `ActivityTimedOut`, `LambdaFunctionSucceeded`, …
    fn note(&mut self, event: &Value, kind: &str) {
        self.failing = ["Failed", "TimedOut", "Aborted"].iter().any(|end| kind.ends_with(end));
        if self.failing && !kind.starts_with("Execution") {
            self.failures += 1;
            let details =
                event.as_object().into_iter().flatten().find(|(key, _)| key.ends_with("EventDetails"));
            let text = |key| details.and_then(|(_, details)| details[key].as_str()).map(str::to_owned);
            self.error =
                text("error").or_else(|| kind.ends_with("TimedOut").then(|| "States.Timeout".to_owned()));
            self.cause = text("cause");
        }
    }

    fn end_with(&mut self, ended: Status) {
        if self.status == StepStatus::Running {
            self.status = match ended {
                Status::Aborted => StepStatus::Stopped,
                Status::Succeeded if self.kind == "Succeed" => StepStatus::Succeeded,
                _ => StepStatus::Failed,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entered(id: u64, previous: u64, kind: &str, name: &str) -> Value {
        json!({ "id": id, "previousEventId": previous, "type": format!("{kind}StateEntered"),
            "stateEnteredEventDetails": { "name": name } })
    }

    fn exited(id: u64, previous: u64, kind: &str, name: &str) -> Value {
        json!({ "id": id, "previousEventId": previous, "type": format!("{kind}StateExited"),
            "stateExitedEventDetails": { "name": name } })
    }

    fn failed(id: u64, previous: u64, error: &str) -> Value {
        json!({ "id": id, "previousEventId": previous, "type": "TaskFailed",
            "taskFailedEventDetails": { "error": error, "cause": "so" } })
    }

    fn happened(id: u64, previous: u64, kind: &str) -> Value {
        json!({ "id": id, "previousEventId": previous, "type": kind })
    }

    fn told(steps: &[Step]) -> Vec<(&str, StepStatus, u32)> {
        steps.iter().map(|step| (step.name.as_str(), step.status, step.failures)).collect()
    }

    #[test]
    fn a_retried_step_succeeds_and_a_caught_one_is_told() {
        let events = [
            happened(1, 0, "ExecutionStarted"),
            entered(2, 0, "Task", "Probe"),
            failed(3, 2, "TimedOut"),
            happened(4, 3, "TaskScheduled"),
            happened(5, 4, "TaskSucceeded"),
            exited(6, 5, "Task", "Probe"),
            entered(7, 6, "Task", "Flac"),
            failed(8, 7, "MediaCorrupt"),
            exited(9, 8, "Task", "Flac"),
            entered(10, 9, "Fail", "Failed"),
            happened(11, 10, "ExecutionFailed"),
        ];
        let steps = of(&events, Some(Status::Failed));
        let expected = [
            ("Probe", StepStatus::Succeeded, 1),
            ("Flac", StepStatus::Caught, 1),
            ("Failed", StepStatus::Failed, 0),
        ];
        assert_eq!(told(&steps), expected);
        assert_eq!(steps[1].error.as_deref(), Some("MediaCorrupt"));
        assert_eq!((steps[1].entered, steps[1].exited), (7, Some(9)));
    }

    #[test]
    fn branches_of_the_same_name_are_told_apart() {
        let events = [
            entered(1, 0, "Map", "All"),
            happened(2, 1, "MapStateStarted"),
            entered(3, 2, "Task", "One"),
            entered(4, 2, "Task", "One"),
            failed(5, 3, "Boom"),
            happened(6, 4, "TaskSucceeded"),
            exited(7, 6, "Task", "One"),
        ];
        let steps = of(&events, None);
        let expected = [
            ("All", StepStatus::Running, 0),
            ("One", StepStatus::Running, 1),
            ("One", StepStatus::Succeeded, 0),
        ];
        assert_eq!(told(&steps), expected);
        assert_eq!(of(&events, Some(Status::Aborted))[0].status, StepStatus::Stopped);
    }
}
