//! One channel of a frame: what could stand for it, which of that is the shortest, and how it is written.

use super::bits::Bits;
use super::effort::Effort;
use super::lpc::{Ladder, Weighted, log2};
use super::plane::{LEAD, Plane};
use super::predict::{self, Predictor};
use super::rice::{self, Partitions, Sums};
use super::window::Windows;

/// How a channel is written.
#[derive(Clone, Debug)]
enum Model {
    /// Every sample is the first one.
    Constant,
    /// Sample by sample.
    Verbatim,
    Fixed {
        order: usize,
    },
    Linear(Predictor),
}

/// A channel of a frame, and the best way to write it that was found so far.
#[derive(Default)]
pub(super) struct Subframe {
    pub(super) plane: Plane,
    ladder: Ladder,
    fixed: Option<(usize, f64)>,
    best: Best,
    /// What the best model leaves over, and room to try another.
    left: Vec<u32>,
    trial: Vec<u32>,
}

struct Best {
    model: Model,
    partitions: Option<Partitions>,
    bits: u64,
}

impl Default for Best {
    fn default() -> Self {
        Self { model: Model::Verbatim, partitions: None, bits: u64::MAX }
    }
}

/// What all channels share: windows and room for what is computed.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) windows: Windows,
    weighted: Weighted,
    sums: Sums,
}

impl Subframe {
    /// About how many bits this channel is going to take, by its predictors' errors alone.
    #[inline(always)]
    pub(super) fn estimate(&mut self, effort: &Effort, desk: &mut Desk) -> f64 {
        self.plane.survey();
        if self.plane.constant {
            return f64::from(self.plane.bits);
        }
        self.estimate_fixed(effort);
        let fixed = self.fixed.map_or(f64::INFINITY, |(_, bits)| bits);
        self.climb(effort, desk, 0).map_or(fixed, |(_, bits)| bits.min(fixed))
    }

    /// The fixed predictor that promises the fewest bits.
    #[inline(always)]
    fn estimate_fixed(&mut self, effort: &Effort) {
        let length = self.plane.sound().len();
        self.fixed = None;
        if !effort.fixed || length < 8 {
            return;
        }
        let errors = predict::fixed_errors(&self.plane.samples);
        self.fixed = (0..errors.len())
            .map(|order| {
                let mean = errors[order] as f64 / (length - 4) as f64 * std::f64::consts::LN_2;
                let each = if mean > 1e-300 { log2(mean).max(0.0) } else { 0.0 };
                (order, each * (length - order) as f64 + (order as u32 * self.plane.bits) as f64)
            })
            .min_by(|(_, a), (_, b)| a.total_cmp(b));
    }

    /// Makes the ladder of predictors for one window. Answers the rung that promises the fewest bits, and how many.
    #[inline(always)]
    fn climb(&mut self, effort: &Effort, desk: &mut Desk, window: usize) -> Option<(usize, f64)> {
        let Self { plane, ladder, .. } = self;
        let length = plane.sound().len();
        let order = effort.order.min(length.saturating_sub(1));
        desk.weighted.weigh(&plane.samples, desk.windows.get(window));
        ladder.climb(&desk.weighted.autocorrelation(order), order);
        let per_order = plane.bits + effort.precision(plane.bits);
        ladder.best(length, 1.0 / desk.windows.energy(window), per_order)
    }

    /// Finds the best way to write this channel, and answers its bits. The windows from the second on are tried only if
    /// [`Subframe::estimate`] was called for the first.
    #[inline(always)]
    pub(super) fn settle(&mut self, effort: &Effort, desk: &mut Desk) -> u64 {
        let length = self.plane.sound().len();
        let bits = u64::from(self.plane.bits);
        self.best = Best { model: Model::Verbatim, partitions: None, bits: bits * length as u64 };
        if self.plane.constant {
            self.best = Best { model: Model::Constant, partitions: None, bits };
            return bits;
        }
        for room in [&mut self.left, &mut self.trial] {
            room.clear();
            room.resize(length, 0);
        }
        let per_order = self.plane.bits + effort.precision(self.plane.bits);
        let mut promised = self.fixed.map_or(f64::INFINITY, |(_, bits)| bits);
        for window in 0..effort.shapes.len() {
            let rung = if window == 0 {
                self.ladder.best(length, 1.0 / desk.windows.energy(0), per_order)
            } else {
                self.climb(effort, desk, window)
            };
            let Some((order, bits)) = rung else { continue };
            promised = promised.min(bits);
            if let Some(predictor) = self.ladder.predictor(order, effort.precision(self.plane.bits)) {
                self.try_linear(predictor, effort, &mut desk.sums);
            }
        }
        if let Some((order, bits)) = self.fixed
            && (bits <= promised * effort.fixed_if || matches!(self.best.model, Model::Verbatim))
        {
            self.try_fixed(order, effort, &mut desk.sums);
        }
        self.best.bits
    }

