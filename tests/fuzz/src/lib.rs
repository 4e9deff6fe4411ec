//! What is fuzzed: for each [`Target`] a file with one function that takes any bytes and must neither panic nor take long.
//! Seeds and what was once found lie in `corpus/<target>`, and are tried again with every run of the tests.
//!
//! Another target: a file here, a variant, a folder of seeds.

mod api;
mod captions;
mod definition;
mod film;
mod intrinsics;
mod job;
mod jsonata;
mod path;
mod picture;
mod sound;
mod trial;

use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::EnumString, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Target {
    /// A definition, and the execution of what passes.
    Definition,
    /// A JSONPath on the first line, the document behind it.
    Path,
    /// An intrinsic call on the first line, the document behind it.
    Intrinsics,
    /// A JSONata expression.
    Jsonata,
    /// A request on each line: an operation of the API and a body.
    Api,
    /// A wish, and a file with sound.
    Sound,
    /// A picture.
    Picture,
    /// Captions as WebVTT.
    Captions,
    /// A choice, and what a film is looked at by, or what ffmpeg makes of one.
    Film,
}

impl Target {
    pub fn run(self, data: &[u8]) {
        match self {
            Target::Definition => definition::run(data),
            Target::Path => path::run(data),
            Target::Intrinsics => intrinsics::run(data),
            Target::Jsonata => jsonata::run(data),
            Target::Api => api::run(data),
            Target::Sound => sound::run(data),
            Target::Picture => picture::run(data),
            Target::Captions => captions::run(data),
            Target::Film => film::run(data),
        }
    }

    /// Where its seeds lie.
    pub fn corpus(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.to_string())
    }
}

/// The first line, and what follows it.
fn first_line(data: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(data).ok().map(|text| text.split_once('\n').unwrap_or((text, "")))
}
