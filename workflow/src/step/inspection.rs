//! What a trial lets one look at: the data between the fields of a state.

use crate::history::Failure;
use serde_json::Value;
use std::sync::Arc;

/// The data as it stood behind each field that the state has. A field that the state has not is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inspection {
    pub input: Option<Arc<str>>,
    pub after_arguments: Option<Value>,
    pub after_input_path: Option<Value>,
    pub after_parameters: Option<Value>,
    pub after_items_path: Option<Value>,
    /// What is at the ItemsPointer of what an ItemReader is said to have read.
    pub after_items_pointer: Option<Value>,
    /// The items behind the ItemSelector, and as they are batched: arrays.
    pub after_item_selector: Option<Value>,
    pub after_item_batcher: Option<Value>,
    /// How many runs a Map makes of them, when that can be told.
    pub iterations: Option<usize>,
    pub result: Option<Value>,
    pub after_result_selector: Option<Value>,
    pub after_result_path: Option<Value>,
    /// The variables as they stand after the state, those that were given too.
    pub variables: Option<Value>,
    pub max_concurrency: Option<u32>,
    pub tolerated_failure_count: Option<u32>,
    pub tolerated_failure_percentage: Option<f64>,
    pub error_details: ErrorDetails,
    /// The failure that a retrier or a catcher met.
    pub(super) failure: Option<Failure>,
}

/// Which rule an error met.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ErrorDetails {
    pub catch_index: Option<usize>,
    pub retry_index: Option<usize>,
    pub retry_backoff_interval_seconds: Option<u32>,
}
