//! The binary `lockgate`. Everything is in the library; see `local/src/cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    local::cli::main()
}
