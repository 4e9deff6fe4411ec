//! A network of its own, in which there is nothing and nobody, not even a loopback that is up.

use nix::sched::{CloneFlags, unshare};
use nix::unistd::geteuid;

/// Whether the kernel let this process leave. It must have one thread only.
pub(super) fn leave() -> bool {
    let network = CloneFlags::CLONE_NEWNET;
    // Whoever is not root needs to be alone with themselves first.
    let flags = if geteuid().is_root() { network } else { network | CloneFlags::CLONE_NEWUSER };
    unshare(flags).is_ok()
}
