//! The limits and sizes that the program and the stacks it is deployed in must agree on. They stand in `states/limits.json`,
//! which `infra/` imports as it is; here each has its name in Rust, and what must hold between them.
//!
//! The file is read when this is compiled: without one of its numbers there is no program. Not here: what the program alone
//! goes by, which stands beside what it limits.

const FILE: &str = include_str!("../limits.json");

/// A presigned URL, of an upload or to fetch by.
pub const URL_SECONDS: u64 = number("urlSeconds");
/// NotUploaded, after the URL of the upload has expired.
pub const UPLOAD_GRACE_SECONDS: u64 = number("uploadGraceSeconds");
/// ReadyToXcode.
pub const START_WITHIN_SECONDS: u64 = number("startWithinSeconds");
/// An uploaded file.
pub const INPUTS_KEPT_DAYS: u64 = number("inputsKeptDays");
/// How often the execution of a session is looked at. On AWS the sweep comes so often, too.
pub const CHECKUP_SECONDS: u64 = number("checkupSeconds");

/// A worker that says nothing for so long is missed.
pub const HEARTBEAT_SECONDS: u64 = number("heartbeatSeconds");
/// The same on AWS, where a network is between it and who listens, and a host that it shares.
pub const HEARTBEAT_ON_AWS_SECONDS: u64 = number("heartbeatOnAwsSeconds");
/// A job of Transcribe's that has said nothing for so long is asked how it stands.
pub const TRANSCRIPTION_LOOK_SECONDS: u64 = number("transcriptionLookSeconds");
/// The answer of a webhook's receiver.
pub const WEBHOOK_ANSWER_SECONDS: u64 = number("webhookAnswerSeconds");
/// What answers under way have, once a server is told to end.
pub const DRAIN_SECONDS: u64 = number("drainSeconds");

/// What a function is handed at most, by Lambda's own limit.
pub const EVENT_BYTES: u64 = number("eventBytes");
/// The largest body that is let into such an event, as base64 and with its head.
pub const BODY_BYTES: u64 = number("bodyBytes");

/// The function `api`. The gateway waits no longer either.
pub const API_SECONDS: u64 = number("apiSeconds");
pub const API_MEMORY_MIB: u64 = number("apiMemoryMiB");
/// Functions that only read and write records.
pub const RECORDS_SECONDS: u64 = number("recordsSeconds");
pub const RECORDS_MEMORY_MIB: u64 = number("recordsMemoryMiB");
/// Functions that work on media: as long as Lambda lets one, and with the memory that a whole processor comes with.
pub const WORK_SECONDS: u64 = number("workSeconds");
pub const WORK_MEMORY_MIB: u64 = number("workMemoryMiB");

/// A worker in a container, in thousandths of a processor.
pub const WORKER_MILLI_PROCESSORS: u64 = number("workerMilliProcessors");
pub const WORKER_MEMORY_MIB: u64 = number("workerMemoryMiB");
pub const WORKER_SCRATCH_GIB: u64 = number("workerScratchGiB");
/// The API in a container.
pub const CONTAINER_MILLI_PROCESSORS: u64 = number("containerMilliProcessors");
pub const CONTAINER_MEMORY_MIB: u64 = number("containerMemoryMiB");

/// What of an event is no body: the head and the claims are but some kilobytes.
const HEAD_BYTES: u64 = 100 << 10;
const DAY: u64 = 24 * 3600;

const _: () = assert!(
    INPUTS_KEPT_DAYS * DAY > URL_SECONDS + UPLOAD_GRACE_SECONDS + START_WITHIN_SECONDS,
    "an upload is kept for longer than its session may wait"
);
const _: () = assert!(WEBHOOK_ANSWER_SECONDS < RECORDS_SECONDS, "who tells lives longer than it waits");
const _: () = assert!(API_SECONDS < 30, "an HTTP API waits for half a minute at most");
const _: () = assert!(HEARTBEAT_SECONDS < HEARTBEAT_ON_AWS_SECONDS, "a worker speaks often enough for both");
const _: () = assert!(BODY_BYTES.div_ceil(3) * 4 + HEAD_BYTES < EVENT_BYTES, "a body fits its event");

/// The number of this name, which stands once in the file: a test sees to that.
const fn number(name: &str) -> u64 {
    let mut at = 0;
    while at < FILE.len() {
        let behind = at + 1 + name.len();
        if stands(at, b"\"") && stands(at + 1, name.as_bytes()) && stands(behind, BETWEEN) {
            return digits(behind + BETWEEN.len());
        }
        at += 1;
    }
    panic!("states/limits.json lacks a number");
}

/// What stands between a name and its number.
const BETWEEN: &[u8] = b"\": ";

/// Whether the file has this text at `at`.
const fn stands(at: usize, text: &[u8]) -> bool {
    let mut read = 0;
    while read < text.len() {
        if at + read >= FILE.len() || FILE.as_bytes()[at + read] != text[read] {
            return false;
        }
        read += 1;
    }
    true
}

const fn digits(mut at: usize) -> u64 {
    let mut value = 0;
    while FILE.as_bytes()[at].is_ascii_digit() {
        value = value * 10 + (FILE.as_bytes()[at] - b'0') as u64;
        at += 1;
    }
    value
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_file_and_each_is_read() {
        let file: BTreeMap<String, u64> = serde_json::from_str(FILE).unwrap();
        assert_eq!(FILE.matches("\": ").count(), file.len(), "a name stands twice");
        for (name, value) in file {
            assert_eq!(number(&name), value, "{name}");
            let reads = format!("number(\"{name}\")");
            assert!(include_str!("limits.rs").contains(&reads), "nobody reads {name}");
        }
    }
}
