//! The file system, taken away by Landlock (Linux 5.13 and newer) but for what is needed; and TCP, where the kernel
//! knows how.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus,
};

/// Where programs and their libraries lie on the systems we know.
const PROGRAMS: &[&str] = &["/usr", "/lib", "/lib64", "/bin", "/opt", "/nix/store", "/gnu/store"];
/// What the dynamic linker and ffmpeg look at besides.
const SETTINGS: &[&str] = &["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/dev/null"];

/// What of the file system is left.
pub(crate) enum Reach<'p> {
    Nothing,
    /// One file to read, a folder for results, and what it takes to run a program.
    Program {
        program: &'p Path,
        file: &'p Path,
        results: Option<&'p Path>,
    },
}

/// As far as the kernel can; answers whether it can at all.
pub(super) fn restrict(reach: &Reach<'_>) -> io::Result<bool> {
    enforced(reach).map_err(io::Error::other)
}

fn enforced(reach: &Reach<'_>) -> Result<bool, RulesetError> {
    let abi = ABI::V5;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .create()?;
    for (path, access) in left(reach, abi) {
        // Not every system has every one of these.
        let Ok(opened) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(abi) };
        rules = rules.add_rule(PathBeneath::new(opened, access))?;
    }
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

fn left<'p>(reach: &Reach<'p>, abi: ABI) -> Vec<(&'p Path, landlock::BitFlags<AccessFs>)> {
    let Reach::Program { program, file, results } = *reach else { return Vec::new() };
    let run = AccessFs::from_read(abi);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::Truncate;
    let programs = PROGRAMS.iter().map(Path::new).chain(program.parent()).map(|path| (path, run));
    let settings = SETTINGS.iter().map(Path::new).map(|path| (path, read));
    let given = [(file, AccessFs::ReadFile.into())].into_iter().chain(results.map(|folder| (folder, write)));
    programs.chain(settings).chain(given).collect()
}
