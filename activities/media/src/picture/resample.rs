//! Rows of one channel made fewer and shorter, or longer, by Lanczos: first what lies above each other becomes one row, then
//! that row becomes as long as wanted. Memory holds only the rows that the next one is made of.
//!
//! The same numbers are added in the same order on every processor, so that a picture is the same wherever it is made.

use std::f64::consts::PI;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::blocks::SIDE;
use super::rows::{PARTS, Plane, Sample};

/// How far Lanczos reaches to each side, in samples of the result.
pub(super) const REACH: f64 = 3.0;

/// Samples that are worked on at once.
const LANES: usize = 8;
/// Of a row, as many as there are registers for.
const PIECE: usize = 4 * LANES;

/// How samples along a line become others.
pub(super) struct Axis {
    /// The first sample that each of the result is made of.
    starts: Vec<usize>,
    /// How much each counts, `taps` for each of the result; nothing behind the last.
    weights: Vec<f32>,
    taps: usize,
    /// The most samples that one of the result is made of, which `taps` makes a multiple of [`LANES`].
    most: usize,
    from: usize,
}

/// A line: how many samples stand for it, and how far it reaches in them, which can be less than all of the last one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) samples: usize,
    pub(super) extent: f64,
}

impl Line {
    pub(super) fn whole(samples: u32) -> Self {
        Self { samples: samples as usize, extent: samples.into() }
    }

    /// Samples that stand for two each of so many.
    pub(super) fn half(samples: u32) -> Self {
        Self { samples: samples.div_ceil(2) as usize, extent: f64::from(samples) / 2.0 }
    }
}

impl Axis {
    pub(super) fn new(from: Line, to: Line) -> Self {
        let scale = from.extent / to.extent;
        let slope = 1.0 / scale.max(1.0);
        let reach = REACH / slope;
        let window = |number: usize| {
            let centre = (number as f64 + 0.5) * scale - 0.5;
            let start = (centre - reach).ceil().max(0.0) as usize;
            let end = ((centre + reach).floor() as usize + 1).min(from.samples);
            (centre, start.min(end.saturating_sub(1))..end)
        };
        let most = (0..to.samples).map(|number| window(number).1.len()).max().unwrap_or(1);
        let taps = most.next_multiple_of(LANES);
        let (mut starts, mut weights) = (Vec::with_capacity(to.samples), Vec::new());
        for number in 0..to.samples {
            let (centre, window) = window(number);
            starts.push(window.start);
            weights.extend(lanczos((window.start as f64 - centre) * slope, slope, window.len()));
            weights.resize(starts.len() * taps, 0.0);
        }
        Self { starts, weights, taps, most, from: from.samples }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    fn end(&self, number: usize) -> usize {
        (self.starts[number] + self.most).min(self.from)
    }

    /// The first of the result that needs no sample before `begin`.
    pub(super) fn first_from(&self, begin: usize) -> usize {
        self.starts.partition_point(|&start| start < begin)
    }

    fn weights(&self, number: usize) -> &[f32] {
        &self.weights[number * self.taps..][..self.taps]
    }
}

/// Lanczos at `count` places from `at` on, `step` apart; the sum of them is 1.
fn lanczos(at: f64, step: f64, count: usize) -> impl Iterator<Item = f32> {
    // Sines of angles that follow each other at equal distances come of each other by turning.
    let mut wave = (PI * at).sin_cos();
    let mut slow = (PI * at / REACH).sin_cos();
    let (turn, slow_turn) = ((PI * step).sin_cos(), (PI * step / REACH).sin_cos());
    let turned = |(sin, cos): (f64, f64), by: (f64, f64)| (sin * by.1 + cos * by.0, cos * by.1 - sin * by.0);
    let heights: Vec<f64> = (0..count)
        .map(|number| {
            let angle = PI * (at + number as f64 * step);
            let height = if angle.abs() < 1e-6 { 1.0 } else { REACH * wave.0 * slow.0 / (angle * angle) };
            (wave, slow) = (turned(wave, turn), turned(slow, slow_turn));
            height
        })
        .collect();
    let sum: f64 = heights.iter().sum();
    heights.into_iter().map(move |height| (height / sum) as f32)
}

/// Takes rows one after the other, and makes those of a part of the result.
pub(super) struct Resampler<'a> {
    across: &'a Axis,
    down: &'a Axis,
    /// Rows to be made.
    to_make: Range<usize>,
    /// The last rows that came, each at its number modulo how many there is room for.
    rows: Vec<f32>,
    room: usize,
    /// The number of the next row to come.
    next: usize,
    /// A row made of those above each other.
    line: Vec<f32>,
    /// The rows of the result, as a [`Plane`] has them.
    made: Vec<Sample>,
    made_stride: usize,
}

