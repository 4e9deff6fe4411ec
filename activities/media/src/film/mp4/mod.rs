//! The index of an MP4 or QuickTime film: which boxes there are (`boxes`), what the tables of its film say (`tables`), and
//! where that leads.

mod boxes;
mod tables;

use crate::numbers::{be32, be64};
use crate::{Problem, ReadAt};

use super::spread::{Dealt, Nearest};
use super::{Index, KeyFrame, Limits, Range, Spread};
use boxes::{Boxes, Span};
use tables::Tables;

/// So many key frames are not gone through one by one: it is quicker to seek those that are wanted.
const MOST_KEY_TIMES: usize = 8192;

/// What the index says; none when its frames are not listed there, as in a fragmented film.
pub(super) fn index(
    source: &dyn ReadAt,
    limits: &Limits,
    spread: Option<&Spread>,
) -> Result<Option<Index>, Problem> {
    let mut boxes = Boxes::new(source, limits.index_bytes);
    let top = boxes.children(boxes.whole(), 0)?;
    if let Some(cut) = top.iter().find(|span| span.end > source.len()) {
        let kind = String::from_utf8_lossy(&cut.kind).into_owned();
        return Err(Problem::corrupt(format!("it is cut off within its box {kind:?}")));
    }
    let moov = top.iter().find(|span| &span.kind == b"moov");
    let moov = *moov.ok_or_else(|| Problem::corrupt("it has no index (the box \"moov\")"))?;
    let inside = boxes.children(moov, 1)?;
    let tracks: Vec<Span> = inside.iter().filter(|span| &span.kind == b"trak").copied().collect();
    if tracks.len() > limits.tracks {
        let what = format!("{} tracks; the limit is {}", tracks.len(), limits.tracks);
        return Err(Problem::TooLarge { what });
    }
    let movie_scale = match inside.iter().find(|span| &span.kind == b"mvhd") {
        Some(mvhd) => time_scale(&mut boxes, *mvhd)?,
        None => None,
    };
    let fragmented = inside.iter().any(|span| &span.kind == b"mvex");
    for track in tracks {
        let Some(film) = Film::open(&mut boxes, track, movie_scale, limits)? else { continue };
        if fragmented || film.tables.frames() == 0 {
            return Ok(None);
        }
        return film.index(limits, spread, &top, source.len()).map(Some);
    }
    Err(Problem::unsupported("an MP4 or QuickTime file without a film"))
}

/// `mvhd` and `mdhd` keep their clock's ticks per second in the same place.
fn time_scale(boxes: &mut Boxes<'_>, span: Span) -> Result<Option<u32>, Problem> {
    let bytes = boxes.bytes(span, 24)?;
    let at = if bytes.first() == Some(&1) { 20 } else { 12 };
    Ok(bytes.get(at..at + 4).map(be32).filter(|&scale| scale > 0))
}

/// The track that is shown.
struct Film {
    width: u32,
    height: u32,
    scale: u32,
    /// When the first frame is shown, in ticks of the track's clock: later frames count from there.
    start: i64,
    tables: Tables,
}

impl Film {
    fn open(
        boxes: &mut Boxes<'_>,
        track: Span,
        movie_scale: Option<u32>,
        limits: &Limits,
    ) -> Result<Option<Self>, Problem> {
        let parts = boxes.children(track, 2)?;
        let find = |kind: &[u8; 4]| parts.iter().find(|span| &span.kind == kind).copied();
        let Some(media) = find(b"mdia") else { return Ok(None) };
        let inside = boxes.children(media, 3)?;
        let find_in = |kind: &[u8; 4]| inside.iter().find(|span| &span.kind == kind).copied();
        let Some(handler) = find_in(b"hdlr") else { return Ok(None) };
        if boxes.bytes(handler, 12)?.get(8..12) != Some(b"vide") {
            return Ok(None);
        }
        let scale = match find_in(b"mdhd") {
            Some(header) => time_scale(boxes, header)?,
            None => None,
        };
        let scale = scale.ok_or_else(|| Problem::corrupt("the header of its film states no clock"))?;
        let Some(information) = find_in(b"minf") else { return Ok(None) };
        let tables = boxes.children(information, 4)?.into_iter().find(|span| &span.kind == b"stbl");
        let Some(table) = tables else { return Ok(None) };
        let spans = boxes.children(table, 5)?;
        let Some(entry) = spans.iter().find(|span| &span.kind == b"stsd") else { return Ok(None) };
        // Behind the list's head, the entry's, and 24 bytes of it stand two numbers of 16 bits (ISO/IEC 14496-12, 12.1.3).
        let described = boxes.bytes(*entry, 44)?;
        let Some([a, b, c, d]) = described.get(40..44) else {
            return Err(Problem::corrupt("its film is not described"));
        };
        let (width, height) =
            (u32::from(u16::from_be_bytes([*a, *b])), u32::from(u16::from_be_bytes([*c, *d])));
        limits.check_sides(width, height)?;
        let edits = match find(b"edts") {
            Some(edits) => boxes.children(edits, 3)?.into_iter().find(|span| &span.kind == b"elst"),
            None => None,
        };
        let start = match edits.zip(movie_scale) {
            Some((list, movie_scale)) => start(boxes, list, movie_scale, scale)?,
            None => 0,
        };
        let tables = Tables::read(boxes, &spans)?;
        Ok(Some(Self { width, height, scale, start, tables }))
    }

