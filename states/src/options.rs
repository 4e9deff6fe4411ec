//! What a recipe lets one choose, read from what was asked: unknown names and values that cannot be are refused, named.
//! Commands, the API and the activities all read options here.

use std::fmt::Display;
use std::ops::RangeInclusive;

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

/// How many frames are made of a film at most.
pub const MOST_FRAMES: u32 = 1000;
/// How wide a frame may be asked for.
pub const FRAME_WIDTHS: RangeInclusive<u32> = 16..=4096;
/// Seconds that may pass between two frames.
pub const INTERVALS: RangeInclusive<f64> = 0.1..=21_600.0;

/// The options of the recipe `thumbnails`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Thumbnails {
    pub spread: Spread,
    pub width: u32,
    /// The frames of just these times, and not key frames near them.
    pub exact: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Spread {
    /// So many, evenly spaced.
    Count(u32),
    /// One each time that so many seconds have passed.
    Interval(f64),
}

impl Default for Thumbnails {
    fn default() -> Self {
        Self { spread: Spread::Count(20), width: 640, exact: false }
    }
}

/// How large a film is made at most, and how well it is kept.
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
pub enum Preset {
    Small,
    #[default]
    Web,
    Hd,
}

/// What a film is made into: H.264 in an MP4, the others in a WebM.
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
pub enum Codec {
    #[default]
    H264,
    Vp9,
    Av1,
}

/// The containers that a film can be asked for in.
pub const FORMATS: &[&str] = &["mp4", "webm"];

/// The options of the recipe `video`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Video {
    pub preset: Preset,
    pub codec: Codec,
}

impl Video {
    /// What its file's name ends in.
    pub fn ending(self) -> &'static str {
        match self.codec {
            Codec::H264 => "mp4",
            Codec::Vp9 | Codec::Av1 => "webm",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self.codec {
            Codec::H264 => "video/mp4",
            Codec::Vp9 | Codec::Av1 => "video/webm",
        }
    }

    pub fn read(options: &Map<String, Value>) -> Result<Self, Refused> {
        let mut read = Self::default();
        let (mut format, mut codec) = (None, None);
        for (name, value) in options {
            let one = Given { name, value };
            match name.as_str() {
                "preset" => read.preset = one.word(Preset::VARIANTS)?,
                "format" => {
                    let word = one.parsed::<&str>().filter(|word| FORMATS.contains(word));
                    format = Some((one, word.ok_or_else(|| one.refused(choice(FORMATS)))?));
                }
                "codec" => codec = Some(one.word(Codec::VARIANTS)?),
                _ => return Err(one.refused(NO_SUCH)),
            }
        }
        let usual = if let Some((_, "webm")) = format { Codec::Vp9 } else { Codec::H264 };
        read.codec = codec.unwrap_or(usual);
        match format {
            Some((one, word)) if word != read.ending() => {
                Err(one.refused(format!("{} is not put into it; it goes into {}", read.codec, read.ending())))
            }
            _ => Ok(read),
        }
    }
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
        // What comes out of a picture is configuration, and so is who writes captions.
        Recipe::Proxies | Recipe::Captions => {
            options.iter().next().map_or(Ok(()), |(name, value)| Err(Given { name, value }.refused(NO_SUCH)))
        }
        Recipe::Thumbnails => Thumbnails::read(options).map(drop),
        Recipe::Video => Video::read(options).map(drop),
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
                "keepGoing" => read.keep_going = one.yes_or_no()?,
                _ => return Err(one.refused(NO_SUCH)),
            }
        }
        Ok(read)
    }
}

impl Thumbnails {
    pub fn read(options: &Map<String, Value>) -> Result<Self, Refused> {
        let mut read = Self::default();
        for (name, value) in options {
            let one = Given { name, value };
            match name.as_str() {
                "count" => read.spread = Spread::Count(one.within(&(1..=MOST_FRAMES))?),
                "interval" if options.contains_key("count") => {
                    return Err(one.refused("it is not said together with count"));
                }
                "interval" => read.spread = Spread::Interval(one.within(&INTERVALS)?),
                "width" => read.width = one.within(&FRAME_WIDTHS)?,
                "exact" => read.exact = one.yes_or_no()?,
                _ => return Err(one.refused(NO_SUCH)),
            }
        }
        Ok(read)
    }
}

