//! A picture, decoded and made as small as the largest proxy: while one thread decodes, another makes smaller. The lower part
//! of a large JPEG has a decoder, and a thread, of its own.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::thread;

use crate::source::Watched;
use crate::{Problem, Progress, ReadAt, Report};

use super::jpeg::{Cut, JpegRows};
use super::png::PngRows;
use super::rows::{Extent, Raster, Rows, Shape};
use super::shrink::{Shrink, fit};
use super::{Kind, Picture};

/// How many portions of rows may wait. Of the lower part all may: by the time that they are wanted, they are there.
const AHEAD: usize = 4;

struct Portion {
    shape: Shape,
    extent: Extent,
    rows: Vec<u8>,
}

type Portions = Result<Portion, Problem>;

pub(super) fn decode(
    source: &dyn ReadAt,
    picture: &Picture,
    side: u32,
    processors: NonZeroUsize,
    progress: &mut Progress<'_>,
) -> Result<Raster, Problem> {
    let watched = &Watched::new(source);
    let cut = (picture.kind == Kind::Jpeg && processors.get() > 1).then(|| Cut::plan(watched)).flatten();
    thread::scope(|scope| {
        let (upper, take) = sync_channel(AHEAD);
        let (lower, take_lower) = channel();
        let (found, is_found) = sync_channel(1);
        let cut = cut.as_ref();
        scope.spawn(move || {
            let hand_on = |portion| upper.send(portion).is_ok();
            told(hand_on, || match (picture.kind, cut) {
                (Kind::Jpeg, Some(cut)) => {
                    portions(Upper::open(watched, picture, side, cut, is_found)?, hand_on)
                }
                (Kind::Jpeg, None) => portions(JpegRows::open(watched, picture, side)?, hand_on),
                (Kind::Png, _) => portions(PngRows::open(watched)?, hand_on),
            });
        });
        if let Some(cut) = cut {
            scope.spawn(move || {
                let rows = JpegRows::open_lower(watched, picture, side, cut);
                // Whoever waits for this may have ended over a flaw.
                let _ended = found.send(rows.is_some());
                if let Some(rows) = rows {
                    let hand_on = |portion| lower.send(portion).is_ok();
                    told(hand_on, || portions(rows, hand_on));
                }
            });
        } else {
            drop(lower);
        }
        shrink(take.into_iter().chain(take_lower), picture, side, progress)
    })
}

/// Makes smaller what comes, until no more comes.
fn shrink(
    portions: impl Iterator<Item = Portions>,
    picture: &Picture,
    side: u32,
    progress: &mut Progress<'_>,
) -> Result<Raster, Problem> {
    let mut shrink: Option<Shrink> = None;
    let (mut rows_done, mut total) = (0, 0);
    for portion in portions {
        let Portion { shape, extent, rows } = portion?;
        let shrink = shrink.get_or_insert_with(|| {
            total = u64::from(shape.height);
            let (width, height) = fit(picture.width, picture.height, side);
            Shrink::new(shape, extent, Shape { width, height, ..shape }, picture.has_alpha)
        });
        rows_done += (rows.len() / shape.row_bytes()) as u64;
        shrink.band().extend_from_slice(&rows);
        shrink.took();
        let report = Report { done: rows_done, total: Some(total) };
        if progress(report) == ControlFlow::Break(()) {
            return Err(Problem::Cancelled);
        }
    }
    shrink.map(Shrink::finish).ok_or_else(|| Problem::corrupt("it has no rows"))
}

/// Hands on what the work fails over.
fn told(hand_on: impl Fn(Portions) -> bool, work: impl FnOnce() -> Result<(), Problem>) {
    if let Err(problem) = work() {
        hand_on(Err(problem));
    }
}

/// Hands rows on, about a portion at a time, until there are no more. `hand_on` answers false when nobody takes them: the
/// work was stopped, or another thread has found a flaw.
fn portions(mut rows: impl Rows, hand_on: impl Fn(Portions) -> bool) -> Result<(), Problem> {
    const PORTION: usize = 512 << 10;
    let (shape, extent) = (rows.shape(), rows.extent());
    let mut more = true;
    while more {
        let mut portion = Vec::with_capacity(PORTION + shape.row_bytes());
        while more && portion.len() < PORTION {
            more = rows.next(&mut portion)?;
        }
        if !hand_on(Ok(Portion { shape, extent, rows: portion })) {
            return Ok(());
        }
    }
    Ok(())
}

/// The upper part of a JPEG; or the whole, where the lower part turns out not to be found.
struct Upper<'s> {
    rows: JpegRows<'s>,
    left: usize,
    /// Tells whether another decoder has the lower part.
    is_found: Option<Receiver<bool>>,
}

impl<'s> Upper<'s> {
    fn open(
        source: &'s Watched<&'s dyn ReadAt>,
        picture: &Picture,
        side: u32,
        cut: &Cut,
        is_found: Receiver<bool>,
    ) -> Result<Self, Problem> {
        let rows = JpegRows::open(source, picture, side)?;
        Ok(Self { left: rows.above(cut), rows, is_found: Some(is_found) })
    }
}

