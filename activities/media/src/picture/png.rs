//! PNG in. Only one picture: an animation is none.

use std::io::BufReader;

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Reader, Transformations};

use crate::source::{ReadAhead, Watched, read_up_to};
use crate::{Problem, ReadAt};

use super::exif;
use super::header::{Header, MOST_METADATA};
use super::rows::{Rows, Shape};
use super::{Colours, Kind, Limits, Picture, Turn};

type Source<'s> = BufReader<ReadAhead<&'s Watched<&'s dyn ReadAt>>>;

/// The marker, and IHDR with its length, name and checksum.
const BEGINNING: usize = 8 + 4 + 4 + 13 + 4;

/// What the decoder may allocate for chunks and for a row. Rows are bounded by the longest side: 32,768 × 8 bytes.
const ROOM: usize = MOST_METADATA + (8 << 20);

pub(super) fn header(source: &dyn ReadAt, limits: &Limits) -> Result<Header, Problem> {
    check_shape(source, limits)?;
    let watched = Watched::new(source);
    let reader = open(&watched)?;
    let info = reader.info();
    if info.animation_control.is_some() {
        return Err(Problem::unsupported("an animated PNG"));
    }
    let (turn, copyright) = info.exif_metadata.as_deref().map_or((Turn::NONE, None), exif::read);
    let profile = info.icc_profile.as_ref().filter(|profile| profile.len() <= MOST_METADATA);
    let picture = Picture {
        kind: Kind::Png,
        width: info.width,
        height: info.height,
        colours: match info.color_type {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => Colours::Grey,
            _ => Colours::Rgb,
        },
        has_alpha: has_alpha(info),
        bits_per_channel: info.bit_depth as u8,
        turn,
        has_profile: profile.is_some(),
    };
    let profile = profile.map(|profile| profile.to_vec());
    let copyright = copyright.or_else(|| text(info, "Copyright"));
    Ok(Header { picture, profile, copyright })
}

/// What IHDR states, before anything is allocated for it.
fn check_shape(source: &dyn ReadAt, limits: &Limits) -> Result<(), Problem> {
    let mut bytes = [0; BEGINNING];
    let filled = read_up_to(source, 0, &mut bytes).map_err(|error| Problem::source(&error))?;
    if filled < BEGINNING || &bytes[12..16] != b"IHDR" {
        return Err(Problem::corrupt("it does not begin with a PNG header"));
    }
    let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    limits.check_sides(number(16), number(20))?;
    let interlaced = bytes[28] != 0;
    // As they are decoded, palettes are three or four channels.
    let (depth, channels) = (u64::from(bytes[24].max(8)), if bytes[25] & 2 == 0 { 2 } else { 4 });
    let whole = u64::from(number(16)) * u64::from(number(20)) * channels * depth / 8;
    if interlaced { limits.check_whole(whole, "an interlaced PNG") } else { Ok(()) }
}

fn open<'s>(source: &'s Watched<&'s dyn ReadAt>) -> Result<Reader<Source<'s>>, Problem> {
    let reader = BufReader::with_capacity(64 << 10, ReadAhead::new(source));
    let mut decoder = Decoder::new_with_limits(reader, png::Limits { bytes: ROOM });
    // Palettes, transparent colours and less than a byte become channels of whole bytes.
    decoder.set_transformations(Transformations::EXPAND);
    decoder.read_info().map_err(|error| problem(source, error))
}

fn problem(source: &Watched<&dyn ReadAt>, error: DecodingError) -> Problem {
    match (source.failure(), error) {
        (Some(why), _) => Problem::SourceFailed { why },
        (None, DecodingError::LimitsExceeded) => {
            super::too_large("a PNG whose header takes more memory than is allowed".to_owned())
        }
        (None, DecodingError::IoError(_)) => Problem::corrupt("the PNG ends too soon"),
        (None, error) => Problem::corrupt(format!("the PNG cannot be decoded: {error}")),
    }
}

fn has_alpha(info: &Info<'_>) -> bool {
    matches!(info.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba) || info.trns.is_some()
}

