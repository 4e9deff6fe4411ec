//! The few elements of Matroska that symphonia does not act on (RFC 9559): how long the decoder's priming is, which
//! the track states, how much of its last block is padding, and the title of all. How much to decode before a place
//! that is sought (SeekPreRoll) is of no use to who reads from the beginning.

use std::cell::Cell;
use std::io;

use super::ending::{last_bytes, rfind};
use crate::ReadAt;
use crate::source::read_up_to;

pub(super) const SEGMENT: u32 = 0x1853_8067;
const EBML: u32 = 0x1A45_DFA3;
const INFO: u32 = 0x1549_A966;
const TITLE: u32 = 0x7BA9;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_NUMBER: u32 = 0xD7;
const CODEC_DELAY: u32 = 0x56AA;
const CLUSTER: u32 = 0x1F43_B675;
const SIMPLE_BLOCK: u32 = 0xA3;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const DISCARD_PADDING: u32 = 0x75A2;

/// What else stands in a cluster: its time, its place, how long the one before is, a checksum, and nothing.
const OF_CLUSTER: [u32; 5] = [0xE7, 0xA7, 0xAB, 0xBF, 0xEC];

/// More elements than this before the sound are no film.
const MOST_ELEMENTS: usize = 1000;
/// Longer descriptions are read up to here only.
const LONGEST: u64 = 1 << 20;

/// How much of the end is looked at for the last cluster with a block of the track: those of a film can be long.
const TAILS: [u64; 3] = [128 << 10, 1 << 20, 8 << 20];

/// Of so many elements there, wherever they seem to stand: what looks like a cluster can stand in every other one.
const MOST_AT_THE_END: usize = 1_000_000;

/// The nanoseconds of this track's sound that its decoder gives before the sound begins.
pub(super) fn delay(source: &dyn ReadAt, track: u32) -> io::Result<u64> {
    let tracks = described(source, TRACKS)?;
    let mut entries = elements(&tracks).filter(|&(name, _)| name == TRACK_ENTRY).map(|(_, entry)| entry);
    let ours = entries.find(|entry| stated(entry, TRACK_NUMBER) == Some(u64::from(track)));
    Ok(ours.and_then(|entry| stated(entry, CODEC_DELAY)).unwrap_or(0))
}

/// The number that an entry has under this name.
fn stated(entry: &[u8], name: u32) -> Option<u64> {
    elements(entry).find(|&(found, _)| found == name).map(|(_, value)| number(value))
}

/// What the file is called.
pub(super) fn title(source: &dyn ReadAt) -> io::Result<Option<String>> {
    let info = described(source, INFO)?;
    let title = elements(&info).find(|&(name, _)| name == TITLE);
    let words = title.map(|(_, words)| String::from_utf8_lossy(words).trim_end_matches('\0').to_owned());
    Ok(words.filter(|words| !words.is_empty()))
}

/// What the element of this name holds, if it stands before the sound.
fn described(source: &dyn ReadAt, wanted: u32) -> io::Result<Vec<u8>> {
    let mut offset = 0;
    for _ in 0..MOST_ELEMENTS {
        let mut bytes = [0; 12];
        let filled = read_up_to(source, offset, &mut bytes)?;
        let Some((name, width, size)) = head(&bytes[..filled]) else { break };
        if offset == 0 && name != EBML {
            break;
        }
        let body = offset + width as u64;
        match (name, size) {
            (SEGMENT, _) => offset = body,
            (name, Some(size)) if name == wanted => {
                let length = size.min(LONGEST).min(source.len().saturating_sub(body));
                let mut bytes = vec![0; length as usize];
                let filled = read_up_to(source, body, &mut bytes)?;
                bytes.truncate(filled);
                return Ok(bytes);
            }
            (CLUSTER, _) | (_, None) => break,
            (_, Some(size)) => offset = body.saturating_add(size),
        }
    }
    Ok(Vec::new())
}

/// The nanoseconds of padding at the end of this track's last block.
pub(super) fn padding(source: &dyn ReadAt, track: u32) -> io::Result<u64> {
    let left = Cell::new(MOST_AT_THE_END);
    for most in TAILS {
        let tail = last_bytes(source, most)?;
        if let Some(padding) = padding_in(&tail, track, &left) {
            return Ok(padding);
        }
        if most >= source.len() || left.get() == 0 {
            break;
        }
    }
    Ok(0)
}

/// The padding of the last block of the track that lies in a cluster which begins here.
fn padding_in(tail: &[u8], track: u32, left: &Cell<usize>) -> Option<u64> {
    let mut end = tail.len();
    while let Some(at) = rfind(&tail[..end], &CLUSTER.to_be_bytes()).filter(|_| left.get() > 0) {
        let found = head(&tail[at..]).and_then(|(_, width, size)| {
            let body = &tail[at + width..];
            let length = size.map_or(Some(body.len()), |size| usize::try_from(size).ok())?;
            padding_of_last(body.get(..length)?, track, left)
        });
        if found.is_some() {
            return found;
        }
        end = at;
    }
    None
}

/// Of a cluster; none where it has no block of the track, or is none.
fn padding_of_last(cluster: &[u8], track: u32, left: &Cell<usize>) -> Option<u64> {
    let elements = |of| elements(of).take_while(|_| left.replace(left.get().saturating_sub(1)) > 0);
    let of_track = |block: &[u8]| size(block).is_some_and(|(number, _)| number == Some(u64::from(track)));
    let mut last = None;
    for (name, body) in elements(cluster) {
        match name {
            SIMPLE_BLOCK if of_track(body) => last = Some(0),
            BLOCK_GROUP if elements(body).any(|(name, block)| name == BLOCK && of_track(block)) => {
                let stated = elements(body).find(|&(name, _)| name == DISCARD_PADDING);
                last = Some(stated.map_or(0, |(_, value)| positive(value)));
            }
            SIMPLE_BLOCK | BLOCK_GROUP => {}
            name if OF_CLUSTER.contains(&name) => {}
            // A cluster of unknown length ends where something else begins.
            _ => break,
        }
    }
    last.filter(|_| left.get() > 0)
}

