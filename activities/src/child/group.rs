//! A process of ours and whatever it may have started: one group, which is killed when nobody waits for it any longer.

use std::io;
use std::ops::{Deref, DerefMut};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// The process that leads it. Dropping this kills them all.
pub(crate) struct Group(Child);

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        command.process_group(0).kill_on_drop(true).spawn().map(Self)
    }
}

impl Deref for Group {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Group {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Once it was waited for, it has no number here: that may belong to another.
        if let Some(group) = self.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // It may be gone already.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}
