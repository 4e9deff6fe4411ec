//! System calls: those that decoding takes are let through, and of all others the kernel says that it does not have them. So
//! there is no socket, no other process and no other program, whatever a decoder is talked into.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

/// Which calls are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    /// To compute, and to speak through what is open already.
    Computing,
    /// Besides, to become a program once, and to read and write files.
    Program,
}

/// Memory, threads, clocks, signals to oneself, and what is open already.
const COMPUTING: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mmap,
    libc::SYS_mlock,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munlock,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_prctl,
    libc::SYS_pread64,
    libc::SYS_prlimit64,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_yield,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_tgkill,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
];

/// What older programs say instead on this processor.
#[cfg(target_arch = "x86_64")]
const COMPUTING_HERE: &[i64] = &[libc::SYS_arch_prctl, libc::SYS_poll, libc::SYS_select, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const COMPUTING_HERE: &[i64] = &[];

/// To be loaded, and to open what Landlock lets one open.
const PROGRAM: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_get_mempolicy,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_ioctl,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_readlinkat,
    libc::SYS_sched_setaffinity,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_statx,
    libc::SYS_pselect6,
];

#[cfg(target_arch = "x86_64")]
const PROGRAM_HERE: &[i64] = &[
    libc::SYS_access,
    libc::SYS_getdents,
    libc::SYS_lstat,
    libc::SYS_open,
    libc::SYS_pipe2,
    libc::SYS_readlink,
    libc::SYS_stat,
];
#[cfg(not(target_arch = "x86_64"))]
const PROGRAM_HERE: &[i64] = &[libc::SYS_pipe2];

impl Calls {
    /// Answers whether the kernel filters from now on.
    pub(super) fn restrict(self) -> bool {
        self.filter().is_some_and(|filter| apply_filter(&filter).is_ok())
    }

    /// None on a processor whose calls nobody has listed.
    fn filter(self) -> Option<BpfProgram> {
        let more: &[&[i64]] = match self {
            Self::Computing => &[COMPUTING, COMPUTING_HERE],
            Self::Program => &[COMPUTING, COMPUTING_HERE, PROGRAM, PROGRAM_HERE],
        };
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            more.iter().copied().flatten().map(|&call| (call, Vec::new())).collect();
        rules.insert(libc::SYS_clone, vec![threads_only()?]);
        // The C library takes a call that is not there for an older kernel, and asks for threads in the old way.
        let refused = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
        let filter = SeccompFilter::new(rules, refused, SeccompAction::Allow, ARCH.try_into().ok()?).ok()?;
        filter.try_into().ok()
    }
}

/// A thread of this process, and no other process.
fn threads_only() -> Option<SeccompRule> {
    let thread = u64::from(libc::CLONE_THREAD.cast_unsigned());
    let flags = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), thread);
    SeccompRule::new(vec![flags.ok()?]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_filter_for_this_processor_and_a_call_is_listed_once() {
        for calls in [Calls::Computing, Calls::Program] {
            assert!(calls.filter().is_some(), "{calls:?}");
        }
        let all = [COMPUTING, COMPUTING_HERE, PROGRAM, PROGRAM_HERE].concat();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
