//! Which sound of a file is to be decoded, as ffprobe says.

use std::path::Path;

use media::Problem;
use media::audio::{Container, Decoded, Sound, Wishes};

use super::Ffmpeg;
use super::ffprobe::{self, Stream, Tracks, seconds};
use crate::child::{Failure, Workbench};

/// What is to be decoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) decoded: Decoded,
    /// Which of the sound tracks, counted from 0.
    pub(super) track: usize,
    /// The samples to ask ffmpeg for.
    pub(super) samples: Samples,
    /// How long the whole file says it is, if its container states that.
    pub(super) seconds_of_file: Option<f64>,
}

/// How samples come out of ffmpeg: as they are in its decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Samples {
    S16,
    S24,
    S32,
    F32,
}

impl Samples {
    /// How long one is.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
        }
    }

    /// The name of ffmpeg's encoder.
    pub(super) fn codec(self) -> &'static str {
        match self {
            Self::S16 => "pcm_s16le",
            Self::S24 => "pcm_s24le",
            Self::S32 => "pcm_s32le",
            Self::F32 => "pcm_f32le",
        }
    }
}

/// Has ffprobe look at `file`, which is said to be a `container`, and finds the sound track that is wished for.
pub(crate) async fn ask(
    bench: &Workbench,
    ffmpeg: &Ffmpeg,
    container: Container,
    file: &Path,
    wishes: &Wishes,
) -> Result<Found, Failure> {
    let tracks = ffprobe::look(bench, ffmpeg, container, file).await?;
    tracks.choose(container, wishes.track).map_err(Failure::Media)
}

impl Tracks {
    fn choose(&self, container: Container, number: Option<u32>) -> Result<Found, Problem> {
        let sounds: Vec<&Stream> =
            self.streams.iter().filter(|stream| stream.codec_type == "audio").collect();
        let index = match number {
            Some(number) => (number as usize).wrapping_sub(1),
            None => sounds.iter().position(|stream| stream.disposition.default == 1).unwrap_or(0),
        };
        let unsupported = |found: String| Problem::Unsupported { found };
        let Some(stream) = sounds.get(index) else {
            return Err(unsupported(match number {
                Some(number) if !sounds.is_empty() => {
                    let names: Vec<_> =
                        sounds.iter().zip(1..).map(|(stream, at)| stream.listed(at)).collect();
                    format!("sound track {number} of a file that has {}", names.join(", "))
                }
                _ => self.without_sound(),
            }));
        };
        let Some(name) = stream.codec_name.as_deref().filter(|name| *name != "unknown") else {
            return Err(unsupported("sound of a kind that ffmpeg does not know either".to_owned()));
        };
        let (samples, sound) = stream.sound(container, name);
        let comments = comments(self.format.tags.iter().chain(&stream.tags));
        let trimmed = container == Container::Mp4;
        let seconds_of_file = seconds(&self.format.duration).filter(|_| container.states_its_length());
        let decoded = Decoded { sound, trimmed, comments, tag_bytes: 0 };
        Ok(Found { decoded, track: index, samples, seconds_of_file })
    }

    fn without_sound(&self) -> String {
        let others: Vec<_> = self
            .streams
            .iter()
            .map(|stream| {
                format!("{} ({})", stream.codec_type, stream.codec_name.as_deref().unwrap_or("unknown"))
            })
            .collect();
        match others.len() {
            0 => "a file without tracks".to_owned(),
            _ => format!("a file without a sound track; it has {}", others.join(", ")),
        }
    }
}

impl Stream {
    fn sound(&self, container: Container, name: &str) -> (Samples, Sound) {
        let lossy = !is_lossless(name);
        let float = self.sample_fmt.as_deref().is_some_and(|format| format.starts_with(['f', 'd']));
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<u32>().ok());
        let raw = number(&self.bits_per_raw_sample).filter(|&bits| bits > 0);
        let wide = self.sample_fmt.as_deref().is_some_and(|format| format.starts_with("s32"));
        let stated = raw.and_then(|bits| u8::try_from(bits).ok());
        let bits = stated
            .or_else(|| Some(self.bits_per_sample).filter(|&bits| bits > 0 && !lossy))
            .unwrap_or(if wide { 32 } else { 16 });
        let samples = match bits {
            _ if float => Samples::F32,
            ..=16 => Samples::S16,
            17..=24 => Samples::S24,
            _ => Samples::S32,
        };
        let rate = number(&self.sample_rate).unwrap_or(0);
        let sound = Sound {
            container: super::demuxer::name(container).to_owned(),
            codec: self.codec_long_name.clone().unwrap_or_else(|| name.to_owned()),
            lossy,
            sample_rate: rate,
            channels: self.channels,
            bits_per_sample: (!lossy && !float).then_some(bits),
            samples: seconds(&self.duration)
                .filter(|_| container.states_its_length())
                .map(|seconds| (seconds * f64::from(rate)).round() as u64),
        };
        (samples, sound)
    }

    fn listed(&self, number: usize) -> String {
        let codec = self.codec_name.as_deref().unwrap_or("unknown");
        match self.tags.get("language") {
            Some(language) => format!("{number} ({codec}, {language})"),
            None => format!("{number} ({codec})"),
        }
    }
}

