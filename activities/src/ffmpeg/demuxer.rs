//! What ffmpeg calls the containers.

use media::audio::Container;

pub(super) fn name(container: Container) -> &'static str {
    match container {
        Container::Ac3 => "ac3",
        Container::Adts => "aac",
        Container::Aiff => "aiff",
        Container::Amr => "amr",
        Container::Asf => "asf",
        Container::Au => "au",
        Container::Avi => "avi",
        Container::Caf => "caf",
        Container::Dsdiff => "iff",
        Container::Dsf => "dsf",
        Container::Dts => "dts",
        Container::Eac3 => "eac3",
        Container::Flac => "flac",
        Container::FlashVideo => "flv",
        Container::Loas => "loas",
        Container::Matroska => "matroska",
        Container::MonkeysAudio => "ape",
        Container::Mp3 => "mp3",
        Container::Mp4 => "mov",
        Container::MpegProgram => "mpeg",
        Container::MpegTransport => "mpegts",
        Container::Musepack => "mpc8",
        Container::Musepack7 => "mpc",
        Container::Mxf => "mxf",
        Container::Ogg => "ogg",
        Container::RealMedia => "rm",
        Container::Shorten => "shn",
        Container::Tak => "tak",
        Container::TrueAudio => "tta",
        Container::TrueHd => "truehd",
        Container::Voc => "voc",
        Container::WavPack => "wv",
        Container::Wave => "wav",
        Container::Wave64 => "w64",
    }
}
