//! JSONPath, wherever a state may say one. The same path gives the same value twice.

use crate::trial::{document, output};
use serde_json::json;

pub(crate) fn run(data: &[u8]) {
    let Some((path, text)) = crate::first_line(data) else { return };
    let input = document(text);
    let parameters = json!({"Type": "Pass", "Parameters": {"v.$": path}, "End": true});
    let found = output(&parameters, &input);
    assert_eq!(found, output(&parameters, &input), "{path} gives another value the second time");
    for field in ["InputPath", "OutputPath", "ResultPath"] {
        output(&json!({"Type": "Pass", field: path, "End": true}), &input);
    }
    let rule = json!({"Variable": path, "StringEqualsPath": path, "Next": "N"});
    output(&json!({"Type": "Choice", "Choices": [rule], "Default": "N"}), &input);
}
