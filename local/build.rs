//! Takes the page in, if it has been built: a table of every file below `web/dist/page`.
//!
//! `LOCKGATE_PAGE=required` makes its absence an error, as it is for a release. Otherwise the program says how to build it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const REQUIRED: &str = "LOCKGATE_PAGE";

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is"));
    // The folder itself is always there, so that what comes into it later is noticed.
    let dist = here.join("../web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-env-changed={REQUIRED}");
    let page = dist.join("page");
    let mut files = Vec::new();
    if page.join("index.html").is_file() {
        gather(&page, &page, &mut files)?;
    } else if env::var_os(REQUIRED).is_some_and(|told| told == "required") {
        println!("cargo::error=the page is not built: run `make page`, which needs Node");
    }
    files.sort();
    let mut table = "static FILES: &[(&str, &[u8])] = &[\n".to_owned();
    for (name, path) in files {
        writeln!(table, "    ({name:?}, include_bytes!({path:?})),").expect("a string takes everything");
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    fs::write(out.join("page.rs"), table)
}

/// Every file below `folder`: its name in the page, and where it lies.
fn gather(page: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(page, &path, files)?;
        } else if let Some(name) = path.strip_prefix(page).ok().and_then(Path::to_str) {
            files.push((name.to_owned(), path.canonicalize()?));
        }
    }
    Ok(())
}
