//! Lossy sounds, made by ffmpeg: as long as they were, and as close to ffmpeg's own decoding as rounding allows.

use media::Problem;
use media::audio::Change;

use super::sounds::Pcm;
use super::{convert, probe, tools};

const LENGTH: usize = 100_000;

/// A file ffmpeg makes of `channels` channels, and how its length may differ from what went in.
struct Case {
    name: &'static str,
    options: &'static [&'static str],
    channels: u16,
    /// Whether the container tells the true length, so that priming and padding are trimmed.
    exact: bool,
}

const CASES: &[Case] = &[
    Case { name: "tagged.mp3", options: &["-b:a", "192k"], channels: 2, exact: true },
    Case { name: "mono.mp3", options: &["-b:a", "64k"], channels: 1, exact: true },
    Case { name: "untagged.mp3", options: &["-write_xing", "0", "-q:a", "4"], channels: 2, exact: false },
    Case { name: "sound.mp2", options: &[], channels: 2, exact: false },
    Case { name: "sound.m4a", options: &["-c:a", "aac"], channels: 2, exact: true },
    Case {
        name: "front.mp4",
        options: &["-c:a", "aac", "-movflags", "+faststart"],
        channels: 1,
        exact: true,
    },
    Case { name: "mp3.mov", options: &["-c:a", "libmp3lame"], channels: 2, exact: true },
    Case {
        name: "fragmented.mp4",
        options: &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"],
        channels: 2,
        exact: false,
    },
    Case { name: "sound.aac", options: &["-c:a", "aac"], channels: 2, exact: false },
    Case { name: "sound.ogg", options: &["-c:a", "libvorbis"], channels: 2, exact: true },
    Case { name: "sound.webm", options: &["-c:a", "libvorbis"], channels: 2, exact: false },
    Case { name: "sound.mka", options: &["-c:a", "aac"], channels: 2, exact: false },
];

#[test]
fn lossy_files_have_their_length_and_sound() {
    if !tools::present("ffmpeg") {
        return;
    }
    for case in CASES {
        let pcm = Pcm::music(44_100, case.channels, 16, LENGTH);
        let file = tools::ffmpeg_makes(&pcm.wav(), case.name, case.options);
        let (flac, made) = convert(&file).unwrap_or_else(|problem| panic!("{}: {problem}", case.name));
        let length = made.facts.samples as usize;
        assert_eq!(made.changes, [Change::Decoded { bits: 16 }], "{}", case.name);
        assert_eq!((made.facts.channels, made.source.lossy), (case.channels as u8, true), "{}", case.name);
        if case.exact {
            assert_eq!(length, LENGTH, "{}", case.name);
            assert_eq!(probe(&file).unwrap().samples, Some(LENGTH as u64), "{}", case.name);
        } else {
            assert!((LENGTH - 1..LENGTH + 6000).contains(&length), "{}: {length}", case.name);
        }
        tools::flac_accepts(&flac);
        let (ours, theirs) = (samples(&flac), samples(&file));
        let snr = best_snr(&ours, &theirs, usize::from(case.channels));
        assert!(snr > 80.0, "{}: {snr} dB against ffmpeg", case.name);
    }
}

fn samples(file: &[u8]) -> Vec<f64> {
    let raw = tools::ffmpeg_decodes(file, "s16le");
    raw.as_chunks::<2>().0.iter().map(|pair| f64::from(i16::from_le_bytes(*pair))).collect()
}

/// The signal-to-noise ratio at the offset where the two agree best: the programs may trim differently.
fn best_snr(ours: &[f64], theirs: &[f64], channels: usize) -> f64 {
    const OFFSETS: &[usize] = &[0, 529, 576, 1024, 1105, 1152, 1681, 2048, 2112];
    let shifted = OFFSETS.iter().flat_map(|offset| {
        let skip = offset * channels;
        [snr(&ours[skip.min(ours.len())..], theirs), snr(ours, &theirs[skip.min(theirs.len())..])]
    });
    shifted.fold(f64::NEG_INFINITY, f64::max)
}

fn snr(ours: &[f64], theirs: &[f64]) -> f64 {
    let pairs = || ours.iter().zip(theirs);
    let signal: f64 = pairs().map(|(_, theirs)| theirs * theirs).sum();
    let noise: f64 = pairs().map(|(ours, theirs)| (ours - theirs).powi(2)).sum();
    // Of what is left of a rounded difference of one in a few thousand samples.
    10.0 * (signal / noise.max(1.0)).log10()
}

#[test]
fn lossless_codecs_of_others_come_out_the_same() {
    if !tools::present("ffmpeg") {
        return;
    }
    for (bits, sample_format) in [(16, "s16p"), (24, "s32p")] {
        let pcm = Pcm::music(44_100, 2, bits, 30_000);
        let options = ["-c:a", "alac", "-sample_fmt", sample_format];
        let file = tools::ffmpeg_makes(&pcm.wav(), "sound.m4a", &options);
        let (_, made) = convert(&file).unwrap();
        assert_eq!((made.facts.md5, made.facts.samples), (pcm.md5(), pcm.length()), "ALAC, {bits} bits");
    }
    for (name, codec, channels) in [
        ("sound.caf", "pcm_s16be", 6),
        ("sound.mkv", "pcm_s16le", 6),
        ("sound.mov", "pcm_s16le", 2),
        ("sound.oga", "flac", 6),
    ] {
        let pcm = Pcm::music(48_000, channels, 16, 30_000);
        let file = tools::ffmpeg_makes(&pcm.wav(), name, &["-c:a", codec]);
        let (_, made) = convert(&file).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!((made.facts.md5, made.facts.samples), (pcm.md5(), pcm.length()), "{name}");
    }
}

#[test]
fn what_is_not_decoded_is_named() {
    if !tools::present("ffmpeg") {
        return;
    }
    let wav = Pcm::music(48_000, 2, 16, 48_000).wav();
    for (name, codec, expected) in [
        ("sound.opus", "libopus", "Opus"),
        ("sound.mka", "ac3", "AC-3"),
        ("sound.wma", "wmav2", "WMA"),
        ("sound.wv", "wavpack", "WavPack"),
        ("sound.avi", "pcm_s16le", "AVI"),
    ] {
        let file = tools::ffmpeg_makes(&wav, name, &["-c:a", codec]);
        let problem = convert(&file).expect_err(name);
        assert!(matches!(problem, Problem::Foreign { .. }), "{name}: {problem}");
        assert!(problem.to_string().contains(expected), "{name}: {problem}");
    }
}
