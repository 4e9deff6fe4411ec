//! What of a WAV's header is looked at before the demuxer sees it. Its rate and channels, because the demuxer computes
//! with them unchecked. And sizes that a stream left behind: whoever pipes a WAV does not know its length when it
//! writes the header, and leaves 0 or all ones there. Such a file is whole; it is read as if it said how much follows.

use std::io;

use crate::ReadAt;
use crate::source::read_up_to;

/// A source with a few of its bytes replaced.
pub(super) struct Mended<'s> {
    source: &'s dyn ReadAt,
    header: Header,
}

#[derive(Default)]
struct Header {
    shape: Option<Shape>,
    patches: Vec<(u64, [u8; 4])>,
}

/// What a WAV's header states.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) channels: u16,
    pub(super) sample_rate: u32,
    pub(super) bits: u16,
    /// What the samples are, by number.
    tag: u16,
}

/// Samples that are not coded at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PcmKind {
    Integer,
    Float,
}

impl Shape {
    /// By the contents of a `fmt ` chunk.
    pub(super) fn read(chunk: &[u8]) -> Option<Self> {
        const EXTENSIBLE: u16 = 0xFFFE;
        const SUB_FORMAT: usize = 24;
        let two = |at: usize| Some(u16::from_le_bytes(*chunk.get(at..)?.first_chunk()?));
        let four = |at: usize| Some(u32::from_le_bytes(*chunk.get(at..)?.first_chunk()?));
        let tag = match two(0)? {
            EXTENSIBLE => two(SUB_FORMAT).unwrap_or(EXTENSIBLE),
            tag => tag,
        };
        Some(Self { channels: two(2)?, sample_rate: four(4)?, bits: two(14).unwrap_or(0), tag })
    }

    /// The kind of plain samples that are in whole bytes.
    pub(super) fn pcm(&self) -> Option<PcmKind> {
        match (self.tag, self.bits) {
            (1, 16 | 24 | 32) => Some(PcmKind::Integer),
            (3, 32) => Some(PcmKind::Float),
            _ => None,
        }
    }
}

/// More chunks than this before the data are no sound file.
const MOST_CHUNKS: usize = 1000;

impl<'s> Mended<'s> {
    /// The source, with the sizes filled in where it is a WAV that has none.
    pub(super) fn new(source: &'s dyn ReadAt) -> io::Result<Self> {
        Ok(Self { source, header: header(source)? })
    }

    /// None when this is not a WAV.
    pub(super) fn shape(&self) -> Option<Shape> {
        self.header.shape
    }
}

fn header(source: &dyn ReadAt) -> io::Result<Header> {
    let mut header = Header::default();
    let mut start = [0; 12];
    if read_up_to(source, 0, &mut start)? < 12 || &start[..4] != b"RIFF" || &start[8..] != b"WAVE" {
        return Ok(header);
    }
    let mut offset = 12;
    for _ in 0..MOST_CHUNKS {
        let mut chunk = [0; 16];
        let filled = read_up_to(source, offset, &mut chunk)?;
        let [name @ .., a, b, c, d] = *chunk.first_chunk::<8>().expect("sixteen are more than eight");
        let size = u32::from_le_bytes([a, b, c, d]);
        match &name {
            _ if filled < 8 => break,
            b"fmt " if filled == 16 => header.shape = Shape::read(&chunk[8..]),
            b"data" => {
                header.patches = patches(source.len(), offset, size).unwrap_or_default();
                break;
            }
            _ => {}
        }
        offset += 8 + u64::from(size) + u64::from(size % 2);
    }
    Ok(header)
}

fn patches(length: u64, data_chunk: u64, stated: u32) -> Option<Vec<(u64, [u8; 4])>> {
    let real = length - (data_chunk + 8);
    let unknown = stated == 0 || stated == u32::MAX;
    if !unknown || real == 0 {
        return None;
    }
    // Past 4 GiB the size does not fit; all ones then makes the demuxer read to the end.
    let size = u32::try_from(real).unwrap_or(u32::MAX);
    Some(vec![(4, u32::MAX.to_le_bytes()), (data_chunk + 4, size.to_le_bytes())])
}

/// The chunks in which a WAV keeps tags, before the samples or behind them, by their names: `id3 ` holds ID3v2, `LIST` may
/// hold a list of the kind `INFO`.
pub(super) fn tag_chunks(source: &dyn ReadAt) -> io::Result<Vec<([u8; 4], Vec<u8>)>> {
    const LONGEST: u32 = 20 << 20;
    const MOST: usize = 4;
    let mut chunks = Vec::new();
    let mut start = [0; 12];
    if read_up_to(source, 0, &mut start)? < 12 || &start[..4] != b"RIFF" || &start[8..] != b"WAVE" {
        return Ok(chunks);
    }
    let mut offset = 12;
    for _ in 0..MOST_CHUNKS {
        let mut head = [0; 8];
        if chunks.len() == MOST || read_up_to(source, offset, &mut head)? < 8 {
            break;
        }
        let [name @ .., a, b, c, d] = head;
        let size = u32::from_le_bytes([a, b, c, d]);
        if [*b"id3 ", *b"ID3 ", *b"LIST"].contains(&name) {
            let left = source.len().saturating_sub(offset + 8);
            let mut chunk = vec![0; u64::from(size.min(LONGEST)).min(left) as usize];
            let filled = read_up_to(source, offset + 8, &mut chunk)?;
            chunk.truncate(filled);
            chunks.push((name, chunk));
        }
        offset += 8 + u64::from(size) + u64::from(size % 2);
    }
    Ok(chunks)
}

impl ReadAt for Mended<'_> {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read_at(offset, buffer)?;
        for (start, bytes) in &self.header.patches {
            for (position, byte) in (*start..).zip(bytes) {
                let index = position.checked_sub(offset).and_then(|index| usize::try_from(index).ok());
                if let Some(place) = index.and_then(|index| buffer[..length].get_mut(index)) {
                    *place = *byte;
                }
            }
        }
        Ok(length)
    }
}
