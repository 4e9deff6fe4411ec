//! The few boxes of MP4 and QuickTime files that symphonia does not act on: the edit list, which says how much of the
//! decoder's output is priming and must be skipped, and the boxes' own lengths, which show a file that was cut off.

use std::io;

use crate::ReadAt;
use crate::numbers::{be32, be64};
use crate::source::read_up_to;

/// More boxes than this in one place are no sound file.
const MOST_BOXES: usize = 100_000;

/// Which samples of a track are meant to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// How many samples to skip at the beginning.
    pub(super) skip: u64,
    /// Where to stop, counted from the first decoded sample.
    pub(super) end: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    kind: [u8; 4],
    body: u64,
    end: u64,
}

/// The edit of the track with this id, in samples at `sample_rate`. None when there is no edit list, or one that
/// rearranges more than the two ends.
pub(super) fn edit(source: &dyn ReadAt, track_id: u32, sample_rate: u32) -> io::Result<Option<Edit>> {
    let Some(moov) = child(source, whole(source), b"moov")? else { return Ok(None) };
    let movie_scale = match child(source, moov, b"mvhd")? {
        Some(mvhd) => time_scale(source, mvhd)?,
        None => None,
    };
    for span in children(source, moov) {
        let track = span?;
        if &track.kind != b"trak" || id_of(source, track)? != Some(track_id) {
            continue;
        }
        let Some(list) = descend(source, track, &[b"edts", b"elst"])? else { return Ok(None) };
        let Some(header) = descend(source, track, &[b"mdia", b"mdhd"])? else { return Ok(None) };
        let scales = movie_scale.zip(time_scale(source, header)?);
        let entry = single_entry(source, list)?;
        return Ok(entry.zip(scales).map(|(entry, scales)| in_samples(entry, scales, sample_rate)));
    }
    Ok(None)
}

/// Whether its samples lie in fragments, each of which says itself how long its samples are.
pub(super) fn is_fragmented(source: &dyn ReadAt) -> io::Result<bool> {
    let Some(moov) = child(source, whole(source), b"moov")? else { return Ok(false) };
    Ok(child(source, moov, b"mvex")?.is_some())
}

fn whole(source: &dyn ReadAt) -> Span {
    Span { kind: *b"file", body: 0, end: source.len() }
}

fn in_samples((duration, start): (u64, u64), (movie, media): (u32, u32), rate: u32) -> Edit {
    let rescale = |value: u64, scale: u32| (u128::from(value) * u128::from(rate) / u128::from(scale)) as u64;
    let skip = rescale(start, media);
    // A coarse movie clock (often milliseconds) cannot name the last sample: be generous by one tick.
    let slack = u64::from(movie != rate);
    let end = (duration > 0).then(|| skip.saturating_add(rescale(duration.saturating_add(slack), movie)));
    Edit { skip, end }
}

/// The name of a top-level box that is longer than the file.
pub(super) fn cut_box(source: &dyn ReadAt) -> io::Result<Option<String>> {
    let last = children(source, whole(source)).last().transpose()?;
    Ok(last
        .filter(|span| span.end > source.len())
        .map(|span| String::from_utf8_lossy(&span.kind).into_owned()))
}

/// Boxes side by side, read one after the other. The last may claim to end past its parent.
fn children(source: &dyn ReadAt, parent: Span) -> impl Iterator<Item = io::Result<Span>> {
    let mut offset = parent.body;
    let next = move || {
        let span = span_at(source, parent, offset).transpose()?;
        offset = span.as_ref().map_or(parent.end, |span| span.end);
        Some(span)
    };
    std::iter::from_fn(next).take(MOST_BOXES)
}

fn span_at(source: &dyn ReadAt, parent: Span, offset: u64) -> io::Result<Option<Span>> {
    let mut header = [0; 16];
    if offset >= parent.end {
        return Ok(None);
    }
    let got = read_up_to(source, offset, &mut header)?;
    if got < 8 {
        return Ok(None);
    }
    let kind = [header[4], header[5], header[6], header[7]];
    let (body, end) = match be32(&header) {
        0 => (offset + 8, parent.end),
        1 if got == 16 => (offset + 16, offset.saturating_add(be64(&header[8..]))),
        size => (offset + 8, offset + u64::from(size)),
    };
    Ok((end >= body).then_some(Span { kind, body, end }))
}

/// The first of this kind; those behind it are not read.
fn child(source: &dyn ReadAt, parent: Span, kind: &[u8; 4]) -> io::Result<Option<Span>> {
    let is_other = |found: &io::Result<Span>| found.as_ref().is_ok_and(|span| &span.kind != kind);
    children(source, parent).find(|found| !is_other(found)).transpose()
}

fn descend(source: &dyn ReadAt, from: Span, path: &[&[u8; 4]]) -> io::Result<Option<Span>> {
    let mut span = from;
    for kind in path {
        match child(source, span, kind)? {
            Some(next) => span = next,
            None => return Ok(None),
        }
    }
    Ok(Some(span))
}

fn body<const N: usize>(source: &dyn ReadAt, span: Span) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    let whole = read_up_to(source, span.body, &mut bytes)? == N;
    Ok(whole.then_some(bytes))
}

/// `mvhd` and `mdhd` keep their clock's ticks per second in the same place.
fn time_scale(source: &dyn ReadAt, span: Span) -> io::Result<Option<u32>> {
    let scale = body::<24>(source, span)?
        .map(|bytes| if bytes[0] == 1 { be32(&bytes[20..]) } else { be32(&bytes[12..]) });
    Ok(scale.filter(|&scale| scale > 0))
}

fn id_of(source: &dyn ReadAt, track: Span) -> io::Result<Option<u32>> {
    let Some(tkhd) = child(source, track, b"tkhd")? else { return Ok(None) };
    Ok(body::<24>(source, tkhd)?
        .map(|bytes| if bytes[0] == 1 { be32(&bytes[20..]) } else { be32(&bytes[12..]) }))
}

/// Duration (in the movie's clock) and start (in the track's) of the one edit that plays something.
fn single_entry(source: &dyn ReadAt, list: Span) -> io::Result<Option<(u64, u64)>> {
    const MOST_ENTRIES: u32 = 16;
    let Some(header) = body::<8>(source, list)? else { return Ok(None) };
    let (wide, count) = (header[0] == 1, be32(&header[4..]));
    if count > MOST_ENTRIES {
        return Ok(None);
    }
    let size = if wide { 20 } else { 12 };
    let mut found = None;
    for index in 0..u64::from(count) {
        let at = Span { body: list.body + 8 + index * size, ..list };
        let Some(bytes) = body::<16>(source, at)? else { return Ok(None) };
        let (duration, start) = if wide {
            (be64(&bytes), be64(&bytes[8..]) as i64)
        } else {
            (u64::from(be32(&bytes)), i64::from(be32(&bytes[4..]) as i32))
        };
        // A negative start is a pause before the sound, not a part of it.
        let Ok(start) = u64::try_from(start) else { continue };
        if found.replace((duration, start)).is_some() {
            return Ok(None);
        }
    }
    Ok(found)
}