    #[inline(always)]
    fn try_linear(&mut self, predictor: Predictor, effort: &Effort, sums: &mut Sums) {
        let Plane { samples, peak, bits, .. } = &self.plane;
        if !predict::linear(samples, *peak, &predictor, &mut self.trial) {
            return;
        }
        let order = predictor.order;
        let partitions = rice::plan(&self.trial, order, effort.finest, sums);
        let head = order as u64 * u64::from(bits + predictor.precision) + 9;
        self.take_if_shorter(Model::Linear(predictor), partitions, head);
    }

    #[inline(always)]
    fn try_fixed(&mut self, order: usize, effort: &Effort, sums: &mut Sums) {
        predict::fixed(&self.plane.samples, order, &mut self.trial);
        let partitions = rice::plan(&self.trial, order, effort.finest, sums);
        let head = order as u64 * u64::from(self.plane.bits);
        self.take_if_shorter(Model::Fixed { order }, partitions, head);
    }

    fn take_if_shorter(&mut self, model: Model, partitions: Partitions, head: u64) {
        let bits = partitions.bits + head;
        if bits < self.best.bits {
            self.best = Best { model, partitions: Some(partitions), bits };
            std::mem::swap(&mut self.left, &mut self.trial);
        }
    }

    /// Writes what [`Subframe::settle`] has found.
    #[inline(always)]
    pub(super) fn write(&self, bits: &mut Bits) {
        let plane = &self.plane;
        let verbatim = u64::from(plane.bits) * plane.sound().len() as u64;
        // A plan is at most a bit for each sample longer than it promises.
        bits.reserve(verbatim + self.best.bits + plane.sound().len() as u64 + 64);
        let start = bits.mark();
        self.write_kind(&self.best.model, bits);
        match (&self.best.model, &self.best.partitions) {
            (Model::Constant, _) => bits.put_signed(plane.sound()[0], plane.bits),
            (Model::Fixed { order }, Some(partitions)) => {
                self.write_warm_up(*order, bits);
                partitions.write(&self.left, *order, bits);
            }
            (Model::Linear(predictor), Some(partitions)) => {
                self.write_warm_up(predictor.order, bits);
                bits.put(u64::from(predictor.precision - 1), 4);
                bits.put(u64::from(predictor.shift), 5);
                for &coefficient in &predictor.coefficients[..predictor.order] {
                    bits.put_signed(coefficient, predictor.precision);
                }
                partitions.write(&self.left, predictor.order, bits);
            }
            _ => self.write_warm_up(plane.sound().len(), bits),
        }
        if bits.since(start) > verbatim + 8 + u64::from(plane.wasted) {
            bits.rewind(start);
            self.write_kind(&Model::Verbatim, bits);
            self.write_warm_up(plane.sound().len(), bits);
        }
    }

    fn write_kind(&self, model: &Model, bits: &mut Bits) {
        let kind = match model {
            Model::Constant => 0,
            Model::Verbatim => 1,
            Model::Fixed { order } => 8 | *order as u64,
            Model::Linear(predictor) => 32 | (predictor.order as u64 - 1),
        };
        let wasted = self.plane.wasted;
        bits.put(kind << 1 | u64::from(wasted > 0), 8);
        if wasted > 0 {
            bits.put(1, wasted);
        }
    }

    /// The first samples, as they are.
    fn write_warm_up(&self, count: usize, bits: &mut Bits) {
        for &sample in &self.plane.samples[LEAD..][..count] {
            bits.put_signed(sample, self.plane.bits);
        }
    }
}
