//! The MD5 that a FLAC states of its samples. Half of what reading one back costs is this: each of its 64 steps waits for the
//! one before, and nothing of it can be done side by side. What a step adds that does not hang on the step before is added
//! first, so that the next waits for less than in the crate `md-5`, which is the tests' peer.

use std::array::from_fn;
use std::hint::black_box;

const BLOCK: usize = 64;
/// The length of what was hashed stands in so many bytes at the end.
const LENGTH: usize = 8;

/// What is added at each step: the integer part of 2^32 times the sine of its number, without its sign.
const SINES: [[u32; 16]; 4] = [
    [
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    ],
    [
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    ],
    [
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    ],
    [
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
    ],
];

pub(super) struct Md5 {
    state: [u32; 4],
    /// What has not filled a block yet.
    begun: [u8; BLOCK],
    length: u64,
}

impl Md5 {
    pub(super) fn new() -> Self {
        let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
        Self { state, begun: [0; BLOCK], length: 0 }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        let begun = self.begun();
        self.length += bytes.len() as u64;
        if begun > 0 {
            let (filling, rest) = bytes.split_at(bytes.len().min(BLOCK - begun));
            self.begun[begun..][..filling.len()].copy_from_slice(filling);
            if begun + filling.len() < BLOCK {
                return;
            }
            blocks(&mut self.state, &[self.begun]);
            bytes = rest;
        }
        let (whole, rest) = bytes.as_chunks();
        blocks(&mut self.state, whole);
        self.begun[..rest.len()].copy_from_slice(rest);
    }

    pub(super) fn finish(mut self) -> [u8; 16] {
        const END: [u8; BLOCK] = {
            let mut end = [0; BLOCK];
            end[0] = 0x80;
            end
        };
        let bits = self.length.wrapping_mul(8).to_le_bytes();
        let begun = self.begun();
        let fill = if begun < BLOCK - LENGTH { BLOCK - LENGTH } else { 2 * BLOCK - LENGTH } - begun;
        self.update(&END[..fill]);
        self.update(&bits);
        let mut sum = [0; 16];
        for (place, word) in sum.as_chunks_mut().0.iter_mut().zip(self.state) {
            *place = word.to_le_bytes();
        }
        sum
    }

    /// How much of a block is there.
    fn begun(&self) -> usize {
        (self.length % BLOCK as u64) as usize
    }
}

/// What a step adds beside its word: what does not hang on the step before, and what does.
type Parts = (u32, u32);

fn blocks(state: &mut [u32; 4], blocks: &[[u8; BLOCK]]) {
    // The compiler does not know that masking by it changes nothing, and so leaves in their order what is masked and the rest.
    let all = black_box(u32::MAX);
    for block in blocks {
        let (words, _) = block.as_chunks();
        let words = from_fn(|at| u32::from_le_bytes(words[at]));
        let mut next = *state;
        round(&mut next, &words, &SINES[0], [7, 12, 17, 22], |at| at, all, |b, c, d| (0, d ^ (b & (c ^ d))));
        round(&mut next, &words, &SINES[1], [5, 9, 14, 20], |at| 5 * at + 1, all, |b, c, d| (c & !d, b & d));
        round(
            &mut next,
            &words,
            &SINES[2],
            [4, 11, 16, 23],
            |at| 3 * at + 5,
            all,
            |b, c, d| (0, b ^ ((c ^ d) & all)),
        );
        round(&mut next, &words, &SINES[3], [6, 10, 15, 21], |at| 7 * at, all, |b, c, d| (0, c ^ (b | !d)));
        for (state, next) in state.iter_mut().zip(next) {
            *state = state.wrapping_add(next);
        }
    }
}

#[inline(always)]
fn round(
    [a, b, c, d]: &mut [u32; 4],
    words: &[u32; 16],
    sines: &[u32; 16],
    turns: [u32; 4],
    word: impl Fn(usize) -> usize,
    all: u32,
    parts: impl Fn(u32, u32, u32) -> Parts,
) {
    let step = |at: usize, a: u32, b: u32, c: u32, d: u32| {
        let (early, late) = parts(b, c, d);
        let early = a.wrapping_add(sines[at]).wrapping_add(words[word(at) % 16]).wrapping_add(early);
        (early & all).wrapping_add(late).rotate_left(turns[at % 4]).wrapping_add(b)
    };
    let mut four = |at: usize| {
        *a = step(at, *a, *b, *c, *d);
        *d = step(at + 1, *d, *a, *b, *c);
        *c = step(at + 2, *c, *d, *a, *b);
        *b = step(at + 3, *b, *c, *d, *a);
    };
    // Written out, because a loop is not unrolled as far.
    four(0);
    four(4);
    four(8);
    four(12);
}

#[cfg(test)]
mod tests {
    use md5::Digest;

    use super::*;

    /// Of every length around a block's, in pieces of every length.
    #[test]
    fn it_is_what_another_makes() {
        let bytes: Vec<u8> = (0..1000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for length in (0..200).chain([1000]) {
            for piece in [1, 7, 55, 63, 64, 65, 130, 1000] {
                let mut ours = Md5::new();
                bytes[..length].chunks(piece).for_each(|piece| ours.update(piece));
                let theirs: [u8; 16] = md5::Md5::digest(&bytes[..length]).into();
                assert_eq!(ours.finish(), theirs, "{length} bytes in pieces of {piece}");
            }
        }
    }
}
