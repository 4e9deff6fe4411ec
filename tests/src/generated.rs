//! The generated files: what is in each, and where it lies. `make gen` writes them, a test compares them.

use std::path::{Path, PathBuf};

use states::render::{asl, markdown, notify};

use crate::cost;

pub struct Generated {
    /// Seen from the root of the repository.
    pub path: &'static str,
    pub text: String,
}

pub fn files() -> Vec<Generated> {
    vec![
        Generated { path: "states/LIFECYCLE.md", text: markdown::document() },
        Generated { path: "states/session.asl.json", text: asl::document() },
        Generated { path: "states/notify.asl.json", text: notify::document() },
        Generated { path: "service/openapi.json", text: service::document() },
        Generated { path: "docs/cost.md", text: cost::document() },
    ]
}

pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests lie in the repository").to_owned()
}
