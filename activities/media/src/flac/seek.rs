//! The seek table: where a player finds the sound of every ten seconds. Its place is kept free in front of the frames,
//! and filled when they are written.

/// Seconds between two points.
const APART: u64 = 10;
/// The points for a sound whose length nobody knows: for an hour, and further apart when it is longer.
const UNKNOWN: u64 = 360;
/// The most points: what fits well into the part of the result that can be patched.
const MOST: u64 = 16_384;
/// The bytes of a point.
const POINT: usize = 18;

#[derive(Clone, Copy)]
struct Point {
    sample: u64,
    /// From the first frame's first byte to the one of the frame with this sample.
    offset: u64,
    length: u16,
}

pub(super) struct SeekTable {
    room: usize,
    /// Samples between two points.
    apart: u64,
    points: Vec<Point>,
}

impl SeekTable {
    pub(super) fn new(sample_rate: u32, total: Option<u64>) -> Self {
        let apart = APART * u64::from(sample_rate);
        let room = total.map_or(UNKNOWN, |total| total.div_ceil(apart)).clamp(1, MOST) as usize;
        Self { room, apart, points: Vec::new() }
    }

    /// A frame that begins with `sample` and holds `length`, at this offset.
    pub(super) fn frame(&mut self, sample: u64, length: u16, offset: u64) {
        if self.points.len() == self.room && self.is_due(sample, length) {
            self.thin_out();
        }
        if self.points.len() < self.room && self.is_due(sample, length) {
            self.points.push(Point { sample, offset, length });
        }
    }

    fn is_due(&self, sample: u64, length: u16) -> bool {
        sample + u64::from(length) > self.points.len() as u64 * self.apart
    }

    /// Every second point goes, and those to come are twice as far apart.
    fn thin_out(&mut self) {
        self.apart *= 2;
        let mut number = 0;
        self.points.retain(|_| {
            number += 1;
            number % 2 == 1
        });
    }

    /// The block's contents: the points, and placeholders for those that did not come.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.room * POINT);
        for point in &self.points {
            bytes.extend_from_slice(&point.sample.to_be_bytes());
            bytes.extend_from_slice(&point.offset.to_be_bytes());
            bytes.extend_from_slice(&point.length.to_be_bytes());
        }
        for _ in self.points.len()..self.room {
            bytes.extend_from_slice(&u64::MAX.to_be_bytes());
            bytes.extend_from_slice(&[0; POINT - 8]);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(table: &SeekTable) -> Vec<u64> {
        table.points.iter().map(|point| point.sample).collect()
    }

    fn filled(rate: u32, total: Option<u64>, seconds: u64) -> SeekTable {
        let mut table = SeekTable::new(rate, total);
        for frame in 0..(seconds * u64::from(rate)).div_ceil(4096) {
            table.frame(frame * 4096, 4096, frame * 1000);
        }
        table
    }

    #[test]
    fn points_stand_at_the_frames_of_every_ten_seconds() {
        let table = filled(44_100, Some(44_100 * 35), 35);
        assert_eq!(samples(&table), [0, 107 * 4096, 215 * 4096, 322 * 4096]);
        assert!(table.points.iter().all(|point| point.offset == point.sample / 4096 * 1000));
        assert_eq!(table.bytes().len(), 4 * POINT);
    }

    #[test]
    fn what_is_longer_than_expected_has_points_further_apart() {
        let table = filled(8_000, Some(8_000 * 40), 170);
        assert!(table.points.len() <= 4 && table.bytes().len() == 4 * POINT);
        assert!(samples(&table).is_sorted() && samples(&table).last() > Some(&(8_000 * 80)));
        let short = filled(8_000, None, 15);
        assert_eq!(short.points.len(), 2);
        assert_eq!(short.bytes()[2 * POINT..][..8], [0xFF; 8]);
    }
}
