//! The media worker by itself, for tests: what `lockgate` becomes when it starts itself as a child.

fn main() -> std::process::ExitCode {
    activities::child::child_main()
}
