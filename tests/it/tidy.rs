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

/// A path that begins so is a whole one.
const FOLDERS: [&str; 11] = [
    "states/",
    "workflow/",
    "activities/",
    "service/",
    "local/",
    "aws/",
    "web/",
    "infra/",
    "tests/",
    "deploy/",
    "docs/",
];

/// A path that ends so may be the end of one only: `row.rs`, `child/parent.rs`.
const SOURCES: [&str; 4] = [".rs", ".ts", ".sh", ".asl.json"];

/// What builds and tests make is not always there.
const MADE: [&str; 2] = ["web/dist/", "web/screenshots"];

/// Paths between backticks.
fn paths_named_in(document: &str) -> Vec<String> {
    let is_path = |text: &&str| {
        let is_whole = FOLDERS.iter().any(|folder| text.starts_with(folder));
        is_whole || SOURCES.iter().any(|ending| text.ends_with(ending))
    };
    let quoted = document.split('`').skip(1).step_by(2);
    let paths = quoted.filter(is_path).filter(|path| !path.contains(['<', '*', ' ', '\n']));
    let kept = paths.filter(|path| !MADE.iter().any(|made| path.starts_with(made)));
    kept.flat_map(each).collect()
}

/// `s3/{put,row}.rs` is two.
fn each(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let (names, after) = rest.split_once('}').unwrap_or((rest, ""));
    names.split(',').map(|name| format!("{before}{name}{after}")).collect()
}

/// Whether it is there as a whole, or some file's path ends so.
fn is_there(path: &str, files: &[String]) -> bool {
    root().join(path).exists() || files.iter().any(|file| file.ends_with(&format!("/{path}")))
}

#[test]
fn every_path_that_a_document_names_exists() {
    let files = files();
    for document in ["README.md", "ARCHITECTURE.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let paths = paths_named_in(&text);
        assert!(paths.len() > 3, "{document} names {paths:?}");
        for path in paths {
            assert!(is_there(&path, &files), "{document} names {path}, which is not there");
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
