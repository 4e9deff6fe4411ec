//! What a session costs on AWS: `docs/cost.md`, computed from what a session was counted to take and from public prices.
//! The counts are those that `tests/it/on_aws` finds; the prices are AWS's for us-east-1, on demand, without free tiers.

use std::fmt::Write;

use states::limits;

/// What one session takes of each service, whatever its file.
pub struct Counts {
    /// States that an execution enters, its end included.
    pub transitions: u32,
    /// Writes of the record, those of progress and of the sweep's looks at the work apart.
    pub writes: u32,
}

/// A FLAC of a WAV: announced, uploaded, started by hand, fetched; and the sweep's last look. `on_aws::counts` counts
/// it, and that the moves and the states of other recipes are as many; so does `documents`, of the states.
pub const FLAC: Counts = Counts { transitions: 7, writes: 8 };

/// A record is between one and two kilobytes, and a write is paid by the kilobyte begun.
const KILOBYTES: f64 = 2.0;

/// Of each write, this many reach an index too: what a list shows, and when to look next.
const INDEX_WRITES: f64 = 1.0;

/// Progress is written when the attempt begins, when the work does, and then so often, in seconds: `on_aws::counts` counts
/// it.
const PROGRESS: f64 = 2.0;
const PROGRESS_EVERY: f64 = 5.0;

/// The sweep looks so often, in seconds, at who is at work, and writes when it will look again.
const LOOK_EVERY: f64 = limits::CHECKUP_SECONDS as f64;

/// A look reads the record before and after; what it writes leaves one place of an index for another.
const LOOK_READS: f64 = 2.0;
const LOOK_INDEX_WRITES: f64 = 2.0;

/// Transcribe's job has an item beside the record: written when it begins and when it has ended, read in between, and put
/// off each so many silent seconds. `on_aws::counts` counts the writes.
pub const JOB_WRITES: f64 = 2.0;
const JOB_READS: f64 = 1.0;
const JOB_LOOK_EVERY: f64 = limits::TRANSCRIPTION_LOOK_SECONDS as f64;

/// Reads of the record before its writes, and the client's looks at it.
const READS: f64 = 30.0;

/// Requests to the API: announce, start, looks, fetch.
const REQUESTS: f64 = 25.0;

/// What alarms there are on a stage without further settings: `infra/lib/alarms.ts`. One of them, by what is usual, is paid as
/// three.
const ALARMS: f64 = 10.0;
const PAID_BESIDES: f64 = 2.0;

/// What the sweep counts in each of its rounds.
const IDLE_METERS: f64 = 3.0;

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
    /// By the month.
    pub(super) const ALARM: f64 = 0.10;
    pub(super) const METER: f64 = 0.30;
    pub(super) const DASHBOARD: f64 = 3.0;
    pub(super) const LETTER: f64 = 0.10 / 1e3;
    /// By the hour.
    pub(super) const PROCESSOR: f64 = 0.040_48;
    pub(super) const GIGABYTE: f64 = 0.004_445;
    pub(super) const BALANCER: f64 = 0.022_5;
    pub(super) const ADDRESS: f64 = 0.005;
    pub(super) const SCRATCH: f64 = 0.000_111;
    pub(super) const TRANSCRIBED_MINUTE: f64 = 0.024;
}

/// A file, what becomes of it, and how long that takes.
struct Example {
    title: &'static str,
    source_gigabytes: f64,
    result_gigabytes: f64,
    work: Work,
}

/// Who does the work of a recipe.
enum Work {
    /// A function with a whole processor, for so many seconds: making and reading back.
    Function(f64),
    /// A worker with four processors, for so many seconds.
    Worker(f64),
    /// Transcribe, of so many minutes of sound, for so many seconds.
    Transcribe(f64, f64),
}

/// A worker has come before its task, and goes after it: the sweep counts by the minute, and the service follows.
const COMING_AND_GOING: f64 = 240.0;

/// The gigabytes of memory that functions have.
const RECORDS: f64 = limits::RECORDS_MEMORY_MIB as f64 / 1024.0;
const API: f64 = limits::API_MEMORY_MIB as f64 / 1024.0;
const WORK: f64 = limits::WORK_MEMORY_MIB as f64 / 1024.0;

