//! What the source says: every crash point there is, and every durable write that has none.
//!
//! The code is read as text, without its comments and its tests. A write on a ledger is named by a literal, or by the
//! variable `what` that is bound in the same file; the points around it bear the ledger's name. A durable step on a file
//! must be followed by a `crash_point!` before the next one and within its function.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use states::Event;
use strum::VariantArray;

/// Durable writes that need no crash point, by file, and why.
const EXCEPTIONS: [(&str, &str); 10] = [
    ("activities/src/child/files.rs", "the result of `convert`, before it is renamed; a server writes none"),
    ("local/src/backup/archive.rs", "a copy that goes into the backup; nobody reads it before that is whole"),
    ("local/src/backup/moment.rs", "second names; the next backup removes what one that was killed has left"),
    (
        "local/src/backup/restore.rs",
        "a folder that nobody serves yet; the list at the end says whether it is whole",
    ),
    ("local/src/cli/backup.rs", "a file for the user, whole under its name or not there"),
    ("local/src/cli/session/fetch.rs", "a file for the user, whole under its name or not there"),
    ("local/src/cli/doctor/folder.rs", "it measures the disk; what it writes means nothing"),
    (
        "local/src/data_folder.rs",
        "the first start, before anything is served; half-written keys are refused as damaged",
    ),
    (
        "workflow/ledger/src/schema.rs",
        "a new schema, before anything is served; one transaction for each step",
    ),
    (
        "workflow/ledger/src/writer.rs",
        "the one commit of all ledgers: each change in it passes its own two points",
    ),
];

/// Calls that make something durable.
const DURABLE: [&str; 9] = [
    ".sync_all(",
    ".sync_data(",
    "fsync(",
    "fs::rename(",
    "hard_link(",
    "remove_file(",
    "remove_dir(",
    "remove_dir_all(",
    "transaction.commit()",
];

/// Files by their path from the repository's root.
type Files = BTreeMap<String, String>;

pub(super) fn points() -> BTreeSet<String> {
    let files = files();
    files.iter().flat_map(|(path, code)| points_of(&files, path, code)).collect()
}

fn files() -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut found, mut ahead) = (Files::new(), vec![root.to_owned()]);
    while let Some(folder) = ahead.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let elsewhere = ["target", "tests", "benches", "fuzz", "node_modules"];
            if path.is_dir() && !elsewhere.contains(&name) && !name.starts_with('.') {
                ahead.push(path);
            } else if name.ends_with(".rs") {
                let shown = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(shown, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    without_tests(found)
}

/// Leaves out comments, test modules at the end of a file, and files that are test modules.
fn without_tests(mut files: Files) -> Files {
    const TESTS: &str = "#[cfg(test)]\nmod ";
    let mut test_files = Vec::new();
    for (path, code) in &files {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for declared in code.split(TESTS).skip(1) {
            if let Some((name, _)) =
                declared.split_once(";\n").filter(|(name, _)| !name.contains(char::is_whitespace))
            {
                test_files.push(format!("{folder}/{name}.rs"));
            }
        }
    }
    files.retain(|path, _| !test_files.contains(path));
    for code in files.values_mut() {
        if let Some(tests) = code.find("#[cfg(test)]\nmod tests {") {
            code.truncate(tests);
        }
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        *code = code.lines().filter(is_code).collect::<Vec<_>>().join("\n");
    }
    files
}

fn points_of(files: &Files, path: &str, code: &str) -> BTreeSet<String> {
    let mut points: BTreeSet<_> =
        after(code, "crash_point!(").filter_map(literal).map(str::to_owned).collect();
    for what in writes(path, code) {
        let ledger =
            ledger_of(files, path).unwrap_or_else(|| panic!("{path} writes on a ledger nobody opens"));
        points.extend(["before", "after"].map(|when| format!("{ledger}.{what}.{when}")));
    }
    points
}

/// The names of the file's writes on a ledger.
fn writes(path: &str, code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (place, _) in code.match_indices(".write(") {
        if !code[..place].trim_end().ends_with("ledger") {
            continue;
        }
        let argument = &code[place + ".write(".len()..];
        match literal(argument) {
            Some(name) => drop(names.insert(name.to_owned())),
            None if argument.trim_start().starts_with("what,") => names.extend(bound_names(path, code)),
            None => panic!("{path}: a write on a ledger whose name cannot be read from the source"),
        }
    }
    names
}

/// The names that `what` stands for: second arguments of `change`, and the arms of the match that binds it.
fn bound_names(path: &str, code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for call in after(code, ".change(") {
        let second = call.split_once(',').map_or("", |(_, rest)| rest);
        names.extend(literal(second).map(str::to_owned));
    }
    for binding in after(code, "let what = match ") {
        let (arms, _) = binding.split_once("};").unwrap();
        for arm in after(arms, "=> ") {
            match literal(arm) {
                Some(name) => drop(names.insert(name.to_owned())),
                None if arm.starts_with("event.into(),") => {
                    names.extend(Event::VARIANTS.iter().map(ToString::to_string));
                }
                None => panic!("{path}: a name of a write that cannot be read from the source: {arm:.40}"),
            }
        }
    }
    assert!(!names.is_empty(), "{path}: nothing says what its writes are called");
    names
}

/// The name under which the file's ledger is opened: here, or in the `mod.rs` beside it.
fn ledger_of<'a>(files: &'a Files, path: &str) -> Option<&'a str> {
    let beside = path.rsplit_once('/').map(|(folder, _)| format!("{folder}/mod.rs"));
    let opened = [Some(path.to_owned()), beside].into_iter().flatten();
    let mut names = opened.filter_map(|path| {
        let arguments = after(files.get(&path)?, "Ledger::open(").next()?;
        literal(&arguments[arguments.find(", \"")? + 1..])
    });
    names.next()
}