fn text(info: &Info<'_>, keyword: &str) -> Option<String> {
    let latin = info.uncompressed_latin1_text.iter().find(|chunk| chunk.keyword == keyword);
    let said = latin.map(|chunk| chunk.text.clone()).or_else(|| {
        let chunk = info.utf8_text.iter().find(|chunk| chunk.keyword == keyword)?;
        chunk.get_text().ok()
    });
    said.filter(|said| !said.trim().is_empty() && said.len() <= 1000)
}

/// Rows of a PNG that does not animate. An interlaced one is decoded whole before its first row comes out.
pub(super) struct PngRows<'s> {
    source: &'s Watched<&'s dyn ReadAt>,
    reader: Reader<Source<'s>>,
    /// The rows of an interlaced picture, and how far they were handed on.
    whole: Option<(Vec<u8>, usize)>,
    shape: Shape,
    /// As they come out of the decoder.
    stored: (ColorType, BitDepth),
    rows_left: u32,
}

impl<'s> PngRows<'s> {
    pub(super) fn open(source: &'s Watched<&'s dyn ReadAt>) -> Result<Self, Problem> {
        let mut reader = open(source)?;
        let stored = reader.output_color_type();
        let channels = match stored.0 {
            ColorType::Grayscale => 1,
            ColorType::Rgb | ColorType::Indexed => 3,
            ColorType::GrayscaleAlpha | ColorType::Rgba => 4,
        };
        let (width, height) = (reader.info().width, reader.info().height);
        let whole =
            if reader.info().interlaced { Some((decode_whole(source, &mut reader)?, 0)) } else { None };
        let shape = Shape { width, height, channels };
        Ok(Self { source, reader, whole, shape, stored, rows_left: height })
    }

    fn finish(&mut self) -> Result<(), Problem> {
        if self.whole.is_some() {
            return Ok(());
        }
        self.reader.finish().map_err(|error| problem(self.source, error))
    }
}

fn decode_whole(source: &Watched<&dyn ReadAt>, reader: &mut Reader<Source<'_>>) -> Result<Vec<u8>, Problem> {
    let size = reader.output_buffer_size().ok_or_else(|| super::too_large("a PNG".to_owned()))?;
    let mut bytes = vec![0; size];
    reader.next_frame(&mut bytes).map_err(|error| problem(source, error))?;
    reader.finish().map_err(|error| problem(source, error))?;
    Ok(bytes)
}

impl Rows for PngRows<'_> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Problem> {
        if self.rows_left == 0 {
            self.finish()?;
            return Ok(false);
        }
        self.rows_left -= 1;
        if let Some((bytes, done)) = &mut self.whole {
            let stride = bytes.len() / self.shape.height as usize;
            spread(&bytes[*done..*done + stride], self.stored, out);
            *done += stride;
            return Ok(true);
        }
        match self.reader.next_row() {
            Ok(Some(row)) => spread(row.data(), self.stored, out),
            Ok(None) => return Err(Problem::corrupt("the PNG ends too soon")),
            Err(error) => return Err(problem(self.source, error)),
        }
        Ok(true)
    }
}

/// Appends a row in channels of one byte, grey with alpha as RGB with alpha.
fn spread(row: &[u8], (colours, depth): (ColorType, BitDepth), out: &mut Vec<u8>) {
    let start = out.len();
    if depth == BitDepth::Sixteen {
        out.extend(row.chunks_exact(2).map(|value| narrowed(u16::from_be_bytes([value[0], value[1]]))));
    } else {
        out.extend_from_slice(row);
    }
    if colours == ColorType::GrayscaleAlpha {
        let pairs = out.split_off(start);
        out.extend(pairs.chunks_exact(2).flat_map(|pair| [pair[0], pair[0], pair[0], pair[1]]));
    }
}

/// The nearest byte: full scale stays full scale.
fn narrowed(value: u16) -> u8 {
    ((u32::from(value) * 255 + 32_767) / 65_535) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_become_the_nearest_eight() {
        for value in 0..=u16::MAX {
            let exact = f64::from(value) * 255.0 / 65_535.0;
            assert!((f64::from(narrowed(value)) - exact).abs() <= 0.5, "{value}");
        }
    }
}
