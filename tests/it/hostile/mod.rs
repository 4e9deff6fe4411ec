//! Files that mean harm: each ends in a typed problem, within two seconds of processor time and 256 MB of memory for
//! whoever looks at it.
//!
//! They are listed in [`pictures`], [`films`] and [`sounds`]. [`workers`] gives each to a worker that may take no more
//! than that, and would be killed for it; [`program`] gives them to the real program, and measures all that it starts.
//! [`names`] has files whose names mean harm.

mod films;
mod names;
mod pictures;
mod program;
mod sounds;
mod workers;

use std::io::ErrorKind;
use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use states::{Kind, Recipe};

pub(crate) use workers::within_bounds;

/// What a hostile file may be found to be.
const KINDS: [Kind; 4] = [Kind::MediaCorrupt, Kind::UnsupportedMedia, Kind::TooLarge, Kind::TooLong];

/// One file, and what is to be made of it.
struct Hostile {
    what: String,
    name: String,
    recipe: Recipe,
    bytes: Vec<u8>,
}

fn hostile(what: impl Into<String>, name: impl Into<String>, recipe: Recipe, bytes: Vec<u8>) -> Hostile {
    Hostile { what: what.into(), name: name.into(), recipe, bytes }
}

/// A file cut at these 64ths of its length.
fn cut_at(
    parts: impl IntoIterator<Item = usize>,
    (name, recipe): (&str, Recipe),
    whole: &[u8],
) -> Vec<Hostile> {
    let cut = |part: usize| {
        let what = format!("{name} of {} bytes cut at {part}/64", whole.len());
        hostile(what, name, recipe, whole[..whole.len() * part / 64].to_vec())
    };
    parts.into_iter().map(cut).collect()
}

/// Some of its 64ths: each is tried elsewhere.
const SOME: [usize; 3] = [1, 32, 63];

fn all(trap: &Trap) -> Result<Vec<Hostile>> {
    Ok([pictures::all()?, films::all(trap.port()?)?, sounds::all()?].into_iter().flatten().collect())
}

/// Whoever fetches what a playlist names comes here.
struct Trap(TcpListener);

impl Trap {
    fn set() -> Result<Self> {
        Ok(Self(TcpListener::bind("127.0.0.1:0")?))
    }

    fn port(&self) -> Result<u16> {
        Ok(self.0.local_addr()?.port())
    }

    /// Connections wait for whoever accepts them: none is there.
    fn has_caught_nobody(&self) -> Result<()> {
        self.0.set_nonblocking(true)?;
        let fetched = self.0.accept().map(|(_, from)| from);
        ensure!(matches!(&fetched, Err(error) if error.kind() == ErrorKind::WouldBlock), "{fetched:?}");
        Ok(())
    }
}

/// A problem must be of one of these kinds, and tell nothing of this machine.
fn is_about_the_file(what: &str, (kind, detail): (Kind, &str), kinds: &[Kind]) -> Result<()> {
    ensure!(kinds.contains(&kind), "{what}: {kind}: {detail}");
    ensure!(!detail.contains("root:"), "{what}: {detail}");
    Ok(())
}

/// The file with other bytes in it, so far behind the begin of a name that stands in it.
fn with(file: &[u8], name: &[u8; 4], behind: usize, bytes: &[u8]) -> Result<Vec<u8>> {
    let place = file.windows(4).position(|four| four == name);
    let at = place.context("the file has something of this name")? + behind;
    let mut changed = file.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    Ok(changed)
}
