//! Crash points: places between two durable writes where a test may kill the process as SIGKILL would.
//!
//! They sit in the code that ships. In a build with debug assertions the variable `LOCKGATE_CRASH=point:k` kills the
//! process when `point` is passed for the k-th time, and `LOCKGATE_CRASH_LOG=file` appends the name of every point that
//! is passed; a release build reads neither. The negative control `LOCKGATE_BREAK=ack-before-commit` makes the writer
//! answer before it commits, which the crash tests must catch.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Passes the crash point with this name.
#[macro_export]
macro_rules! crash_point {
    ($name:expr) => {
        if cfg!(debug_assertions) {
            $crate::crash::pass($name);
        }
    };
}

struct Plan {
    point: Option<(String, u64)>,
    log: Option<std::fs::File>,
    passed: AtomicU64,
}

fn plan() -> Option<&'static Plan> {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    PLAN.get_or_init(|| {
        let point = std::env::var("LOCKGATE_CRASH").ok().and_then(|spec| {
            let (name, count) = spec.rsplit_once(':')?;
            Some((name.to_owned(), count.parse().ok()?))
        });
        let log = std::env::var_os("LOCKGATE_CRASH_LOG")
            .and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
        (point.is_some() || log.is_some()).then(|| Plan { point, log, passed: AtomicU64::new(0) })
    })
    .as_ref()
}

/// Dies here if the plan says so. Called by [`crash_point!`] only.
pub fn pass(name: &str) {
    let Some(plan) = plan() else { return };
    if let Some(mut log) = plan.log.as_ref() {
        let _ = log.write_all(format!("{name}\n").as_bytes());
    }
    let Some((point, count)) = &plan.point else { return };
    if point == name && plan.passed.fetch_add(1, Ordering::SeqCst) + 1 == *count {
        die();
    }
}

/// SIGKILL to oneself: no destructor runs, nothing is flushed.
fn die() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

/// Whether this process runs as the negative control: acknowledging before the commit.
pub(crate) fn acknowledges_early() -> bool {
    static BROKEN: OnceLock<bool> = OnceLock::new();
    cfg!(debug_assertions)
        && *BROKEN
            .get_or_init(|| std::env::var("LOCKGATE_BREAK").is_ok_and(|what| what == "ack-before-commit"))
}
