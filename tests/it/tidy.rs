//! What the documents say of the repository is so, and names say something.

use std::path::Path;
use std::process::Command;

use tests::generated::root;

/// The repository's files, as git has them.
fn files() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "this test reads the list of files from git");
    String::from_utf8(listed.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
}

/// Paths between backticks that begin with one of our folders.
fn paths_named_in(document: &str) -> Vec<String> {
    let folders = ["states/", "workflow/", "activities/", "service/", "local/", "aws/", "infra/", "tests/"];
    let quoted = document.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|text| folders.iter().any(|folder| text.starts_with(folder)));
    paths.filter(|path| !path.contains(['<', '*', '{', ' '])).map(ToOwned::to_owned).collect()
}

#[test]
fn every_path_that_a_document_names_exists() {
    for document in ["README.md", "ARCHITECTURE.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let paths = paths_named_in(&text);
        assert!(paths.len() > 3, "{document} names {paths:?}");
        for path in paths {
            assert!(root().join(&path).exists(), "{document} names {path}, which is not there");
        }
    }
}

#[test]
fn no_module_is_called_nothing() {
    for file in files() {
        let stem = Path::new(&file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let nothing = ["util", "utils", "helper", "helpers", "common", "misc", "types"];
        assert!(!nothing.contains(&stem), "{file} says nothing of what is in it");
    }
}

#[test]
fn every_module_says_what_is_in_it() {
    let ours = |file: &&String| file.ends_with(".rs") && !file.starts_with("tests/asl/");
    for file in files().iter().filter(ours) {
        let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        assert!(text.is_empty() || text.starts_with("//!"), "{file} begins without a word on what is in it");
    }
}
