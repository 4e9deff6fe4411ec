//! `index.json`: what is in the zip, and when each frame is shown.

use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "index.json";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Index {
    version: u32,
    /// How long the film is.
    seconds: f64,
    /// Whether frames are those of just the times wanted, and not key frames near them.
    pub(super) exact: bool,
    pub(super) frames: Vec<Entry>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    /// When it is shown.
    seconds: f64,
    /// When one was wanted.
    wanted: f64,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Index {
    pub(super) fn new(milliseconds: u64, exact: bool) -> Self {
        Self { version: 1, seconds: seconds(milliseconds), exact, frames: Vec::new() }
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn text(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("numbers and names have a text")
    }
}

impl Entry {
    pub(super) fn new(number: u32, wanted: u64, at: u64, (width, height): (u32, u32)) -> Self {
        let name = format!("frame-{number:04}-{}.jpg", clock(at));
        Self { name, seconds: seconds(at), wanted: seconds(wanted), width, height }
    }
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// `00m12s`, and from an hour on `01h00m12s`.
fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes:02}m{seconds:02}s")
    } else {
        format!("{hours:02}h{minutes:02}m{seconds:02}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_named_by_its_number_and_its_time() {
        assert_eq!(Entry::new(1, 0, 12_999, (1, 1)).name, "frame-0001-00m12s.jpg");
        assert_eq!(Entry::new(1000, 0, 3_723_000, (1, 1)).name, "frame-1000-01h02m03s.jpg");
    }
}
