//! One channel of a frame: what could stand for it, which of that is the shortest, and how it is written.

use pulp::{Arch, Simd, WithSimd};

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
    /// The order of a linear predictor that promises the fewest bits, and how many; the same of a fixed one.
    rung: Option<(usize, f64)>,
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

impl Best {
    fn is_verbatim(&self) -> bool {
        matches!(self.model, Model::Verbatim)
    }
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
        if self.plane.constant {
            return f64::from(self.plane.bits);
        }
        self.estimate_fixed(effort);
        self.rung = self.climb(effort, desk, 0);
        let verbatim = f64::from(self.plane.bits) * self.plane.sound().len() as f64;
        [self.fixed, self.rung].iter().flatten().fold(verbatim, |least, &(_, bits)| least.min(bits))
    }

    /// The fixed predictor that promises the fewest bits.
    #[inline(always)]
    fn estimate_fixed(&mut self, effort: &Effort) {
        let length = self.plane.sound().len();
        self.fixed = None;
        if !effort.fixed || length < 8 {
            return;
        }
        let errors = predict::fixed_errors(&self.plane.samples, self.plane.peak);
        self.fixed = (0..errors.len())
            .map(|order| {
                let mean = errors[order] as f64 / (length - 4) as f64 * std::f64::consts::LN_2;
                let each = if mean > 1e-300 { log2(mean).max(0.0) } else { 0.0 };
                (order, each * (length - order) as f64 + (order as u32 * self.plane.bits) as f64)
            })
            .min_by(|(_, a), (_, b)| a.total_cmp(b));
    }

    /// Makes the ladder of predictors for one window. Answers the rung that promises the fewest bits, and how many.
    fn climb(&mut self, effort: &Effort, desk: &mut Desk, window: usize) -> Option<(usize, f64)> {
        let Self { plane, ladder, .. } = self;
        let length = plane.sound().len();
        let order = effort.order.min(length.saturating_sub(1));
        let Desk { weighted, windows, .. } = desk;
        let lags = weighted.analyse(&plane.samples, windows.get(window), order);
        ladder.climb(&lags, order);
        let per_order = plane.bits + effort.precision(plane.bits);
        ladder.best(length, 1.0 / desk.windows.energy(window), per_order)
    }

    /// Finds the best way to write this channel, once it was estimated, and answers its bits.
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
            room.resize(length, 0);
        }
        let precision = effort.precision(self.plane.bits);
        let mut promised = f64::INFINITY;
        // One step more than there are windows, for the fixed predictor.
        for window in 0..=effort.shapes.len() {
            if window == effort.shapes.len() {
                let model = self.fixed.filter(|&(_, bits)| bits <= promised || self.best.is_verbatim());
                self.attempt(model.map(|(order, _)| Model::Fixed { order }), effort, &mut desk.sums);
                break;
            }
            if window > 0 {
                self.rung = self.climb(effort, desk, window);
            }
            if let Some((order, bits)) = self.rung.filter(|&(_, bits)| bits <= promised) {
                promised = promised.min(bits);
                let predictor = self.ladder.predictor(order, precision);
                self.attempt(predictor.map(Model::Linear), effort, &mut desk.sums);
            }
        }
        self.best.bits
    }

    /// Takes `model` if there is one, it fits, and nothing shorter was found before.
    fn attempt(&mut self, model: Option<Model>, effort: &Effort, sums: &mut Sums) {
        let Some(model) = model else { return };
        let work = Attempt { subframe: &mut *self, model, finest: effort.finest, sums };
        Arch::new().dispatch(work);
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
        let warm_up = match &self.best.model {
            Model::Constant => 1,
            Model::Verbatim => plane.sound().len(),
            Model::Fixed { order } => *order,
            Model::Linear(predictor) => predictor.order,
        };
        self.write_warm_up(warm_up, bits);
        if let Model::Linear(predictor) = &self.best.model {
            bits.put(u64::from(predictor.precision - 1), 4);
            bits.put(u64::from(predictor.shift), 5);
            for &coefficient in &predictor.coefficients[..predictor.order] {
                bits.put_signed(coefficient, predictor.precision);
            }
        }
        if let Some(partitions) = &self.best.partitions {
            partitions.write(&self.left, warm_up, bits);
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

/// Trying a model, compiled for what this processor has.
struct Attempt<'t> {
    subframe: &'t mut Subframe,
    model: Model,
    finest: u32,
    sums: &'t mut Sums,
}

impl WithSimd for Attempt<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Subframe { plane, best, left, trial, .. } = self.subframe;
        let (order, head) = match &self.model {
            Model::Constant | Model::Verbatim => return,
            Model::Fixed { order } => {
                predict::fixed(&plane.samples, *order, trial);
                (*order, 0)
            }
            Model::Linear(predictor) => {
                if !predict::linear(&plane.samples, plane.peak, predictor, trial) {
                    return;
                }
                (predictor.order, predictor.order as u64 * u64::from(predictor.precision) + 9)
            }
        };
        let partitions = rice::plan(trial, order, self.finest, self.sums);
        let bits = partitions.bits + head + order as u64 * u64::from(plane.bits);
        if bits < best.bits {
            *best = Best { model: self.model, partitions: Some(partitions), bits };
            std::mem::swap(left, trial);
        }
    }
}