const NO_SUCH: &str = "the recipe has no such option";

#[derive(Clone, Copy)]
struct Given<'o> {
    name: &'o str,
    value: &'o Value,
}

impl<'o> Given<'o> {
    fn refused(&self, why: impl Into<String>) -> Refused {
        Refused { option: self.name.to_owned(), why: why.into() }
    }

    fn parsed<T: Deserialize<'o>>(&self) -> Option<T> {
        T::deserialize(self.value).ok()
    }

    fn one_of<T: DeserializeOwned + PartialEq + ToString>(&self, all: &[T]) -> Result<T, Refused> {
        self.parsed().filter(|value| all.contains(value)).ok_or_else(|| self.refused(choice(all)))
    }

    fn word<T: DeserializeOwned + ToString>(&self, all: &[T]) -> Result<T, Refused> {
        self.parsed().ok_or_else(|| self.refused(choice(all)))
    }

    fn yes_or_no(&self) -> Result<bool, Refused> {
        self.parsed().ok_or_else(|| self.refused("it is true or false"))
    }

    fn within<T>(&self, range: &RangeInclusive<T>) -> Result<T, Refused>
    where
        T: DeserializeOwned + PartialOrd + Display,
    {
        let (least, most) = (range.start(), range.end());
        let value = self.parsed().filter(|value| range.contains(value));
        value.ok_or_else(|| self.refused(format!("it is a number from {least} to {most}")))
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

    #[test]
    fn frames_are_asked_for_by_count_or_by_interval() {
        let read = |options: Value| {
            let Value::Object(options) = options else { panic!("{options} is no object") };
            Thumbnails::read(&options).map_err(|refused| refused.to_string())
        };
        assert_eq!(read(json!({})), Ok(Thumbnails::default()));
        let every = Thumbnails { spread: Spread::Interval(2.5), width: 320, exact: true };
        assert_eq!(read(json!({"interval": 2.5, "width": 320, "exact": true})), Ok(every));
        for (options, words) in [
            (json!({"count": 0}), "count: it is a number from 1 to 1000"),
            (json!({"count": 2.5}), "count: it is a number from 1"),
            (json!({"interval": 0}), "interval: it is a number from 0.1 to 21600"),
            (json!({"interval": 1, "count": 2}), "interval: it is not said together with count"),
            (json!({"width": 9999}), "width: it is a number from 16 to 4096"),
            (json!({"height": 10}), "height: the recipe has no such option"),
        ] {
            let refused = read(options.clone()).expect_err("it cannot be");
            assert!(refused.starts_with(words), "{options}: {refused}");
        }
    }

    #[test]
    fn a_film_is_asked_for_by_format_or_by_codec() {
        let read = |options: Value| {
            let Value::Object(options) = options else { panic!("{options} is no object") };
            Video::read(&options).map_err(|refused| refused.to_string())
        };
        let codec = |options: Value| read(options).map(|video| video.codec);
        assert_eq!(read(json!({})), Ok(Video { preset: Preset::Web, codec: Codec::H264 }));
        assert_eq!(codec(json!({"format": "webm"})), Ok(Codec::Vp9));
        assert_eq!(codec(json!({"codec": "av1"})), Ok(Codec::Av1));
        assert_eq!(codec(json!({"codec": "av1", "format": "webm"})), Ok(Codec::Av1));
        for (options, words) in [
            (json!({"format": "avi"}), "format: it is one of mp4, webm"),
            (json!({"format": "mp4", "codec": "vp9"}), "format: vp9 is not put into it; it goes into webm"),
            (json!({"codec": "hevc"}), "codec: it is one of h264, vp9, av1"),
            (json!({"preset": "4k"}), "preset: it is one of small, web, hd"),
            (json!({"crf": 1}), "crf: the recipe has no such option"),
        ] {
            let refused = read(options.clone()).expect_err("it cannot be");
            assert!(refused.starts_with(words), "{options}: {refused}");
        }
    }
}
