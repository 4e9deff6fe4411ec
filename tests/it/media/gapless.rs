//! Priming and padding of Matroska and of fragmented MP4, which say of it in their own ways: the sound is as long as it
//! was.

use media::flac::Level;

use super::sounds::Pcm;
use super::{TWO, convert, convert_at, tools};

const LENGTH: usize = 100_000;
const CHANNELS: usize = 2;
/// What LAME puts before the sound, as ffmpeg counts it, and ffmpeg's own encoder of AAC.
const PRIMING_OF_MP3: u64 = 1105;
const PRIMING_OF_AAC: u64 = 1024;

fn encoded(name: &str, options: &[&str]) -> Vec<u8> {
    tools::ffmpeg_makes(&Pcm::music(44_100, CHANNELS as u16, 16, LENGTH).wav(), name, options)
}

/// The same packets in another container.
fn copied(file: &[u8], name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join(name));
    std::fs::write(&from, file).unwrap();
    tools::ffmpeg_copies(&from, &to, &[]);
    std::fs::read(&to).unwrap()
}

fn samples(file: &[u8]) -> Vec<i32> {
    let raw = tools::ffmpeg_decodes(file, "s16le");
    raw.as_chunks::<2>().0.iter().map(|pair| i32::from(i16::from_le_bytes(*pair))).collect()
}

fn made(what: &str, file: &[u8]) -> (Vec<u8>, usize) {
    let (flac, made) = convert(file).unwrap_or_else(|problem| panic!("{what}: {problem}"));
    (flac, made.facts.samples as usize)
}

#[test]
fn what_a_matroska_file_discards_at_its_end_is_not_heard() {
    if !tools::present("ffmpeg") {
        return;
    }
    let vorbis = copied(&encoded("sound.ogg", &["-c:a", "libvorbis"]), "sound.mka");
    let mp3 = encoded("sound.mka", &["-c:a", "libmp3lame"]);
    for (what, file) in [
        ("Vorbis out of Ogg", &vorbis),
        ("MP3", &mp3),
        ("Vorbis in WebM", &encoded("sound.webm", &["-c:a", "libvorbis"])),
        ("AAC", &encoded("sound.mka", &["-c:a", "aac"])),
        ("FLAC", &encoded("sound.mka", &["-c:a", "flac"])),
    ] {
        let (flac, length) = made(what, file);
        let (ours, theirs) = (samples(&flac), samples(file));
        assert_eq!((length, ours.len()), (theirs.len() / CHANNELS, theirs.len()), "{what}: as ffmpeg has it");
        let apart: i64 = ours.iter().zip(&theirs).map(|(a, b)| i64::from((a - b).abs())).sum();
        assert!(apart < ours.len() as i64, "{what}: more than a step from what ffmpeg decodes");
    }
    assert_eq!(made("Vorbis", &vorbis).1, LENGTH, "its padding is stated");
    assert_eq!(made("MP3", &mp3).1, LENGTH + PRIMING_OF_MP3 as usize, "of its priming nothing is said");
    for file in [&vorbis, &mp3] {
        let by_many = convert_at(file, Level::Fast, TWO.saturating_mul(TWO)).unwrap().1;
        assert_eq!(by_many.facts.md5, convert_at(file, Level::Fast, TWO).unwrap().1.facts.md5);
    }
}

/// The file with a codec's delay where the language of its track stood, which is as long.
fn with_delay(file: &[u8], samples: u64) -> Vec<u8> {
    const LANGUAGE: &[u8] = b"\x22\xB5\x9C\x83und";
    let nanoseconds = (samples * 1_000_000_000 + 22_050) / 44_100;
    let delay = [&b"\x56\xAA\x84"[..], &(nanoseconds as u32).to_be_bytes()].concat();
    let at = file.windows(LANGUAGE.len()).position(|window| window == LANGUAGE).expect("a language");
    [&file[..at], &delay, &file[at + LANGUAGE.len()..]].concat()
}

#[test]
fn a_matroska_track_s_delay_is_skipped() {
    if !tools::present("ffmpeg") {
        return;
    }
    for (what, codec, delay) in
        [("MP3", "libmp3lame", PRIMING_OF_MP3), ("AAC", "aac", PRIMING_OF_AAC), ("PCM", "pcm_s16le", 0)]
    {
        let file = encoded("sound.mka", &["-c:a", codec, "-write_crc32", "0"]);
        let (whole, _) = made(what, &file);
        // Samples as they are have no priming, whatever is said.
        let (flac, length) = made(what, &with_delay(&file, delay.max(7)));
        assert!(samples(&flac) == samples(&whole)[delay as usize * CHANNELS..], "{what}: other samples");
        if codec == "libmp3lame" {
            assert_eq!(length, LENGTH, "{what}: delay and padding are stated");
        }
    }
}

#[test]
fn a_fragmented_mp4_is_as_long_as_one_that_is_not() {
    if !tools::present("ffmpeg") {
        return;
    }
    for (codec, priming) in [("aac", PRIMING_OF_AAC), ("libmp3lame", PRIMING_OF_MP3)] {
        let (_, expected) = convert(&encoded("sound.mp4", &["-c:a", codec])).unwrap();
        assert_eq!(expected.facts.samples, LENGTH as u64, "{codec}");
        for options in [
            &["-movflags", "frag_keyframe+delay_moov"][..],
            &["-movflags", "frag_keyframe+delay_moov", "-frag_duration", "500000"],
            &["-movflags", "dash+delay_moov+global_sidx"],
        ] {
            let file = encoded("sound.mp4", &[&["-c:a", codec][..], options].concat());
            let (_, made) =
                convert(&file).unwrap_or_else(|problem| panic!("{codec}, {options:?}: {problem}"));
            assert_eq!(made.facts.samples, LENGTH as u64, "{codec}, {options:?}");
            assert_eq!(made.facts.md5, expected.facts.md5, "{codec}, {options:?}");
        }
        // Written before the sound is known, its header says nothing of priming.
        let file = encoded("sound.mp4", &["-c:a", codec, "-movflags", "frag_keyframe+empty_moov"]);
        let (_, made) = convert(&file).unwrap();
        assert_eq!(made.facts.samples, LENGTH as u64 + priming, "{codec} without an edit list");
    }
}
