//! What stands between STREAMINFO and the frames: seek table, tags, pictures, and room for later edits.

use super::seek::SeekTable;

/// What is known about a sound besides the sound: it is carried from the source to the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Names, as Vorbis comments spell them, and values, in their order.
    pub comments: Vec<(String, String)>,
    pub pictures: Vec<Picture>,
}

/// A picture, as FLAC keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// What it shows, by the numbers of ID3v2's APIC: 3 is the front cover.
    pub kind: u32,
    pub media_type: String,
    pub description: String,
    /// Zero where nobody knows.
    pub width: u32,
    pub height: u32,
    /// Bits of each pixel.
    pub depth: u32,
    /// How many colours a palette has; zero without one.
    pub colours: u32,
    pub bytes: Vec<u8>,
}

/// The longest that a block's contents can be.
pub const LONGEST: usize = (1 << 24) - 1;

/// Free for editors, so that they need not write the whole file anew.
const PADDING: usize = 8192;

const LAST: u8 = 0x80;
const PADDING_TYPE: u8 = 1;
const SEEK_TABLE_TYPE: u8 = 3;
pub(crate) const COMMENT_TYPE: u8 = 4;
pub(crate) const PICTURE_TYPE: u8 = 6;

/// All blocks behind STREAMINFO. The seek table is the first, in the part that can be patched however large the pictures
/// are.
pub(super) fn blocks(metadata: &Metadata, seek: &SeekTable) -> Vec<u8> {
    let mut bytes = Vec::new();
    block(SEEK_TABLE_TYPE, &seek.bytes(), &mut bytes);
    put_known(metadata, &mut bytes);
    block(LAST | PADDING_TYPE, &[0; PADDING], &mut bytes);
    bytes
}

/// Only the blocks of what is known about the sound.
pub(crate) fn blocks_of_known(metadata: &Metadata) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_known(metadata, &mut bytes);
    bytes
}

/// Comments and pictures. Of these, what does not fit into a block is left out.
fn put_known(metadata: &Metadata, bytes: &mut Vec<u8>) {
    block(COMMENT_TYPE, &comment(metadata), bytes);
    for picture in &metadata.pictures {
        let body = picture_block(picture);
        if body.len() <= LONGEST {
            block(PICTURE_TYPE, &body, bytes);
        }
    }
}

fn block(kind: u8, body: &[u8], bytes: &mut Vec<u8>) {
    let [_, length @ ..] = (body.len() as u32).to_be_bytes();
    bytes.push(kind);
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(body);
}

/// Comments as long as they fit into the block.
fn comment(metadata: &Metadata) -> Vec<u8> {
    let vendor = concat!("Lockgate ", env!("CARGO_PKG_VERSION"));
    let mut bytes = Vec::new();
    let text = |text: &str, bytes: &mut Vec<u8>| {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    text(vendor, &mut bytes);
    let count_at = bytes.len();
    let mut count = 0_u32;
    bytes.extend_from_slice(&count.to_le_bytes());
    for (name, value) in &metadata.comments {
        let line = format!("{name}={value}");
        if bytes.len() + 4 + line.len() <= LONGEST {
            text(&line, &mut bytes);
            count += 1;
        }
    }
    bytes[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
    bytes
}

/// What a picture's block holds.
pub(crate) fn picture_block(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64 + picture.bytes.len());
    let number = |number: u32, bytes: &mut Vec<u8>| bytes.extend_from_slice(&number.to_be_bytes());
    number(picture.kind, &mut bytes);
    for text in [&picture.media_type, &picture.description] {
        number(text.len() as u32, &mut bytes);
        bytes.extend_from_slice(text.as_bytes());
    }
    for field in [picture.width, picture.height, picture.depth, picture.colours] {
        number(field, &mut bytes);
    }
    number(picture.bytes.len() as u32, &mut bytes);
    bytes.extend_from_slice(&picture.bytes);
    bytes
}

/// Where the blocks that begin at `offset` end, or none when they do not.
pub(super) fn end(mut offset: u64, mut read: impl FnMut(u64) -> Option<[u8; 4]>) -> Option<u64> {
    loop {
        let [kind, length @ ..] = read(offset)?;
        let [a, b, c] = length;
        offset += 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
        if kind & LAST != 0 {
            return Some(offset);
        }
    }
}
