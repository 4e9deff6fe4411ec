//! What is freed goes back to the system. The C library maps a large buffer by itself and unmaps it, but takes each one that
//! is freed for a sign to keep such buffers from then on: a server that has once held the parts of an upload held 50 MiB of
//! nothing afterwards. It leaves that where its threshold is said, which only the environment can do before it starts.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Where the C library looks. Others pay no heed to it.
const VARIABLE: &str = "MALLOC_MMAP_THRESHOLD_";

/// Less than any buffer that media pass through, and more than what is asked for all the time.
const BYTES: &str = "262144";

/// Begins this program anew, in the same process, unless that was done or somebody has chosen otherwise.
pub(super) fn begin() {
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut again = Command::new(program);
    again.arg0(arguments.next().unwrap_or_default()).args(arguments).env(VARIABLE, BYTES);
    // It returns only where it has failed, and then this one will do.
    let _failed = again.exec();
}
