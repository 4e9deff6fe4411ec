//! `lockgate completions SHELL`.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The shell to complete in
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    clap_complete::generate(args.shell, &mut Cli::command(), "lockgate", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