/// The processors that containers have, and the gigabytes of their memory.
const WORKER: (f64, f64) =
    (limits::WORKER_MILLI_PROCESSORS as f64 / 1e3, limits::WORKER_MEMORY_MIB as f64 / 1024.0);
const CONTAINER: (f64, f64) =
    (limits::CONTAINER_MILLI_PROCESSORS as f64 / 1e3, limits::CONTAINER_MEMORY_MIB as f64 / 1024.0);

/// Of a worker's scratch, so many gigabytes cost nothing.
const FREE_SCRATCH: u64 = 20;

const EXAMPLES: &[Example] = &[
    Example {
        title: "`flac`, a song: 50 MB of WAV, if a processor takes 5 s for it",
        source_gigabytes: 0.05,
        result_gigabytes: 0.03,
        work: Work::Function(5.0),
    },
    Example {
        title: "`flac`, a concert: 2 GB of WAV, if a processor takes 200 s for it",
        source_gigabytes: 2.0,
        result_gigabytes: 1.2,
        work: Work::Function(200.0),
    },
    Example {
        title: "`proxies`, a picture: 5 MB of JPEG, if a processor takes 1 s for it",
        source_gigabytes: 0.005,
        result_gigabytes: 0.000_8,
        work: Work::Function(1.0),
    },
    Example {
        title: "`thumbnails`, of a film of 2 GB, if a worker takes 30 s for it",
        source_gigabytes: 2.0,
        result_gigabytes: 0.005,
        work: Work::Worker(30.0),
    },
    Example {
        title: "`video`, a film of an hour and 2 GB, if a worker takes half an hour for it",
        source_gigabytes: 2.0,
        result_gigabytes: 0.9,
        work: Work::Worker(1800.0),
    },
    Example {
        title: "`captions`, of a talk of an hour and 1 GB, if Transcribe takes ten minutes for it",
        source_gigabytes: 1.0,
        result_gigabytes: 0.000_1,
        work: Work::Transcribe(60.0, 600.0),
    },
];

/// Of an hour of one.
fn container((processors, gigabytes): (f64, f64)) -> f64 {
    processors * price::PROCESSOR + gigabytes * price::GIGABYTE
}

impl Work {
    fn costs(&self) -> (&'static str, f64) {
        match self {
            Self::Function(seconds) => ("Lambda, work", seconds * WORK * price::GIGABYTE_SECOND),
            Self::Worker(seconds) => {
                let scratch = (limits::WORKER_SCRATCH_GIB - FREE_SCRATCH) as f64;
                let by_the_hour = container(WORKER) + scratch * price::SCRATCH + price::ADDRESS;
                ("Fargate, a worker for it alone", (seconds + COMING_AND_GOING) / 3600.0 * by_the_hour)
            }
            Self::Transcribe(minutes, _) => ("Transcribe", minutes * price::TRANSCRIBED_MINUTE),
        }
    }

    /// Functions that are called for a session, besides the API's: for its notice, its steps, and the sweep's last look.
    fn calls(&self) -> f64 {
        match self {
            Self::Function(_) => 6.0,
            Self::Worker(_) => 5.0,
            Self::Transcribe(..) => 7.0, // and back
        }
    }

    fn progress(&self) -> f64 {
        match self {
            Self::Function(seconds) | Self::Worker(seconds) => PROGRESS + (seconds / PROGRESS_EVERY).floor(),
            Self::Transcribe(..) => PROGRESS, // it tells of none
        }
    }

    /// For how long the session is in Transcoding.
    fn lasts(&self) -> f64 {
        match self {
            Self::Function(seconds) | Self::Transcribe(_, seconds) => *seconds,
            Self::Worker(seconds) => seconds + COMING_AND_GOING / 2.0,
        }
    }

    fn looks(&self) -> f64 {
        let look = (KILOBYTES + LOOK_INDEX_WRITES) * price::WRITE + LOOK_READS * price::READ;
        (self.lasts() / LOOK_EVERY).floor() * look
    }

    /// What is written beside the record.
    fn beside(&self) -> Option<(&'static str, f64)> {
        let Self::Transcribe(_, seconds) = self else { return None };
        let looks = (seconds / JOB_LOOK_EVERY).floor();
        let writes = (JOB_WRITES + looks) * (KILOBYTES + INDEX_WRITES) * price::WRITE;
        Some(("DynamoDB, the job and its token", writes + (JOB_READS + looks) * price::READ))
    }

