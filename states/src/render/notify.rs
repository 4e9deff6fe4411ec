//! The workflow of one delivery – one notice to one endpoint – as a document: `states/notify.asl.json`.
//!
//! It tries, and waits as long as the try has said, until the notice is delivered or given up. How long that is, and when
//! to give up, is decided by the activity `deliver`; the document only follows. So no session waits for whoever is told
//! of it, and a schedule of days outlives every process.

use serde_json::json;

use super::asl::{passing, placeholder};
use crate::problem::Kind;
use crate::table::Activity;

/// The document, pretty-printed.
pub fn document() -> String {
    let ours = [Kind::StorageUnavailable, Kind::StorageFull, Kind::WorkerLost];
    let document = json!({
        "Comment": "One notice to one endpoint. Generated from states/ by `make gen`; do not edit.",
        "StartAt": "Deliver",
        "States": {
            "Deliver": {
                "Type": "Task",
                "Resource": placeholder(Activity::Deliver),
                "TimeoutSeconds": 120,
                "ResultPath": "$.outcome",
                // Of faults of our own, not of the receiver's: these are no tries. They are waited out for hours.
                "Retry": [{
                    "ErrorEquals": passing(&ours, &["States.Timeout"]),
                    "IntervalSeconds": 2, "MaxAttempts": 40, "BackoffRate": 2, "MaxDelaySeconds": 900,
                    "JitterStrategy": "FULL",
                }],
                "Next": "Verdict",
            },
            "Verdict": {
                "Type": "Choice",
                "Choices": [
                    { "Variable": "$.outcome.verdict", "StringEquals": "delivered", "Next": "Delivered" },
                    { "Variable": "$.outcome.verdict", "StringEquals": "again", "Next": "Pause" },
                ],
                "Default": "DeadLettered",
            },
            "Pause": { "Type": "Wait", "TimestampPath": "$.outcome.nextAt", "Next": "Deliver" },
            "Delivered": { "Type": "Succeed" },
            "DeadLettered": { "Type": "Fail", "Error": "DeadLettered", "CausePath": "$.outcome.why" },
        },
    });
    let mut text = serde_json::to_string_pretty(&document).expect("a JSON value has a text");
    text.push('\n');
    text
}
