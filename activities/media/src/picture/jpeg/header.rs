//! The markers before a JPEG's pixels, and how often it goes over them. libjpeg would read them too, but makes room for
//! what they claim before anybody can say no.

use std::io::{BufRead, BufReader, Read};

use crate::source::{ReadAhead, Watched};
use crate::{Problem, ReadAt};

use super::super::exif;
use super::super::header::{Header, MOST_METADATA};
use super::super::{Colours, Kind, Limits, Picture, Turn};
use super::marks::{ALONE, END_OF_IMAGE, EXIF, HUFFMAN_TABLES, PROFILE, START_OF_SCAN, TEMPORARY};

/// More markers than this before the pixels are no picture that anybody has taken.
const MOST_MARKERS: usize = 4096;

pub(in super::super) fn read(source: &dyn ReadAt, limits: &Limits) -> Result<Header, Problem> {
    let watched = Watched::new(source);
    let walk = Walk { reader: BufReader::new(ReadAhead::new(&watched)), found: Found::default() };
    let read = walk.read(limits);
    match watched.failure() {
        Some(why) => Err(Problem::SourceFailed { why }),
        None => read,
    }
}

#[derive(Default)]
struct Found {
    frame: Option<Frame>,
    exif: Option<Vec<u8>>,
    /// Parts of the profile by their numbers, which count from 1.
    profile: Vec<(u8, Vec<u8>)>,
}

#[derive(Clone, Copy)]
struct Frame {
    width: u32,
    height: u32,
    components: u8,
    bits: u8,
    progressive: bool,
    /// How many samples of all components there are for each of the largest component, times 256.
    density: u64,
}

impl Frame {
    /// How many bytes libjpeg keeps for the whole picture, at two for each coefficient.
    fn coefficients(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * self.density * 2 / 256
    }
}

struct Walk<R> {
    reader: R,
    found: Found,
}

impl<R: BufRead> Walk<R> {
    fn read(mut self, limits: &Limits) -> Result<Header, Problem> {
        self.byte()?;
        self.byte()?;
        for _ in 0..MOST_MARKERS {
            let marker = self.marker()?;
            match marker {
                START_OF_SCAN => return self.start_of_scan(limits),
                END_OF_IMAGE => return Err(Problem::corrupt("it ends before its pixels begin")),
                alone if alone == TEMPORARY || ALONE.contains(&alone) => {}
                _ => self.segment(marker, limits)?,
            }
        }
        Err(Problem::corrupt("there is no end to the markers before its pixels"))
    }

    fn segment(&mut self, marker: u8, limits: &Limits) -> Result<(), Problem> {
        let length = self.length()?;
        match marker {
            // DHT, JPG and DAC lie among the frame headers.
            0xC0..=0xCF if ![HUFFMAN_TABLES, 0xC8, 0xCC].contains(&marker) => {
                let body = self.body(length)?;
                let frame = frame(marker, &body)?;
                limits.check_sides(frame.width, frame.height)?;
                if self.found.frame.replace(frame).is_some() {
                    return Err(Problem::corrupt("it has two frame headers"));
                }
            }
            EXIF => {
                let body = self.body(length)?;
                if let Some(block) = body.strip_prefix(b"Exif\0\0") {
                    self.found.exif.get_or_insert_with(|| block.to_vec());
                }
            }
            PROFILE => {
                let body = self.body(length)?;
                let kept: usize = self.found.profile.iter().map(|(_, part)| part.len()).sum();
                if let Some([number, _count, part @ ..]) = body.strip_prefix(b"ICC_PROFILE\0")
                    && kept + part.len() <= MOST_METADATA
                {
                    self.found.profile.push((*number, part.to_vec()));
                }
            }
            _ => self.skip(length)?,
        }
        Ok(())
    }

    fn start_of_scan(mut self, limits: &Limits) -> Result<Header, Problem> {
        let frame = self.found.frame.ok_or_else(|| Problem::corrupt("its pixels come before its header"))?;
        let length = self.length()?;
        let scan = self.body(length)?;
        if frame.progressive || scan.first().is_none_or(|&count| count < frame.components) {
            limits.check_whole(frame.coefficients(), "a progressive JPEG")?;
            self.count_scans(limits.scans)?;
        }
        let Found { exif, mut profile, .. } = self.found;
        let (turn, copyright) = exif.as_deref().map_or((Turn::NONE, None), exif::read);
        profile.sort_by_key(|(number, _)| *number);
        let profile = (!profile.is_empty()).then(|| profile.into_iter().flat_map(|(_, part)| part).collect());
        let picture = Picture {
            kind: Kind::Jpeg,
            width: frame.width,
            height: frame.height,
            colours: match frame.components {
                1 => Colours::Grey,
                3 => Colours::Rgb,
                _ => Colours::Cmyk,
            },
            has_alpha: false,
            bits_per_channel: frame.bits,
            turn,
            has_profile: profile.is_some(),
        };
        Ok(Header { picture, profile, copyright })
    }

