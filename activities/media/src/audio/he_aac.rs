//! Whether AAC is HE-AAC: a core at half the rate, and instructions to make the upper half of the spectrum (SBR) or the
//! second channel (PS) of it. Our decoder knows the core only, and would hand it out at half its rate: a chipmunk.
//!
//! What the stream states is read here (ISO 14496-3, 1.6.2.1). It may also state nothing and just carry SBR in its fill
//! elements: `sbr` looks for that. It may not come before long; so a low rate without a word to the contrary is only
//! possibly plain AAC, and never taken for it.

/// What can be said of an AAC stream before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aac {
    Plain,
    HighEfficiency,
    /// Plain by its header, at a rate that is usual for the core of HE-AAC.
    PossiblyHighEfficiency,
}

/// HE-AAC is made for results of up to 48 kHz.
const HIGHEST_CORE_RATE: u32 = 24_000;

const SBR: u32 = 5;
const PS: u32 = 29;
const ESCAPE: u32 = 31;
const SYNC_EXTENSION: u32 = 0x2B7;

/// By the AudioSpecificConfig, if there is one, and the rate the container or its frames state.
pub(super) fn kind(config: Option<&[u8]>, rate: Option<u32>) -> Aac {
    let low = rate.is_none_or(|rate| rate <= HIGHEST_CORE_RATE);
    match config.map(stated) {
        Some(Stated::Present) => Aac::HighEfficiency,
        Some(Stated::Absent) => Aac::Plain,
        Some(Stated::Nothing) | None if low => Aac::PossiblyHighEfficiency,
        Some(Stated::Nothing) | None => Aac::Plain,
    }
}

/// What a config says of SBR.
enum Stated {
    Present,
    Absent,
    Nothing,
}

fn stated(config: &[u8]) -> Stated {
    let mut bits = Bits { bytes: config, position: 0 };
    if bits.object_type().is_some_and(|kind| [SBR, PS].contains(&kind)) {
        return Stated::Present;
    }
    // The backward-compatible extension stands behind a part whose length depends on much: it is searched for.
    let end = config.len().min(64) * 8;
    for position in bits.position..end {
        let mut bits = Bits { bytes: config, position };
        if bits.read(11) != Some(SYNC_EXTENSION) || bits.object_type() != Some(SBR) {
            continue;
        }
        match bits.read(1) {
            Some(1) => return Stated::Present,
            // Where zeros to the end fill up the last byte only, this is the extension and no chance.
            Some(_) if end - bits.position < 8 => return Stated::Absent,
            _ => {}
        }
    }
    Stated::Nothing
}

struct Bits<'b> {
    bytes: &'b [u8],
    position: usize,
}

impl Bits<'_> {
    fn read(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.position / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.position % 8) & 1);
            self.position += 1;
        }
        Some(value)
    }

    fn object_type(&mut self) -> Option<u32> {
        match self.read(5)? {
            ESCAPE => Some(32 + self.read(6)?),
            kind => Some(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits given as text, filled up to whole bytes.
    fn config(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|bit| b"01".contains(bit)).map(|bit| bit - b'0').collect();
        bits.chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0, |value, (index, bit)| value | bit << (7 - index)))
            .collect()
    }

    #[test]
    fn what_a_config_states_is_believed() {
        let lc_44100 = "00010 0100 0010 000";
        let lc_22050 = "00010 0111 0010 000";
        let explicit_rate = format!("00010 1111 {:024b} 0010 000", 22_050);
        for (what, bits, rate, expected) in [
            ("AAC-LC at 44.1 kHz", lc_44100.to_owned(), 44_100, Aac::Plain),
            (
                "SBR as the object type",
                "00101 0111 0010 0100 00010 000".to_owned(),
                22_050,
                Aac::HighEfficiency,
            ),
            (
                "PS as the object type",
                "11101 0111 0001 0100 00010 000".to_owned(),
                22_050,
                Aac::HighEfficiency,
            ),
            ("the extension", format!("{lc_22050} 01010110111 00101 1 0100"), 22_050, Aac::HighEfficiency),
            (
                "the extension with PS",
                format!("{lc_22050} 01010110111 00101 1 0100 10101001000 1"),
                22_050,
                Aac::HighEfficiency,
            ),
            (
                "the extension behind a rate in full",
                format!("{explicit_rate} 01010110111 00101 1 0100"),
                22_050,
                Aac::HighEfficiency,
            ),
            ("the extension, which says no", format!("{lc_22050} 01010110111 00101 0"), 22_050, Aac::Plain),
            ("nothing at a low rate", lc_22050.to_owned(), 22_050, Aac::PossiblyHighEfficiency),
            ("an object type behind an escape", "11111 000101 0111 0010 000".to_owned(), 44_100, Aac::Plain),
        ] {
            assert_eq!(kind(Some(&config(&bits)), Some(rate)), expected, "{what}");
        }
    }

    #[test]
    fn without_a_config_the_rate_is_all_there_is() {
        assert_eq!(kind(None, Some(44_100)), Aac::Plain);
        assert_eq!(kind(None, Some(24_000)), Aac::PossiblyHighEfficiency);
        assert_eq!(kind(None, None), Aac::PossiblyHighEfficiency);
        assert_eq!(kind(Some(&[]), Some(48_000)), Aac::Plain);
    }
}