/// How rows come to a [`Resampler`].
pub(super) struct Coming {
    /// The number of the first.
    pub(super) first: usize,
    /// So many come at a time.
    pub(super) at_once: usize,
    /// So many samples are written to each, if more than it has.
    pub(super) width: usize,
}

impl<'a> Resampler<'a> {
    pub(super) fn new((across, down): (&'a Axis, &'a Axis), to_make: Range<usize>, coming: Coming) -> Self {
        let Coming { first: next, at_once, width } = coming;
        let room = (down.most + at_once).next_multiple_of(at_once);
        let stride = (across.from + across.taps).max(width).next_multiple_of(PIECE);
        let (rows, line) = (vec![0.0; room * stride], vec![0.0; stride]);
        let made_stride = Plane::stride_of(across.len() as u32);
        // With room for what a plane has below its last row.
        let made = Vec::with_capacity(to_make.len().next_multiple_of(SIDE) * made_stride);
        Self { across, down, to_make, rows, room, next, line, made, made_stride }
    }

    pub(super) fn stride(&self) -> usize {
        self.line.len()
    }

    /// Room for the next rows, and whatever lies behind the last of them.
    pub(super) fn room(&mut self) -> &mut [f32] {
        let stride = self.stride();
        &mut self.rows[self.next % self.room * stride..]
    }

    /// So many rows have come.
    pub(super) fn took(&mut self, count: usize) {
        self.next += count;
        Arch::new().dispatch(Make(self));
    }

    /// No row from this one on is to be made.
    pub(super) fn make_until(&mut self, end: usize) {
        self.to_make.end = end;
    }

    /// Whether all rows are made.
    pub(super) fn is_done(&self) -> bool {
        self.to_make.is_empty()
    }

    pub(super) fn into_made(self) -> Vec<Sample> {
        self.made
    }
}

struct Make<'r, 'a>(&'r mut Resampler<'a>);

impl WithSimd for Make<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(of) = self;
        let length = of.across.len();
        while !of.to_make.is_empty() && of.down.end(of.to_make.start) <= of.next {
            let number = of.to_make.start;
            let (stride, room) = (of.stride(), of.room);
            let first = of.down.starts[number];
            let rows = first..of.down.end(number);
            let rows: Vec<_> = rows.map(|row| &of.rows[row % room * stride..][..stride]).collect();
            above_each_other(&rows, of.down.weights(number), &mut of.line);
            let begin = of.made.len();
            of.made.resize(begin + of.made_stride, 0);
            along(simd, &of.line, of.across, &mut of.made[begin..][..length]);
            of.to_make.start += 1;
        }
    }
}

/// The weighted sum of rows.
#[inline(always)]
fn above_each_other(rows: &[&[f32]], weights: &[f32], line: &mut [f32]) {
    let (pieces, _) = line.as_chunks_mut::<PIECE>();
    for (number, piece) in pieces.iter_mut().enumerate() {
        let mut sum = [0.0; PIECE];
        for (row, weight) in rows.iter().zip(weights) {
            let (row, _) = row.as_chunks::<PIECE>();
            for (sum, sample) in sum.iter_mut().zip(&row[number]) {
                *sum += sample * weight;
            }
        }
        *piece = sum;
    }
}

/// A row as long as wanted.
#[inline(always)]
fn along<S: Simd>(simd: S, line: &[f32], across: &Axis, row: &mut [Sample]) {
    // Mostly the compiler knows how much a sample is made of.
    match across.taps / LANES {
        1 => along_pieces::<S, 1>(simd, line, across, row),
        2 => along_pieces::<S, 2>(simd, line, across, row),
        3 => along_pieces::<S, 3>(simd, line, across, row),
        _ => along_pieces::<S, 0>(simd, line, across, row),
    }
}

