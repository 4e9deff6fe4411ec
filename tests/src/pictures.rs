//! Pictures made from formulas, in every form a JPEG or PNG can have.

use std::borrow::Cow;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use anyhow::Result;
use media::picture::{Limits, MadeProxies, Order};
use media::{Answer, Job, Problem, Sink};
use mozjpeg::compress::CompressStarted;
use mozjpeg::{ColorSpace, Compress, Marker};

/// Pixels of as many channels as a picture may have, one byte each.
#[derive(Clone)]
pub struct Pixels {
    pub width: u32,
    pub height: u32,
    pub channels: usize,
    pub bytes: Vec<u8>,
}

impl Pixels {
    pub fn of(width: u32, height: u32, colour: impl Fn(f64, f64) -> [u8; 3]) -> Self {
        let mut bytes = Vec::with_capacity(width as usize * height as usize * 3);
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
                bytes.extend(colour(x / f64::from(width), y / f64::from(height)));
            }
        }
        Self { width, height, channels: 3, bytes }
    }

    /// Something with large shapes, fine structure and no symmetry, and the same at every size.
    pub fn scene(width: u32, height: u32) -> Self {
        Self::of(width, height, |x, y| {
            let wave = (x * 40.0).sin() * (y * 25.0).cos();
            let disc = if (x - 0.3).hypot(y - 0.25) < 0.15 { 80.0 } else { 0.0 };
            let level = |value: f64| value.clamp(0.0, 255.0) as u8;
            [
                level(60.0 + 150.0 * x + disc),
                level(200.0 - 120.0 * y + 25.0 * wave),
                level(90.0 + 60.0 * x * y),
            ]
        })
    }

    /// With grain, which nothing makes small: a file of it is long, and every part of it matters.
    pub fn grainy(&self) -> Self {
        let grain = |index: usize| {
            let mixed = (index as u32 ^ 0x9E37_79B9).wrapping_mul(0x85EB_CA6B);
            ((mixed ^ (mixed >> 13)).wrapping_mul(0xC2B2_AE35) >> 27) as u8
        };
        let bytes = self.bytes.iter().enumerate().map(|(index, byte)| byte.saturating_add(grain(index)));
        Self { bytes: bytes.collect(), ..*self }
    }

    /// The first channel alone.
    pub fn grey(&self) -> Self {
        let bytes = self.bytes.chunks_exact(self.channels).map(|pixel| pixel[0]).collect();
        Self { channels: 1, bytes, ..*self }
    }

    /// With a channel more.
    pub fn with(&self, value: impl Fn(usize) -> u8) -> Self {
        let pixels = self.bytes.chunks_exact(self.channels).enumerate();
        let bytes = pixels.flat_map(|(index, pixel)| [pixel, &[value(index)]].concat()).collect();
        Self { channels: self.channels + 1, bytes, ..*self }
    }

    /// How far apart two pictures of the same shape are, as the mean of all bytes.
    pub fn distance(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height, self.channels), (other.width, other.height, other.channels));
        let apart = self.bytes.iter().zip(&other.bytes).map(|(a, b)| f64::from(a.abs_diff(*b)));
        apart.sum::<f64>() / self.bytes.len() as f64
    }
}

/// How a JPEG is written here, and what accompanies it.
#[derive(Clone, Copy, Default)]
pub struct Jpeg<'p> {
    pub progressive: bool,
    /// Ink in the colours of television, as Adobe's programs store it: YCCK.
    pub ycck: bool,
    pub exif: Option<&'p [u8]>,
    pub profile: Option<&'p [u8]>,
}

impl Jpeg<'_> {
    /// One channel is grey, three are RGB, four are ink as Adobe stores it.
    pub fn bytes(self, pixels: &Pixels) -> Result<Vec<u8>> {
        let space = match pixels.channels {
            1 => ColorSpace::JCS_GRAYSCALE,
            3 => ColorSpace::JCS_RGB,
            _ => ColorSpace::JCS_CMYK,
        };
        let mut compress = Compress::new(space);
        compress.set_fastest_defaults();
        if self.ycck {
            compress.set_color_space(ColorSpace::JCS_YCCK);
        }
        compress.set_size(pixels.width as usize, pixels.height as usize);
        compress.set_quality(92.0);
        if self.progressive {
            compress.set_progressive_mode();
        }
        let mut started = compress.start_compress(Vec::new())?;
        if let Some(exif) = self.exif {
            started.write_marker(Marker::APP(1), &[b"Exif\0\0", exif].concat());
        }
        if let Some(profile) = self.profile {
            write_profile(&mut started, profile);
        }
        started.write_scanlines(&pixels.bytes)?;
        Ok(started.finish()?)
    }
}

/// As a JPEG carries it, in parts which are counted from one: libjpeg, and who reads by it, ignores any other profile.
pub fn write_profile<W: io::Write>(started: &mut CompressStarted<W>, profile: &[u8]) {
    const PART: usize = 65_519;
    let parts = profile.chunks(PART);
    let count = parts.len() as u8;
    for (number, part) in (1_u8..).zip(parts) {
        started.write_marker(Marker::APP(2), &[b"ICC_PROFILE\0", &[number, count][..], part].concat());
    }
}

