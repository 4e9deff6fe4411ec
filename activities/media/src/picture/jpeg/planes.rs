//! A JPEG's components as planes of the size that is wanted, straight from its coded bytes: blocks become as few pixels as
//! will do, and rows of them are resampled as they come. Half of it each is done by two threads, where there are two
//! processors: the second goes over the upper part's coded bytes to where the lower one begins, which takes a fraction of the
//! time of decoding them.

use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::source::Watched;
use crate::{Problem, Progress, ReadAt, Report};

use super::super::blocks::SIDE;
use super::super::resample::{Axis, Coming, Line, Resampler};
use super::super::rows::{Plane, Sample};
use super::super::{Colours, Picture};
use super::layout::{Component, Layout, Meaning};
use super::scan::{BEHIND, Band, Scan};
use super::transform::Transform;

/// How much of a picture is the upper part: the one who decodes the lower one has to find it first.
const UPPER: (u32, u32) = (3, 5);

/// A smaller one is decoded before another thread has begun.
const WORTH_TWO: u32 = if cfg!(fuzzing) { 0 } else { 512 * 512 };

/// How often is told how far it is, at the most.
const REPORTS: u32 = 50;

/// How often is looked how far the other is.
const PAUSE: Duration = Duration::from_millis(100);

/// What planes a JPEG shall become.
#[derive(Clone, Copy)]
pub(in super::super) struct Wanted {
    pub(in super::super) width: u32,
    pub(in super::super) height: u32,
    /// Whether colour, where it is apart from light, shall be half as wide and high.
    pub(in super::super) halve_colour: bool,
}

pub(in super::super) struct Planes {
    pub(in super::super) meaning: Meaning,
    pub(in super::super) planes: Vec<Plane>,
}

/// How one component becomes its plane.
struct Plan {
    component: Component,
    transform: Transform,
    units_in_row: usize,
    across: Axis,
    down: Axis,
}

/// Why a part was not decoded to its end.
enum Stopped {
    /// By what is wrong with the coded bytes, or with reading them.
    Flaw,
    Told,
}

/// What the threads know of each other.
#[derive(Default)]
struct Together {
    stop: AtomicBool,
    /// Rows of units that are decoded.
    done: AtomicU32,
}

/// None where the JPEG is of a kind that libjpeg has to decode, or has a flaw: libjpeg says whether that matters.
pub(in super::super) fn planes(
    source: &Watched<&dyn ReadAt>,
    picture: &Picture,
    wanted: Wanted,
    processors: NonZeroUsize,
    progress: &mut Progress<'_>,
) -> Option<Result<Planes, Problem>> {
    let layout = Layout::read(source).filter(|layout| layout.is_of(picture))?;
    let plans = layout.components.iter().enumerate();
    let plans = plans.map(|(number, of)| Plan::new(&layout, *of, number > 0, wanted));
    let plans: Vec<_> = plans.collect::<Option<_>>()?;
    let mut planes: Vec<_> = plans.iter().map(Plan::blank).collect();
    let decoded = decode(source, &layout, &plans, &mut planes, processors, progress)?;
    planes.iter_mut().for_each(Plane::fill_up);
    match (decoded, source.failure()) {
        (_, Some(why)) => Some(Err(Problem::SourceFailed { why })),
        (Ok(()), _) => Some(Ok(Planes { meaning: layout.meaning, planes })),
        (Err(Stopped::Told), _) => Some(Err(Problem::Cancelled)),
        (Err(Stopped::Flaw), None) => None,
    }
}

impl Layout {
    /// Whether whoever read the headers first, within bounds, has found the same picture.
    fn is_of(&self, picture: &Picture) -> bool {
        let components = match picture.colours {
            Colours::Grey => 1,
            Colours::Rgb => 3,
            Colours::Cmyk => 4,
        };
        (self.width, self.height, self.components.len()) == (picture.width, picture.height, components)
    }
}

impl Plan {
    fn new(layout: &Layout, component: Component, is_later: bool, wanted: Wanted) -> Option<Self> {
        let is_colour = is_later && layout.meaning == Meaning::LightAndColour;
        let to = if is_colour && wanted.halve_colour { Line::half } else { Line::whole };
        let (most_across, most_down) = layout.unit();
        let sampled = |length: u32, of: u32, most: u32| f64::from(length) * f64::from(of) / f64::from(most);
        let extents = (
            sampled(layout.width, component.across, most_across),
            sampled(layout.height, component.down, most_down),
        );
        let (wide, high) = (to(wanted.width), to(wanted.height));
        let side = fewest(extents.0 / wide.extent).max(fewest(extents.1 / high.extent));
        let from = |extent: f64| {
            let extent = extent * side as f64 / SIDE as f64;
            Line { samples: extent.ceil() as usize, extent }
        };
        let (across, down) = (Axis::new(from(extents.0), wide), Axis::new(from(extents.1), high));
        let units_in_row = layout.units_in_row() as usize;
        Some(Self {
            component,
            transform: Transform::to(side, layout.steps(&component)?),
            units_in_row,
            across,
            down,
        })
    }

    fn blank(&self) -> Plane {
        Plane::blank(self.across.len() as u32, self.down.len() as u32)
    }

    /// How many rows of pixels a row of units has of it.
    fn rows(&self) -> usize {
        self.component.down as usize * self.transform.side
    }

