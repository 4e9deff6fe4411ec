//! A picture, decoded and made as small as the largest proxy. Most JPEGs become planes of that size while they are decoded
//! (`jpeg`); of all others one thread decodes rows while another makes them smaller.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::source::Watched;
use crate::{Problem, Progress, ReadAt, Report};

use super::jpeg::{self, JpegRows, Meaning, Planes, Wanted};
use super::png::PngRows;
use super::rows::{Extent, Raster, Rows, Shape};
use super::shown::Shown;
use super::shrink::{Shrink, fit};
use super::{Kind, Picture, ycc};

/// How many portions of rows may wait.
const AHEAD: usize = 4;

struct Portion {
    shape: Shape,
    extent: Extent,
    rows: Vec<u8>,
}

type Portions = Result<Portion, Problem>;

/// How much of the colour there shall be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    All,
    /// Half of it across and down.
    Halved,
}

/// A picture that was decoded.
pub(super) enum Decoded {
    Pixels(Raster),
    /// As a JPEG of it would have it.
    Shown(Shown),
}

/// `apart` says whether colour may stay apart from light, where the picture has it so: at half the resolution, or all of it.
pub(super) fn decode(
    source: &dyn ReadAt,
    picture: &Picture,
    side: u32,
    apart: Option<Colour>,
    processors: NonZeroUsize,
    progress: &mut Progress<'_>,
) -> Result<Decoded, Problem> {
    let watched = &Watched::new(source);
    if picture.kind == Kind::Jpeg {
        let (width, height) = fit(picture.width, picture.height, side);
        let halve_colour = apart == Some(Colour::Halved);
        let wanted = Wanted { width, height, halve_colour };
        if let Some(planes) = jpeg::planes(watched, picture, wanted, processors, progress) {
            let Planes { meaning, planes } = planes?;
            let is_apart = apart.is_some() && matches!(meaning, Meaning::LightAndColour | Meaning::Grey);
            return Ok(if is_apart {
                Decoded::Shown(Shown { planes, halve_colour })
            } else {
                Decoded::Pixels(ycc::raster(meaning, &planes))
            });
        }
    }
    rows(watched, picture, side, progress).map(Decoded::Pixels)
}

