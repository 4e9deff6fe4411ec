//! What can be made of a file: the recipe list. The workflow's Choice, the API's answer to "what can be made here" and
//! the default recipe of a file in the inbox are read off it.

use crate::table::Activity;

/// What to make of a file.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Recipe {
    Flac,
    Proxies,
    Thumbnails,
    Video,
    Captions,
}

/// One recipe's row.
#[derive(Debug)]
pub struct Row {
    pub recipe: Recipe,
    /// The activity that does the media work.
    pub work: Activity,
    pub title: &'static str,
    /// Media types it takes: a type, or a family ending in `/*`. The bytes decide in the end, not this.
    pub takes: &'static [&'static str],
    /// File name endings whose type browsers and systems often do not know.
    pub endings: &'static [&'static str],
    pub max_bytes: u64,
    /// The work of one try may take this long.
    pub timeout_seconds: u32,
    pub by: By,
}

/// Who does a recipe's work, and how its end comes to the workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A function, whose answer is the end.
    Function,
    /// A worker that asks for tasks, and says meanwhile that it lives.
    Worker,
    /// A function, unless the probe says of this very file that it takes a worker's programs, or longer than a function has.
    Either,
    /// Somebody whom a function only has begin, and who calls back by the task's token. How long it may be silent, it says
    /// itself.
    Callback,
}

/// With this error a worker gives a task back that it has no time for any more. It is no try of the task's.
pub const DRAINING: &str = "Worker.Draining";

pub const RECIPES: &[Row] = &[
    Row {
        recipe: Recipe::Flac,
        work: Activity::Flac,
        title: "Any sound to FLAC, without loss",
        takes: &["audio/*", "video/*", "application/ogg", "application/mp4"],
        endings: &[
            "mp3", "wav", "flac", "aif", "aiff", "caf", "ogg", "oga", "opus", "m4a", "m4b", "mp4", "mov",
            "aac", "mkv", "mka", "webm",
        ],
        max_bytes: 8 << 30,
        timeout_seconds: 4 * 3600,
        by: By::Either,
    },
    Row {
        recipe: Recipe::Proxies,
        work: Activity::Proxies,
        title: "JPEG or PNG to two smaller JPEGs",
        takes: &["image/jpeg", "image/png"],
        endings: &["jpg", "jpeg", "jpe", "jfif", "png"],
        max_bytes: 100_000_000,
        timeout_seconds: 600,
        by: By::Function,
    },
    Row {
        recipe: Recipe::Thumbnails,
        work: Activity::Thumbnails,
        title: "Film to a zip of evenly spaced frames",
        takes: FILMS,
        endings: FILM_ENDINGS,
        max_bytes: 64 << 30,
        timeout_seconds: 3600,
        by: By::Worker,
    },
    Row {
        recipe: Recipe::Video,
        work: Activity::Video,
        title: "Film to MP4 or WebM that plays everywhere",
        takes: FILMS,
        endings: FILM_ENDINGS,
        max_bytes: 64 << 30,
        timeout_seconds: 12 * 3600,
        by: By::Worker,
    },
    Row {
        recipe: Recipe::Captions,
        work: Activity::Captions,
        title: "Speech to captions, as WebVTT and SubRip",
        takes: &["audio/*", "video/*", "application/ogg", "application/mp4"],
        endings: SPEECH_ENDINGS,
        max_bytes: 64 << 30,
        timeout_seconds: 8 * 3600,
        by: By::Callback,
    },
];

/// What a film may come as.
const FILMS: &[&str] = &["video/*", "application/mp4", "application/ogg"];
const SPEECH_ENDINGS: &[&str] = &[
    "mp3", "wav", "flac", "aif", "aiff", "ogg", "oga", "opus", "m4a", "aac", "mka", "mp4", "m4v", "mov",
    "mkv", "webm", "avi", "ts", "mpg", "mpeg", "flv", "wmv", "ogv", "3gp",
];
const FILM_ENDINGS: &[&str] = &[
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "m2ts", "mts", "mpg", "mpeg", "flv", "wmv", "ogv", "3gp",
];

impl Recipe {
    pub fn row(self) -> &'static Row {
        let row = RECIPES.iter().find(|row| row.recipe == self);
        row.expect("every recipe has a row")
    }

    /// The first recipe that takes a file of this type and name: what the inbox makes of it.
    pub fn default_for(content_type: &str, file_name: &str) -> Option<Self> {
        RECIPES.iter().find(|row| row.takes(content_type, file_name)).map(|row| row.recipe)
    }
}

impl Row {
    /// Whether workers may be asked for it.
    pub fn may_be_a_workers(&self) -> bool {
        matches!(self.by, By::Worker | By::Either)
    }

    pub fn takes(&self, content_type: &str, file_name: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let by_type = self.takes.iter().any(|taken| match taken.strip_suffix('*') {
            Some(family) => essence.starts_with(family),
            None => essence == *taken,
        });
        let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        by_type || ending.is_some_and(|ending| self.endings.contains(&ending.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_recipe_has_one_row() {
        for &recipe in Recipe::VARIANTS {
            assert_eq!(RECIPES.iter().filter(|row| row.recipe == recipe).count(), 1);
        }
    }

    #[test]
    fn a_file_is_told_by_type_or_by_name() {
        assert_eq!(Recipe::default_for("audio/mpeg; charset=x", "a"), Some(Recipe::Flac));
        assert_eq!(Recipe::default_for("application/octet-stream", "Song.MP3"), Some(Recipe::Flac));
        assert_eq!(Recipe::default_for("text/plain", "notes.txt"), None);
        assert_eq!(Recipe::default_for("image/png", "a"), Some(Recipe::Proxies));
        assert_eq!(Recipe::default_for("application/octet-stream", "IMG_1.JPG"), Some(Recipe::Proxies));
        assert_eq!(Recipe::default_for("image/gif", "a.gif"), None);
    }
}