    fn band<'b>(&'b self, resampler: &'b mut Resampler<'_>) -> Band<'b> {
        let stride = resampler.stride();
        Band { transform: &self.transform, pixels: resampler.room(), stride }
    }

    /// Makes a part of the plane, of what comes from row `from` of units on.
    fn resampler<'a>(
        &'a self,
        from: u32,
        to_make: Range<usize>,
        made: (&'a mut [Sample], usize),
    ) -> Resampler<'a> {
        let coming = Coming {
            first: from as usize * self.rows(),
            at_once: self.rows(),
            width: self.units_in_row * self.component.across as usize * self.transform.side + BEHIND,
        };
        Resampler::new((&self.across, &self.down), to_make, coming, made)
    }
}

/// How many pixels of a block's side are enough, where the whole has this many times as many as wanted. Some more than those
/// are left for the resampler, which tells waves apart better.
fn fewest(times: f64) -> usize {
    const MORE: f64 = 1.25;
    ((SIDE as f64 * MORE / times).ceil() as usize).clamp(1, SIDE)
}

/// None where the layout is not complete.
fn decode(
    source: &Watched<&dyn ReadAt>,
    layout: &Layout,
    plans: &[Plan],
    planes: &mut [Plane],
    processors: NonZeroUsize,
    progress: &mut Progress<'_>,
) -> Option<Result<(), Stopped>> {
    let rows = layout.rows();
    let is_large = layout.width * layout.height > WORTH_TWO;
    let cut = (processors.get() > 1 && is_large).then_some(rows * UPPER.0 / UPPER.1);
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for (plan, plane) in plans.iter().zip(planes) {
        let (stride, all) = (plane.stride(), plan.down.len());
        let seam = cut.map_or(all, |cut| plan.down.first_from(cut as usize * plan.rows()));
        let (top, bottom) = plane.samples.split_at_mut(seam * stride);
        above.push(plan.resampler(0, 0..seam, (top, stride)));
        below.extend(cut.map(|cut| plan.resampler(cut, seam..all, (bottom, stride))));
    }
    let part = |rows, resamplers| Some(Part { scan: Scan::new(source, layout)?, plans, rows, resamplers });
    let upper = part(0..rows, above)?;
    let lower = match cut {
        Some(cut) => Some(part(cut..rows, below)?),
        None => None,
    };
    let together = &Together::default();
    // Whoever hears of it has better things to do than to hear of every row.
    let (step, mut next) = (rows / REPORTS + 1, 0);
    let mut told = |done: u32| {
        if done < next {
            return true;
        }
        next = done + step;
        let report = Report { done: done.min(rows).into(), total: Some(rows.into()) };
        progress(report) == ControlFlow::Continue(())
    };
    Some(thread::scope(|scope| {
        let Some(lower) = lower else {
            return together.stop_at(upper.decode(together, told).and_then(Part::end));
        };
        let waiting = thread::current();
        let lower = scope.spawn(move || {
            let found = lower.find(together);
            let ended = found.and_then(|lower| lower.decode(together, |_| true)).and_then(Part::end);
            let ended = together.stop_at(ended);
            waiting.unpark();
            ended
        });
        let mut upper = together.stop_at(upper.decode(together, &mut told).map(drop));
        while upper.is_ok() && !lower.is_finished() {
            if !told(together.done.load(Ordering::Relaxed)) {
                upper = together.stop_at(Err(Stopped::Told));
            }
            thread::park_timeout(PAUSE);
        }
        let lower = lower.join().expect("it decodes, or says why not");
        // Who was told to stop was told why by the other.
        if matches!(lower, Err(Stopped::Flaw)) { lower } else { upper }
    }))
}

impl Together {
    fn goes_on(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) { Err(Stopped::Told) } else { Ok(()) }
    }

    fn stop_at(&self, ended: Result<(), Stopped>) -> Result<(), Stopped> {
        if ended.is_err() {
            self.stop.store(true, Ordering::Relaxed);
        }
        ended
    }
}

/// Rows of units that become a part of each plane.
struct Part<'a> {
    scan: Scan<'a>,
    plans: &'a [Plan],
    rows: Range<u32>,
    resamplers: Vec<Resampler<'a>>,
}

impl Part<'_> {
    /// Goes over what lies above it.
    fn find(mut self, together: &Together) -> Result<Self, Stopped> {
        for _ in 0..self.rows.start {
            together.goes_on()?;
            self.scan.pass_over().ok_or(Stopped::Flaw)?;
        }
        Ok(self)
    }

    /// Until all is made that it shall make.
    fn decode(mut self, together: &Together, mut told: impl FnMut(u32) -> bool) -> Result<Self, Stopped> {
        while !self.rows.is_empty() && !self.resamplers.iter().all(Resampler::is_done) {
            together.goes_on()?;
            self.row().ok_or(Stopped::Flaw)?;
            if !told(together.done.fetch_add(1, Ordering::Relaxed) + 1) {
                return Err(Stopped::Told);
            }
        }
        Ok(self)
    }

    fn row(&mut self) -> Option<()> {
        let bands = self.plans.iter().zip(&mut self.resamplers);
        let mut bands: Vec<_> = bands.map(|(plan, resampler)| plan.band(resampler)).collect();
        self.scan.decode(&mut bands)?;
        for (plan, resampler) in self.plans.iter().zip(&mut self.resamplers) {
            resampler.took(plan.rows());
        }
        self.rows.start += 1;
        Some(())
    }

    /// Goes over the rows that nothing is made of, and finds the picture's end behind them.
    fn end(mut self) -> Result<(), Stopped> {
        let rest = (0..self.rows.len()).try_for_each(|_| self.scan.pass_over());
        rest.filter(|()| self.scan.ends()).ok_or(Stopped::Flaw)
    }
}
