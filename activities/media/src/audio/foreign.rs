//! Sound that is not decoded in this crate but by a program beside it: what it is told about the file, and nothing else.
//! The program is forced to read the file as just this container, so that it cannot be talked into another one.

use serde::{Deserialize, Serialize};

use crate::Problem;

use super::sniff::{self, Guess};

/// A container that such a program is trusted to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::VariantArray)]
pub enum Container {
    Ac3,
    Adts,
    Aiff,
    Amr,
    Asf,
    Au,
    Avi,
    Caf,
    Dsdiff,
    Dsf,
    Dts,
    Eac3,
    Flac,
    FlashVideo,
    Loas,
    Matroska,
    MonkeysAudio,
    Mp3,
    Mp4,
    MpegProgram,
    MpegTransport,
    /// Of version 8.
    Musepack,
    Musepack7,
    Mxf,
    Ogg,
    RealMedia,
    Shorten,
    Tak,
    TrueAudio,
    TrueHd,
    Voc,
    WavPack,
    Wave,
    Wave64,
}

impl Container {
    /// The one behind the short name of a demuxer of this crate.
    pub(super) fn of_demuxer(short_name: &str) -> Option<Self> {
        Some(match short_name {
            "aac" => Self::Adts,
            "aiff" => Self::Aiff,
            "caf" => Self::Caf,
            "flac" => Self::Flac,
            "isomp4" => Self::Mp4,
            "matroska" => Self::Matroska,
            "mp1" | "mp2" | "mp3" => Self::Mp3,
            "ogg" => Self::Ogg,
            "wave" => Self::Wave,
            _ => return None,
        })
    }

    /// The one that a film lies in, by its first bytes. What holds no film is refused, by what it is.
    pub(crate) fn of_film(head: &[u8]) -> Result<Self, Problem> {
        /// Of QuickTime files, those from before there was a box that says so begin with one of these.
        const OLD_QUICKTIME: &[&[u8]] = &[b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
        use Container::{
            Asf, Avi, FlashVideo, Matroska, Mp4, MpegProgram, MpegTransport, Mxf, Ogg, RealMedia,
        };
        let kind = head.get(4..8).unwrap_or_default();
        match sniff::guess(head) {
            Guess::Foreign(
                _,
                container @ (Asf | Avi | FlashVideo | MpegProgram | MpegTransport | Mxf | RealMedia),
            ) => Ok(container),
            Guess::Known(_) if kind == b"ftyp" => Ok(Mp4),
            Guess::Known(_) if head.starts_with(b"\x1A\x45\xDF\xA3") => Ok(Matroska),
            Guess::Known(_) if head.starts_with(b"OggS") => Ok(Ogg),
            Guess::Known(found) | Guess::Foreign(found, _) | Guess::Other(found) => {
                Err(Problem::unsupported(found))
            }
            Guess::Unknown if OLD_QUICKTIME.contains(&kind) => Ok(Mp4),
            Guess::Unknown => Err(Problem::unsupported("a file of no kind known here")),
        }
    }

    /// The one that sound lies in, by its first bytes.
    pub(super) fn of_sound(head: &[u8]) -> Result<Self, Problem> {
        const MAGIC: &[(&[u8], Container)] = &[
            (b"RIFF", Container::Wave),
            (b"FORM", Container::Aiff),
            (b"fLaC", Container::Flac),
            (b"caff", Container::Caf),
            (b"ID3", Container::Mp3),
            // MPEG audio: eleven bits are set; the layer, behind them, tells AAC (ISO/IEC 13818-7) from the others.
            (b"\xFF\xF1", Container::Adts),
            (b"\xFF\xF9", Container::Adts),
            (b"\xFF", Container::Mp3),
        ];
        match sniff::guess(head) {
            Guess::Foreign(_, container) => Ok(container),
            Guess::Other(found) => Err(Problem::unsupported(found)),
            Guess::Known(_) | Guess::Unknown => {
                let told = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
                told.map_or_else(|| Self::of_film(head), |&(_, container)| Ok(container))
            }
        }
    }

    /// Whether it states how long its sound is, and not only lets it be guessed from the size of the file.
    pub fn states_its_length(self) -> bool {
        use Container::{
            Aiff, Asf, Au, Avi, Caf, Dsdiff, Dsf, Flac, Matroska, MonkeysAudio, Mp4, Musepack, Musepack7,
            Mxf, Tak, TrueAudio, WavPack, Wave, Wave64,
        };
        matches!(
            self,
            Aiff | Asf
                | Au
                | Avi
                | Caf
                | Dsdiff
                | Dsf
                | Flac
                | Matroska
                | MonkeysAudio
                | Mp4
                | Musepack
                | Musepack7
                | Mxf
                | Tak
                | TrueAudio
                | WavPack
                | Wave
                | Wave64
        )
    }
}
