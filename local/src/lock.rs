//! One process at a time: a lock on a file that goes with the process that has it, however that ends.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// A process that was killed while it started a child may be outlived for a moment by its lock: the child lets go of it
/// only when it becomes a program of its own. Whoever starts anew at once must not be turned away for that.
const PATIENCE: Duration = Duration::from_secs(1);

const PAUSE: Duration = Duration::from_millis(10);

/// The locked file, or `None` when another process has it and keeps it.
pub(crate) fn take(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let began = Instant::now();
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(file)),
            Err(Errno::WOULDBLOCK) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_let_go_in_a_moment_is_waited_for_and_one_that_is_kept_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = take(&path).unwrap().unwrap();
        assert!(take(&path).unwrap().is_none(), "it is kept");
        // As a child that was being started holds it: the same lock, until it is dropped.
        let lingering = first.try_clone().unwrap();
        drop(first);
        let (told, begun) = std::sync::mpsc::channel();
        let child = std::thread::spawn(move || {
            begun.recv().unwrap();
            drop(lingering);
        });
        told.send(()).unwrap();
        assert!(take(&path).unwrap().is_some(), "it was let go");
        child.join().unwrap();
    }
}
