//! What may be asked of the sound that is made, beyond "the same as in the file", and what comes of it.

use serde::{Deserialize, Serialize};

use crate::{Format, Problem};

use super::{Change, Sound};

/// What is wished for; what is not said stays as it is in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// The depth of the result.
    pub bits: Option<u8>,
    /// The sample rate of the result.
    pub rate: Option<u32>,
    /// The channels of the result: as many as there are, or fewer.
    pub channels: Option<u8>,
    /// Which sound track, counted from 1.
    pub track: Option<u32>,
    /// Make what can be made of a damaged file, and say what is missing.
    pub keep_going: bool,
}

/// Samples on their way through rate, channels and depth are this deep.
pub(super) const WORKING_BITS: u8 = 32;

/// How a sound's samples become the result's.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What the decoder hands out.
    pub(super) decoded: Format,
    /// What is handed on.
    pub(super) made: Format,
    /// What is known beforehand to change.
    pub(super) changes: Vec<Change>,
}

impl Plan {
    /// Whether samples go through more than their decoder.
    pub(super) fn is_shaped(&self) -> bool {
        self.decoded != self.made
    }
}

/// What is made of `sound`, whose decoder hands out `float`s or not.
pub(super) fn plan(sound: &Sound, float: bool, wishes: &Wishes) -> Result<Plan, Problem> {
    let from = sound.bits_per_sample.unwrap_or(16);
    let natural = match (sound.lossy, float) {
        (true, _) => 16,
        (false, true) => 24,
        (false, false) => from.clamp(8, 24),
    };
    let bits = wishes.bits.unwrap_or(natural);
    let made = Format {
        sample_rate: wishes.rate.unwrap_or(sound.sample_rate),
        channels: wishes.channels.unwrap_or(sound.channels),
        bits_per_sample: bits,
    };
    if made.channels > sound.channels {
        let what = format!("{} channels, of which {} cannot be made", sound.channels, made.channels);
        return Err(Problem::unsupported(what));
    }
    let mut changes = Vec::new();
    if sound.lossy {
        changes.push(Change::Decoded { bits });
    } else if float {
        changes.push(Change::FromFloat { bits });
    } else if from > bits {
        changes.push(Change::Narrowed { from, to: bits });
    } else if from < bits {
        changes.push(Change::Widened { from, to: bits });
    }
    if made.channels != sound.channels {
        changes.push(Change::Mixed { from: sound.channels, to: made.channels });
    }
    if made.sample_rate != sound.sample_rate {
        changes.push(Change::Resampled { from: sound.sample_rate, to: made.sample_rate });
    }
    // What a lossy codec leaves is far less exact than the rounding; it needs no dither.
    let is_rounded = !sound.lossy && (float || from > bits);
    let same_shape = made.channels == sound.channels && made.sample_rate == sound.sample_rate;
    let depth = if is_rounded || !same_shape { WORKING_BITS } else { bits };
    let decoded = Format { sample_rate: sound.sample_rate, channels: sound.channels, bits_per_sample: depth };
    Ok(Plan { decoded, made, changes })
}
