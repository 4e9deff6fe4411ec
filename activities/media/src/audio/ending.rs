//! Whether a file stops where it should. Demuxers of streamable containers take any end for the end; these checks look
//! at the last bytes themselves. Containers that state their sample count need none: the count is compared.

use std::io;

use crate::source::read_up_to;
use crate::{Problem, ReadAt};

use super::{Container, matroska, mp4};

/// How much of the end is looked at: more than the largest Ogg page or MPEG frame.
const TAIL: u64 = 128 * 1024;

/// What is wrong with the end of a file of this container, whose last packet was `last_packet`.
pub(super) fn flaw(
    source: &dyn ReadAt,
    container: &str,
    last_packet: &[u8],
) -> Result<Option<Problem>, Problem> {
    let flaw = match container {
        "mp1" | "mp2" | "mp3" | "aac" => cut_frame(source, last_packet),
        "ogg" => unended_ogg(source),
        "isomp4" => mp4::cut_box(source).map(|cut| cut.map(|name| format!("its {name:?} box is cut off"))),
        "matroska" => cut_segment(source),
        "avi" | "rf64" | "w64" | "au" => cut_riff(source, container),
        "asf" => cut_asf(source),
        _ => Ok(None),
    };
    flaw.map(|flaw| flaw.map(Problem::corrupt)).map_err(|error| Problem::source(&error))
}

/// What a container shows of having been cut off, without anybody opening it.
pub(super) fn cut(source: &dyn ReadAt, container: Container) -> Result<Option<Problem>, Problem> {
    let name = match container {
        Container::Mp4 => "isomp4",
        Container::Matroska => "matroska",
        Container::Ogg => "ogg",
        Container::Avi => "avi",
        Container::Wave => "rf64",
        Container::Wave64 => "w64",
        Container::Au => "au",
        Container::Asf => "asf",
        _ => return Ok(None),
    };
    flaw(source, name, &[])
}

fn tail(source: &dyn ReadAt) -> io::Result<Vec<u8>> {
    last_bytes(source, TAIL)
}

/// So many bytes of the end, or the whole of a shorter source.
pub(super) fn last_bytes(source: &dyn ReadAt, most: u64) -> io::Result<Vec<u8>> {
    let length = source.len().min(most);
    let mut bytes = vec![0; length as usize];
    let filled = read_up_to(source, source.len() - length, &mut bytes)?;
    bytes.truncate(filled);
    Ok(bytes)
}

pub(super) fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).rposition(|window| window == needle)
}

/// MPEG frames follow one another without a frame around them. When something that begins like another frame stands
/// behind the last whole one, that one was cut.
fn cut_frame(source: &dyn ReadAt, last_packet: &[u8]) -> io::Result<Option<String>> {
    let tail = tail(source)?;
    let Some(start) = rfind(&tail, last_packet) else { return Ok(None) };
    let rest = &tail[start + last_packet.len()..];
    let cut = match rest {
        [0xFF] => true,
        [0xFF, second, ..] => second & 0xE0 == 0xE0,
        _ => false,
    };
    Ok(cut.then(|| "the file ends in the middle of a frame".to_owned()))
}

/// The last page of every Ogg stream is marked.
fn unended_ogg(source: &dyn ReadAt) -> io::Result<Option<String>> {
    const LAST_PAGE: u8 = 4;
    let tail = tail(source)?;
    let page = rfind(&tail, b"OggS").map(|start| &tail[start..]);
    let ended = page
        .is_some_and(|page| page.get(5).is_some_and(|flags| flags & LAST_PAGE != 0) && page_is_whole(page));
    Ok((!ended).then(|| "the file ends before the end of its stream".to_owned()))
}

fn page_is_whole(page: &[u8]) -> bool {
    let Some(&segments) = page.get(26) else { return false };
    let table_end = 27 + usize::from(segments);
    page.get(27..table_end).is_some_and(|table| {
        page.len() >= table_end + table.iter().map(|&size| usize::from(size)).sum::<usize>()
    })
}

/// RIFF and its kin state in their first bytes how long they are.
fn cut_riff(source: &dyn ReadAt, container: &str) -> io::Result<Option<String>> {
    let mut head = [0; 28];
    let filled = read_up_to(source, 0, &mut head)?;
    let four = |at: usize| head[at..at + 4].try_into().expect("four are four");
    let eight = |at: usize| head[at..at + 8].try_into().expect("eight are eight");
    let (little, large) = (u64::from(u32::from_le_bytes(four(4))), u64::from(u32::from_be_bytes(four(4))));
    let end = match container {
        "avi" => 8 + little,
        // The sizes of one that is not large may be whatever a stream left there.
        "rf64" if !head.starts_with(b"RF64") => 0,
        // Behind the name of the chunk for large sizes, and its own.
        "rf64" => u64::from_le_bytes(eight(20)).saturating_add(8),
        "w64" => u64::from_le_bytes(eight(16)),
        // Where the samples begin, and how many bytes they take; all ones where that was not known.
        _ => match u32::from_be_bytes(four(8)) {
            u32::MAX => 0,
            size => large + u64::from(size),
        },
    };
    let cut = filled < head.len() || end > source.len();
    Ok(cut.then(|| "the file ends before the end that its header states".to_owned()))
}

/// The second object holds all packets, and states its length unless it was broadcast.
fn cut_asf(source: &dyn ReadAt) -> io::Result<Option<String>> {
    const NAME: u64 = 16;
    let size_at = |offset: u64| -> io::Result<Option<u64>> {
        let mut size = [0; 8];
        let filled = read_up_to(source, offset.saturating_add(NAME), &mut size)?;
        Ok((filled == size.len()).then_some(u64::from_le_bytes(size)))
    };
    let header = size_at(0)?.unwrap_or(u64::MAX);
    let end = size_at(header)?.map(|data| header.saturating_add(data));
    let cut = end.is_none_or(|end| end > source.len());
    Ok(cut.then(|| "the file ends before the end of its packets".to_owned()))
}

/// The segment, which holds all the rest, states its length unless it was streamed.
fn cut_segment(source: &dyn ReadAt) -> io::Result<Option<String>> {
    let mut head = vec![0; 4096];
    let filled = read_up_to(source, 0, &mut head)?;
    head.truncate(filled);
    let Some(start) = head.windows(4).position(|window| window == matroska::SEGMENT.to_be_bytes()) else {
        return Ok(None);
    };
    let Some((size, width)) = matroska::size(&head[start + 4..]) else { return Ok(None) };
    let end = size.and_then(|size| size.checked_add((start + 4 + width) as u64));
    let cut = end.is_some_and(|end| end > source.len());
    Ok(cut.then(|| "the file ends before the end of its segment".to_owned()))
}
