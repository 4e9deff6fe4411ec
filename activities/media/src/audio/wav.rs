//! WAV headers that a stream left behind: whoever pipes a WAV does not know its length when it writes the header, and
//! leaves 0 or all ones there. Such a file is whole; its header is read as if it said how much really follows.

use std::io;

use crate::ReadAt;
use crate::source::read_up_to;

/// A source with a few of its bytes replaced.
pub(super) struct Mended<'s> {
    source: &'s dyn ReadAt,
    patches: Vec<(u64, [u8; 4])>,
}

/// More chunks than this before the data are no sound file.
const MOST_CHUNKS: usize = 1000;

impl<'s> Mended<'s> {
    /// The source, with the sizes filled in where it is a WAV that has none.
    pub(super) fn new(source: &'s dyn ReadAt) -> io::Result<Self> {
        let patches = missing_sizes(source)?.unwrap_or_default();
        Ok(Self { source, patches })
    }
}

fn missing_sizes(source: &dyn ReadAt) -> io::Result<Option<Vec<(u64, [u8; 4])>>> {
    let mut header = [0; 12];
    if read_up_to(source, 0, &mut header)? < 12 || &header[..4] != b"RIFF" || &header[8..] != b"WAVE" {
        return Ok(None);
    }
    let mut offset = 12;
    for _ in 0..MOST_CHUNKS {
        let mut chunk = [0; 8];
        if read_up_to(source, offset, &mut chunk)? < 8 {
            return Ok(None);
        }
        let [a, b, c, d] = [chunk[4], chunk[5], chunk[6], chunk[7]];
        let size = u32::from_le_bytes([a, b, c, d]);
        if &chunk[..4] == b"data" {
            return Ok(patches(source.len(), offset, size));
        }
        offset += 8 + u64::from(size) + u64::from(size % 2);
    }
    Ok(None)
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
        for (start, bytes) in &self.patches {
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
