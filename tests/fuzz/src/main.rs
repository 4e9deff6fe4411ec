//! `fuzz TARGET …`: libFuzzer over one target. An ordinary build has no libFuzzer in it and tries the named files once.
//!
//! libFuzzer's `main` takes the arguments, so that the target's name is in `FUZZ_TARGET`.
#![cfg_attr(fuzzing, no_main)]

use fuzz::Target;

/// The variable that names the target.
const NAME: &str = "FUZZ_TARGET";

fn target() -> Target {
    let name = std::env::var(NAME).unwrap_or_default();
    name.parse().unwrap_or_else(|_| panic!("{NAME} names no target: '{name}'"))
}

#[cfg(fuzzing)]
static TARGET: std::sync::LazyLock<Target> = std::sync::LazyLock::new(|| {
    bear_with_dependencies();
    target()
});

/// libFuzzer's runtime ends the run at any panic. One in a dependency ends it only if nobody catches it.
#[cfg(fuzzing)]
fn bear_with_dependencies() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        // Cargo compiles the workspace's own crates under relative paths.
        if panic.location().is_none_or(|location| !location.file().starts_with('/')) {
            std::process::abort();
        }
    }));
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET.run(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    let target = target();
    for file in std::env::args_os().skip(1) {
        target.run(&std::fs::read(file)?);
    }
    Ok(())
}
