//! Damaged files, lying headers and files of other kinds: each ends in a typed problem or is whole, soon, and never in
//! a part that is passed off as the whole.

use std::time::{Duration, Instant};

use media::Problem;

use super::sounds::{Noise, Pcm};
use super::{convert, probe, tools};

/// A length of which no 64th is the end of an MPEG frame: a cut just there cannot be seen where nothing states how many
/// frames there are.
const LENGTH: usize = 61_500;

/// Two seconds are promised; a build for tests on a busy machine gets five times that.
const SOON: Duration = Duration::from_secs(10);

fn is_refused<T>(outcome: &Result<T, Problem>) -> bool {
    use Problem::{Corrupt, TooLarge, TooLong, Unsupported};
    matches!(outcome, Err(Corrupt { .. } | Unsupported { .. } | TooLarge { .. } | TooLong { .. }))
}

/// A file cut at every 64th of its length is refused, unless nothing but what is not sound was cut off.
fn cut_everywhere(file: &[u8], name: &str) {
    let (_, whole) = convert(file).unwrap_or_else(|problem| panic!("{name}: {problem}"));
    for part in 0..64 {
        let length = file.len() * part / 64;
        let begun = Instant::now();
        match convert(&file[..length]) {
            Err(Problem::Corrupt { .. } | Problem::Unsupported { .. }) => {}
            Err(other) => panic!("{name} cut at {part}/64: {other}"),
            Ok((_, made)) => assert_eq!(made.facts, whole.facts, "{name} cut at {part}/64 passed for whole"),
        }
        assert!(begun.elapsed() < SOON, "{name} cut at {part}/64 took {:?}", begun.elapsed());
    }
}

#[test]
fn lossless_files_cut_short_are_refused() {
    let pcm = Pcm::music(44_100, 2, 16, LENGTH);
    cut_everywhere(&pcm.wav(), "WAV");
    cut_everywhere(&pcm.extensible_wav(), "extensible WAV");
    cut_everywhere(&pcm.aiff(), "AIFF");
    cut_everywhere(&convert(&pcm.wav()).unwrap().0, "FLAC");
}