/// Elements side by side, with their names. One that is cut off is none.
fn elements(mut rest: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let (name, width, size) = head(rest)?;
        let (body, behind) = rest[width..].split_at_checked(usize::try_from(size?).ok()?)?;
        rest = behind;
        Some((name, body))
    })
}

/// An element's name, how many bytes there are before its contents, and how long these are, if that is known.
fn head(bytes: &[u8]) -> Option<(u32, usize, Option<u64>)> {
    let width = bytes.first()?.leading_zeros() as usize + 1;
    if width > 4 {
        return None;
    }
    let name = number(bytes.get(..width)?) as u32;
    let (size, more) = size(&bytes[width..])?;
    Some((name, width + more, size))
}

/// A size in EBML's variable-length form and how many bytes it took; no size when it is unknown.
pub(super) fn size(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let width = bytes.first()?.leading_zeros() as usize + 1;
    if width > 8 {
        return None;
    }
    let mask = (1_u64 << (7 * width)) - 1;
    let size = number(bytes.get(..width)?) & mask;
    Some(((size != mask).then_some(size), width))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// A number with a sign. One below zero is of samples before the block, which nobody writes.
fn positive(bytes: &[u8]) -> u64 {
    if bytes.first().is_some_and(|&first| first & 0x80 != 0) { 0 } else { number(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(name: &[u8], body: &[u8]) -> Vec<u8> {
        [name, &(0x0100_0000_0000_0000 | body.len() as u64).to_be_bytes(), body].concat()
    }

    fn group(track: u8, padding: &[u8]) -> Vec<u8> {
        let block = element(&[0xA1], &[0x80 | track, 0, 0, 0, 1, 2, 3]);
        element(&[0xA0], &[block, element(&[0x75, 0xA2], padding)].concat())
    }

    fn simple(track: u8) -> Vec<u8> {
        element(&[0xA3], &[0x80 | track, 0, 0, 0, 1, 2, 3])
    }

    fn cluster(blocks: &[Vec<u8>]) -> Vec<u8> {
        element(&CLUSTER.to_be_bytes(), &[element(&[0xE7], &[0]), blocks.concat()].concat())
    }

    fn entry(number: u8, delay: &[u8]) -> Vec<u8> {
        element(&[0xAE], &[element(&[0xD7], &[number]), element(&[0x56, 0xAA], delay)].concat())
    }

    fn file(clusters: &[u8]) -> Vec<u8> {
        let tracks = element(&TRACKS.to_be_bytes(), &[entry(1, &[5]), entry(2, &[1, 0, 7])].concat());
        let info = element(&INFO.to_be_bytes(), &element(&[0x7B, 0xA9], b"A title\0"));
        let inside = [&element(&[0xEC], &[0; 9])[..], &info, &tracks, clusters].concat();
        let header = element(b"\x1A\x45\xDF\xA3", &[]);
        [header, element(&SEGMENT.to_be_bytes(), &inside)].concat()
    }

    #[test]
    fn each_track_has_its_own_delay_and_all_have_a_title() {
        let file = file(&cluster(&[simple(1)]));
        for (track, expected) in [(1, 5), (2, 65_543), (3, 0)] {
            assert_eq!(delay(&file, track).unwrap(), expected);
        }
        for cut in 0..file.len() {
            assert!(delay(&file[..cut].to_vec(), 2).unwrap() <= 65_543);
        }
        assert_eq!(title(&file).unwrap().as_deref(), Some("A title"));
        assert_eq!(title(&file[20..].to_vec()).unwrap(), None, "that is no Matroska file");
    }

    #[test]
    fn the_padding_is_that_of_the_track_s_last_block() {
        let first = cluster(&[group(1, &[9]), group(2, &[1, 0])]);
        for (last, of_one, of_two) in [
            (cluster(&[simple(1)]), 0, 256),
            (cluster(&[simple(1), group(1, &[3])]), 3, 256),
            (cluster(&[group(2, &[0x80])]), 9, 0),
            (element(&CLUSTER.to_be_bytes(), b"no cluster"), 9, 256),
        ] {
            let file = file(&[&first[..], &last].concat());
            assert_eq!((padding(&file, 1).unwrap(), padding(&file, 2).unwrap()), (of_one, of_two));
        }
    }

    #[test]
    fn a_cluster_of_a_film_may_be_long_and_one_of_a_stream_without_length() {
        let picture = element(&[0xA3], &[vec![0x82], vec![0; 2 << 20]].concat());
        let long = file(&cluster(&[picture, group(1, &[7])]));
        assert_eq!(padding(&long, 1).unwrap(), 7);
        let open = [&CLUSTER.to_be_bytes()[..], &[0xFF], &element(&[0xE7], &[0]), &group(1, &[8])].concat();
        let streamed = file(&[open, element(b"\x1C\x53\xBB\x6B", &[1, 2])].concat());
        assert_eq!(padding(&streamed, 1).unwrap(), 8);
    }

    #[test]
    fn clusters_hidden_in_what_each_of_them_holds_are_not_all_followed() {
        let hidden = element(&[0xEC], &[&CLUSTER.to_be_bytes()[..], &[0xFF; 1]].concat());
        let (tail, left) = (hidden.repeat(20_000), Cell::new(MOST_AT_THE_END));
        assert_eq!(padding_in(&tail, 1, &left), None);
        assert_eq!(left.get(), 0);
    }
}
