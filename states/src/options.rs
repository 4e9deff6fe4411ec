//! What a recipe lets one choose, read from what was asked: unknown names and values that cannot be are refused, named.
//! Commands, the API and the activities all read options here.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::VariantArray;

use crate::Recipe;

/// How much work goes into making the result smaller.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Level {
    Fast,
    #[default]
    Default,
    Best,
}

/// The depths that a FLAC can be asked for.
pub const DEPTHS: &[u8] = &[8, 12, 16, 20, 24];
/// The sample rates that a FLAC can be asked for.
pub const RATES: &[u32] = &[
    8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000,
];
/// The numbers of channels that are mixed to.
pub const CHANNELS: &[u8] = &[1, 2];
/// More sound tracks than this no file has.
pub const MOST_TRACKS: u32 = 999;

/// The options of the recipe `flac`. What is not said stays as it is in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flac {
    pub level: Level,
    pub bits: Option<u8>,
    pub rate: Option<u32>,
    pub channels: Option<u8>,
    /// Which sound track, counted from 1.
    pub track: Option<u32>,
    /// Make what can be made of a damaged file.
    pub keep_going: bool,
}

/// An option that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {why}")]
pub struct Refused {
    pub option: String,
    pub why: String,
}

/// Whether `recipe` can be made with these options.
pub fn check(recipe: Recipe, options: &Map<String, Value>) -> Result<(), Refused> {
    match recipe {
        Recipe::Flac => Flac::read(options).map(drop),
        // What comes out of a picture is configuration.
        Recipe::Proxies => options.iter().next().map_or(Ok(()), |(name, value)| {
            Err(Given { name, value }.refused("the recipe has no such option"))
        }),
    }
}

impl Flac {
    pub fn read(options: &Map<String, Value>) -> Result<Self, Refused> {
        let mut read = Self::default();
        for (name, value) in options {
            let one = Given { name, value };
            match name.as_str() {
                "level" => read.level = one.word(Level::VARIANTS)?,
                "bits" => read.bits = Some(one.one_of(DEPTHS)?),
                "rate" => read.rate = Some(one.one_of(RATES)?),
                "channels" => read.channels = Some(one.one_of(CHANNELS)?),
                "track" => read.track = Some(one.track()?),
                "keepGoing" => {
                    read.keep_going = one.parsed().ok_or_else(|| one.refused("it is true or false"))?
                }
                _ => return Err(one.refused("the recipe has no such option")),
            }
        }
        Ok(read)
    }
}

struct Given<'o> {
    name: &'o str,
    value: &'o Value,
}

impl Given<'_> {
    fn refused(&self, why: impl Into<String>) -> Refused {
        Refused { option: self.name.to_owned(), why: why.into() }
    }

    fn parsed<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(self.value).ok()
    }

    fn one_of<T: DeserializeOwned + PartialEq + ToString>(&self, all: &[T]) -> Result<T, Refused> {
        self.parsed().filter(|value| all.contains(value)).ok_or_else(|| self.refused(choice(all)))
    }

    fn word<T: DeserializeOwned + ToString>(&self, all: &[T]) -> Result<T, Refused> {
        self.parsed().ok_or_else(|| self.refused(choice(all)))
    }

    fn track(&self) -> Result<u32, Refused> {
        let number = self.parsed().filter(|number| (1..=MOST_TRACKS).contains(number));
        number.ok_or_else(|| self.refused("it is a number, and the first sound track is 1"))
    }
}

fn choice(all: &[impl ToString]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    format!("it is one of {}", all.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: Value) -> Result<Flac, String> {
        let Value::Object(options) = options else { panic!("{options} is no object") };
        Flac::read(&options).map_err(|refused| refused.to_string())
    }

    #[test]
    fn what_is_asked_for_is_read() {
        assert_eq!(read(json!({})), Ok(Flac::default()));
        let all = json!({
            "level": "best", "bits": 24, "rate": 48_000, "channels": 2, "track": 3, "keepGoing": true
        });
        let expected = Flac {
            level: Level::Best,
            bits: Some(24),
            rate: Some(48_000),
            channels: Some(2),
            track: Some(3),
            keep_going: true,
        };
        assert_eq!(read(all), Ok(expected));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (options, words) in [
            (json!({"quality": 5}), "quality: the recipe has no such option"),
            (json!({"level": "Best"}), "level: it is one of fast, default, best"),
            (json!({"bits": 17}), "bits: it is one of 8, 12, 16, 20, 24"),
            (json!({"bits": "16"}), "bits: it is one of"),
            (json!({"rate": 44_101}), "rate: it is one of 8000"),
            (json!({"rate": -1}), "rate: it is one of"),
            (json!({"channels": 0}), "channels: it is one of 1, 2"),
            (json!({"track": 0}), "track: it is a number"),
            (json!({"track": null}), "track: it is a number"),
            (json!({"keepGoing": "yes"}), "keepGoing: it is true or false"),
        ] {
            let refused = read(options.clone()).expect_err("it cannot be");
            assert!(refused.starts_with(words), "{options}: {refused}");
        }
    }
}
