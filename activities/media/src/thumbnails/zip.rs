//! A zip whose entries are stored as they are, written front to back (PKWARE APPNOTE 6.3.10, 4.3 to 4.4): JPEGs do not get
//! smaller by being packed. No entry is as large as 4 GiB, nor are all together.

use crc32fast::hash;

use crate::{Problem, Sink};

pub(super) const LOCAL: u32 = 0x0403_4B50;
pub(super) const CENTRAL: u32 = 0x0201_4B50;
pub(super) const END: u32 = 0x0605_4B50;
pub(super) const LOCAL_HEAD: usize = 30;
pub(super) const CENTRAL_HEAD: usize = 46;
pub(super) const END_LENGTH: usize = 22;

/// The version of the format that is needed to read it.
const VERSION: u16 = 20;
/// 1 January 1980: there is no clock here, and the same frames shall make the same zip.
const MADE_ON: u16 = 0x0021;
/// The bit that says that names are UTF-8.
const UTF8: u16 = 1 << 11;

pub(super) struct Zip<'s> {
    sink: &'s mut dyn Sink,
    central: Vec<u8>,
    entries: u16,
    written: u64,
}

impl<'s> Zip<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, central: Vec::new(), entries: 0, written: 0 }
    }

    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        let offset = self.offset()?;
        let size = u32::try_from(bytes.len()).map_err(|_| too_large())?;
        let about = about(name, hash(bytes), size);
        self.central.extend(CENTRAL.to_le_bytes());
        self.central.extend(VERSION.to_le_bytes());
        self.central.extend(&about);
        // No comment, the first disk, no attributes.
        self.central.extend([0; 10]);
        self.central.extend(offset.to_le_bytes());
        self.central.extend(name.as_bytes());
        self.entries = self.entries.checked_add(1).ok_or_else(too_large)?;
        self.write(&[&LOCAL.to_le_bytes()[..], &about, name.as_bytes()].concat())?;
        self.write(bytes)
    }

    /// Writes the list of entries; answers the length of the whole.
    pub(super) fn finish(mut self) -> Result<u64, Problem> {
        let offset = self.offset()?;
        let central = std::mem::take(&mut self.central);
        let size = u32::try_from(central.len()).map_err(|_| too_large())?;
        let mut end = END.to_le_bytes().to_vec();
        end.extend([0; 4]);
        end.extend(self.entries.to_le_bytes());
        end.extend(self.entries.to_le_bytes());
        end.extend(size.to_le_bytes());
        end.extend(offset.to_le_bytes());
        end.extend([0; 2]);
        self.write(&central)?;
        self.write(&end)?;
        Ok(self.written)
    }

    fn offset(&self) -> Result<u32, Problem> {
        u32::try_from(self.written).map_err(|_| too_large())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.sink.write(bytes).map_err(|error| Problem::sink(&error))?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// What the two heads of an entry have in common.
fn about(name: &str, crc: u32, size: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [VERSION, UTF8, 0, 0, MADE_ON] {
        bytes.extend(number.to_le_bytes());
    }
    for number in [crc, size, size] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn too_large() -> Problem {
    Problem::TooLarge { what: "the frames take more than a zip holds".to_owned() }
}
