//! Opening the zip again: every entry lies where the list says, with its checksum; every frame is a JPEG that decodes and is
//! as large as the index says; and the index names just what is there.

use crate::numbers::{le16, le32};
use crate::source::{Watched, read_up_to};
use crate::{Problem, ReadAt, picture};

use super::index::{self, Index};
use super::zip::{CENTRAL, CENTRAL_HEAD, END, END_LENGTH, LOCAL, LOCAL_HEAD};

/// Answers how many frames there are.
pub(crate) fn verify(source: &dyn ReadAt) -> Result<u32, Problem> {
    let source = Watched::new(source);
    let verified = open(&source);
    match source.failure() {
        Some(why) => Err(Problem::SourceFailed { why }),
        None => verified,
    }
}

fn open(source: &dyn ReadAt) -> Result<u32, Problem> {
    let entries = list(source)?;
    let (last, frames) = entries.split_last().ok_or_else(|| mismatch("it is empty"))?;
    if last.name != index::NAME {
        return Err(mismatch("its index is not its last entry"));
    }
    let index: Index = serde_json::from_slice(&last.content(source)?)
        .map_err(|error| mismatch(format!("its index cannot be read ({error})")))?;
    if frames.len() != index.frames.len() {
        return Err(mismatch("its index names more or fewer frames than there are"));
    }
    for (entry, named) in frames.iter().zip(&index.frames) {
        if entry.name != named.name {
            return Err(mismatch(format!("its index names {:?}, and there is {:?}", named.name, entry.name)));
        }
        picture::verify(&entry.content(source)?, named.width, named.height)?;
    }
    Ok(index.len())
}

/// An entry as the list at the end has it.
struct Listed {
    name: String,
    crc: u32,
    size: u32,
    offset: u32,
}

/// No list of a thousand frames is longer.
const LONGEST_LIST: usize = 1 << 20;

fn list(source: &dyn ReadAt) -> Result<Vec<Listed>, Problem> {
    let length = source.len();
    let end: [u8; END_LENGTH] = read(source, length.saturating_sub(END_LENGTH as u64), END_LENGTH)?
        .try_into()
        .map_err(|_| mismatch("it has no end"))?;
    if le32(&end) != END {
        return Err(mismatch("it has no end"));
    }
    let (size, offset) = (le32(&end[12..]) as usize, u64::from(le32(&end[16..])));
    if size > LONGEST_LIST || offset + (size + END_LENGTH) as u64 != length {
        return Err(mismatch("its list is not where it should be"));
    }
    let bytes = read(source, offset, size)?;
    let mut entries = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some(head) = rest.get(..CENTRAL_HEAD) {
        let name_length = usize::from(le16(&head[28..]));
        let name = rest.get(CENTRAL_HEAD..CENTRAL_HEAD + name_length).map(<[u8]>::to_vec);
        let name = name.and_then(|name| String::from_utf8(name).ok());
        let name = name.filter(|_| le32(head) == CENTRAL && le16(&head[10..]) == 0);
        let name = name.ok_or_else(|| mismatch("its list cannot be read"))?;
        entries.push(Listed {
            name,
            crc: le32(&head[16..]),
            size: le32(&head[20..]),
            offset: le32(&head[42..]),
        });
        rest = &rest[CENTRAL_HEAD + name_length..];
    }
    if !rest.is_empty() || entries.len() != usize::from(le16(&end[10..])) {
        return Err(mismatch("its list is not as long as it says"));
    }
    Ok(entries)
}

impl Listed {
    fn content(&self, source: &dyn ReadAt) -> Result<Vec<u8>, Problem> {
        let head = read(source, self.offset.into(), LOCAL_HEAD + self.name.len())?;
        let name = head.get(LOCAL_HEAD..).unwrap_or_default();
        if le32(&head) != LOCAL || name != self.name.as_bytes() || le32(&head[14..]) != self.crc {
            return Err(mismatch(format!("{:?} is not where its list says", self.name)));
        }
        let bytes = read(source, u64::from(self.offset) + head.len() as u64, self.size as usize)?;
        if crc32fast::hash(&bytes) != self.crc {
            return Err(mismatch(format!("{:?} has another checksum", self.name)));
        }
        Ok(bytes)
    }
}

fn read(source: &dyn ReadAt, offset: u64, length: usize) -> Result<Vec<u8>, Problem> {
    if offset.saturating_add(length as u64) > source.len() {
        return Err(mismatch("it is cut off"));
    }
    let mut bytes = vec![0; length];
    let filled = read_up_to(source, offset, &mut bytes).map_err(|error| Problem::source(&error))?;
    if filled < length {
        return Err(mismatch("it is cut off"));
    }
    Ok(bytes)
}

fn mismatch(what: impl Into<String>) -> Problem {
    Problem::Unverified { what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::super::zip::Zip;
    use super::*;

    #[test]
    fn a_zip_that_lost_a_bit_or_its_end_is_refused() {
        let mut whole = Vec::new();
        let mut zip = Zip::new(&mut whole);
        zip.add("index.json", br#"{"version": 1, "seconds": 1.0, "exact": true, "frames": []}"#).unwrap();
        zip.finish().unwrap();
        assert_eq!(verify(&whole), Ok(0));
        for place in [40, 50, whole.len() - 60, whole.len() - 5] {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            assert!(matches!(verify(&bytes), Err(Problem::Unverified { .. })), "byte {place}");
        }
        for length in 0..whole.len() {
            assert!(verify(&whole[..length].to_vec()).is_err(), "cut to {length}");
        }
    }
}
