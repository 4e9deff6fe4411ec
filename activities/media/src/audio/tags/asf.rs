//! Pictures of ASF, which WMA is: among the attributes of its header, each with its name, kind and value. The other
//! attributes are known to whoever decodes such a file.

use super::pictures::Found;
use super::{Collected, MOST_PICTURE_BYTES, MOST_PICTURES};
use crate::flac::Metadata;
use crate::numbers::le64;
use crate::source::read_up_to;
use crate::{Problem, ReadAt};

type Guid = [u8; 16];

const HEADER: Guid = *b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C";
const EXTENSION: Guid = *b"\xB5\x03\xBF\x5F\x2E\xA9\xCF\x11\x8E\xE3\x00\xC0\x0C\x20\x53\x65";
/// Attributes of up to 64 KiB, and those of any length.
const DESCRIPTION: Guid = *b"\x40\xA4\xD0\xD2\x07\xE3\xD2\x11\x97\xF0\x00\xA0\xC9\x5E\xA8\x50";
const LIBRARY: Guid = *b"\x94\x1C\x23\x44\x98\x94\xD1\x49\xA1\x41\x1D\x13\x4E\x45\x70\x54";

/// The name of an attribute that is a picture.
const PICTURE: &str = "WM/Picture";

/// A header that is longer is read up to here only.
const LONGEST_HEADER: u64 = MOST_PICTURE_BYTES as u64 + (1 << 20);

pub(super) fn pictures_of(source: &dyn ReadAt) -> Result<Metadata, Problem> {
    let mut head = [0; 24];
    let filled = read_up_to(source, 0, &mut head).map_err(|error| Problem::source(&error))?;
    let mut collected = Collected::default();
    if filled == head.len() && head.starts_with(&HEADER) {
        let length = le64(&head[16..]).min(source.len()).min(LONGEST_HEADER);
        let mut header = vec![0; length as usize];
        let filled = read_up_to(source, 0, &mut header).map_err(|error| Problem::source(&error))?;
        let mut found = Vec::new();
        // Behind its own name and length, the header counts its objects, and keeps two bytes for later.
        in_objects(header[..filled].get(30..).unwrap_or_default(), Place::Header, &mut found);
        found.into_iter().for_each(|found| collected.add_found(found));
    }
    Ok(collected.metadata)
}

/// Where objects stand. The extension has no extension of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Extension,
}

/// Objects, one behind the other: a name, a length of all of it, and the contents.
fn in_objects<'b>(mut objects: &'b [u8], place: Place, found: &mut Vec<Found<'b>>) {
    const HEAD: usize = 24;
    while let Some((head, _)) = objects.split_first_chunk::<HEAD>() {
        let length = usize::try_from(le64(&head[16..])).unwrap_or(usize::MAX);
        if length < HEAD || length > objects.len() {
            break;
        }
        let (object, behind) = objects.split_at(length);
        let mut body = Fields(&object[HEAD..]);
        match *head.first_chunk::<16>().expect("24 bytes have 16") {
            // What is in it stands behind a name, a number and its length.
            EXTENSION if place == Place::Header => {
                in_objects(body.0.get(22..).unwrap_or_default(), Place::Extension, found);
            }
            DESCRIPTION => _ = body.attributes(Fields::short, found),
            LIBRARY => _ = body.attributes(Fields::long, found),
            _ => {}
        }
        objects = behind;
    }
}

/// What is left of an object.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    /// A count, and as many attributes. None where one is cut off.
    fn attributes(
        &mut self,
        read: impl Fn(&mut Self) -> Option<(&'b [u8], &'b [u8])>,
        found: &mut Vec<Found<'b>>,
    ) -> Option<()> {
        for _ in 0..self.number(2)? {
            let (name, value) = read(self)?;
            if text(name) == PICTURE && found.len() < MOST_PICTURES {
                found.extend(Fields(value).picture());
            }
        }
        Some(())
    }

    fn short(&mut self) -> Option<(&'b [u8], &'b [u8])> {
        let length = self.number(2)?;
        let name = self.take(length)?;
        let _kind = self.number(2)?;
        let length = self.number(2)?;
        Some((name, self.take(length)?))
    }

    fn long(&mut self) -> Option<(&'b [u8], &'b [u8])> {
        let (_language, _stream) = (self.number(2)?, self.number(2)?);
        let name_length = self.number(2)?;
        let _kind = self.number(2)?;
        let length = self.number(4)?;
        Some((self.take(name_length)?, self.take(length)?))
    }

    /// What it shows, its length, its media type and a description, and the picture itself.
    fn picture(&mut self) -> Option<Found<'b>> {
        let kind = self.number(1)? as u32;
        let length = self.number(4)?;
        let (media_type, description) = (self.terminated()?, self.terminated()?);
        Some(Found { kind, media_type, description, bytes: self.take(length)? })
    }

    /// A text up to its zero.
    fn terminated(&mut self) -> Option<String> {
        let letters = self.0.chunks_exact(2).position(|letter| letter == [0, 0])?;
        let words = text(self.take(letters * 2)?);
        self.take(2)?;
        Some(words)
    }
}

