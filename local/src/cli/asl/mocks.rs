//! The file of `--mock-config`.

use std::path::Path;

use workflow::services::Mocks;

use super::super::Failure;
use super::super::files::Trouble;

/// Reads it; what is wrong is said with its places.
pub(crate) fn read(path: Option<&Path>) -> Result<Mocks, Failure> {
    let Some(path) = path else { return Ok(Mocks::default()) };
    let text = std::fs::read_to_string(path).map_err(Trouble::reading(path))?;
    Mocks::parse(&text).map_err(|problems| {
        let said = |problem: workflow::Problem| format!("\n  {}: {}", problem.pointer, problem.message);
        let all: String = problems.into_iter().map(said).collect();
        Failure::Usage(format!("{} is not a file of mocks:{all}", path.display()))
    })
}