/// Each sample of so many pieces of [`LANES`]; zero stands for any number. No closures: those would be compiled by
/// themselves, for any processor.
#[inline(always)]
fn along_pieces<S: Simd, const PIECES: usize>(simd: S, line: &[f32], across: &Axis, row: &mut [Sample]) {
    let pieces = if PIECES == 0 { across.taps / LANES } else { PIECES };
    let (starts, last_starts) = across.starts.as_chunks::<LANES>();
    let (eights, last) = row.as_chunks_mut::<LANES>();
    let mut weights = across.weights.as_chunks::<LANES>().0.chunks_exact(pieces);
    for (samples, starts) in eights.iter_mut().zip(starts) {
        let mut products = [[0.0; LANES]; LANES];
        for lane in 0..LANES {
            let Some(weights) = weights.next() else { return };
            products[lane] = weighed(&line[starts[lane]..], weights);
        }
        to_samples(totals(simd, products), samples);
    }
    for ((sample, &start), weights) in last.iter_mut().zip(last_starts).zip(weights) {
        to_samples([total(weighed(&line[start..], weights))], std::array::from_mut(sample));
    }
}

/// What a sample of the result is the total of.
#[inline(always)]
fn weighed(line: &[f32], weights: &[[f32; LANES]]) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for (samples, weights) in line.as_chunks::<LANES>().0[..weights.len()].iter().zip(weights) {
        for lane in 0..LANES {
            sums[lane] += samples[lane] * weights[lane];
        }
    }
    sums
}

/// To the nearest, at the next end where they lie outside.
#[inline(always)]
fn to_samples<const COUNT: usize>(values: [f32; COUNT], samples: &mut [Sample; COUNT]) {
    /// Added to a small number, it leaves that number's [`PARTS`] at the bottom.
    const IN_PARTS: f32 = 8_388_608.0 / PARTS as f32;
    for (sample, value) in samples.iter_mut().zip(values) {
        let value = if value > 0.0 { value } else { 0.0 };
        let value = if value < 255.0 { value } else { 255.0 };
        *sample = (value + IN_PARTS).to_bits() as Sample;
    }
}

#[inline(always)]
fn total([a, b, c, d, e, f, g, h]: [f32; LANES]) -> f32 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// The total of each, added in the same order on every processor.
#[inline(always)]
fn totals<S: Simd>(simd: S, of: [[f32; LANES]; LANES]) -> [f32; LANES] {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = <dyn std::any::Any>::downcast_ref::<pulp::x86::V3>(&simd) {
        let [a, b, c, d, e, f, g, h] = of.map(pulp::cast);
        let add = |one, other| simd.avx._mm256_hadd_ps(one, other);
        let (low, high) = (add(add(a, b), add(c, d)), add(add(e, f), add(g, h)));
        let halves = (
            simd.avx._mm256_permute2f128_ps::<0x20>(low, high),
            simd.avx._mm256_permute2f128_ps::<0x31>(low, high),
        );
        return pulp::cast(simd.avx._mm256_add_ps(halves.0, halves.1));
    }
    let _any = simd;
    of.map(total)
}

/// A channel whose sides become as long as `wide` and `high` say.
pub(super) fn resampled(plane: &Plane, wide: (Line, Line), high: (Line, Line)) -> Plane {
    let (across, down) = (Axis::new(wide.0, wide.1), Axis::new(high.0, high.1));
    let coming = Coming { first: 0, at_once: 1, width: 0 };
    let mut resampler = Resampler::new((&across, &down), 0..down.len(), coming);
    for row in plane.rows() {
        for (to, &sample) in resampler.room().iter_mut().zip(row) {
            *to = f32::from(sample) / f32::from(PARTS);
        }
        resampler.took(1);
    }
    Plane::of_rows(across.len() as u32, down.len() as u32, resampler.into_made())
}

#[cfg(test)]
mod tests {
    use std::array::from_fn;

    use fast_image_resize::images::{Image, ImageRef};
    use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

    use super::super::rows::sample_of;
    use super::*;

