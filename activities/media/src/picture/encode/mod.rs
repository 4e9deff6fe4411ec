//! JPEG out. One that is shown from its top to its bottom is written by a coder of our own, straight from the planes:
//! [`forward`] makes their blocks coefficients, [`tokens`] those symbols, and [`codes`] the shortest codes for them; it needs
//! neither the memory nor the time of one that keeps all coefficients. One that is shown ever more sharply is written by
//! mozjpeg.

mod codes;
mod forward;
mod tokens;

use mozjpeg::{ColorSpace, Compress, Marker};

use crate::Problem;

use super::exif;
use super::jpeg::guarded;
use super::jpeg::marks::{
    BASELINE_FRAME, END_OF_IMAGE, EXIF, HUFFMAN_TABLES, JFIF, QUANTISERS, START_OF_IMAGE, START_OF_SCAN,
};
use super::rows::{Plane, Shape, byte_of};
use super::shown::Shown;

use self::codes::Codes;
use self::forward::Quantiser;
use self::tokens::{Component, Tokens};

/// How a JPEG is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) quality: u8,
    pub(super) progressive: bool,
}

/// A JPEG of light, or of light and colour, that says nothing but whose it is.
pub(super) fn encode(shown: &Shown, style: Style, copyright: Option<&str>) -> Result<Vec<u8>, Problem> {
    let copyright = copyright.and_then(exif::only_copyright);
    if style.progressive {
        ever_sharper(shown, style, copyright)
    } else {
        Ok(from_the_top(shown, style, copyright))
    }
}

