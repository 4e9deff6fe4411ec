//! What is done from time to time and hurries nobody: deliveries that ended long ago are forgotten, and what lies on the disk
//! is measured. Sessions and what they hold are the sweep's, executions the engine's, files without a row the object store's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use activities::Ctx;
use tokio::time::{Instant, interval_at};

const EVERY: Duration = Duration::from_secs(60);

/// So many are forgotten in a commit.
const BATCH: usize = 200;

/// Until `stopped`.
pub async fn run(ctx: &Ctx, folder: PathBuf, stopped: impl Future<Output = ()>) {
    let rounds = async {
        measure(&folder);
        let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
        loop {
            ticks.tick().await;
            forget_deliveries(ctx).await;
            measure(&folder);
        }
    };
    tokio::select! {
        () = rounds => {}
        () = stopped => {}
    }
}

/// Deliveries are kept as long as histories are.
pub async fn forget_deliveries(ctx: &Ctx) {
    let Some((notices, kept)) = ctx.notices.as_ref().zip(ctx.settings.deadlines.retention.history) else {
        return;
    };
    let before = ctx.clock.now() - kept;
    loop {
        match notices.book.forget_deliveries(before, BATCH).await {
            Ok(BATCH) => {}
            Ok(_) => return,
            Err(fault) => {
                tracing::warn!(%fault, "old deliveries are not forgotten; tried again later");
                return;
            }
        }
    }
}

/// The files of the data folder that grow. The objects themselves are measured by the object store's sweep, which looks at
/// each of them anyway.
const DATABASES: [&str; 5] = ["sessions", "journal", "objects", "notices", "people"];

fn measure(folder: &Path) {
    metrics::describe_gauge!(crate::DISK_BYTES, "Bytes on the disk, by what they are.");
    metrics::describe_gauge!(crate::DISK_FREE, "Bytes that are free where the data folder lies.");
    for name in DATABASES {
        if let Some(bytes) = taken(folder, name) {
            metrics::gauge!(crate::DISK_BYTES, "what" => format!("{name}.db")).set(bytes as f64);
        }
    }
    if let Ok(stat) = rustix::fs::statvfs(folder) {
        metrics::gauge!(crate::DISK_FREE).set(stat.f_bavail.saturating_mul(stat.f_frsize) as f64);
    }
}

/// What a database takes, with what is committed and not yet in its own file. None of one that is not there: nothing of it
/// lies on the disk, which is something else than a file of no bytes.
fn taken(folder: &Path, name: &str) -> Option<u64> {
    let size =
        |ending: &str| std::fs::metadata(folder.join(format!("{name}.db{ending}"))).map(|file| file.len());
    Some(size("").ok()? + size("-wal").unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_takes_its_file_and_its_log_and_one_that_is_not_there_is_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, bytes: usize| std::fs::write(folder.path().join(name), vec![0; bytes]).unwrap();
        write("people.db", 100);
        assert_eq!(taken(folder.path(), "people"), Some(100));
        write("people.db-wal", 20);
        assert_eq!(taken(folder.path(), "people"), Some(120));
        assert_eq!(taken(folder.path(), "sessions"), None);
    }
}
