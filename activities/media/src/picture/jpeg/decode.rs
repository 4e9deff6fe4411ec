//! A JPEG's pixels, at an eighth to the whole of its size.

use std::io::BufReader;

use mozjpeg::decompress::DecompressStarted;
use mozjpeg::{ColorSpace, Decompress};

use crate::source::{ReadAhead, Watched};
use crate::{Problem, ReadAt};

use super::super::rows::{Extent, Rows, Shape};
use super::super::{Colours, Picture};
use super::libjpeg::{counting, forget_warnings, guarded, has_warned};

/// libjpeg makes room for this many eighths of each side without decoding more.
const EIGHTHS: u32 = 8;

/// How many rows are taken at a time.
const AT_ONCE: usize = 32;

type Bytes<'s> = BufReader<ReadAhead<&'s Watched<&'s dyn ReadAt>>>;

/// Must be read on the thread that opened it: warnings are counted there.
pub(in super::super) struct JpegRows<'s> {
    source: &'s Watched<&'s dyn ReadAt>,
    decoder: Option<DecompressStarted<Bytes<'s>>>,
    shape: Shape,
    extent: Extent,
    rows_left: usize,
}

impl<'s> JpegRows<'s> {
    /// Scaled down as far as the shorter way of being at least `least` on the longer side allows.
    pub(in super::super) fn open(
        source: &'s Watched<&'s dyn ReadAt>,
        picture: &Picture,
        least: u32,
    ) -> Result<Self, Problem> {
        forget_warnings();
        let space = match picture.colours {
            Colours::Grey => ColorSpace::JCS_GRAYSCALE,
            Colours::Rgb => ColorSpace::JCS_RGB,
            Colours::Cmyk => ColorSpace::JCS_CMYK,
        };
        let eighths = eighths(picture.width.max(picture.height), least);
        let decoder = guarded(|| {
            let bytes = BufReader::with_capacity(64 << 10, ReadAhead::new(source));
            let mut decoder = Decompress::with_err(counting()).from_reader(bytes)?;
            decoder.scale(eighths);
            decoder.to_colorspace(space)
        });
        let decoder = decoder.map_err(|problem| unreadable(source).unwrap_or(problem))?;
        let (width, height) = (decoder.width(), decoder.height());
        let channels = match picture.colours {
            Colours::Grey => 1,
            Colours::Rgb => 3,
            Colours::Cmyk => 4,
        };
        let shape = Shape { width: width as u32, height: height as u32, channels };
        let scaled = |side: u32| f64::from(side) * f64::from(eighths) / f64::from(EIGHTHS);
        let extent = Extent { width: scaled(picture.width), height: scaled(picture.height) };
        Ok(Self { source, decoder: Some(decoder), shape, extent, rows_left: height })
    }

    fn finish(&mut self) -> Result<(), Problem> {
        let Some(decoder) = self.decoder.take() else { return Ok(()) };
        guarded(|| decoder.finish())?;
        self.check()
    }

    fn check(&self) -> Result<(), Problem> {
        if let Some(problem) = unreadable(self.source) {
            return Err(problem);
        }
        if has_warned() {
            return Err(Problem::corrupt("a part of the picture is missing or damaged"));
        }
        Ok(())
    }
}

impl Rows for JpegRows<'_> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn extent(&self) -> Extent {
        self.extent
    }

    fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Problem> {
        let count = self.rows_left.min(AT_ONCE);
        let Some(decoder) = self.decoder.as_mut().filter(|_| count > 0) else {
            self.finish()?;
            return Ok(false);
        };
        let start = out.len();
        out.resize(start + count * self.shape.row_bytes(), 0);
        let read = guarded(|| decoder.read_scanlines_into(&mut out[start..]).map(|_| ()));
        if read.is_err() {
            // What is left of it may only be dropped.
            self.decoder = None;
        }
        read.map_err(|problem| unreadable(self.source).unwrap_or(problem))?;
        self.rows_left -= count;
        // Of a picture that is damaged, the rest need not be decoded.
        self.check()?;
        Ok(true)
    }
}

fn unreadable(source: &Watched<&dyn ReadAt>) -> Option<Problem> {
    source.failure().map(|why| Problem::SourceFailed { why })
}

/// The fewest eighths of `side` that are no less than `least`, of those for which libjpeg uses the processor's vectors: of
/// others it makes less in more time.
fn eighths(side: u32, least: u32) -> u8 {
    let enough = [1, 2, 4].into_iter().find(|&eighths| u64::from(side) * eighths >= u64::from(least) * 8);
    enough.map_or(EIGHTHS as u8, |eighths| eighths as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_made_smaller_as_far_as_vectors_go_and_never_too_small() {
        assert_eq!(eighths(4000, 2048), 8);
        assert_eq!(eighths(8000, 2048), 4);
        assert_eq!(eighths(16_384, 2048), 1);
        assert_eq!(eighths(16_383, 2048), 2);
        assert_eq!(eighths(2048, 2048), 8);
        assert_eq!(eighths(100, 2048), 8);
        assert_eq!(eighths(u32::MAX, u32::MAX), 8);
    }
}
