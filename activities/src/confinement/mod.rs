//! What a process gives up, for good, before it looks at a stranger's media: ours, and this program before it becomes ffmpeg.
//!
//! Limits on memory, processor time and files hold everywhere (`limits`). The rest is the kernel's to give: Landlock takes
//! the file system away (`files`), a namespace of its own the network (`network`), and a filter every system call that
//! decoding does not need (`calls`). What this kernel gives, [`Given`] says; a worker works with what there is.

mod calls;
mod files;
mod limits;
mod network;

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

pub(crate) use calls::Calls;
pub(crate) use files::Reach;
pub(crate) use limits::{Allowance, address_space};

/// What the kernel took away when it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The file system, by Landlock.
    pub files: bool,
    /// The network, by a namespace of its own.
    pub network: bool,
    /// System calls, by a filter.
    pub calls: bool,
}

impl Given {
    /// What of it this kernel lacks, in words.
    pub fn lacks(self) -> Vec<&'static str> {
        let Self { files, network, calls } = self;
        let all = [
            (files, "Landlock, which takes the file system away"),
            (network, "network namespaces of one's own"),
            (calls, "filters of system calls (seccomp)"),
        ];
        all.into_iter().filter(|(given, _)| !given).map(|(_, what)| what).collect()
    }

    /// Has `program`, which is this one, confine itself and say what became of it.
    pub fn to(program: &Path, argument: &str) -> io::Result<Self> {
        let asked = Command::new(program).args([argument, WHAT]).env_clear().stdin(Stdio::null()).output()?;
        serde_json::from_slice(&asked.stdout).map_err(io::Error::other)
    }
}

/// What makes a process that confines itself say what it was given, and nothing more.
pub(crate) const WHAT: &str = "what";

/// Gives up all but these.
pub(crate) fn confine(reach: &Reach<'_>, allowance: Allowance, calls: Calls) -> io::Result<Given> {
    // When the parent dies, nobody waits for what comes of this.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let network = network::leave();
    if network {
        limits::limit_processes()?;
    }
    let files = files::restrict(reach)?;
    limits::limit(allowance)?;
    Ok(Given { files, network, calls: calls.restrict() })
}