fn from_the_top(shown: &Shown, style: Style, copyright: Option<Vec<u8>>) -> Vec<u8> {
    let planes = &shown.planes;
    let is_halved = shown.halve_colour && planes.len() > 1;
    let quantisers = [Quantiser::light(style.quality), Quantiser::colour(style.quality)];
    let component = |(number, plane)| {
        let table = usize::from(number > 0);
        let sampled = if number == 0 && is_halved { 2 } else { 1 };
        Component { plane, quantiser: &quantisers[table], sampled, table }
    };
    let components: Vec<_> = planes.iter().enumerate().map(component).collect();
    let tokens = Tokens::of(&components);
    let codes = tokens.codes();
    let tables = if planes.len() > 1 { 2 } else { 1 };
    let mut out = vec![0xFF, START_OF_IMAGE];
    segment(&mut out, JFIF, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    if let Some(block) = copyright {
        segment(&mut out, EXIF, &block);
    }
    for (number, quantiser) in (0..).zip(&quantisers[..tables]) {
        segment(&mut out, QUANTISERS, &[number].into_iter().chain(quantiser.steps()).collect::<Vec<u8>>());
    }
    segment(&mut out, BASELINE_FRAME, &frame(&components));
    for (number, of) in codes[..2 * tables].iter().enumerate() {
        let (table, is_ac) = (number / 2, number % 2);
        segment(&mut out, HUFFMAN_TABLES, &[vec![(is_ac << 4 | table) as u8], Codes::told(of)].concat());
    }
    segment(&mut out, START_OF_SCAN, &scan(&components));
    tokens.write(&codes, &mut out);
    out.extend([0xFF, END_OF_IMAGE]);
    out
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend([0xFF, marker]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
}

/// Components count from 1.
fn frame(components: &[Component<'_>]) -> Vec<u8> {
    let Plane { width, height, .. } = components[0].plane;
    let sides = [*height as u16, *width as u16].map(u16::to_be_bytes);
    let mut body = vec![8];
    body.extend(sides.as_flattened());
    body.push(components.len() as u8);
    for (number, of) in (1..).zip(components) {
        body.extend([number, (of.sampled << 4 | of.sampled) as u8, of.table as u8]);
    }
    body
}

fn scan(components: &[Component<'_>]) -> Vec<u8> {
    let mut body = vec![components.len() as u8];
    for (number, of) in (1..).zip(components) {
        body.extend([number, (of.table << 4 | of.table) as u8]);
    }
    body.extend([0, 63, 0]);
    body
}

fn ever_sharper(shown: &Shown, style: Style, copyright: Option<Vec<u8>>) -> Result<Vec<u8>, Problem> {
    let Shape { width, height, channels } = shown.shape();
    let is_grey = channels == 1;
    guarded(|| {
        let space = if is_grey { ColorSpace::JCS_GRAYSCALE } else { ColorSpace::JCS_YCbCr };
        let mut compress = Compress::new(space);
        // What mozjpeg would do beyond libjpeg-turbo makes a file a little smaller in many times the time.
        compress.set_fastest_defaults();
        compress.set_size(width as usize, height as usize);
        compress.set_quality(f32::from(style.quality));
        if !is_grey {
            let pixels = if shown.halve_colour { (2, 2) } else { (1, 1) };
            compress.set_chroma_sampling_pixel_sizes(pixels, pixels);
        }
        compress.set_raw_data_in(true);
        compress.set_optimize_coding(true);
        compress.set_progressive_mode();
        let mut started = compress.start_compress(Vec::new())?;
        if let Some(block) = copyright {
            started.write_marker(Marker::APP(1), &block);
        }
        let bytes = |plane: &Plane| plane.samples.iter().copied().map(byte_of).collect::<Vec<_>>();
        let planes: Vec<_> = shown.planes.iter().map(bytes).collect();
        if !started.write_raw_data(&planes.iter().map(Vec::as_slice).collect::<Vec<_>>()) {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        started.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::super::rows::Raster;
    use super::*;

    fn slope(width: u32, height: u32, channels: u8) -> Raster {
        let shape = Shape { width, height, channels };
        let byte = |at: usize| {
            let (pixel, channel) = (at / usize::from(channels), at % usize::from(channels));
            let (x, y) = (pixel % width as usize, pixel / width as usize);
            (x * 3 / (channel + 1) + y * 2 + 40 * channel) as u8
        };
        Raster { shape, bytes: (0..shape.bytes()).map(byte).map(|byte| 255 - byte.abs_diff(128)).collect() }
    }

    /// By libjpeg.
    fn decoded(jpeg: &[u8], channels: u8) -> Vec<u8> {
        let decompress = mozjpeg::Decompress::new_mem(jpeg).unwrap();
        let mut started =
            if channels == 1 { decompress.grayscale().unwrap() } else { decompress.rgb().unwrap() };
        let bytes = started.read_scanlines::<u8>().unwrap();
        started.finish().unwrap();
        bytes
    }

    fn apart(one: &[u8], other: &[u8]) -> f64 {
        assert_eq!(one.len(), other.len());
        one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / one.len() as f64
    }

    const STYLE: Style = Style { quality: 95, progressive: false };

    #[test]
    fn others_read_what_it_writes_whatever_its_sides() {
        for (width, height) in [(1, 1), (7, 9), (8, 8), (16, 16), (17, 33), (250, 127), (64, 1)] {
            for channels in [1, 3] {
                for halve_colour in [false, true] {
                    let picture = slope(width, height, channels);
                    let jpeg = encode(&Shown::of_raster(&picture, halve_colour), STYLE, None).unwrap();
                    let off = apart(&decoded(&jpeg, channels), &picture.bytes);
                    let most = if halve_colour && channels == 3 { 6.0 } else { 2.0 };
                    assert!(off < most, "{width} × {height} × {channels}, {halve_colour}: {off}");
                }
            }
        }
    }

    #[test]
    fn both_coders_write_the_same_picture_as_large_and_a_copyright() {
        let picture = slope(600, 400, 3);
        let shown = Shown::of_raster(&picture, true);
        let style = Style { quality: 80, ..STYLE };
        let ours = encode(&shown, style, Some("© 2026 Ada")).unwrap();
        let theirs = encode(&shown, Style { progressive: true, ..style }, Some("© 2026 Ada")).unwrap();
        let [one, other] = [&ours, &theirs].map(|jpeg| decoded(jpeg, 3));
        // Theirs is of planes of bytes, ours of what lies between them too.
        let (between, off) = (apart(&one, &other), [&one, &other].map(|seen| apart(seen, &picture.bytes)));
        assert!(between < 1.0 && off[0] < off[1] + 0.01, "{between} between them; {off:?} off");
        let (ours, theirs) = (ours.len() as f64, theirs.len() as f64);
        assert!((0.9..1.2).contains(&(ours / theirs)), "{ours} bytes and {theirs}");
    }

    #[test]
    fn quality_counts() {
        let shown = Shown::of_raster(&slope(300, 200, 3), true);
        let bytes = |quality| encode(&shown, Style { quality, ..STYLE }, None).unwrap().len();
        assert!(bytes(1) < bytes(40) && bytes(40) < bytes(80) && bytes(80) < bytes(100));
    }

    #[test]
    fn the_loudest_picture_there_is_is_written() {
        let shape = Shape { width: 64, height: 64, channels: 1 };
        let checks = (0..shape.bytes()).map(|at| if (at / 64 + at) % 2 == 0 { 0 } else { 255 }).collect();
        let picture = Raster { shape, bytes: checks };
        let jpeg = encode(&Shown::of_raster(&picture, false), Style { quality: 100, ..STYLE }, None).unwrap();
        assert!(apart(&decoded(&jpeg, 1), &picture.bytes) < 1.0);
    }
}