impl Rows for Upper<'_> {
    fn shape(&self) -> Shape {
        self.rows.shape()
    }

    fn extent(&self) -> Extent {
        self.rows.extent()
    }

    fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Problem> {
        if self.left == 0
            && let Some(is_found) = self.is_found.take()
        {
            if is_found.recv() == Ok(true) {
                return Ok(false);
            }
            self.left = usize::MAX;
        }
        let read = self.rows.read(out, self.left)?;
        self.left -= read;
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use mozjpeg::{ColorSpace, Compress};

    use super::super::header;
    use super::super::{Colours, Limits};
    use super::*;

    /// A JPEG of noise on a slope, so that codes of all lengths come about.
    fn jpeg(width: usize, height: usize, quality: f32, sampled: (u8, u8), grey: bool) -> Vec<u8> {
        let channels = if grey { 1 } else { 3 };
        let noise = |at: usize| (at as u32).wrapping_mul(2_654_435_761) >> 26;
        let bytes: Vec<u8> = (0..width * height * channels)
            .map(|at| ((at / channels / 40 % 190) as u32 + noise(at)) as u8)
            .collect();
        let space = if grey { ColorSpace::JCS_GRAYSCALE } else { ColorSpace::JCS_RGB };
        let mut compress = Compress::new(space);
        compress.set_fastest_defaults();
        compress.set_size(width, height);
        compress.set_quality(quality);
        if !grey {
            compress.set_chroma_sampling_pixel_sizes(sampled, sampled);
        }
        let mut started = compress.start_compress(Vec::new()).unwrap();
        started.write_scanlines(&bytes).unwrap();
        started.finish().unwrap()
    }

    fn decoded(jpeg: &[u8], side: u32, processors: usize) -> Result<Vec<u8>, String> {
        let picture = header::read(&jpeg, &Limits::default()).map_err(|problem| problem.to_string())?.picture;
        let processors = NonZeroUsize::new(processors).unwrap();
        let raster = decode(&jpeg, &picture, side, processors, &mut |_| ControlFlow::Continue(()));
        raster.map(|raster| raster.bytes).map_err(|problem| problem.to_string())
    }

    fn is_cut(jpeg: &[u8]) -> bool {
        let source: &dyn ReadAt = &jpeg;
        let watched = Watched::new(source);
        let picture = header::read(&jpeg, &Limits::default()).unwrap().picture;
        let cut = Cut::plan(&watched);
        cut.is_some_and(|cut| JpegRows::open_lower(&watched, &picture, 64, &cut).is_some())
    }

    #[test]
    fn two_decoders_make_what_one_makes() {
        let sides = [(701, 1399), (1024, 768), (1377, 1013), (1203, 902)];
        let samplings = [((1, 1), false), ((2, 1), false), ((2, 2), false), ((1, 1), true)];
        for (turn, (width, height)) in sides.into_iter().enumerate() {
            for (sampled, grey) in samplings {
                for (quality, side) in [(70.0, 100), (86.0, 300), (93.0, 600), (99.0, 4000)] {
                    let jpeg = jpeg(width + turn, height, quality, sampled, grey);
                    let one = decoded(&jpeg, side, 1);
                    let what = format!("{width} × {height}, {quality}, {sampled:?}, {side}");
                    assert!(one.is_ok() && decoded(&jpeg, side, 2) == one, "{what}");
                }
            }
        }
    }

    #[test]
    fn pictures_as_cameras_make_them_are_cut() {
        for sampled in [(1, 1), (2, 1), (2, 2)] {
            assert!(is_cut(&jpeg(1500, 1200, 95.0, sampled, false)), "{sampled:?}");
        }
        assert!(is_cut(&jpeg(1500, 1200, 95.0, (1, 1), true)));
        assert!(!is_cut(&jpeg(64, 64, 95.0, (1, 1), false)), "a small one is not worth it");
    }

    #[test]
    fn a_flaw_anywhere_is_found_by_two_as_by_one() {
        let whole = jpeg(1200, 900, 92.0, (2, 2), false);
        for part in 1..64 {
            let cut = &whole[..whole.len() * part / 64];
            assert_eq!(decoded(cut, 300, 2).is_err(), decoded(cut, 300, 1).is_err(), "{part}/64");
            let mut damaged = whole.clone();
            let at = whole.len() * part / 64;
            damaged[at..at + 4].copy_from_slice(&[0xFF, 0xD9, 0xFF, 0xD9]);
            let (two, one) = (decoded(&damaged, 300, 2), decoded(&damaged, 300, 1));
            assert_eq!(two.is_err(), one.is_err(), "an end at {part}/64");
        }
    }

    #[test]
    fn colours_of_print_are_decoded_by_two_too() {
        let bytes: Vec<u8> =
            (0..1000 * 900 * 4_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
        let mut compress = Compress::new(ColorSpace::JCS_CMYK);
        compress.set_fastest_defaults();
        compress.set_size(1000, 900);
        let mut started = compress.start_compress(Vec::new()).unwrap();
        started.write_scanlines(&bytes).unwrap();
        let jpeg = started.finish().unwrap();
        let picture = header::read(&jpeg, &Limits::default()).unwrap().picture;
        assert!(picture.colours == Colours::Cmyk && is_cut(&jpeg));
        assert_eq!(decoded(&jpeg, 300, 2), decoded(&jpeg, 300, 1));
    }
}
