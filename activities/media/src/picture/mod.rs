//! Pictures in, proxies out: what a JPEG or PNG holds ([`probe`]), smaller JPEGs of it ([`proxies`]), and the proof that a
//! result is what it should be ([`verify`]).
//!
//! A picture passes through as a stream of rows (`rows`), so that memory grows with the result and not with the source.
//! `decode` has most JPEGs become planes of light and colour of the size that is wanted (`jpeg`, `resample`); of others, and
//! of PNGs (`png`), it makes pixels smaller in bands (`shrink`), which are then turned to sRGB (`colour`). As it is `shown`,
//! upright (`upright`), light and colour lie apart, as they are written (`encode`); `ycc` is between the two. `header` and
//! `exif` read what stands before the pixels, within bounds.

mod blocks;
mod colour;
mod decode;
mod encode;
mod exif;
mod header;
mod jpeg;
mod png;
mod proxies;
mod resample;
mod rows;
mod shown;
mod shrink;
mod srgb;
mod upright;
mod verify;
mod ycc;

pub(crate) use proxies::proxies;
pub use proxies::{Change, MadeProxies, Order, Proxy};
pub(crate) use verify::verify;

use serde::{Deserialize, Serialize};

use crate::{Problem, ReadAt};

/// What a picture is, by its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub kind: Kind,
    /// As stored; a viewer may have to turn it.
    pub width: u32,
    pub height: u32,
    pub colours: Colours,
    pub has_alpha: bool,
    pub bits_per_channel: u8,
    pub turn: Turn,
    /// Whether it brings a colour profile of its own.
    pub has_profile: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Jpeg,
    Png,
}

impl Kind {
    /// What a file that begins with `head` claims to be, whatever its name says. Eight bytes are enough.
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\xFF\xD8\xFF") {
            Some(Self::Jpeg)
        } else if head.starts_with(b"\x89PNG\r\n\x1A\n") {
            Some(Self::Png)
        } else {
            None
        }
    }
}

/// How the colours are stored. A palette is what its entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colours {
    Grey,
    Rgb,
    Cmyk,
}

/// What has to be done to a stored picture to see it upright, by the number that EXIF gives it: 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn(u8);

impl Turn {
    pub const NONE: Self = Self(1);

    pub(crate) fn from_exif(orientation: u32) -> Self {
        u8::try_from(orientation).ok().filter(|number| (1..=8).contains(number)).map_or(Self::NONE, Self)
    }

    /// Whether rows become columns.
    fn swaps_sides(self) -> bool {
        self.0 >= 5
    }
}

/// What is refused by the headers, before a pixel is decoded or room is made for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub bytes: u64,
    pub pixels: u64,
    pub side: u32,
    /// Memory for pictures that must be there as a whole before the first row comes out: progressive JPEG and interlaced
    /// PNG.
    pub whole_bytes: u64,
    /// How many times a progressive JPEG may go over the picture.
    pub scans: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 100_000_000, pixels: 250_000_000, side: 32_768, whole_bytes: 160_000_000, scans: 100 }
    }
}

impl Limits {
    fn check_length(&self, bytes: u64) -> Result<(), Problem> {
        if bytes > self.bytes {
            return Err(too_large(format!("{bytes} bytes; the limit is {}", self.bytes)));
        }
        Ok(())
    }

    fn check_sides(&self, width: u32, height: u32) -> Result<(), Problem> {
        if width == 0 || height == 0 {
            return Err(Problem::corrupt("the header states a picture without pixels"));
        }
        if width.max(height) > self.side {
            return Err(too_large(format!(
                "{width} × {height} pixels; the limit is {} on a side",
                self.side
            )));
        }
        if u64::from(width) * u64::from(height) > self.pixels {
            return Err(too_large(format!("{width} × {height} pixels; the limit is {} in all", self.pixels)));
        }
        Ok(())
    }

    fn check_whole(&self, bytes: u64, what: &str) -> Result<(), Problem> {
        if bytes > self.whole_bytes {
            let limit = self.whole_bytes;
            return Err(too_large(format!(
                "{what} that takes {bytes} bytes of memory; the limit is {limit}"
            )));
        }
        Ok(())
    }
}

fn too_large(what: String) -> Problem {
    Problem::TooLarge { what }
}

/// How large a JPEG is that another program has made.
pub(crate) struct Sides {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Sides {
    pub(crate) fn of_jpeg(bytes: &[u8]) -> Result<Self, Problem> {
        let Picture { width, height, .. } = header::read(&bytes, &Limits::default())?.picture;
        Ok(Self { width, height })
    }
}

/// Says what picture `source` holds. Reads its headers only.
pub(crate) fn probe(source: &dyn ReadAt, limits: &Limits) -> Result<Picture, Problem> {
    header::read(source, limits).map(|header| header.picture)
}
