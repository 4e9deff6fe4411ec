//! What the child gives up before it looks at the first byte of media. Everything that narrows it further (its file
//! system, network and system calls) belongs here too, behind these.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::set_no_new_privs;

/// Lowers this process's own limits, for good: the soft and the hard ones.
pub(super) fn confine(memory_bytes: u64, cpu_seconds: u64) -> io::Result<()> {
    let address_space = address_space()?.saturating_add(memory_bytes);
    // Nothing more can be opened than is open.
    limit(address_space, 0, cpu_seconds)
}

/// What every confined process gives up, ours and ffmpeg: more privileges, more memory and time than these, and files
/// that could be written to.
pub(crate) fn limit(address_space: u64, open_files: u64, cpu_seconds: u64) -> io::Result<()> {
    set_no_new_privs(true)?;
    for (resource, limit) in [
        (Resource::As, address_space),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, open_files),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    // The soft limit's signal, SIGXCPU, tells the parent why it died; the hard one kills what ignores it.
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu_seconds), maximum: Some(cpu_seconds + 2) })?;
    Ok(())
}

/// How much address space this process has now.
fn address_space() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kibibytes: Option<u64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kibibytes.map(|size| size * 1024).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}
