//! Limits that every system has.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::set_no_new_privs;

/// What a confined process may take of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) address_space: u64,
    /// What of it can be written to and is nobody else's: the heap, the stacks of threads, the libraries' variables.
    pub(crate) data: u64,
    /// Of each thread that does not ask for another; none is what is usual here.
    pub(crate) stack: Option<u64>,
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
    lower(Resource::Nproc, PROCESSES)
}

/// Lowers this process's own limits: the soft and the hard ones.
pub(super) fn limit(allowance: Allowance) -> io::Result<()> {
    let Allowance { address_space, data, stack, open_files, largest_file, cpu_seconds } = allowance;
    set_no_new_privs(true)?;
    for (resource, limit) in [
        (Resource::As, address_space),
        (Resource::Data, data),
        (Resource::Core, 0),
        (Resource::Fsize, largest_file),
        (Resource::Nofile, open_files),
    ] {
        lower(resource, limit)?;
    }
    if let Some(stack) = stack {
        lower(Resource::Stack, stack)?;
    }
    // The soft limit's signal, SIGXCPU, tells the parent why it died; the hard one kills what ignores it.
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu_seconds), maximum: Some(cpu_seconds + 2) })?;
    Ok(())
}

/// Lowers one limit, the soft and the hard one. Where it is lower than that already, nobody may raise it.
fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let allowed = getrlimit(resource).maximum.map_or(limit, |allowed| allowed.min(limit));
    Ok(setrlimit(resource, Rlimit { current: Some(allowed), maximum: Some(allowed) })?)
}

/// How much address space this process has now.
pub(crate) fn address_space() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kibibytes: Option<u64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kibibytes.map(|size| size * 1024).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}