    /// Every scan is a pass over the whole picture, however few bytes it takes.
    fn count_scans(&mut self, most: u32) -> Result<(), Problem> {
        let mut scans = 1;
        loop {
            let Some(marker) = self.next_marker_in_scan()? else { return Ok(()) };
            match marker {
                END_OF_IMAGE => return Ok(()),
                START_OF_SCAN => scans += 1,
                _ => {}
            }
            if scans > most {
                let what = format!("a progressive JPEG of more than {most} scans");
                return Err(super::super::too_large(what));
            }
            let length = self.length()?;
            self.skip(length)?;
        }
    }

    /// The next marker that begins something new, among coded bytes; none where the file ends.
    fn next_marker_in_scan(&mut self) -> Result<Option<u8>, Problem> {
        loop {
            let buffer = self.reader.fill_buf().map_err(|error| Problem::source(&error))?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let Some(at) = buffer.iter().position(|&byte| byte == 0xFF) else {
                let whole = buffer.len();
                self.reader.consume(whole);
                continue;
            };
            self.reader.consume(at + 1);
            let mut code = [0xFF];
            while code == [0xFF] {
                if self.reader.read(&mut code).map_err(|error| Problem::source(&error))? == 0 {
                    return Ok(None);
                }
            }
            // A stuffed zero, and the marks at which a decoder may take up again, are part of the coded bytes.
            if ![0x00, 0x01].contains(&code[0]) && !(0xD0..=0xD8).contains(&code[0]) {
                return Ok(Some(code[0]));
            }
        }
    }

    /// The next marker's code; what lies before it is not looked at, as decoders do.
    fn marker(&mut self) -> Result<u8, Problem> {
        while self.byte()? != 0xFF {}
        loop {
            match self.byte()? {
                0xFF => {}
                code => return Ok(code),
            }
        }
    }

    /// How long a segment's body is.
    fn length(&mut self) -> Result<usize, Problem> {
        let length = usize::from(u16::from_be_bytes([self.byte()?, self.byte()?]));
        length.checked_sub(2).ok_or_else(|| Problem::corrupt("one of its segments is shorter than nothing"))
    }

    fn body(&mut self, length: usize) -> Result<Vec<u8>, Problem> {
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).map_err(|_short| cut())?;
        Ok(body)
    }

    fn skip(&mut self, length: usize) -> Result<(), Problem> {
        let skipped = std::io::copy(&mut self.reader.by_ref().take(length as u64), &mut std::io::sink());
        match skipped.map_err(|error| Problem::source(&error))? {
            whole if whole == length as u64 => Ok(()),
            _ => Err(cut()),
        }
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte).map_err(|_short| cut())?;
        Ok(byte[0])
    }
}

fn cut() -> Problem {
    Problem::corrupt("it ends in the middle of its header")
}

fn frame(marker: u8, body: &[u8]) -> Result<Frame, Problem> {
    let &[bits, y1, y0, x1, x0, components, ..] = body else { return Err(cut()) };
    let frame = Frame {
        width: u32::from(u16::from_be_bytes([x1, x0])),
        height: u32::from(u16::from_be_bytes([y1, y0])),
        components,
        bits,
        progressive: matches!(marker, 0xC2 | 0xCA),
        density: density(&body[6..]),
    };
    match (marker, bits, components) {
        (0xC0..=0xC2, 8, 1 | 3 | 4) => Ok(frame),
        (0xC9 | 0xCA, ..) => Err(Problem::unsupported("a JPEG with arithmetic coding")),
        (0xC0..=0xC2, 8, _) => Err(Problem::unsupported(format!("a JPEG with {components} colour channels"))),
        (0xC0..=0xC2, ..) => Err(Problem::unsupported(format!("a JPEG of {bits} bits"))),
        _ => Err(Problem::unsupported("a lossless or hierarchical JPEG")),
    }
}

/// Components follow each other by three bytes, of which the second holds how often each is sampled, across and down.
fn density(components: &[u8]) -> u64 {
    let sampled = components.chunks_exact(3).map(|it| u64::from(it[1] >> 4) * u64::from(it[1] & 15));
    let (most, all) = (sampled.clone().max().unwrap_or(1).max(1), sampled.sum::<u64>());
    all * 256 / most
}
