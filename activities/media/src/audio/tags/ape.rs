//! Pictures of APE tags, which stand at the end of WavPack, Monkey's Audio, Musepack and their kin. The texts beside
//! them are known to whoever decodes such a file.

use super::pictures::{FRONT_COVER, Found, OTHER};
use super::{Collected, MOST_COMMENT_BYTES, MOST_PICTURE_BYTES};
use crate::flac::Metadata;
use crate::numbers::le32;
use crate::source::read_up_to;
use crate::{Problem, ReadAt};

const MARK: &[u8; 8] = b"APETAGEX";
/// The tag's foot, which is like its head.
const FOOT: usize = 32;
/// How much an ID3v1 tag behind it takes.
const ID3V1: u64 = 128;

/// A longer tag is left alone.
const LONGEST: u64 = (MOST_PICTURE_BYTES + MOST_COMMENT_BYTES) as u64;

/// What such a tag calls its pictures, and their numbers.
const NAMES: &[(&str, u32)] = &[
    ("cover art (front)", FRONT_COVER),
    ("cover art (back)", 4),
    ("cover art (leaflet)", 5),
    ("cover art (media)", 6),
    ("cover art (artist)", 8),
];

pub(super) fn pictures_of(source: &dyn ReadAt) -> Result<Metadata, Problem> {
    let mut collected = Collected::default();
    if let Some((items, count)) = items(source)? {
        let mut rest = &items[..];
        for _ in 0..count {
            let Some((found, behind)) = item(rest) else { break };
            if let Some(found) = found {
                collected.add_found(found);
            }
            rest = behind;
        }
    }
    Ok(collected.metadata)
}

/// The items of a tag, and how many there are.
fn items(source: &dyn ReadAt) -> Result<Option<(Vec<u8>, u32)>, Problem> {
    for behind in [0, ID3V1] {
        let Some(end) = source.len().checked_sub(behind) else { continue };
        let Some(at) = end.checked_sub(FOOT as u64) else { continue };
        let mut foot = [0; FOOT];
        let filled = read_up_to(source, at, &mut foot).map_err(|error| Problem::source(&error))?;
        if filled < FOOT || !foot.starts_with(MARK) {
            continue;
        }
        // Of the items and the foot.
        let length = u64::from(le32(&foot[12..]));
        let Some(start) = end.checked_sub(length).filter(|&start| start <= at && length <= LONGEST) else {
            continue;
        };
        let mut items = vec![0; (at - start) as usize];
        let filled = read_up_to(source, start, &mut items).map_err(|error| Problem::source(&error))?;
        items.truncate(filled);
        return Ok(Some((items, le32(&foot[16..]))));
    }
    Ok(None)
}

/// The first of some items, if it is a picture, and those behind it.
fn item(items: &[u8]) -> Option<(Option<Found<'_>>, &[u8])> {
    const BINARY: u32 = 1;
    let (head, rest) = items.split_first_chunk::<8>()?;
    let end_of_name = rest.iter().position(|&byte| byte == 0)?;
    let (value, behind) = rest[end_of_name + 1..].split_at_checked(le32(head) as usize)?;
    let name = String::from_utf8_lossy(&rest[..end_of_name]).to_ascii_lowercase();
    let is_picture = le32(&head[4..]) >> 1 & 3 == BINARY && name.starts_with("cover art (");
    Some((is_picture.then(|| picture(&name, value)).flatten(), behind))
}

/// The name of the file that it was, and the picture.
fn picture<'b>(name: &str, value: &'b [u8]) -> Option<Found<'b>> {
    let end = value.iter().position(|&byte| byte == 0)?;
    let kind = NAMES.iter().find(|(known, _)| *known == name).map_or(OTHER, |&(_, kind)| kind);
    let description = String::from_utf8_lossy(&value[..end]).into_owned();
    Some(Found { kind, media_type: String::new(), description, bytes: &value[end + 1..] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(items: &[(&str, u32, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, kind, value) in items {
            body.extend((value.len() as u32).to_le_bytes());
            body.extend((kind << 1).to_le_bytes());
            body.extend([name.as_bytes(), &[0], value].concat());
        }
        let numbers = [2000, (body.len() + FOOT) as u32, items.len() as u32, 0, 0, 0].map(u32::to_le_bytes);
        [&body[..], MARK, &numbers.concat()].concat()
    }

    #[test]
    fn covers_are_found_at_the_end_and_before_id3v1() {
        let items: [(&str, u32, &[u8]); 3] = [
            ("Title", 0, b"no picture"),
            ("Cover Art (Back)", 1, b"back.jpg\0the back"),
            ("Cover Art (front)", 1, b"\0the front"),
        ];
        let alone = [b"wvpk and so on", &tag(&items)[..]].concat();
        let before = [&alone[..], b"TAG", &[0; 125]].concat();
        for file in [&alone, &before] {
            let pictures = pictures_of(file).unwrap().pictures;
            let seen: Vec<_> = pictures.iter().map(|picture| (picture.kind, &picture.bytes[..])).collect();
            assert_eq!(seen, [(4, &b"the back"[..]), (3, b"the front")]);
            assert_eq!(pictures[0].description, "back.jpg");
        }
        for cut in 0..alone.len() {
            assert!(pictures_of(&alone[cut + 1..].to_vec()).unwrap().pictures.len() <= 2);
        }
    }

    #[test]
    fn what_claims_more_than_there_is_holds_none() {
        let mut longer = tag(&[("Cover Art (Front)", 1, b"\0front")]);
        let foot = longer.len() - FOOT;
        longer[foot + 12..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(pictures_of(&longer), Ok(Metadata::default()));
        let mut item = tag(&[("Cover Art (Front)", 1, b"\0front")]);
        item[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(pictures_of(&item), Ok(Metadata::default()));
    }
}
