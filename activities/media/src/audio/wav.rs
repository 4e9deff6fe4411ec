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
            b"fmt " if filled == 16 => header.shape = Some(shape(&chunk)),
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

fn shape(chunk: &[u8; 16]) -> Shape {
    let [.., c0, c1, r0, r1, r2, r3] = *chunk;
    Shape { channels: u16::from_le_bytes([c0, c1]), sample_rate: u32::from_le_bytes([r0, r1, r2, r3]) }
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