/// EXIF that says how to turn a picture, and whose it is.
pub fn exif(orientation: u16, copyright: &str) -> Vec<u8> {
    let text = [copyright.as_bytes(), &[0]].concat();
    let mut block = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    block.extend([&[0x01, 0x12, 0, 3, 0, 0, 0, 1][..], &orientation.to_be_bytes(), &[0, 0]].concat());
    block.extend(
        [&[0x82, 0x98, 0, 2][..], &(text.len() as u32).to_be_bytes(), &38_u32.to_be_bytes()].concat(),
    );
    block.extend([0; 4]);
    block.extend(text);
    block
}

/// A PNG of these colours and depth; `bytes` is what its rows hold.
pub fn png(
    (width, height): (u32, u32),
    colours: png::ColorType,
    depth: png::BitDepth,
    bytes: &[u8],
    more: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>),
) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(colours);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::Fast);
    more(&mut encoder);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(bytes)?;
    writer.finish()?;
    Ok(file)
}

/// A PNG of eight bits a colour, and what accompanies it.
pub fn png_with(pixels: &Pixels, exif: Option<&[u8]>, profile: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut info = png::Info::with_size(pixels.width, pixels.height);
    info.color_type = png::ColorType::Rgb;
    info.bit_depth = png::BitDepth::Eight;
    info.exif_metadata = exif.map(Cow::Borrowed);
    info.icc_profile = profile.map(Cow::Borrowed);
    let mut file = Vec::new();
    let mut writer = png::Encoder::with_info(&mut file, info)?.write_header()?;
    writer.write_image_data(&pixels.bytes)?;
    writer.finish()?;
    Ok(file)
}

/// A PNG of one row that states other sides.
pub fn png_claiming(width: u32, height: u32, interlaced: bool) -> Result<Vec<u8>> {
    let mut file = png((1, 1), png::ColorType::Rgba, png::BitDepth::Eight, &[0; 4], |_| {})?;
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    file[28] = interlaced.into();
    let checksum = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&checksum.to_be_bytes());
    Ok(file)
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// A progressive JPEG that goes over its picture again and again.
pub fn jpeg_of_a_thousand_scans() -> Result<Vec<u8>> {
    let file = Jpeg { progressive: true, ..Jpeg::default() }.bytes(&Pixels::scene(64, 64))?;
    let scans: Vec<usize> =
        file.windows(2).enumerate().filter(|(_, it)| it == &[0xFF, 0xDA]).map(|(at, _)| at).collect();
    let (last, end) = (scans[scans.len() - 1], file.len() - 2);
    Ok([&file[..end], &file[last..end].repeat(1000), &file[end..]].concat())
}

/// A PNG that says it moves.
pub fn animated_png() -> Result<Vec<u8>> {
    png((10, 10), png::ColorType::Rgb, png::BitDepth::Eight, &[0; 300], |png| {
        png.set_animated(1, 0).expect("one frame is a number of frames");
    })
}

/// What a JPEG shows, decoded whole: grey as one channel, all else as RGB.
pub fn decoded(jpeg: &[u8]) -> Result<Pixels> {
    let decoder = mozjpeg::Decompress::new_mem(jpeg)?;
    let grey = decoder.components().len() == 1;
    let mut started = if grey { decoder.grayscale()? } else { decoder.rgb()? };
    let (width, height) = (started.width() as u32, started.height() as u32);
    let bytes = started.read_scanlines::<u8>()?;
    started.finish()?;
    Ok(Pixels { width, height, channels: if grey { 1 } else { 3 }, bytes })
}

/// Results in memory, one after the other.
#[derive(Default)]
pub struct Results(pub Vec<Vec<u8>>);

impl Results {
    fn last(&mut self) -> &mut Vec<u8> {
        if self.0.is_empty() {
            self.0.push(Vec::new());
        }
        self.0.last_mut().expect("it was just made")
    }
}

impl Sink for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.last().write(bytes)
    }

    fn next(&mut self) -> io::Result<()> {
        self.0.push(Vec::new());
        Ok(())
    }

    fn patch(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.last().patch(offset, bytes)
    }
}

/// What most people want.
pub fn order() -> Order {
    Order { sides: vec![2048, 1024], quality: 80, progressive: false, halve_colour: true, ground: [255; 3] }
}

/// Makes proxies in this very process.
pub fn proxies(source: &[u8], order: &Order) -> Result<(Vec<Vec<u8>>, MadeProxies), Problem> {
    let mut results = Results::default();
    let job = Job::Proxies { limits: Limits::default(), order: order.clone() };
    let answer =
        media::run(&job, NonZeroUsize::MIN, &source, &mut results, &mut |_| ControlFlow::Continue(()))?;
    let Answer::Proxies(made) = answer else { panic!("the answer to another question: {answer:?}") };
    Ok((results.0, made))
}
