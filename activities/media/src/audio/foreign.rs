//! Sound that is not decoded in this crate but by a program beside it: what it is told about the file, and nothing else.
//! The program is forced to read the file as just this container, so that it cannot be talked into another one.

use serde::{Deserialize, Serialize};

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
    Dsf,
    Dts,
    Eac3,
    Flac,
    FlashVideo,
    Matroska,
    MonkeysAudio,
    Mp3,
    Mp4,
    MpegProgram,
    MpegTransport,
    Musepack,
    Ogg,
    TrueAudio,
    TrueHd,
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

    /// Whether it states how long its sound is, and not only lets it be guessed from the size of the file.
    pub fn states_its_length(self) -> bool {
        use Container::{
            Aiff, Asf, Au, Avi, Caf, Dsf, Flac, Matroska, MonkeysAudio, Mp4, Musepack, TrueAudio, WavPack,
            Wave, Wave64,
        };
        matches!(
            self,
            Aiff | Asf
                | Au
                | Avi
                | Caf
                | Dsf
                | Flac
                | Matroska
                | MonkeysAudio
                | Mp4
                | Musepack
                | TrueAudio
                | WavPack
                | Wave
                | Wave64
        )
    }
}