    fn noise(width: u32, height: u32) -> Plane {
        let mut plane = Plane::blank(width, height);
        let stride = plane.stride();
        for (number, row) in plane.samples.chunks_exact_mut(stride).enumerate() {
            for (at, sample) in row.iter_mut().enumerate() {
                let number = (number * stride + at) as u32;
                *sample = sample_of((number.wrapping_mul(2_654_435_761) >> 23) as u8);
            }
        }
        plane
    }

    fn resized(plane: &Plane, width: u32, height: u32) -> Plane {
        let line = |from, to| (Line::whole(from), Line::whole(to));
        resampled(plane, line(plane.width, width), line(plane.height, height))
    }

    #[test]
    fn it_makes_what_another_makes() {
        let plane = noise(301, 203);
        for (width, height) in [(150, 101), (64, 200), (301, 50), (299, 203), (7, 5)] {
            let from = plane.to_raster().bytes;
            let source = ImageRef::new(301, 203, &from, PixelType::U8).unwrap();
            let mut theirs = Image::new(width, height, PixelType::U8);
            let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
            Resizer::new().resize(&source, &mut theirs, &options).unwrap();
            let ours = resized(&plane, width, height).to_raster().bytes;
            let most = ours.iter().zip(theirs.buffer()).map(|(a, b)| a.abs_diff(*b)).max();
            // They round between the two ways; we do not.
            assert!(ours.len() == theirs.buffer().len() && most <= Some(3), "{width} × {height}: {most:?}");
        }
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let plane = noise(77, 51);
        assert_eq!(resized(&plane, 77, 51).to_raster().bytes, plane.to_raster().bytes);
    }

    #[test]
    fn what_lies_between_two_bytes_is_not_rounded_to_either() {
        let mut stripes = Plane::blank(64, 64);
        let bytes = [100, 101].into_iter().cycle();
        stripes.samples.iter_mut().zip(bytes).for_each(|(sample, byte)| *sample = sample_of(byte));
        let grey = resized(&stripes, 32, 32);
        let inner = |row: &[Sample]| row[8..24].iter().all(|&sample| sample == 100 * PARTS + PARTS / 2);
        assert!(grey.rows().all(inner), "{:?}", grey.samples);
    }

    #[test]
    fn every_sample_of_a_result_weighs_one() {
        for (from, to) in [(100, 33), (33, 100), (5, 5), (1, 1), (1, 9), (9, 1), (3001, 2048)] {
            let axis = Axis::new(Line::whole(from), Line::whole(to));
            for number in 0..axis.len() {
                let sum: f32 = axis.weights(number).iter().sum();
                assert!((sum - 1.0).abs() < 1e-5, "{from} to {to}: {sum}");
                assert!(axis.starts[number] < from as usize);
            }
        }
    }

    #[test]
    fn a_half_line_lies_where_the_whole_one_does() {
        // Samples 0 and 1 of five stand for the first of three, the last alone for the third.
        let Line { samples, extent } = Line::half(5);
        assert_eq!((samples, extent), (3, 2.5));
        let whole = Axis::new(Line::whole(1000), Line::whole(100));
        let half = Axis::new(Line::half(1000), Line::half(100));
        let centre = |axis: &Axis, number: usize| {
            let at = (axis.starts[number]..).zip(axis.weights(number));
            at.map(|(at, weight)| (at as f32 + 0.5) * weight).sum::<f32>()
        };
        let between = (centre(&whole, 50) + centre(&whole, 51)) / 2.0;
        assert!(
            (centre(&half, 25) * 2.0 - between).abs() < 0.01,
            "colour lies between the two that it is of"
        );
    }

    #[test]
    fn every_processor_adds_in_the_same_order() {
        let lanes: [[f32; LANES]; LANES] =
            from_fn(|row| from_fn(|lane| (row as f32 - 3.3).powi(lane as i32)));
        struct Totals([[f32; LANES]; LANES]);
        impl WithSimd for Totals {
            type Output = [f32; LANES];

            fn with_simd<S: Simd>(self, simd: S) -> [f32; LANES] {
                totals(simd, self.0)
            }
        }
        assert_eq!(Arch::new().dispatch(Totals(lanes)), lanes.map(total));
    }
}
