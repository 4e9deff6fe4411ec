//! Machines as they were last read, for those who start executions again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::super::{Error, Machine};

/// Machines that are kept; then it begins anew.
const KEPT: usize = 512;

#[derive(Default)]
pub(super) struct Known {
    kept: Mutex<Kept>,
}

/// Travels with the answer of a write of machines: dropped by whoever takes it, or with it when nobody waits any more,
/// but never before the write is durable.
pub(super) struct Forget(pub(super) Arc<Known>);

impl Drop for Forget {
    fn drop(&mut self) {
        self.0.forget();
    }
}

#[derive(Default)]
struct Kept {
    machines: HashMap<String, Machine>,
    /// Counts the writes. What was read before the last of them may be older than that.
    writes: u64,
}

impl Known {
    pub(super) fn get(
        &self,
        name: &str,
        read: impl FnOnce() -> Result<Option<Machine>, Error>,
    ) -> Result<Option<Machine>, Error> {
        let writes = {
            let kept = self.lock();
            if let Some(machine) = kept.machines.get(name) {
                return Ok(Some(machine.clone()));
            }
            kept.writes
        };
        let machine = read()?;
        let mut kept = self.lock();
        if let Some(machine) = &machine
            && kept.writes == writes
        {
            if kept.machines.len() >= KEPT {
                kept.machines.clear();
            }
            kept.machines.insert(name.to_owned(), machine.clone());
        }
        Ok(machine)
    }

    fn forget(&self) {
        let mut kept = self.lock();
        kept.writes += 1;
        kept.machines.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nothing panics while it holds the map")
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Kind;
    use super::*;

    fn machine(revision: i64) -> Machine {
        let (name, role, settings) = ("m".to_owned(), String::new(), String::new());
        Machine { id: 1, name, kind: Kind::Standard, created: 0, revision, role, settings, label: None }
    }

    #[test]
    fn what_was_read_before_a_write_is_not_kept_after_it() {
        let known = Arc::new(Known::default());
        let read = known.get("m", || {
            known.forget(); // somebody revises it meanwhile
            Ok(Some(machine(1)))
        });
        assert_eq!(read.unwrap().unwrap().revision, 1, "what it was when it was asked for");
        assert_eq!(known.get("m", || Ok(Some(machine(2)))).unwrap().unwrap().revision, 2);
        let kept = known.get("m", || panic!("it is known"));
        assert_eq!(kept.unwrap().unwrap().revision, 2);
        drop(Forget(known.clone()));
        assert!(known.get("m", || Ok(None)).unwrap().is_none());
    }
}
