//! Channels side by side into interleaved samples of whole bytes.

use super::head::Layout;
use super::lanes::{LANES, Lanes, Row};

/// Left and right out of what was written in their place, in the lanes of this pair.
#[inline(always)]
pub(super) fn unblend(layout: Layout, rows: &mut [Row], pair: usize) {
    match layout {
        Layout::Independent => {}
        Layout::LeftSide => {
            for row in rows {
                let [left, side] = of(row, pair);
                *side = left.wrapping_sub(*side);
            }
        }
        Layout::SideRight => {
            for row in rows {
                let [side, right] = of(row, pair);
                *side = side.wrapping_add(*right);
            }
        }
        Layout::MidSide => {
            for row in rows {
                let [mid, side] = of(row, pair);
                // Halving the sum has lost its last bit, which is that of the difference too.
                let sum = mid.wrapping_shl(1) | *side & 1;
                (*mid, *side) = (sum.wrapping_add(*side) >> 1, sum.wrapping_sub(*side) >> 1);
            }
        }
    }
}

#[inline(always)]
fn of(row: &mut Row, pair: usize) -> &mut [i32; 2] {
    let [first, second] = row.as_chunks_mut().0 else { unreachable!("four lanes are two pairs") };
    if pair == 0 { first } else { second }
}

/// A frame's channels, the first of which is in lane `first`, counted over all lanes.
pub(super) struct Channels<'l> {
    pub(super) lanes: &'l [Lanes],
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Channels<'_> {
    /// Fills `bytes` with all samples, in `width` bytes each.
    #[inline(always)]
    pub(super) fn weave(&self, width: usize, bytes: &mut [u8]) {
        match width {
            1 => self.woven::<1>(bytes),
            2 => self.woven::<2>(bytes),
            _ => self.woven::<3>(bytes),
        }
    }

    #[inline(always)]
    fn woven<const WIDTH: usize>(&self, bytes: &mut [u8]) {
        let places = bytes.as_chunks_mut::<WIDTH>().0;
        if self.count == 2 {
            let pairs = places.as_chunks_mut::<2>().0.iter_mut();
            for (places, row) in pairs.zip(&self.lanes[0].rows) {
                let [left, right] = row.as_chunks::<2>().0[self.first / 2];
                *places = [low(left), low(right)];
            }
            return;
        }
        for channel in 0..self.count {
            let (of, lane) = ((self.first + channel) / LANES, (self.first + channel) % LANES);
            let places = places.iter_mut().skip(channel).step_by(self.count);
            for (place, row) in places.zip(&self.lanes[of].rows) {
                *place = low(row[lane]);
            }
        }
    }
}

/// The lowest bytes of a sample, the lowest first.
#[inline(always)]
fn low<const WIDTH: usize>(sample: i32) -> [u8; WIDTH] {
    *sample.to_le_bytes().first_chunk().expect("a sample has four bytes")
}