    fn index(
        &self,
        limits: &Limits,
        spread: Option<&Spread>,
        top: &[Span],
        length: u64,
    ) -> Result<Index, Problem> {
        let milliseconds = self.milliseconds(i64::try_from(self.tables.ticks()).unwrap_or(i64::MAX));
        limits.check_length(milliseconds)?;
        let times = spread.map(|spread| spread.times(milliseconds)).transpose()?;
        let mut nearest = Nearest::new(times.unwrap_or_default());
        let mut found = Some(Vec::new());
        let (mut first, mut key_frames, mut key_times) = (None, 0, Vec::new());
        self.tables.key_frames(|time, bytes| {
            key_frames += 1;
            first.get_or_insert(bytes);
            let at = self.milliseconds(time.saturating_sub(self.start));
            if key_times.len() <= MOST_KEY_TIMES {
                key_times.push(at);
            }
            if bytes.end() > length {
                return Err(Problem::corrupt("its index leads past its end"));
            }
            match (&mut found, nearest.take(at, bytes)) {
                (Some(found), Ok(dealt)) => found.extend(dealt),
                (_, Err(_)) => found = None,
                (None, Ok(_)) => {}
            }
            Ok(())
        })?;
        let last = nearest.end();
        let found = found.zip(last.ok()).map(|(mut found, last)| {
            found.extend(last);
            let key_frame = |dealt: Dealt<Range>| KeyFrame { milliseconds: dealt.at, bytes: dealt.frame };
            found.into_iter().map(key_frame).collect::<Vec<_>>()
        });
        let nearest = spread.and(found);
        let needed = needed(top, first, nearest.as_deref().unwrap_or_default());
        let (width, height, frames) = (self.width, self.height, self.tables.frames());
        let key_times = Some(key_times).filter(|times| times.len() <= MOST_KEY_TIMES);
        Ok(Index { width, height, milliseconds, frames, key_frames, key_times, nearest, needed })
    }

    fn milliseconds(&self, ticks: i64) -> u64 {
        let ticks = u128::from(u64::try_from(ticks).unwrap_or(0));
        (ticks * 1000 / u128::from(self.scale)) as u64
    }
}

/// What the first edit that shows something begins with, less the pauses before it, in ticks of the track.
fn start(boxes: &mut Boxes<'_>, list: Span, movie: u32, media: u32) -> Result<i64, Problem> {
    const MOST_ENTRIES: usize = 16;
    let bytes = boxes.bytes(list, 8 + MOST_ENTRIES as u64 * 20)?;
    let wide = bytes.first() == Some(&1);
    let entries = bytes.get(8..).unwrap_or_default();
    let mut pause = 0_i64;
    for entry in entries.chunks_exact(if wide { 20 } else { 12 }) {
        let (duration, start) = if wide {
            (be64(entry), be64(&entry[8..]).cast_signed())
        } else {
            (u64::from(be32(entry)), i64::from(be32(&entry[4..]).cast_signed()))
        };
        if start >= 0 {
            return Ok(start.saturating_sub(pause));
        }
        let ticks = u128::from(duration) * u128::from(media) / u128::from(movie);
        pause = pause.saturating_add(i64::try_from(ticks).unwrap_or(i64::MAX));
    }
    Ok(0)
}

/// All but the media themselves, the first key frame, by which a decoder learns what it decodes, and those that are wanted.
fn needed(top: &[Span], first: Option<Range>, wanted: &[KeyFrame]) -> Vec<Range> {
    /// Parts that lie closer together are fetched as one.
    const CLOSE: u64 = 64 * 1024;
    let media = |span: &&Span| &span.kind == b"mdat";
    let around = top.iter().filter(|span| !media(span)).map(|span| (span.start, span.end));
    let heads = top.iter().filter(media).map(|span| (span.start, span.body));
    let frames = first.into_iter().chain(wanted.iter().map(|frame| frame.bytes));
    let mut parts: Vec<(u64, u64)> =
        around.chain(heads).chain(frames.map(|bytes| (bytes.offset, bytes.end()))).collect();
    parts.sort_unstable();
    let mut needed: Vec<Range> = Vec::new();
    for (start, end) in parts {
        match needed.last_mut() {
            Some(last) if start <= last.end() + CLOSE => {
                last.length = last.length.max(end.saturating_sub(last.offset));
            }
            _ => needed.push(Range { offset: start, length: end - start }),
        }
    }
    needed
}
