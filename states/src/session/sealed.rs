//! A record as it is stored: one text, and a checksum beside it, by which a flipped bit is found out. Sessions are kept so,
//! and so is what was told of them, in SQLite and in DynamoDB alike.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::BrokenRecord;

/// What is written of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub text: String,
    pub checksum: u32,
}

impl Sealed {
    pub fn of(record: &impl Serialize) -> Self {
        let text = serde_json::to_string(record).expect("a record is plain data");
        Self { checksum: crc32fast::hash(text.as_bytes()), text }
    }
}

/// The record of this id, if its text is what was written, and never another. No checksum is a wrong one.
pub fn unsealed<T: DeserializeOwned>(id: &str, text: &str, checksum: Option<u32>) -> Result<T, BrokenRecord> {
    let broken = |what| BrokenRecord { id: id.to_owned(), what };
    if checksum != Some(crc32fast::hash(text.as_bytes())) {
        return Err(broken("its checksum is that of its text"));
    }
    serde_json::from_str(text).map_err(|_| broken("its text is a record of its kind"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        id: String,
        version: u64,
    }

    #[test]
    fn the_bytes_are_those_that_lie_in_databases_already() {
        let record = Record { id: "s".to_owned(), version: 3 };
        let Sealed { text, checksum } = Sealed::of(&record);
        assert_eq!((text.as_str(), checksum), (r#"{"id":"s","version":3}"#, 0x2517_15BE));
        assert_eq!(unsealed("s", &text, Some(checksum)), Ok(record));
    }

    #[test]
    fn what_was_changed_is_no_record() {
        let read =
            |text: &str, checksum| unsealed::<Record>("s", text, checksum).map_err(|broken| broken.what);
        let Sealed { text, checksum } = Sealed::of(&Record { id: "s".to_owned(), version: 3 });
        let wrong = Err("its checksum is that of its text");
        assert_eq!(read(&text.replace('3', "4"), Some(checksum)), wrong);
        assert_eq!(read(&text, Some(checksum ^ 1)), wrong);
        assert_eq!(read(&text, None), wrong);
        let Sealed { text, checksum } = Sealed::of(&["of", "another", "kind"]);
        assert_eq!(read(&text, Some(checksum)), Err("its text is a record of its kind"));
    }
}
