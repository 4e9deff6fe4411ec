//! The meters of a function, as CloudWatch takes them from its log: a line for each, in the embedded metric format.
//!
//! Any crate counts through the `metrics` facade; this listens. What was counted since the last line is written when an
//! event has been seen to ([`Meters::write`]), since a sandbox may be frozen then for good. The one dimension is the stage:
//! each combination of dimensions costs by the month, and labels stand beside it, where Logs Insights finds them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use serde_json::{Map, Value, json};

/// Alarms look here: `infra/lib/alarms.ts`.
const NAMESPACE: &str = "Lockgate";
const STAGE: &str = "Stage";

/// CloudWatch takes so many values of one meter in a line.
const MOST_VALUES: usize = 100;

/// All meters of a process. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Meters {
    stage: Arc<str>,
    seen: Arc<Mutex<BTreeMap<Key, Values>>>,
}

/// What one meter has counted since it was written last.
#[derive(Debug)]
enum Values {
    Sum(f64),
    Last(f64),
    All(Vec<f64>),
}

impl Meters {
    /// Makes these the meters of the whole process. A process has one; a second call changes nothing.
    pub fn installed(stage: &str) -> Self {
        let meters = Self { stage: stage.into(), seen: Arc::default() };
        let _ = metrics::set_global_recorder(meters.clone()); // an error means that there is one already
        meters
    }

    /// Writes what was counted since the last time to the log.
    pub fn write(&self) {
        for line in self.take() {
            println!("{line}");
        }
    }

    fn take(&self) -> Vec<Value> {
        let seen = std::mem::take(&mut *self.lock());
        let now = jiff::Timestamp::now().as_millisecond();
        seen.into_iter().flat_map(|(key, values)| self.lines(&key, values, now)).collect()
    }

    fn lines(&self, key: &Key, values: Values, now: i64) -> Vec<Value> {
        let values = match values {
            Values::Sum(value) | Values::Last(value) => vec![json!(value)],
            Values::All(values) => values.chunks(MOST_VALUES).map(|values| json!(values)).collect(),
        };
        values.into_iter().map(|value| self.line(key, value, now)).collect()
    }

    fn line(&self, key: &Key, value: Value, now: i64) -> Value {
        let name = key.name();
        let unit = if name.ends_with("_seconds") { "Seconds" } else { "Count" };
        let told = json!({
            "Namespace": NAMESPACE,
            "Dimensions": [[STAGE]],
            "Metrics": [{ "Name": name, "Unit": unit }],
        });
        let labels = key.labels().map(|label| (label.key().to_owned(), label.value().into()));
        let mut line: Map<String, Value> = labels.collect();
        line.insert("_aws".to_owned(), json!({ "Timestamp": now, "CloudWatchMetrics": [told] }));
        line.insert(STAGE.to_owned(), (&*self.stage).into());
        line.insert(name.to_owned(), value);
        line.into()
    }

    /// Nothing panics while it holds this.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Values>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One meter of these.
struct Meter {
    meters: Meters,
    key: Key,
}

impl Meter {
    fn see(&self, first: Values, more: impl FnOnce(&mut Values)) {
        let mut seen = self.meters.lock();
        match seen.get_mut(&self.key) {
            Some(values) => more(values),
            None => {
                seen.insert(self.key.clone(), first);
            }
        }
    }

    fn add(&self, value: f64) {
        self.see(Values::Sum(value), |values| {
            if let Values::Sum(sum) | Values::Last(sum) = values {
                *sum += value;
            }
        });
    }
}

impl CounterFn for Meter {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    /// Only what is counted up from here is of interest to whoever adds up lines.
    fn absolute(&self, _value: u64) {}
}

impl GaugeFn for Meter {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, value: f64) {
        self.see(Values::Last(value), |values| *values = Values::Last(value));
    }
}

impl HistogramFn for Meter {
    fn record(&self, value: f64) {
        self.see(Values::All(vec![value]), |values| {
            if let Values::All(all) = values {
                all.push(value);
            }
        });
    }
}

impl Recorder for Meters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(self.meter(key)))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(self.meter(key)))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(self.meter(key)))
    }
}

impl Meters {
    fn meter(&self, key: &Key) -> Meter {
        Meter { meters: self.clone(), key: key.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_once_with_its_labels_beside_it() {
        let meters = Meters { stage: "test".into(), seen: Arc::default() };
        metrics::with_local_recorder(&meters, || {
            metrics::counter!("a_total", "recipe" => "flac").increment(2);
            metrics::counter!("a_total", "recipe" => "flac").increment(3);
            metrics::gauge!("b").set(7.0);
            metrics::gauge!("b").set(4.0);
            for n in 0..101 {
                metrics::histogram!("c_seconds").record(f64::from(n));
            }
        });
        let lines = meters.take();
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert_eq!((&lines[0]["a_total"], &lines[0]["recipe"]), (&json!(5.0), &json!("flac")));
        assert_eq!(lines[1]["b"], 4.0);
        assert_eq!(lines[2]["c_seconds"].as_array().map(Vec::len), Some(100));
        assert_eq!(lines[3]["c_seconds"], json!([100.0]));
        for line in &lines {
            let told = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!((&told["Namespace"], &told["Dimensions"]), (&json!("Lockgate"), &json!([["Stage"]])));
            assert_eq!(line["Stage"], "test");
            let meter = &told["Metrics"][0];
            assert!(line.get(meter["Name"].as_str().unwrap()).is_some(), "{line}");
        }
        assert_eq!(lines[3]["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"], "Seconds");
        assert!(meters.take().is_empty(), "it is not written twice");
    }
}
