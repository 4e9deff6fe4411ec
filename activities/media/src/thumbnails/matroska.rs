//! JPEGs with their times, as ffmpeg writes them into a pipe: the few elements of Matroska that it takes (RFC 9559), read
//! once from front to back. Several such streams may follow one another.

use std::io::{self, Read};

use crate::source::ReadAhead;
use crate::{Problem, ReadAt};

pub(super) struct Frame {
    pub(super) milliseconds: u64,
    pub(super) jpeg: Vec<u8>,
}

pub(super) struct Frames<'s> {
    source: ReadAhead<&'s dyn ReadAt>,
    cluster_milliseconds: u64,
}

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1F43_B675;
const TIMESTAMP: u32 = 0xE7;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const SIMPLE_BLOCK: u32 = 0xA3;

/// No JPEG of a frame, and nothing else in such a stream, is larger.
const LARGEST_ELEMENT: u64 = 32 << 20;

impl<'s> Frames<'s> {
    pub(super) fn new(source: &'s dyn ReadAt) -> Self {
        Self { source: ReadAhead::new(source), cluster_milliseconds: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Option<Frame>, Problem> {
        self.next_block().map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => Problem::corrupt(format!("what came of its film is {error}")),
            io::ErrorKind::UnexpectedEof => Problem::corrupt("what came of its film is cut off"),
            _ => Problem::source(&error),
        })
    }

    fn next_block(&mut self) -> io::Result<Option<Frame>> {
        loop {
            let Some(id) = self.id()? else { return Ok(None) };
            let size = self.size()?;
            match id {
                // What they hold is read as if it stood by itself.
                SEGMENT | CLUSTER | BLOCK_GROUP => {}
                TIMESTAMP => {
                    let bytes = self.body(size)?;
                    self.cluster_milliseconds =
                        bytes.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte));
                }
                BLOCK | SIMPLE_BLOCK => return self.body(size).and_then(|bytes| self.frame(bytes)).map(Some),
                _ => drop(self.body(size)?),
            }
        }
    }

    /// A block begins with the number of its track, its time within the cluster, and flags.
    fn frame(&self, mut bytes: Vec<u8>) -> io::Result<Frame> {
        const HEAD: usize = 4;
        let [track, a, b, _flags] = *bytes.first_chunk::<HEAD>().ok_or_else(|| garbled("no block"))?;
        if track & 0x80 == 0 {
            return Err(garbled("of more tracks than one"));
        }
        let within = i64::from(i16::from_be_bytes([a, b]));
        let milliseconds = self.cluster_milliseconds.saturating_add_signed(within);
        bytes.drain(..HEAD);
        Ok(Frame { milliseconds, jpeg: bytes })
    }

    /// An element's id, with the bits that tell its length; none at the end.
    fn id(&mut self) -> io::Result<Option<u32>> {
        let mut first = [0];
        if self.source.read(&mut first)? == 0 {
            return Ok(None);
        }
        let more = first[0].leading_zeros() as usize;
        if more > 3 {
            return Err(garbled("no Matroska"));
        }
        let mut rest = [0; 3];
        self.source.read_exact(&mut rest[..more])?;
        Ok(Some(rest[..more].iter().fold(u32::from(first[0]), |id, &byte| (id << 8) | u32::from(byte))))
    }

    /// None where it is not known.
    fn size(&mut self) -> io::Result<Option<u64>> {
        let mut first = [0];
        self.source.read_exact(&mut first)?;
        let more = first[0].leading_zeros() as usize;
        if more > 7 {
            return Err(garbled("no Matroska"));
        }
        let mut rest = [0; 7];
        self.source.read_exact(&mut rest[..more])?;
        let mask = 0x7F_u8 >> more;
        let unknown = first[0] & mask == mask && rest[..more].iter().all(|&byte| byte == 0xFF);
        let size =
            rest[..more].iter().fold(u64::from(first[0] & mask), |size, &byte| (size << 8) | u64::from(byte));
        Ok((!unknown).then_some(size))
    }

    fn body(&mut self, size: Option<u64>) -> io::Result<Vec<u8>> {
        let size =
            size.filter(|&size| size <= LARGEST_ELEMENT).ok_or_else(|| garbled("larger than it can be"))?;
        let mut bytes = vec![0; size as usize];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

fn garbled(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two streams, one behind the other: a cluster of known and one of unknown size.
    fn streams() -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend([0x1A, 0x45, 0xDF, 0xA3, 0x82, 1, 2]);
        bytes.extend([0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        bytes.extend([0x1F, 0x43, 0xB6, 0x75, 0x90, 0xE7, 0x82, 0x03, 0xE8]);
        bytes.extend([0xA3, 0x86, 0x81, 0, 5, 0x80, b'a', b'b']);
        bytes.extend([0x1A, 0x45, 0xDF, 0xA3, 0x80, 0x1F, 0x43, 0xB6, 0x75, 0xFF, 0xE7, 0x81, 7]);
        bytes.extend([0xA0, 0x87, 0xA1, 0x85, 0x81, 0xFF, 0xFF, 0, b'c']);
        bytes
    }

    #[test]
    fn frames_come_with_their_times() {
        let bytes = streams();
        let mut frames = Frames::new(&bytes);
        let mut found = Vec::new();
        while let Some(frame) = frames.next().unwrap() {
            found.push((frame.milliseconds, frame.jpeg));
        }
        assert_eq!(found, [(1005, b"ab".to_vec()), (6, b"c".to_vec())]);
    }

    #[test]
    fn what_is_cut_off_or_too_large_is_refused() {
        let bytes = streams();
        for length in [bytes.len() - 1, 9, 20, 30] {
            let cut = &bytes[..length];
            let source: &dyn ReadAt = &cut;
            let mut frames = Frames::new(source);
            while let Ok(Some(_)) = frames.next() {}
            assert!(matches!(Frames::new(source).collect_all(), Err(Problem::Corrupt { .. })), "{length}");
        }
        let large = [0xA3, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        let source: &dyn ReadAt = &large.as_slice();
        assert!(Frames::new(source).next().is_err());
    }

    impl Frames<'_> {
        fn collect_all(&mut self) -> Result<usize, Problem> {
            let mut count = 0;
            while self.next()?.is_some() {
                count += 1;
            }
            Ok(count)
        }
    }
}
