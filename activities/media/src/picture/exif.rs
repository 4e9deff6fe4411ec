//! The two things that are taken from a picture's EXIF: how to turn it, and whose it is. What cannot be read is as good as
//! absent, as every viewer takes it.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Reader, Tag, Value};

use super::Turn;

/// More of a copyright line than this is cut off.
const LONGEST_COPYRIGHT: usize = 1000;

/// What a block of EXIF, without its `Exif\0\0`, says.
pub(super) fn read(block: &[u8]) -> (Turn, Option<String>) {
    let Ok(exif) = Reader::new().read_raw(block.to_vec()) else { return (Turn::NONE, None) };
    let turn = exif
        .get_field(Tag::Orientation, In::PRIMARY)
        .and_then(|field| field.value.get_uint(0))
        .map_or(Turn::NONE, Turn::from_exif);
    (turn, exif.get_field(Tag::Copyright, In::PRIMARY).and_then(copyright))
}

/// The photographer's part and the editor's, where there are two.
fn copyright(field: &Field) -> Option<String> {
    let Value::Ascii(parts) = &field.value else { return None };
    let parts = parts.iter().map(|part| String::from_utf8_lossy(part).trim().to_owned());
    let said: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    let said = said.join("; ");
    let end = said.floor_char_boundary(LONGEST_COPYRIGHT);
    (!said.is_empty()).then(|| said[..end].to_owned())
}

/// The body of a JPEG's APP1 that says nothing but whose it is.
pub(super) fn only_copyright(copyright: &str) -> Option<Vec<u8>> {
    let field =
        Field { tag: Tag::Copyright, ifd_num: In::PRIMARY, value: Value::Ascii(vec![copyright.into()]) };
    let mut writer = Writer::new();
    writer.push_field(&field);
    let mut block = Cursor::new(Vec::new());
    writer.write(&mut block, false).ok()?;
    Some([b"Exif\0\0".as_slice(), block.get_ref()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copyright_reads_back_and_nothing_else_does() {
        let body = only_copyright("© 2026 Ada").unwrap();
        assert_eq!(read(&body[6..]), (Turn::NONE, Some("© 2026 Ada".to_owned())));
        assert_eq!(read(b"nonsense"), (Turn::NONE, None));
    }
}
