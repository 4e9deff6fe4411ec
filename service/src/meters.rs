//! The meters behind `/metrics`: a small recorder for the `metrics` facade, and its Prometheus text.
//!
//! Any crate of the workspace may count through the facade without knowing who reads it. A label never holds an id, so
//! that the number of series stays small; what is measured in seconds is a histogram over [`BOUNDS`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// Upper bounds of the histograms' buckets, in seconds.
const BOUNDS: [f64; 17] = [
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0,
    1800.0,
];

/// The names the API counts under.
pub(crate) mod names {
    pub(crate) const REQUESTS: &str = "lockgate_http_requests_total";
    pub(crate) const LATENCY: &str = "lockgate_http_request_seconds";
    pub(crate) const CREATED: &str = "lockgate_sessions_created_total";
    pub(crate) const TRANSITIONS: &str = "lockgate_requested_transitions_total";
    pub(crate) const STREAMS: &str = "lockgate_event_streams";
}

/// All meters of a process. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    registry: Arc<Mutex<Registry>>,
    /// What is looked up when somebody reads.
    probes: Arc<Mutex<Vec<Probe>>>,
}

/// Sets gauges of what nobody counts as it happens.
struct Probe(Box<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a probe")
    }
}

#[derive(Debug, Default)]
struct Registry {
    counters: BTreeMap<String, BTreeMap<Labels, Arc<AtomicU64>>>,
    gauges: BTreeMap<String, BTreeMap<Labels, Arc<AtomicU64>>>,
    histograms: BTreeMap<String, BTreeMap<Labels, Arc<Buckets>>>,
    about: BTreeMap<String, String>,
}

/// Labels as they are printed, without the braces: `route="/xfer",status="201"`.
type Labels = String;

impl Meters {
    /// Makes these the meters of the whole process. A process has one; a second call changes nothing.
    pub fn install(&self) {
        if metrics::set_global_recorder(self.clone()).is_ok() {
            describe();
            activities::measures::describe();
        }
    }

    /// Has `probe` set its gauges each time that the meters are read. It should be quick.
    pub fn look_up(&self, probe: impl Fn() + Send + Sync + 'static) {
        lock(&self.probes).push(Probe(Box::new(probe)));
    }

    /// The Prometheus text of all meters.
    pub fn render(&self) -> String {
        for Probe(probe) in &*lock(&self.probes) {
            probe();
        }
        let registry = self.lock();
        let mut text = String::new();
        for (name, series) in &registry.counters {
            registry.head(&mut text, name, "counter");
            for (labels, value) in series {
                line(&mut text, name, labels, value.load(Ordering::Relaxed));
            }
        }
        for (name, series) in &registry.gauges {
            registry.head(&mut text, name, "gauge");
            for (labels, value) in series {
                line(&mut text, name, labels, f64::from_bits(value.load(Ordering::Relaxed)));
            }
        }
        for (name, series) in &registry.histograms {
            registry.head(&mut text, name, "histogram");
            for (labels, buckets) in series {
                buckets.render(&mut text, name, labels);
            }
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }
}

/// Nothing panics while it holds one of these; and a map of counters has no half-made state to fear.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says what the API's meters are, and begins those at zero that have no labels: a series that is not there cannot be told
/// from one that is not scraped.
fn describe() {
    metrics::describe_counter!(names::REQUESTS, "Requests answered, by route and status.");
    metrics::describe_histogram!(names::LATENCY, "From a request's head to its answer's head, by route.");
    metrics::describe_counter!(names::CREATED, "Sessions made by request.");
    metrics::describe_counter!(names::TRANSITIONS, "Transitions that requests asked for and got, by event.");
    metrics::describe_gauge!(names::STREAMS, "Event streams that are open.");
    metrics::counter!(names::CREATED).absolute(0);
    metrics::gauge!(names::STREAMS).set(0.0);
}

impl Registry {
    fn head(&self, text: &mut String, name: &str, kind: &str) {
        if let Some(about) = self.about.get(name) {
            let _ = writeln!(text, "# HELP {name} {about}");
        }
        let _ = writeln!(text, "# TYPE {name} {kind}");
    }
}

fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = if labels.is_empty() {
        writeln!(text, "{name} {value}")
    } else {
        writeln!(text, "{name}{{{labels}}} {value}")
    };
}

fn labels(key: &Key) -> Labels {
    let mut text = String::new();
    for label in key.labels() {
        let value = label.value().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{}=\"{value}\"", label.key());
    }
    text
}

impl Recorder for Meters {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, about: SharedString) {
        self.lock().about.insert(name.as_str().to_owned(), about.into_owned());
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, about: SharedString) {
        self.describe_counter(name, unit, about);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, about: SharedString) {
        self.describe_counter(name, unit, about);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut registry = self.lock();
        let series = registry.counters.entry(key.name().to_owned()).or_default();
        Counter::from_arc(series.entry(labels(key)).or_default().clone())
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let mut registry = self.lock();
        let series = registry.gauges.entry(key.name().to_owned()).or_default();
        Gauge::from_arc(series.entry(labels(key)).or_default().clone())
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut registry = self.lock();
        let series = registry.histograms.entry(key.name().to_owned()).or_default();
        Histogram::from_arc(series.entry(labels(key)).or_default().clone())
    }
}

#[derive(Debug, Default)]
struct Buckets(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    within: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = BOUNDS.iter().position(|&bound| value <= bound) {
            counts.within[bucket] += 1;
        }
        counts.count += 1;
        counts.sum += value;
    }
}

impl Buckets {
    fn render(&self, text: &mut String, name: &str, labels: &str) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let comma = if labels.is_empty() { "" } else { "," };
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (bound, within) in BOUNDS.iter().zip(counts.within) {
            below += within;
            line(text, &bucket, &format!("{labels}{comma}le=\"{bound}\""), below);
        }
        line(text, &bucket, &format!("{labels}{comma}le=\"+Inf\""), counts.count);
        line(text, &format!("{name}_sum"), labels, counts.sum);
        line(text, &format!("{name}_count"), labels, counts.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_what_prometheus_reads() {
        let meters = Meters::default();
        metrics::with_local_recorder(&meters, || {
            metrics::counter!("a_total", "route" => "/x\"y").increment(2);
            metrics::gauge!("b").increment(1.0);
            metrics::histogram!("c_seconds").record(0.004);
            metrics::histogram!("c_seconds").record(90.0);
        });
        let text = meters.render();
        assert!(text.contains("# TYPE a_total counter\na_total{route=\"/x\\\"y\"} 2\n"), "{text}");
        assert!(text.contains("# TYPE b gauge\nb 1\n"), "{text}");
        assert!(text.contains("c_seconds_bucket{le=\"0.0025\"} 0\n"), "{text}");
        assert!(text.contains("c_seconds_bucket{le=\"0.005\"} 1\n"), "{text}");
        assert!(text.contains("c_seconds_bucket{le=\"60\"} 1\n"), "{text}");
        assert!(text.contains("c_seconds_bucket{le=\"+Inf\"} 2\n"), "{text}");
        assert!(text.contains("c_seconds_sum 90.004\nc_seconds_count 2\n"), "{text}");
    }
}