/// What follows each occurrence of `what`.
fn after<'a>(code: &'a str, what: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(what).map(move |(place, _)| &code[place + what.len()..])
}

/// The string literal at the beginning.
fn literal(code: &str) -> Option<&str> {
    code.trim_start().strip_prefix('"')?.split_once('"').map(|(text, _)| text)
}

/// Durable steps of the file that no crash point follows, each as its line.
fn naked(code: &str) -> Vec<&str> {
    let mut steps: Vec<_> =
        DURABLE.iter().flat_map(|call| code.match_indices(call)).map(|(at, _)| at).collect();
    steps.sort_unstable();
    let ends = steps.iter().skip(1).copied().chain([code.len()]);
    let unmarked = steps.iter().zip(ends).filter(|&(&step, end)| {
        let rest = &code[step..end];
        let function = rest.find("\n    }\n").or_else(|| rest.find("\n}\n")).unwrap_or(rest.len());
        !rest[..function].contains("crash_point!(")
    });
    unmarked.map(|(&step, _)| line_at(code, step)).collect()
}

fn line_at(code: &str, place: usize) -> &str {
    let begin = code[..place].rfind('\n').map_or(0, |newline| newline + 1);
    code[begin..].lines().next().unwrap_or_default().trim()
}

#[test]
fn every_durable_write_has_a_crash_point() {
    let files = files();
    for (path, code) in &files {
        let unmarked = naked(code);
        let excepted = EXCEPTIONS.iter().any(|(file, _)| file == path);
        assert!(excepted || unmarked.is_empty(), "{path} writes durably without a crash point: {unmarked:?}");
        assert!(!excepted || !unmarked.is_empty(), "{path} needs no exception any more");
        let computed =
            after(code, "crash_point!(").any(|name| literal(name).is_none() && !name.starts_with(')'));
        assert!(!computed || excepted, "{path}: a crash point whose name cannot be read");
    }
    for (file, reason) in EXCEPTIONS {
        assert!(files.contains_key(file), "{file} is gone, and with it: {reason}");
    }
}

#[test]
fn every_ledger_and_every_transition_is_among_the_points() {
    let points = points();
    for ledger in ["objects", "sessions", "journal", "people"] {
        assert!(points.iter().any(|point| point.starts_with(&format!("{ledger}."))), "{ledger}");
    }
    for event in Event::VARIANTS {
        assert!(points.contains(&format!("sessions.{event}.after")), "{event}");
    }
}

#[test]
fn a_durable_write_without_a_crash_point_is_seen() {
    let marked = "fn a() {\n    file.sync_all()?;\n    crash_point!(\"a\");\n    fs::rename(a, b)?;\n    crash_point!(\"b\");\n}\n";
    assert!(naked(marked).is_empty());
    let first = marked.replace("    crash_point!(\"a\");\n", "");
    assert_eq!(naked(&first), ["file.sync_all()?;"], "the next step's point is not this one's");
    let last = marked.replace("    crash_point!(\"b\");\n", "") + "fn b() {\n    crash_point!(\"c\");\n}\n";
    assert_eq!(naked(&last), ["fs::rename(a, b)?;"], "nor is the next function's");
}