/// UTF-16, up to the first zero.
fn text(bytes: &[u8]) -> String {
    let letters = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair));
    char::decode_utf16(letters.take_while(|&letter| letter != 0))
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    fn object(name: Guid, body: &[u8]) -> Vec<u8> {
        [&name[..], &(body.len() as u64 + 24).to_le_bytes(), body].concat()
    }

    fn picture(kind: u8, bytes: &[u8]) -> Vec<u8> {
        let texts = [utf16("image/x-none"), utf16("so")].concat();
        [&[kind][..], &(bytes.len() as u32).to_le_bytes(), &texts, bytes].concat()
    }

    fn of_description(value: &[u8]) -> Vec<u8> {
        let name = utf16(PICTURE);
        let lengths = [name.len() as u16, 1, value.len() as u16].map(u16::to_le_bytes);
        let [name_length, kind, length] = &lengths;
        object(DESCRIPTION, &[&[1, 0][..], name_length, &name, kind, length, value].concat())
    }

    fn of_library(value: &[u8]) -> Vec<u8> {
        let name = utf16(PICTURE);
        let head = [1, 0, 0, name.len() as u16, 1].map(u16::to_le_bytes).concat();
        let library =
            object(LIBRARY, &[&head[..], &(value.len() as u32).to_le_bytes(), &name, value].concat());
        let before = [&[7; 18][..], &(library.len() as u32).to_le_bytes()].concat();
        object(EXTENSION, &[before, library].concat())
    }

    fn file(objects: &[u8]) -> Vec<u8> {
        object(HEADER, &[&[2, 0, 0, 0, 1, 2][..], objects].concat())
    }

    #[test]
    fn pictures_of_any_length_are_found() {
        let (small, large) = (vec![5; 300], vec![6; 100_000]);
        let objects = [of_library(&picture(4, &large)), of_description(&picture(3, &small))].concat();
        let metadata = pictures_of(&file(&objects)).unwrap();
        let seen: Vec<_> = metadata.pictures.iter().map(|picture| (picture.kind, &picture.bytes)).collect();
        assert_eq!(seen, [(4, &large), (3, &small)]);
        let picture = &metadata.pictures[0];
        assert_eq!((picture.media_type.as_str(), picture.description.as_str()), ("image/x-none", "so"));
    }

    #[test]
    fn what_is_cut_off_or_absurd_holds_none() {
        let whole = file(&of_description(&picture(3, &[5; 300])));
        for cut in 0..whole.len() {
            let _ = pictures_of(&whole[..cut].to_vec());
        }
        let nested = (0..1000).fold(of_library(&picture(3, &[5; 300])), |inner, _| {
            object(EXTENSION, &[&[7; 18][..], &(inner.len() as u32).to_le_bytes(), &inner].concat())
        });
        assert_eq!(pictures_of(&file(&nested)), Ok(Metadata::default()));
        let endless = [&HEADER[..], &u64::MAX.to_le_bytes(), &[0; 6], &DESCRIPTION, &[0; 8]].concat();
        assert_eq!(pictures_of(&endless), Ok(Metadata::default()));
    }

    #[test]
    fn what_is_more_than_there_is_room_for_is_left_out() {
        let objects: Vec<u8> =
            (0..30).flat_map(|number| of_library(&picture(3, &[number; 900_000]))).collect();
        let pictures = pictures_of(&file(&objects)).unwrap().pictures;
        assert_eq!(pictures.len(), MOST_PICTURE_BYTES / 900_014);
    }
}
