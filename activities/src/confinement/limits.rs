//! Limits that every system has.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::set_no_new_privs;

/// What a confined process may take of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) address_space: u64,
    pub(crate) open_files: u64,
    /// No file can be written to that gets longer.
    pub(crate) largest_file: u64,
    pub(crate) cpu_seconds: u64,
}

/// Processes and threads of a confined process: many more than encoders start on large machines.
const PROCESSES: u64 = 1024;

/// Limits how many processes there may be of this user. Only for one who has a namespace of users to himself: elsewhere all
/// that the user runs would count.
pub(super) fn limit_processes() -> io::Result<()> {
    let allowed = getrlimit(Resource::Nproc).maximum.map_or(PROCESSES, |allowed| allowed.min(PROCESSES));
    Ok(setrlimit(Resource::Nproc, Rlimit { current: Some(allowed), maximum: Some(allowed) })?)
}

/// Lowers this process's own limits: the soft and the hard ones.
pub(super) fn limit(allowance: Allowance) -> io::Result<()> {
    let Allowance { address_space, open_files, largest_file, cpu_seconds } = allowance;
    set_no_new_privs(true)?;
    for (resource, limit) in [
        (Resource::As, address_space),
        (Resource::Core, 0),
        (Resource::Fsize, largest_file),
        (Resource::Nofile, open_files),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    // The soft limit's signal, SIGXCPU, tells the parent why it died; the hard one kills what ignores it.
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu_seconds), maximum: Some(cpu_seconds + 2) })?;
    Ok(())
}

/// How much address space this process has now.
pub(crate) fn address_space() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kibibytes: Option<u64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kibibytes.map(|size| size * 1024).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}
