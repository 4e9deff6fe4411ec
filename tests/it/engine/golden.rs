//! Rows as an earlier version of the program wrote them, one folder per format: they must say today what they said then.
//! Where the engine does otherwise since, the history of then stands beside the rows; cases whose machines would be refused
//! today are kept in `former` as they were.
//! `GOLDEN=1` writes rows of the present format for cases that have none yet; rows that are there are never rewritten.

use crate::engine::asl::{Case, compact, play};
use crate::engine::world::World;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use workflow::Definition;
use workflow::history::{FORMAT, decode};

#[test]
fn old_rows_keep_their_meaning() {
    let asl = Path::new(env!("CARGO_MANIFEST_DIR")).join("asl");
    if std::env::var_os("GOLDEN").is_some() {
        for case in files(&asl.join("cases")) {
            write(&case, &asl.join(format!("golden/format-{FORMAT}"))).unwrap();
        }
    }
    let mut folders = 0;
    for folder in files(&asl.join("golden")) {
        let rows: Vec<PathBuf> = files(&folder)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|kind| kind == "hex"))
            .collect();
        folders += 1;
        assert!(!rows.is_empty(), "{} is empty", folder.display());
        for path in rows {
            check(&path, &asl).with_context(|| path.display().to_string()).unwrap();
        }
    }
    assert_eq!(folders, usize::from(FORMAT), "every format has its rows");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("the entry is read").path()).collect();
    files.sort();
    files
}

fn read(case: &Path) -> Result<(Case, Arc<Definition>)> {
    let case: Case = serde_json::from_str(&std::fs::read_to_string(case)?)?;
    let definition = Definition::reread(&case.definition.to_string())
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    Ok((case, Arc::new(definition)))
}

fn write(case_path: &Path, folder: &Path) -> Result<()> {
    let path = folder.join(case_path.file_stem().context("a case has a name")?).with_extension("hex");
    let Ok((case, definition)) = read(case_path) else { return Ok(()) };
    if path.exists() || !case.problems.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let rows: Vec<String> = play(&case, definition)?.rows.iter().map(hex::encode).collect();
    Ok(std::fs::write(path, rows.join("\n") + "\n")?)
}

fn check(path: &Path, asl: &Path) -> Result<()> {
    let name = Path::new(path.file_stem().context("rows have a name")?).with_extension("json");
    let former = asl.join("former").join(&name);
    let (case, definition) = read(&if former.exists() { former } else { asl.join("cases").join(name) })?;
    let mut world = World::new(definition, 0);
    for line in std::fs::read_to_string(path)?.lines() {
        let row = hex::decode(line)?;
        for event in decode(&row)? {
            world.execution.apply(&event)?;
        }
        world.rows.push(row);
    }
    let history: Vec<Value> = world.history()?.into_iter().map(compact).collect::<Result<_>>()?;
    let then = path.with_extension("json");
    let expected =
        if then.exists() { serde_json::from_str(&std::fs::read_to_string(then)?)? } else { case.history };
    ensure!(history == expected, "the rows show another history");
    Ok(())
}