/// Tags by the names that Vorbis comments have for them; ffmpeg has made those of all containers alike. What it says of
/// the file and not of the sound is left out.
fn comments<'t>(tags: impl Iterator<Item = (&'t String, &'t String)>) -> Vec<(String, String)> {
    /// All of them have to fit into one word to the child.
    const MOST_BYTES: usize = 32 * 1024;
    const OF_THE_FILE: &[&str] = &[
        "ENCODER",
        "MAJOR_BRAND",
        "MINOR_VERSION",
        "COMPATIBLE_BRANDS",
        "CREATION_TIME",
        "HANDLER_NAME",
        "VENDOR_ID",
        "DURATION",
        "LANGUAGE",
        "ITUNSMPB",
        "BPS",
        "NUMBER_OF_FRAMES",
        "NUMBER_OF_BYTES",
    ];
    let (mut comments, mut bytes) = (Vec::new(), 0);
    for (name, value) in tags {
        let name = match name.to_ascii_uppercase().as_str() {
            "ALBUM_ARTIST" => "ALBUMARTIST".to_owned(),
            "ENCODED_BY" => "ENCODED-BY".to_owned(),
            "TRACK" => "TRACKNUMBER".to_owned(),
            "DISC" => "DISCNUMBER".to_owned(),
            name => name.to_owned(),
        };
        bytes += name.len() + value.len();
        let nameable = name.bytes().all(|byte| (0x20..=0x7D).contains(&byte) && byte != b'=');
        // What mkvmerge counts of a track.
        let of_the_file = OF_THE_FILE.contains(&name.as_str()) || name.starts_with("_STATISTICS_");
        if nameable && !of_the_file && bytes <= MOST_BYTES {
            comments.push((name, value.clone()));
        }
    }
    comments
}

/// ffmpeg's names of the codecs that lose nothing; samples that are not coded have names of one form.
fn is_lossless(codec: &str) -> bool {
    const LOSSLESS: &[&str] = &[
        "alac",
        "ape",
        "flac",
        "mlp",
        "mp4als",
        "ralf",
        "shorten",
        "tak",
        "truehd",
        "tta",
        "wavpack",
        "wmalossless",
    ];
    LOSSLESS.contains(&codec) || (codec.starts_with("pcm_") && !codec.ends_with("law"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracks(text: &str) -> Tracks {
        serde_json::from_str(text).unwrap()
    }

    const FILM: &str = r#"{"streams": [
        {"codec_type": "video", "codec_name": "h264"},
        {"codec_type": "audio", "codec_name": "ac3", "codec_long_name": "ATSC A/52A (AC-3)",
         "sample_fmt": "fltp", "sample_rate": "48000", "channels": 6, "bits_per_sample": 0, "duration": "2.5",
         "disposition": {"default": 0}, "tags": {"language": "eng"}},
        {"codec_type": "audio", "codec_name": "wavpack", "sample_fmt": "s32p", "sample_rate": "96000",
         "channels": 2, "bits_per_raw_sample": "24", "disposition": {"default": 1}}
    ]}"#;

    #[test]
    fn the_default_track_is_taken_or_the_one_that_is_wished_for() {
        let film = tracks(FILM);
        let found = film.choose(Container::Matroska, None).unwrap();
        assert_eq!((found.track, found.samples), (1, Samples::S24));
        assert_eq!((found.decoded.sound.bits_per_sample, found.decoded.sound.lossy), (Some(24), false));
        let found = film.choose(Container::Matroska, Some(1)).unwrap();
        let sound = &found.decoded.sound;
        assert_eq!((found.track, found.samples, sound.samples), (0, Samples::F32, Some(120_000)));
        assert!(sound.lossy && sound.channels == 6);
        for number in [0, 3] {
            let refused = film.choose(Container::Matroska, Some(number)).unwrap_err().to_string();
            assert!(refused.contains("1 (ac3, eng), 2 (wavpack)"), "{refused}");
        }
    }

    #[test]
    fn what_there_is_instead_of_sound_is_named() {
        let silent = tracks(r#"{"streams": [{"codec_type": "video", "codec_name": "h264"}]}"#);
        let refused = silent.choose(Container::Mp4, None).unwrap_err().to_string();
        assert!(refused.contains("video (h264)"), "{refused}");
        assert!(
            tracks("{}").choose(Container::Mp4, Some(1)).unwrap_err().to_string().contains("without tracks")
        );
    }

    #[test]
    fn what_is_said_of_the_file_and_not_of_the_sound_is_no_comment() {
        let tagged = tracks(
            r#"{"streams": [{"codec_type": "audio", "codec_name": "aac", "sample_rate": "48000", "channels": 2,
                "tags": {"BPS": "128000", "_STATISTICS_TAGS": "BPS", "artist": "somebody"}}],
                "format": {"tags": {"iTunSMPB": " 0 840 1CA 3F31F6", "title": "words", "track": "3/12"}}}"#,
        );
        let pairs = [("TITLE", "words"), ("TRACKNUMBER", "3/12"), ("ARTIST", "somebody")];
        let expected = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(tagged.choose(Container::Mp4, None).unwrap().decoded.comments, expected);
    }
}
