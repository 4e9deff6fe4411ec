//! `lockgate backup` and `lockgate restore`.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::Failure;
use super::files::Trouble;
use super::screen::{line, shown, size};
use crate::backup::{self, Tally};
use crate::config;

const HELP: &str = "A server may go on serving meanwhile. The backup is one tar file that holds everything: sessions, \
workflows, files, accounts, keys. Keep it as safe as the folder itself.";

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Backup {
    /// Where the backup is written
    file: PathBuf,

    /// The folder that holds everything [default: ~/.local/share/lockgate]
    #[arg(long, env = "LOCKGATE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// Replace FILE if it is there
    #[arg(long)]
    force: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct Restore {
    /// The backup
    file: PathBuf,

    /// The folder it is put into, which must be empty or not there yet [default: ~/.local/share/lockgate]
    #[arg(long, env = "LOCKGATE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn back_up(args: Backup) -> Result<ExitCode, Failure> {
    let Backup { file, data, force, json } = args;
    let data = config::data_folder(data)?;
    if !force && file.exists() {
        return Err(Trouble::Exists(file).into());
    }
    let beside = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Readable for its owner only, and under its name only when it is whole.
    let unfinished = tempfile::NamedTempFile::new_in(beside).map_err(Trouble::writing(&file))?;
    let tally = backup::write(&data, BufWriter::with_capacity(1 << 20, unfinished.as_file()))?;
    unfinished.as_file().sync_all().map_err(Trouble::writing(&file))?;
    unfinished.persist(&file).map_err(|error| Trouble::writing(&file)(error.error))?;
    File::open(beside).and_then(|folder| folder.sync_all()).map_err(Trouble::writing(&file))?;
    tell("Backed up to", &file, tally, json)
}

pub(super) fn restore(args: Restore) -> Result<ExitCode, Failure> {
    let Restore { file, data, json } = args;
    let data = config::data_folder(data)?;
    let opened = File::open(&file).map_err(Trouble::reading(&file))?;
    let tally = backup::restore(BufReader::with_capacity(1 << 20, opened), &data)?;
    tell("Restored to", &data, tally, json)
}

fn tell(what: &str, path: &Path, tally: Tally, as_json: bool) -> Result<ExitCode, Failure> {
    if as_json {
        line(json!({ "path": path, "tally": tally }))?;
    } else {
        let Tally { databases, objects, bytes, missing } = tally;
        line(format_args!(
            "{what} {}: {databases} databases, {objects} files, {}",
            shown(path),
            size(bytes)
        ))?;
        if missing > 0 {
            eprintln!("lockgate: {missing} files that the records name were not there");
        }
    }
    Ok(ExitCode::SUCCESS)
}