    /// Of a source, the gigabytes that are read here, each megabyte by a request. Transcribe reads by itself.
    fn reads_of(&self, source_gigabytes: f64) -> f64 {
        match self {
            Self::Function(_) | Self::Worker(_) => source_gigabytes,
            Self::Transcribe(..) => 0.0,
        }
    }
}

impl Example {
    fn items(&self) -> Vec<(&'static str, f64)> {
        let Counts { transitions, writes } = FLAC;
        let parts = (self.result_gigabytes * 1000.0 / 8.0).ceil() + 2.0;
        let read = self.work.reads_of(self.source_gigabytes) + 2.0 * self.result_gigabytes;
        let reads = read * 1000.0 + 10.0;
        let bookkeeping = 8.0 * 0.05 * RECORDS;
        let mut items = vec![
            ("Step Functions, transitions", f64::from(transitions) * price::TRANSITION),
            ("DynamoDB, moves", f64::from(writes) * (KILOBYTES + INDEX_WRITES) * price::WRITE),
            ("DynamoDB, progress", self.work.progress() * KILOBYTES * price::WRITE),
            ("DynamoDB, looks of the sweep", self.work.looks()),
            ("DynamoDB, reads", READS * price::READ),
            ("Lambda, invocations", (REQUESTS + self.work.calls()) * price::INVOCATION),
            self.work.costs(),
            ("Lambda, bookkeeping", (bookkeeping + REQUESTS * 0.02 * API) * price::GIGABYTE_SECOND),
            ("S3, requests", (parts + 2.0) * price::PUT + reads * price::GET),
            ("SQS", 3.0 * price::MESSAGE),
            ("API Gateway", REQUESTS * price::REQUEST),
            ("logs", 20e-6 * price::LOGGED_GIGABYTE),
        ];
        items.extend(self.work.beside());
        items
    }

    fn stored_by_the_month(&self) -> f64 {
        (self.source_gigabytes + self.result_gigabytes) * price::GIGABYTE_MONTH
    }
}

pub fn document() -> String {
    let mut text = String::from(
        "# What a session costs on AWS\n\nGenerated from `tests/src/cost.rs` by `make gen`; do not edit. Counted by the tests \
         over the rig: a session\nof `flac` enters ",
    );
    let _ = write!(
        text,
        "{} states and takes {} writes of its record; the moves and the states are those of every recipe. Its progress is\nwritten \
         twice, and once more each {PROGRESS_EVERY} s of work. Each minute of an attempt takes a look of the sweep, which is a \
         write too.\nThe rest is reckoned, with the prices of us-east-1, on demand, without free tiers.\n",
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
        minutes * (price::INVOCATION + RECORDS * 0.05 * price::GIGABYTE_SECOND + 4.0 * 0.5 * price::READ);
    // Lambda asks each of two queues by five pollers, each of which waits for twenty seconds.
    let polls = minutes * 2.0 * 5.0 * 3.0 * price::MESSAGE;
    let watching = (ALARMS + PAID_BESIDES) * price::ALARM + IDLE_METERS * price::METER + price::DASHBOARD;
    // With addresses of the container and of the balancer in two zones; `infra/lib/service.ts`.
    let serving = minutes / 60.0 * (container(CONTAINER) + price::BALANCER + 3.0 * price::ADDRESS);
    let letter = price::LETTER;
    let _ = write!(
        text,
        "\n## Idle\n\nA month in which nobody comes: the sweep, once a minute, {sweep:.2}; the queues, which Lambda asks all the \
         time,\n{polls:.2}; what watches – {ALARMS} alarms, one of which is paid as three, {IDLE_METERS} meters of the sweep's, a \
         dashboard –\n{watching:.2}. All of it is within what AWS gives every account for nothing, for one stage. What is kept: \
         its storage. Nothing\nelse, unless a site was chosen: its endpoints of Step Functions, the parameters and Transcribe \
         cost by the hour in each of two\nzones. The API in containers, where that was asked for, is one of them and its \
         balancer all the time: {serving:.2}. A letter costs\n{letter:.4}.\n",
    );
    text
}
