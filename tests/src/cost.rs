//! What a session costs on AWS: `docs/cost.md`, computed from what a session was counted to take and from public prices.
//! The counts are those that `tests/it/on_aws` finds; the prices are AWS's for us-east-1, on demand, without free tiers.

use std::fmt::Write;

/// What one session takes of each service, whatever its file.
pub struct Counts {
    /// States that an execution enters, its end included.
    pub transitions: u32,
    /// Writes of the record, those of progress apart.
    pub writes: u32,
}

/// A FLAC of a WAV: announced, uploaded, started by hand, fetched; and the sweep's last look.
pub const FLAC: Counts = Counts { transitions: 7, writes: 8 };

/// A record is between one and two kilobytes, and a write is paid by the kilobyte begun.
const KILOBYTES: f64 = 2.0;

/// Of each write, this many reach an index too: what a list shows, and when to look next.
const INDEX_WRITES: f64 = 1.0;

/// Reads of the record before its writes, and the client's looks at it.
const READS: f64 = 30.0;

/// Requests to the API: announce, start, looks, fetch.
const REQUESTS: f64 = 25.0;

/// US dollars for one.
mod price {
    pub(super) const TRANSITION: f64 = 0.025 / 1e3;
    pub(super) const WRITE: f64 = 0.625 / 1e6;
    pub(super) const READ: f64 = 0.125 / 1e6;
    pub(super) const INVOCATION: f64 = 0.20 / 1e6;
    pub(super) const GIGABYTE_SECOND: f64 = 0.000_016_666_7;
    pub(super) const PUT: f64 = 0.005 / 1e3;
    pub(super) const GET: f64 = 0.0004 / 1e3;
    pub(super) const GIGABYTE_MONTH: f64 = 0.023;
    pub(super) const GIGABYTE_OUT: f64 = 0.09;
    pub(super) const MESSAGE: f64 = 0.40 / 1e6;
    pub(super) const REQUEST: f64 = 1.00 / 1e6;
    pub(super) const LOGGED_GIGABYTE: f64 = 0.50;
}

/// A file, what becomes of it, and how long that takes.
struct Example {
    title: &'static str,
    counts: &'static Counts,
    source_gigabytes: f64,
    result_gigabytes: f64,
    /// Of a function with a whole processor: making and reading back.
    work_seconds: f64,
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "A song: 50 MB of WAV to FLAC, if a processor takes 5 s for it",
        counts: &FLAC,
        source_gigabytes: 0.05,
        result_gigabytes: 0.03,
        work_seconds: 5.0,
    },
    Example {
        title: "A concert: 2 GB of WAV to FLAC, if a processor takes 200 s for it",
        counts: &FLAC,
        source_gigabytes: 2.0,
        result_gigabytes: 1.2,
        work_seconds: 200.0,
    },
];

impl Example {
    fn items(&self) -> Vec<(&'static str, f64)> {
        let Counts { transitions, writes } = *self.counts;
        let parts = (self.result_gigabytes * 1000.0 / 8.0).ceil() + 2.0;
        let reads = (self.source_gigabytes + 2.0 * self.result_gigabytes) * 1000.0 + 10.0;
        let bookkeeping = 8.0 * 0.05 * 0.25;
        vec![
            ("Step Functions, transitions", f64::from(transitions) * price::TRANSITION),
            ("DynamoDB, writes", f64::from(writes) * (KILOBYTES + INDEX_WRITES) * price::WRITE),
            ("DynamoDB, reads", READS * price::READ),
            ("Lambda, invocations", (REQUESTS + 6.0) * price::INVOCATION),
            ("Lambda, work", self.work_seconds * 1.769 / 1.024 * price::GIGABYTE_SECOND),
            ("Lambda, bookkeeping", (bookkeeping + REQUESTS * 0.02 * 0.5) * price::GIGABYTE_SECOND),
            ("S3, requests", (parts + 2.0) * price::PUT + reads * price::GET),
            ("SQS", 3.0 * price::MESSAGE),
            ("API Gateway", REQUESTS * price::REQUEST),
            ("logs", 20e-6 * price::LOGGED_GIGABYTE),
        ]
    }

    fn stored_by_the_month(&self) -> f64 {
        (self.source_gigabytes + self.result_gigabytes) * price::GIGABYTE_MONTH
    }
}

pub fn document() -> String {
    let mut text = String::from(
        "# What a session costs on AWS\n\nGenerated from `tests/src/cost.rs` by `make gen`; do not edit. Counted by the tests \
         over the rig: a session\nenters ",
    );
    let _ = write!(
        text,
        "{} states and takes {} writes of its record, and one more each 5 s of work for its progress. The rest is\nreckoned, \
         with the prices of us-east-1, on demand, without free tiers.\n",
        FLAC.transitions, FLAC.writes
    );
    for example in EXAMPLES {
        let items = example.items();
        let _ = write!(text, "\n## {}\n\n| what | US dollars |\n| --- | ---: |\n", example.title);
        for (what, dollars) in &items {
            let _ = writeln!(text, "| {what} | {dollars:.6} |");
        }
        let total: f64 = items.iter().map(|(_, dollars)| dollars).sum();
        let _ = writeln!(text, "| **once** | **{total:.6}** |");
        let _ = writeln!(text, "| kept, each month | {:.6} |", example.stored_by_the_month());
        let out = example.result_gigabytes * price::GIGABYTE_OUT;
        let _ = writeln!(text, "| fetched, each time | {out:.6} |");
    }
    let minutes = 43_200.0;
    let sweep =
        minutes * (price::INVOCATION + 0.25 * 0.05 * price::GIGABYTE_SECOND + 4.0 * 0.5 * price::READ);
    let _ = write!(
        text,
        "\n## Idle\n\nThe sweep, once a minute: {sweep:.2} a month. What is kept: its storage. Nothing else, unless a site was \
         chosen:\nits endpoint of Step Functions costs by the hour in each of two zones.\n",
    );
    text
}