/// By rows of pixels.
fn rows(
    source: &Watched<&dyn ReadAt>,
    picture: &Picture,
    side: u32,
    progress: &mut Progress<'_>,
) -> Result<Raster, Problem> {
    thread::scope(|scope| {
        let (give, take) = sync_channel(AHEAD);
        scope.spawn(move || {
            let hand_on = |portion| give.send(portion).is_ok();
            let ended = match picture.kind {
                Kind::Jpeg => JpegRows::open(source, picture, side).and_then(|rows| portions(rows, hand_on)),
                Kind::Png => PngRows::open(source).and_then(|rows| portions(rows, hand_on)),
            };
            if let Err(problem) = ended {
                hand_on(Err(problem));
            }
        });
        shrink(take.into_iter(), picture, side, progress)
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

#[cfg(test)]
mod tests {
    use mozjpeg::{ColorSpace, Compress};

    use super::super::header;
    use super::super::{Colours, Limits};
    use super::*;

    /// A JPEG of noise on a slope, so that codes of all lengths come about.
    fn jpeg(width: usize, height: usize, quality: f32, sampled: (u8, u8), grey: bool) -> Vec<u8> {
        noisy(0, (width, height), quality, sampled, grey)
    }

    /// The same, further down the slope.
    fn noisy(
        top: usize,
        (width, height): (usize, usize),
        quality: f32,
        sampled: (u8, u8),
        grey: bool,
    ) -> Vec<u8> {
        let channels = if grey { 1 } else { 3 };
        let noise = |at: usize| (at as u32).wrapping_mul(2_654_435_761) >> 26;
        let bytes: Vec<u8> = (0..width * height * channels)
            .map(|at| (((at / channels / 40 + top) % 190) as u32 + noise(at)) as u8)
            .collect();
        compressed(&bytes, (width, height), quality, sampled, grey)
    }

    /// A JPEG of waves, which it takes no noise to tell apart.
    fn wavy((width, height): (usize, usize), sampled: (u8, u8), grey: bool) -> Vec<u8> {
        let channels = if grey { 1 } else { 3 };
        let byte = |at: usize| {
            let (pixel, channel) = (at / channels, (at % channels) as f32);
            let (x, y) = ((pixel % width) as f32, (pixel / width) as f32);
            128.0 + 60.0 * (x / (30.0 + 9.0 * channel)).sin() + 50.0 * (y / (40.0 - 8.0 * channel)).cos()
        };
        let bytes: Vec<u8> = (0..width * height * channels).map(|at| byte(at) as u8).collect();
        compressed(&bytes, (width, height), 92.0, sampled, grey)
    }

    fn compressed(
        bytes: &[u8],
        (width, height): (usize, usize),
        quality: f32,
        sampled: (u8, u8),
        grey: bool,
    ) -> Vec<u8> {
        let space = if grey { ColorSpace::JCS_GRAYSCALE } else { ColorSpace::JCS_RGB };
        let mut compress = Compress::new(space);
        compress.set_fastest_defaults();
        compress.set_size(width, height);
        compress.set_quality(quality);
        if !grey {
            compress.set_chroma_sampling_pixel_sizes(sampled, sampled);
        }
        let mut started = compress.start_compress(Vec::new()).unwrap();
        started.write_scanlines(bytes).unwrap();
        started.finish().unwrap()
    }

    /// Coded bytes of which the second decoder has the lower part.
    const LARGE: (usize, usize) = (1200, 900);

    fn decoded(jpeg: &[u8], side: u32, processors: usize) -> Result<Vec<u8>, String> {
        let picture = header::read(&jpeg, &Limits::default()).map_err(|problem| problem.to_string())?.picture;
        let processors = NonZeroUsize::new(processors).unwrap();
        match decode(&jpeg, &picture, side, None, processors, &mut |_| ControlFlow::Continue(())) {
            Ok(Decoded::Pixels(raster)) => Ok(raster.bytes),
            Ok(Decoded::Shown(_)) => Err("nobody asked for planes".to_owned()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    /// By libjpeg.
    fn by_rows(jpeg: &[u8], side: u32) -> Result<Vec<u8>, String> {
        let picture = header::read(&jpeg, &Limits::default()).map_err(|problem| problem.to_string())?.picture;
        let source: &dyn ReadAt = &jpeg;
        let decoded = rows(&Watched::new(source), &picture, side, &mut |_| ControlFlow::Continue(()));
        decoded.map(|raster| raster.bytes).map_err(|problem| problem.to_string())
    }

    fn apart(one: &[u8], other: &[u8]) -> f64 {
        assert_eq!(one.len(), other.len());
        one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / one.len() as f64
    }

    const SAMPLINGS: [((u8, u8), bool); 5] =
        [((1, 1), false), ((2, 1), false), ((1, 2), false), ((2, 2), false), ((1, 1), true)];

    #[test]
    fn two_decoders_make_what_one_makes() {
        let sides = [(701, 1399), (1024, 768), (1377, 1013), (1203, 902)];
        for (turn, (width, height)) in sides.into_iter().enumerate() {
            for (sampled, grey) in SAMPLINGS {
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
    fn what_libjpeg_makes_is_made() {
        for (sampled, grey) in SAMPLINGS {
            for side in [60, 150, 333, 500, 2000] {
                // Of noise and of edges, either way of making it smaller would leave another part.
                let jpeg = wavy((601, 449), sampled, grey);
                let (ours, theirs) = (decoded(&jpeg, side, 1).unwrap(), by_rows(&jpeg, side).unwrap());
                // What lies between samples of colour is guessed differently.
                let most = if side == 2000 && sampled == (1, 1) { 0.3 } else { 2.0 };
                let off = apart(&ours, &theirs);
                assert!(off < most, "{sampled:?}, {grey}, {side}: {off}");
            }
        }
    }

    #[test]
    fn a_flaw_anywhere_is_found_by_two_as_by_one() {
        let whole = jpeg(LARGE.0, LARGE.1, 92.0, (2, 2), false);
        for part in 1..64 {
            let cut = &whole[..whole.len() * part / 64];
            assert!(decoded(cut, 300, 2).is_err() && decoded(cut, 300, 1).is_err(), "{part}/64");
            let mut damaged = whole.clone();
            let at = whole.len() * part / 64;
            damaged[at..at + 4].copy_from_slice(&[0xFF, 0xD9, 0xFF, 0xD9]);
            let (two, one) = (decoded(&damaged, 300, 2), decoded(&damaged, 300, 1));
            assert!(two.is_err() && one.is_err(), "an end at {part}/64");
        }
    }

    #[test]
    fn bytes_that_change_are_a_flaw_or_another_picture_and_no_panic() {
        let whole = jpeg(LARGE.0, LARGE.1, 60.0, (2, 2), false);
        for turn in 0..150_usize {
            let mut damaged = whole.clone();
            for change in 0..3 {
                let at = (turn * 7919 + change * 104_729) % whole.len();
                damaged[at] ^= 1 << ((turn + change) % 8);
            }
            let one = decoded(&damaged, 300, 1);
            assert_eq!(decoded(&damaged, 300, 2).is_ok(), one.is_ok(), "{turn}");
        }
    }

    /// The same picture with a mark after each row of units: rows that were coded alone, one behind the other.
    fn with_restarts(width: usize, rows: usize, grey: bool) -> (Vec<u8>, Vec<u8>) {
        let (row_height, units) = if grey { (8, width.div_ceil(8)) } else { (16, width.div_ceil(16)) };
        let row = |number: usize| noisy(number * 31, (width, row_height), 90.0, (2, 2), grey);
        let scan = |jpeg: &[u8]| jpeg.windows(2).position(|it| it == [0xFF, 0xDA]).unwrap();
        let first = row(0);
        let (frame, begin) = (first.windows(2).position(|it| it == [0xFF, 0xC0]).unwrap(), scan(&first));
        let body = begin + 4 + if grey { 6 } else { 10 };
        let mut all = first[..begin].to_vec();
        all[frame + 5..frame + 7].copy_from_slice(&((rows * row_height) as u16).to_be_bytes());
        all.extend([0xFF, 0xDD, 0, 4]);
        all.extend((units as u16).to_be_bytes());
        all.extend(&first[begin..body]);
        let mut pixels = Vec::new();
        for number in 0..rows {
            let one = row(number);
            all.extend(&one[body..one.len() - 2]);
            all.extend([0xFF, 0xD0 + (number % 8) as u8]);
            pixels.extend(by_rows(&one, 10_000).unwrap());
        }
        let end = all.len() - 1;
        all[end] = 0xD9;
        (all, pixels)
    }

    #[test]
    fn marks_at_which_a_decoder_may_take_up_again_are_passed() {
        for grey in [true, false] {
            let (jpeg, pixels) = with_restarts(640, 60, grey);
            let one = decoded(&jpeg, 10_000, 1).unwrap();
            assert!(apart(&one, &pixels) < 3.0, "{}", apart(&one, &pixels));
            assert_eq!(decoded(&jpeg, 10_000, 2).unwrap(), one);
            let mark = jpeg.windows(2).position(|it| it == [0xFF, 0xD3]).unwrap();
            let mut swapped = jpeg.clone();
            swapped[mark + 1] = 0xD4;
            assert!(decoded(&swapped, 300, 1).is_err() && decoded(&swapped, 300, 2).is_err());
        }
    }

    #[test]
    fn colours_of_print_are_decoded_by_two_too() {
        let (width, height) = LARGE;
        let bytes: Vec<u8> =
            (0..(width * height * 4) as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
        let mut compress = Compress::new(ColorSpace::JCS_CMYK);
        compress.set_fastest_defaults();
        compress.set_size(width, height);
        let mut started = compress.start_compress(Vec::new()).unwrap();
        started.write_scanlines(&bytes).unwrap();
        let jpeg = started.finish().unwrap();
        let picture = header::read(&jpeg, &Limits::default()).unwrap().picture;
        assert!(picture.colours == Colours::Cmyk);
        let one = decoded(&jpeg, 4000, 1).unwrap();
        assert_eq!(decoded(&jpeg, 4000, 2).unwrap(), one);
        assert!(apart(&one, &by_rows(&jpeg, 4000).unwrap()) < 0.5);
    }

    #[test]
    fn whoever_says_stop_is_obeyed() {
        let jpeg = jpeg(LARGE.0, LARGE.1, 92.0, (2, 2), false);
        let picture = header::read(&jpeg, &Limits::default()).unwrap().picture;
        for processors in [1, 2] {
            let mut told = 0;
            let processors = NonZeroUsize::new(processors).unwrap();
            let stopped = decode(&jpeg, &picture, 300, None, processors, &mut |_| {
                told += 1;
                ControlFlow::Break(())
            });
            assert!(matches!(stopped, Err(Problem::Cancelled)) && told == 1, "{told}");
        }
    }
}
