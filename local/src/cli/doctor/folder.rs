//! The data folder: whose it is now, its room and its disk, its flags, its clock and what has been lost in it.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::{Finding, Verdict};
use crate::data_folder::{self, DataFolder};
use crate::{flags, s3};

/// Less room than this is worth a word.
const LITTLE_ROOM: u64 = 2 << 30;

/// A slower fsync than this makes every step of every workflow slow.
const SLOW_FSYNC: Duration = Duration::from_millis(20);

/// What was written so much later than now was written by another clock.
const ASTRAY: Duration = Duration::from_secs(60);

/// How the data folder is, and whether a server has it now. A folder that is not there yet is left to be made.
pub(super) fn data(path: &Path) -> (Finding, bool) {
    let finding = |verdict, says| Finding { what: "data folder", verdict, says };
    let shown = path.display();
    if !path.exists() {
        return (finding(Verdict::Good, format!("{shown} is not there yet; serve will make it")), false);
    }
    match DataFolder::open(path) {
        Err(data_folder::Error::Held(_)) => {
            (finding(Verdict::Good, format!("{shown} is being served at this moment")), true)
        }
        Err(error) => (finding(Verdict::Bad, error.to_string()), false),
        Ok(_held) => (finding(Verdict::Good, format!("{shown} can be written and is free")), false),
    }
}

pub(super) fn room(path: &Path) -> Finding {
    match rustix::fs::statvfs(path) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let verdict = if free < LITTLE_ROOM { Verdict::Poor } else { Verdict::Good };
            Finding { what: "room", verdict, says: format!("{:.1} GB are free", free as f64 / 1e9) }
        }
        Err(error) => Finding { what: "room", verdict: Verdict::Poor, says: error.to_string() },
    }
}

/// Every step of a workflow waits for one of these.
pub(super) fn disk(path: &Path) -> Finding {
    let measure = || -> std::io::Result<Duration> {
        let mut file = tempfile::tempfile_in(path)?; // it has no name, and is gone when it is closed
        let began = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_all()?;
        Ok(began.elapsed())
    };
    match measure() {
        Ok(took) => {
            let verdict = if took > SLOW_FSYNC { Verdict::Poor } else { Verdict::Good };
            Finding { what: "fsync", verdict, says: format!("one takes {:.2} ms", took.as_secs_f64() * 1e3) }
        }
        Err(error) => Finding { what: "fsync", verdict: Verdict::Bad, says: error.to_string() },
    }
}

/// Whether the flags that hold are those that stand in the file.
pub(super) fn flags(path: &Path) -> Finding {
    let (verdict, says) = match flags::parse_file(&path.join(flags::NAME)) {
        Ok((set, _)) if set.maintenance.on => {
            (Verdict::Poor, "the server is under maintenance and takes nothing new".to_owned())
        }
        Ok((set, _)) => {
            let off: Vec<_> =
                set.recipes.iter().filter(|(_, flags)| !flags.on).map(|(name, _)| name.to_string()).collect();
            let off = if off.is_empty() { "nothing".to_owned() } else { off.join(", ") };
            (Verdict::Good, format!("{off} is switched off"))
        }
        Err(trouble) => (Verdict::Bad, format!("{trouble}; until it is mended, the flags of before hold")),
    };
    Finding { what: "flags", verdict, says }
}

/// Timers wait for the time that they were set to: a clock that was set back makes them late.
pub(super) fn clock(path: &Path) -> Finding {
    let written = |name: &str| std::fs::metadata(path.join(name)).and_then(|file| file.modified()).ok();
    let newest = ["journal.db", "journal.db-wal", "sessions.db", "sessions.db-wal"]
        .into_iter()
        .filter_map(written)
        .max();
    let ahead = newest.and_then(|newest| newest.duration_since(SystemTime::now()).ok());
    let (verdict, says) = match ahead.filter(|ahead| *ahead > ASTRAY) {
        None => (Verdict::Good, "it is later than all that was written here".to_owned()),
        Some(ahead) => (
            Verdict::Bad,
            format!(
                "the last that was written here is {} s ahead of it; timers would be late",
                ahead.as_secs()
            ),
        ),
    };
    Finding { what: "clock", verdict, says }
}

/// Only of a store that nobody serves: a server may be writing files that are nobody's yet.
pub(super) fn orphans(path: &Path) -> Option<Finding> {
    if !path.join("objects.db").is_file() {
        return None;
    }
    let (verdict, says) = match s3::orphans(path) {
        Err(error) => (Verdict::Bad, format!("the object store cannot be read: {error}")),
        Ok(s3::Orphans { lost: 0, strays: 0 }) => {
            (Verdict::Good, "every object has its files, and every file its object".to_owned())
        }
        Ok(s3::Orphans { lost: 0, strays }) => {
            (Verdict::Good, format!("{strays} files are nobody's; the next server removes them"))
        }
        Ok(s3::Orphans { lost, .. }) => (
            Verdict::Bad,
            format!("{lost} files of objects are gone; put back a backup, or redrive their sessions"),
        ),
    };
    Some(Finding { what: "objects", verdict, says })
}
