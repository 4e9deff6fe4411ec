//! A JPEG's components as planes of the size that is wanted, straight from its coded bytes: blocks become as few pixels as
//! will do, and rows of them are resampled as they come. A part of it each is done by two threads, where there are two
//! processors: the second goes over coded bytes, which takes a fraction of the time of decoding them, until as many rows are
//! left below it as above it.

use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
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
use super::together::{Stopped, Together};
use super::transform::Transform;

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
    let decoded = decode(source, &layout, &plans, processors, progress)?;
    match (decoded, source.failure()) {
        (_, Some(why)) => Some(Err(Problem::SourceFailed { why })),
        (Ok(made), _) => {
            let planes = plans.iter().zip(made).map(|(plan, rows)| plan.plane(rows)).collect();
            Some(Ok(Planes { meaning: layout.meaning, planes }))
        }
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

    fn plane(&self, rows: Vec<Sample>) -> Plane {
        Plane::of_rows(self.across.len() as u32, self.down.len() as u32, rows)
    }

    /// How many rows of pixels a row of units has of it.
    fn rows(&self) -> usize {
        self.component.down as usize * self.transform.side
    }

    fn band<'b>(&'b self, resampler: &'b mut Resampler<'_>) -> Band<'b> {
        let stride = resampler.stride();
        Band { transform: &self.transform, pixels: resampler.room(), stride }
    }

    /// The first row of the plane that is made of nothing before this row of units.
    fn first_from(&self, row: u32) -> usize {
        self.down.first_from(row as usize * self.rows())
    }

    /// Makes the plane, of what comes from row `from` of units on.
    fn resampler(&self, from: u32) -> Resampler<'_> {
        let coming = Coming {
            first: from as usize * self.rows(),
            at_once: self.rows(),
            width: self.units_in_row * self.component.across as usize * self.transform.side + BEHIND,
        };
        Resampler::new((&self.across, &self.down), self.first_from(from)..self.down.len(), coming)
    }
}

/// How many pixels of a block's side are enough, where the whole has this many times as many as wanted. Some more than those
/// are left for the resampler, which tells waves apart better.
fn fewest(times: f64) -> usize {
    const MORE: f64 = 1.25;
    ((SIDE as f64 * MORE / times).ceil() as usize).clamp(1, SIDE)
}

/// The rows of every plane; none where the layout is not complete.
fn decode(
    source: &Watched<&dyn ReadAt>,
    layout: &Layout,
    plans: &[Plan],
    processors: NonZeroUsize,
    progress: &mut Progress<'_>,
) -> Option<Result<Vec<Vec<Sample>>, Stopped>> {
    let rows = layout.rows();
    let scan = || Scan::new(source, layout);
    let upper = Part::new(scan()?, plans, 0..rows);
    let together = &Together::new(rows);
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
    if processors.get() == 1 || layout.width * layout.height <= WORTH_TWO {
        return Some(upper.decode(together, |_| rows, told).and_then(Part::end));
    }
    let skimmer = scan()?;
    Some(thread::scope(|scope| {
        let waiting = thread::current();
        let lower = scope.spawn(move || {
            let found = find(skimmer, plans, rows, together);
            let ended =
                found.and_then(|lower| lower.decode(together, |_| rows, |_| true)).and_then(Part::end);
            let ended = together.stop_unless_made(ended);
            waiting.unpark();
            ended
        });
        let upper = upper.decode(together, |row| together.begin(row), &mut told);
        let mut upper = together.stop_unless_made(upper.map(Part::made));
        while upper.is_ok() && !lower.is_finished() {
            if !told(together.done()) {
                upper = together.stop_unless_made(Err(Stopped::Told));
            }
            thread::park_timeout(PAUSE);
        }
        match (upper, lower.join().expect("it decodes, or says why not")) {
            // Who was told to stop was told why by the other.
            (_, Err(Stopped::Flaw)) => Err(Stopped::Flaw),
            (Err(why), _) | (_, Err(why)) => Err(why),
            (Ok(mut planes), Ok(below)) => {
                planes.iter_mut().zip(below).for_each(|(rows, below)| rows.extend(below));
                Ok(planes)
            }
        }
    }))
}

/// Goes over rows until the lower part begins.
fn find<'a>(
    mut scan: Scan<'a>,
    plans: &'a [Plan],
    rows: u32,
    together: &Together,
) -> Result<Part<'a>, Stopped> {
    let mut row = 0;
    while !together.cuts_at(row) {
        together.goes_on()?;
        scan.pass_over().ok_or(Stopped::Flaw)?;
        row += 1;
    }
    Ok(Part::new(scan, plans, row..rows))
}

/// Rows of units that become a part of each plane.
struct Part<'a> {
    scan: Scan<'a>,
    plans: &'a [Plan],
    rows: Range<u32>,
    resamplers: Vec<Resampler<'a>>,
}

impl<'a> Part<'a> {
    fn new(scan: Scan<'a>, plans: &'a [Plan], rows: Range<u32>) -> Self {
        let resamplers = plans.iter().map(|plan| plan.resampler(rows.start)).collect();
        Self { scan, plans, rows, resamplers }
    }

    /// Until all is made that it shall make: what is made of nothing before the row that `until` answers to the row it is at.
    fn decode(
        mut self,
        together: &Together,
        until: impl Fn(u32) -> u32,
        mut told: impl FnMut(u32) -> bool,
    ) -> Result<Self, Stopped> {
        while !self.rows.is_empty() {
            together.goes_on()?;
            let end = until(self.rows.start);
            for (plan, resampler) in self.plans.iter().zip(&mut self.resamplers) {
                resampler.make_until(plan.first_from(end));
            }
            if self.resamplers.iter().all(Resampler::is_done) {
                break;
            }
            self.row().ok_or(Stopped::Flaw)?;
            if !told(together.one_more()) {
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
    fn end(mut self) -> Result<Vec<Vec<Sample>>, Stopped> {
        let rest = (0..self.rows.len()).try_for_each(|_| self.scan.pass_over());
        rest.filter(|()| self.scan.ends()).ok_or(Stopped::Flaw)?;
        Ok(self.made())
    }

    /// The rows of each plane.
    fn made(self) -> Vec<Vec<Sample>> {
        self.resamplers.into_iter().map(Resampler::into_made).collect()
    }
}