#[test]
fn lossy_files_cut_short_are_refused() {
    if !tools::present("ffmpeg") {
        return;
    }
    let wav = Pcm::music(44_100, 2, 16, LENGTH).wav();
    for (name, options) in [
        ("tagged.mp3", &["-b:a", "128k"][..]),
        ("untagged.mp3", &["-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0"]),
        ("sound.m4a", &["-c:a", "aac"]),
        ("front.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
        ("fragmented.mp4", &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"]),
        ("sound.aac", &["-c:a", "aac"]),
        ("sound.ogg", &["-c:a", "libvorbis"]),
        ("sound.oga", &["-c:a", "flac"]),
        ("sound.mka", &["-c:a", "aac"]),
        ("sound.webm", &["-c:a", "libvorbis"]),
        ("sound.caf", &["-c:a", "pcm_s16be"]),
        ("alac.m4a", &["-c:a", "alac"]),
    ] {
        cut_everywhere(&tools::ffmpeg_makes(&wav, name, options), name);
    }
}

#[test]
fn what_is_missing_is_counted() {
    let wav = Pcm::music(44_100, 2, 16, LENGTH).wav();
    let problem = convert(&wav[..44 + 40_000]).expect_err("most of it is missing");
    let Problem::Corrupt { missing_samples, .. } = problem else { panic!("{problem}") };
    assert_eq!(missing_samples, Some(LENGTH as u64 - 10_000));
}

#[test]
fn flipped_bits_never_panic_and_never_pass_in_a_flac() {
    let pcm = Pcm::music(44_100, 2, 16, LENGTH);
    let (flac, whole) = convert(&pcm.wav()).unwrap();
    let mut noise = Noise(7);
    for _ in 0..200 {
        let mut changed = flac.clone();
        let bit = noise.bits() as usize % (changed.len() * 8);
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok((_, made)) = convert(&changed) {
            assert_eq!(made.facts.md5, whole.facts.md5, "bit {bit} was flipped and nobody noticed");
        }
    }
}

#[test]
fn random_bytes_are_refused_soon() {
    let mut noise = Noise(42);
    let heads: [&[u8]; 9] = [
        b"",
        b"RIFF\xFF\xFF\xFF\xFFWAVE",
        b"fLaC",
        b"OggS",
        b"ID3",
        b"\0\0\0\x20ftypM4A ",
        b"\x1A\x45\xDF\xA3",
        b"caff",
        b"\xFF\xFB\x90\x00",
    ];
    for head in heads {
        for length in [0, 1, 13, 600, 100_000, 2_000_000] {
            let mut file = head.to_vec();
            file.extend((0..length / 8).flat_map(|_| noise.bits().to_le_bytes()));
            let begun = Instant::now();
            let outcome = convert(&file).map(|(_, made)| made);
            assert!(is_refused(&outcome), "{head:?} and {length} bytes: {outcome:?}");
            assert!(begun.elapsed() < SOON, "{head:?} and {length}: {:?}", begun.elapsed());
        }
    }
}

#[test]
fn lying_headers_are_refused() {
    let flac = convert(&Pcm::music(44_100, 2, 16, 5000).wav()).unwrap().0;
    let with_samples = |samples: u64| {
        let mut flac = flac.clone();
        let packed = u64::from_be_bytes(flac[18..26].try_into().unwrap()) & !((1 << 36) - 1) | samples;
        flac[18..26].copy_from_slice(&packed.to_be_bytes());
        flac
    };
    let ten_hours = with_samples(44_100 * 36_000);
    assert!(matches!(convert(&ten_hours), Err(Problem::TooLong { limit_seconds: 21_600, .. })));
    assert!(matches!(convert(&with_samples((1 << 36) - 1)), Err(Problem::TooLong { .. })));
    let more = convert(&with_samples(5001)).map(|(_, made)| made);
    assert!(matches!(more, Err(Problem::Corrupt { missing_samples: Some(1), .. })), "{more:?}");
    assert!(matches!(convert(&with_samples(4999)), Err(Problem::Corrupt { .. })));

    let wav = Pcm::music(44_100, 2, 16, 5000).wav();
    let with = |offset: usize, bytes: &[u8]| {
        let mut wav = wav.clone();
        wav[offset..offset + bytes.len()].copy_from_slice(bytes);
        wav
    };
    for (what, file) in [
        ("no channels", with(22, &[0, 0])),
        ("200 channels", with(22, &[200, 0])),
        ("65535 channels", with(22, &[255, 255])),
        ("no rate", with(24, &[0; 4])),
        ("4 GHz", with(24, &[255; 4])),
        ("no depth", with(34, &[0, 0])),
        ("99 bits", with(34, &[99, 0])),
        ("more than there is", with(40, &[0xFE, 255, 255, 255])),
    ] {
        let outcome = convert(&file).map(|(_, made)| made);
        assert!(is_refused(&outcome), "{what}: {outcome:?}");
    }
}

#[test]
fn boxes_in_boxes_do_not_end_the_world() {
    let mut file = b"\0\0\0\x14ftypM4A \0\0\0\0M4A ".to_vec();
    let mut nested = Vec::new();
    // From the inside out, so that a demuxer finds the outermost where it looks for it.
    for kind in [b"stbl", b"minf", b"mdia", b"trak", b"moov"].into_iter().cycle().take(5000) {
        let mut outer = (nested.len() as u32 + 8).to_be_bytes().to_vec();
        outer.extend_from_slice(kind);
        outer.append(&mut nested);
        nested = outer;
    }
    file.append(&mut nested);
    let outcome = convert(&file).map(|(_, made)| made);
    assert!(matches!(outcome, Err(Problem::Corrupt { .. } | Problem::Unsupported { .. })), "{outcome:?}");
}

#[test]
fn what_is_no_sound_is_named() {
    for (file, expected) in [
        (&b""[..], "empty"),
        (b"\xFF\xD8\xFF\xE0\0\x10JFIF\0", "JPEG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04\x14\0\0\0", "ZIP"),
        (b"Dear sirs, please find enclosed no sound at all.", "text"),
        (&[0; 5000], "no kind known"),
    ] {
        let problem = probe(file).expect_err(expected);
        assert!(matches!(problem, Problem::Unsupported { .. }), "{problem}");
        assert!(problem.to_string().contains(expected), "{problem} should speak of {expected}");
    }
}

/// With overflow checks, as the tests are built, symphonia panics on this one.
#[test]
fn what_the_demuxer_panics_on_is_a_damaged_file() {
    let file = &include_bytes!("../../fuzz/corpus/sound/caf-rate-overflow")[1..];
    assert!(matches!(convert(file), Err(Problem::Corrupt { .. })));
}
