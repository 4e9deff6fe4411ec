//! The functions that may end a path: `$.list.length()`.

use serde_json::{Number, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Min,
    Max,
    Avg,
    Sum,
    StdDev,
    Keys,
}

const NAMES: [(&str, Function); 8] = [
    ("length", Function::Length),
    ("size", Function::Length),
    ("min", Function::Min),
    ("max", Function::Max),
    ("avg", Function::Avg),
    ("sum", Function::Sum),
    ("stddev", Function::StdDev),
    ("keys", Function::Keys),
];

impl Function {
    pub(super) fn named(name: &str) -> Option<Function> {
        NAMES.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// `None` when there is nothing to compute from.
    pub(super) fn apply(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Function::Length, Value::Array(items)) => Some(items.len().into()),
            (Function::Length, Value::Object(fields)) => Some(fields.len().into()),
            (Function::Length, Value::String(text)) => Some(text.chars().count().into()),
            (Function::Keys, Value::Object(fields)) => Some(fields.keys().cloned().collect()),
            (_, Value::Array(items)) => {
                let numbers: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
                self.of_numbers(&numbers).and_then(number)
            }
            _ => None,
        }
    }

    fn of_numbers(self, numbers: &[f64]) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "an array has far fewer than 2^52 items")]
        let count = numbers.len() as f64;
        let average = |numbers: &[f64]| numbers.iter().sum::<f64>() / count;
        if numbers.is_empty() {
            return None;
        }
        match self {
            Function::Min => numbers.iter().copied().reduce(f64::min),
            Function::Max => numbers.iter().copied().reduce(f64::max),
            Function::Avg => Some(average(numbers)),
            Function::Sum => Some(numbers.iter().sum()),
            Function::StdDev => {
                let middle = average(numbers);
                let squares: Vec<f64> = numbers.iter().map(|number| (number - middle).powi(2)).collect();
                Some(average(&squares).sqrt())
            }
            Function::Length | Function::Keys => None,
        }
    }
}

/// A whole number is written as one.
fn number(number: f64) -> Option<Value> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53 is exact")]
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}
