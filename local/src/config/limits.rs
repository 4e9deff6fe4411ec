//! What the workers of a recipe may take: the tables `[limits.flac]`, `[limits.video]` and so on of the file.

use std::collections::BTreeMap;
use std::time::Duration;

use activities::child::{Limits, RecipeLimits};
use serde::Deserialize;
use states::Recipe;

/// What the file says; what it does not say stays as usual.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Told(BTreeMap<Recipe, Of>);

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Of {
    /// Of our own child, in MiB.
    memory: Option<u64>,
    /// Of ffmpeg, its libraries included, in MiB.
    program_memory: Option<u64>,
    /// What of it ffmpeg may write to while it decodes, in MiB.
    decoder_memory: Option<u64>,
    /// In seconds, as are those that follow.
    processor: Option<u64>,
    wall: Option<u64>,
    silence: Option<u64>,
}

const MEBIBYTES: std::ops::RangeInclusive<u64> = 16..=1 << 20;
const SECONDS: std::ops::RangeInclusive<u64> = 1..=7 * 24 * 60 * 60;

impl Told {
    pub(super) fn checked(&self) -> Result<RecipeLimits, String> {
        let mut limits = RecipeLimits::default();
        for (&recipe, of) in &self.0 {
            limits.set(recipe, of.checked(recipe)?);
        }
        Ok(limits)
    }
}

impl Of {
    fn checked(self, recipe: Recipe) -> Result<Limits, String> {
        let usual = Limits::of(recipe);
        let within = |name: &str, said: Option<u64>, range: &std::ops::RangeInclusive<u64>| match said {
            Some(number) if !range.contains(&number) => {
                Err(format!("limits.{recipe}.{name} is not {} to {}", range.start(), range.end()))
            }
            said => Ok(said),
        };
        let bytes = |name, said, usual| {
            within(name, said, &MEBIBYTES).map(|said| said.map_or(usual, |mebibytes| mebibytes << 20))
        };
        let time = |name, said, usual| {
            within(name, said, &SECONDS).map(|said| said.map_or(usual, Duration::from_secs))
        };
        Ok(Limits {
            memory_bytes: bytes("memory", self.memory, usual.memory_bytes)?,
            program_bytes: bytes("program-memory", self.program_memory, usual.program_bytes)?,
            decoder_bytes: bytes("decoder-memory", self.decoder_memory, usual.decoder_bytes)?,
            cpu_seconds: within("processor", self.processor, &SECONDS)?.unwrap_or(usual.cpu_seconds),
            wall: time("wall", self.wall, usual.wall)?,
            silence: time("silence", self.silence, usual.silence)?,
            processors: usual.processors,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<RecipeLimits, String> {
        toml::from_str::<Told>(text).map_err(|error| error.to_string())?.checked()
    }

    #[test]
    fn what_is_said_of_a_recipe_goes_before_what_is_usual() {
        let limits =
            checked("[video]\nprogram-memory = 600\nwall = 60\n[flac]\ndecoder-memory = 100").unwrap();
        let video =
            Limits { program_bytes: 600 << 20, wall: Duration::from_secs(60), ..Limits::of(Recipe::Video) };
        let flac = Limits { decoder_bytes: 100 << 20, ..Limits::of(Recipe::Flac) };
        assert_eq!((limits.of(Recipe::Video), limits.of(Recipe::Flac)), (video, flac));
        assert_eq!(limits.of(Recipe::Thumbnails), Limits::of(Recipe::Thumbnails));
        for (said, named) in [
            ("[video]\nmemory = 1", "limits.video.memory"),
            ("[flac]\nwall = 0", "limits.flac.wall"),
            ("[flac]\nmem = 64", "mem"),
            ("[films]\nwall = 1", "films"),
        ] {
            let error = checked(said).unwrap_err();
            assert!(error.contains(named), "{said}: {error}");
        }
    }
}
