//! Random definitions: every way through them leads forward, so that each run ends.

use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What every execution starts with; all results are put beside it.
pub(crate) const INPUT: &str = r#"{"items":[1,2,3],"n":2}"#;
/// In a gentle world at most this many tries of a task fail; each has one retry more.
pub(crate) const FAULTS: u32 = 3;

/// A small generator (splitmix64): the same numbers on every machine.
#[derive(Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: i64) -> i64 {
        (self.next() % end.unsigned_abs().max(1)) as i64
    }

    pub(crate) fn one_in(&mut self, chances: u64) -> bool {
        self.next().is_multiple_of(chances)
    }
}

/// What a task gives: the same for every try.
pub(crate) fn output(name: &str) -> Arc<str> {
    json!({ "from": name }).to_string().into()
}

pub(crate) fn document(rng: &mut Rng, gentle: bool) -> Value {
    let mut maker = Maker { rng, gentle, count: 0 };
    let mut document = maker.machine(0);
    if !gentle && maker.rng.one_in(6) {
        document["TimeoutSeconds"] = json!(1 + maker.rng.below(60));
    }
    document
}

struct Maker<'a> {
    rng: &'a mut Rng,
    gentle: bool,
    count: u32,
}

impl Maker<'_> {
    fn machine(&mut self, depth: u32) -> Value {
        let names: Vec<String> = (0..=self.rng.below(4)).map(|_| self.name()).collect();
        let states: Map<String, Value> = (0..names.len())
            .map(|index| (names[index].clone(), self.state(&names[index], &names[index + 1..], depth)))
            .collect();
        json!({ "StartAt": names[0], "States": states })
    }

    fn name(&mut self) -> String {
        self.count += 1;
        format!("S{}", self.count)
    }

    /// A state that goes on to the first of `after`; jumps may skip some, which a Choice elsewhere still leads to.
    fn state(&mut self, name: &str, after: &[String], depth: u32) -> Value {
        let deeper = if depth == 0 || (depth == 1 && self.rng.one_in(3)) { 10 } else { 8 };
        let kind = self.rng.below(deeper);
        let mut state = match kind {
            0 => json!({"Type": "Pass", "Result": {"passed": name}}),
            1 => json!({"Type": "Wait", "Seconds": self.rng.below(20)}),
            2 if !after.is_empty() => return self.choice(after),
            3 if !self.gentle && after.is_empty() => {
                return json!({"Type": "Fail", "Error": "Flaky", "Cause": name});
            }
            4 if after.is_empty() => return json!({"Type": "Succeed"}),
            8 => {
                let branches: Vec<Value> = (0..=self.rng.below(3)).map(|_| self.machine(depth + 1)).collect();
                json!({"Type": "Parallel", "Branches": branches})
            }
            9 => json!({
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": self.rng.below(3),
                "ItemSelector": {"items.$": "$.items", "n.$": "$.n", "index.$": "$$.Map.Item.Index"},
                "ItemProcessor": self.machine(depth + 1),
            }),
            _ => self.task(),
        };
        if kind != 1 {
            state["ResultPath"] = json!(format!("$.{name}"));
        }
        if matches!(state["Type"].as_str(), Some("Task" | "Parallel" | "Map")) {
            self.rules(&mut state, name, after);
        }
        match after.first() {
            Some(next) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
        state
    }

    fn choice(&mut self, after: &[String]) -> Value {
        let target = &after[self.rng.below(after.len() as i64) as usize];
        let rule = json!({"Variable": "$.n", "NumericGreaterThan": self.rng.below(4), "Next": target});
        json!({"Type": "Choice", "Choices": [rule], "Default": after[0]})
    }

    fn task(&mut self) -> Value {
        let mut task = json!({"Type": "Task", "TimeoutSeconds": 10 + self.rng.below(20)});
        task["Resource"] = match self.rng.below(4) {
            0 => json!("arn:aws:states:us-east-1:123456789012:activity:press"),
            1 => {
                task["Parameters"] = json!({"QueueUrl": "press", "MessageBody.$": "$"});
                json!("arn:aws:states:::sqs:sendMessage.waitForTaskToken")
            }
            2 => {
                task["Parameters"] = json!({"FunctionName": "work", "Payload.$": "$"});
                json!("arn:aws:states:::lambda:invoke")
            }
            _ => json!("arn:aws:lambda:us-east-1:123456789012:function:work"),
        };
        if self.rng.one_in(4) {
            task["HeartbeatSeconds"] = json!(4 + self.rng.below(5));
        }
        task
    }

    fn rules(&mut self, state: &mut Value, name: &str, after: &[String]) {
        let task = state["Type"] == "Task";
        if self.gentle {
            if task {
                state["Retry"] =
                    json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 20, "MaxDelaySeconds": 9}]);
            }
            return;
        }
        if self.rng.one_in(2) {
            let jitter = if self.rng.one_in(2) { "FULL" } else { "NONE" };
            let error = if self.rng.one_in(2) { "Flaky" } else { "States.Timeout" };
            state["Retry"] =
                json!([{"ErrorEquals": [error], "MaxAttempts": self.rng.below(3), "JitterStrategy": jitter}]);
        }
        if !after.is_empty() && self.rng.one_in(2) {
            let error = if self.rng.one_in(2) { "Flaky" } else { "States.ALL" };
            let next = &after[self.rng.below(after.len() as i64) as usize];
            state["Catch"] =
                json!([{"ErrorEquals": [error], "ResultPath": format!("$.{name}"), "Next": next}]);
        }
    }
}
