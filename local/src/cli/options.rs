//! A recipe's options as flags, and as names with values.

use serde_json::{Value, json};
use states::options::{self, Level};
use strum::VariantArray;

/// The options of the recipe `flac`.
#[derive(clap::Args)]
pub(super) struct Options {
    /// How much work goes into making the result smaller: fast, default or best
    #[arg(long, value_name = "LEVEL", default_value_t, value_parser = one_of(Level::VARIANTS))]
    level: Level,
    /// The depth of the result [default: the file's; 16 where it comes from a lossy codec]
    #[arg(long, value_name = "BITS", value_parser = one_of(options::DEPTHS))]
    bits: Option<u8>,
    /// The sample rate of the result [default: the file's]
    #[arg(long, value_name = "HZ", value_parser = one_of(options::RATES))]
    rate: Option<u32>,
    /// Mix down to 1 or 2 channels [default: as many as there are]
    #[arg(long, value_name = "N", value_parser = one_of(options::CHANNELS))]
    channels: Option<u8>,
    /// Which sound track, counted from 1 [default: the file's default track]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(options::MOST_TRACKS)))]
    track: Option<u32>,
    /// Make what can be made of a damaged file, and say what is missing
    #[arg(long)]
    keep_going: bool,
}

impl Options {
    pub(super) fn flac(&self) -> options::Flac {
        let Self { level, bits, rate, channels, track, keep_going } = *self;
        options::Flac { level, bits, rate, channels, track, keep_going }
    }
}

/// One of these values, as it is written.
fn one_of<T>(all: &'static [T]) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: Copy + ToString + Send + Sync + 'static,
{
    move |text| {
        all.iter().copied().find(|value| value.to_string() == text).ok_or_else(|| {
            let all: Vec<_> = all.iter().map(ToString::to_string).collect();
            format!("it is one of {}", all.join(", "))
        })
    }
}

/// A name and its value: a number or true or false, or else a word.
pub(super) fn option(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("it is not of the form NAME=VALUE")?;
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| json!(value))))
}
