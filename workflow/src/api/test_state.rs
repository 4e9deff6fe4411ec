//! TestState: the request checked, the state tried, and what may be seen of it shown.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::error::Failure;
use super::params::Params;
use super::{mocks, state_machines};
use crate::driver::{Engine, TrialRequest};
use crate::history;
use crate::step::{ErrorDetails, Inspection, Mock, Report, TrialStatus};

pub(super) async fn test_state(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let state = mocks::state(params.text("definition"), params.optional("stateName"));
    let mock = mock(params)?;
    if let (Some(mock), Some(state)) = (&mock, &state) {
        mocks::check(
            mock,
            state,
            params.value("mock").and_then(|mock| mock["fieldValidationMode"].as_str()),
        )?;
        mocks::check_configuration(params.value("stateConfiguration").unwrap_or(&Value::Null), state)?;
    }
    if mock.is_some() && params.flag("revealSecrets") == Some(true) {
        return Err(Failure::validation("Secrets cannot be revealed when a mock is specified"));
    }
    let context = context(params, state.as_ref())?;
    let configuration = params.value("stateConfiguration");
    let count = |name: &str| {
        let count = configuration.and_then(|it| it[name].as_u64()).unwrap_or(0);
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let request = TrialRequest {
        definition: params.text("definition").to_owned(),
        state: params.optional("stateName").map(str::to_owned),
        input: input(params)?,
        variables: variables(params)?,
        context,
        mock,
        retries: count("retrierRetryCount"),
        failed_items: count("mapIterationFailureCount"),
        read: configuration.and_then(|it| it["mapItemReaderData"].as_str()).map(Arc::from),
        role: state_machines::role(params)?.unwrap_or_default().to_owned(),
    };
    let report = engine.try_state(request).await?;
    let inspected = matches!(params.optional("inspectionLevel"), Some("DEBUG" | "TRACE"));
    Ok(shown(&report, inspected))
}

fn input(params: &Params) -> Result<Arc<str>, Failure> {
    let input = params.optional("input").unwrap_or("{}");
    match serde_json::from_str::<serde::de::IgnoredAny>(input) {
        Ok(_) => Ok(input.into()),
        Err(error) => Err(crate::driver::Error::InvalidInput(error.to_string()).into()),
    }
}

fn mock(params: &Params) -> Result<Option<Mock>, Failure> {
    let Some(mock) = params.value("mock") else { return Ok(None) };
    match (mock["result"].as_str(), mock["errorOutput"].as_object()) {
        (Some(_), Some(_)) => Err(Failure::validation(
            "A test mock should have only one of the following fields: [result, errorOutput].",
        )),
        (Some(result), None) => match serde_json::from_str::<serde::de::IgnoredAny>(result) {
            Ok(_) => Ok(Some(Mock::Result(result.into()))),
            Err(_) => Err(Failure::validation("Mocked result must be valid JSON")),
        },
        (None, Some(error)) => {
            let text = |name: &str| error.get(name).and_then(Value::as_str).map(Arc::from);
            let failure = history::Failure { error: text("error"), cause: text("cause") };
            if failure.error.is_none() {
                return Err(Failure::validation("An error was not specified in the mocked error output."));
            }
            Ok(Some(Mock::Error(failure)))
        }
        (None, None) => Err(Failure::validation(
            "One of the following fields is required for a test mock: [result, errorOutput].",
        )),
    }
}

fn context(params: &Params, state: Option<&Value>) -> Result<Option<Value>, Failure> {
    let Some(text) = params.optional("context") else { return Ok(None) };
    let wrong = |what: &str| Failure::validation(&format!("Invalid Context object provided: {what}"));
    let context: Value =
        serde_json::from_str(text).map_err(|_| wrong("Context object must be valid JSON"))?;
    if !context.is_object() {
        return Err(wrong("Context object must be a JSON object"));
    }
    let resource = state.and_then(|state| state["Resource"].as_str()).unwrap_or_default();
    let waits = [".sync", ".sync:2", ".waitForTaskToken"].iter().any(|pattern| resource.ends_with(pattern));
    if context.get("Task").is_some() && !waits {
        return Err(wrong(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
        ));
    }
    Ok(Some(context))
}

/// Names and JSON texts.
type Variables = Vec<(Arc<str>, Arc<str>)>;

fn variables(params: &Params) -> Result<Variables, Failure> {
    let Some(text) = params.optional("variables") else { return Ok(Vec::new()) };
    let variables: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| Failure::validation("Variables must be a JSON object"))?;
    Ok(variables.into_iter().map(|(name, value)| (name.into(), value.to_string().into())).collect())
}

fn shown(report: &Report, inspected: bool) -> Value {
    let mut answer = Map::new();
    let mut set = |name: &str, value: Option<&str>| {
        answer.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    };
    set("output", report.output.as_deref());
    let failure = report.failure.as_ref();
    set("error", failure.and_then(|failure| failure.error.as_deref()));
    set("cause", failure.and_then(|failure| failure.cause.as_deref()));
    set("nextState", report.next.as_deref());
    set(
        "status",
        Some(match report.status {
            TrialStatus::Succeeded => "SUCCEEDED",
            TrialStatus::Failed => "FAILED",
            TrialStatus::Retriable => "RETRIABLE",
            TrialStatus::CaughtError => "CAUGHT_ERROR",
        }),
    );
    if inspected {
        answer.insert("inspectionData".to_owned(), inspection(&report.inspection));
    }
    answer.into()
}

fn inspection(seen: &Inspection) -> Value {
    let mut data = Map::new();
    data.extend(seen.input.as_deref().map(|input| ("input".to_owned(), input.into())));
    for (name, value) in [
        ("afterArguments", &seen.after_arguments),
        ("afterInputPath", &seen.after_input_path),
        ("afterParameters", &seen.after_parameters),
        ("afterItemsPath", &seen.after_items_path),
        ("afterItemsPointer", &seen.after_items_pointer),
        ("afterItemSelector", &seen.after_item_selector),
        ("afterItemBatcher", &seen.after_item_batcher),
        ("result", &seen.result),
        ("afterResultSelector", &seen.after_result_selector),
        ("afterResultPath", &seen.after_result_path),
        ("variables", &seen.variables),
    ] {
        data.extend(value.as_ref().map(|value| (name.to_owned(), value.to_string().into())));
    }
    data.extend(seen.max_concurrency.map(|most| ("maxConcurrency".to_owned(), most.into())));
    let tolerated = seen.tolerated_failure_count;
    data.extend(tolerated.map(|count| ("toleratedFailureCount".to_owned(), count.into())));
    let tolerated = seen.tolerated_failure_percentage;
    data.extend(tolerated.map(|share| ("toleratedFailurePercentage".to_owned(), share.into())));
    let ErrorDetails { catch_index, retry_index, retry_backoff_interval_seconds } = seen.error_details;
    let mut details = Map::new();
    details.extend(catch_index.map(|index| ("catchIndex".to_owned(), json!(index))));
    details.extend(retry_index.map(|index| ("retryIndex".to_owned(), json!(index))));
    let interval = retry_backoff_interval_seconds;
    details.extend(interval.map(|seconds| ("retryBackoffIntervalSeconds".to_owned(), json!(seconds))));
    if !details.is_empty() {
        data.insert("errorDetails".to_owned(), details.into());
    }
    data.into()
}
