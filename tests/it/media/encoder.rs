//! The FLAC encoder: any signal at any level, judged by `flac`, by ffmpeg, by our own reading back, and by flacenc's size.

use std::process::Command;

use flacenc::bitsink::ByteSink;
use flacenc::component::BitRepr;
use flacenc::error::Verify;
use flacenc::source::MemSource;
use media::flac::Level;
use strum::VariantArray;

use super::sounds::{Noise, Pcm};
use super::{TWO, convert_at, tools, verify};

/// A sample of this many bits, of the channel, at the position.
type Signal = fn(bits: u16, channel: u16, position: usize, noise: &mut Noise) -> i32;

/// What music has none of, and what an encoder may trip over.
const SIGNALS: &[(&str, Signal)] = &[
    ("silence", |_, _, _, _| 0),
    ("one level", |bits, _, _, _| highest(bits) / 3),
    ("noise", |bits, _, _, noise| (noise.bits() as i32) >> (32 - bits)),
    ("the same noise on all", |bits, _, position, _| {
        (Noise(position as u64 * 2 + 1).bits().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as i32
            >> (32 - bits)
    }),
    (
        "a full square",
        |bits, _, position, _| {
            if position / 50 % 2 == 0 { highest(bits) } else { -highest(bits) - 1 }
        },
    ),
    ("the last bit", |_, channel, position, _| ((position + usize::from(channel)) % 2) as i32),
    ("a full sine", |bits, channel, position, _| {
        let angle = position as f64 * 0.05 * f64::from(channel + 1);
        (angle.sin() * f64::from(highest(bits))) as i32
    }),
    ("impulses", |bits, _, position, _| if position % 3001 == 0 { -highest(bits) - 1 } else { 0 }),
    ("low bits that are wasted", |bits, channel, position, _| {
        let angle = position as f64 * 0.01 * f64::from(channel + 1);
        ((angle.sin() * f64::from(highest(bits) >> 5)) as i32) << 4
    }),
    ("opposite channels", |bits, channel, position, _| {
        let value = ((position as f64 * 0.07).sin() * f64::from(highest(bits))) as i32;
        if channel % 2 == 0 { value } else { -value }
    }),
];

const fn highest(bits: u16) -> i32 {
    (1 << (bits - 1)) - 1
}

fn pcm(signal: Signal, rate: u32, bits: u16, channels: u16, length: usize) -> Pcm {
    let mut noise = Noise(u64::from(bits) + 1);
    let samples = (0..length * usize::from(channels))
        .map(|at| signal(bits, (at % usize::from(channels)) as u16, at / usize::from(channels), &mut noise))
        .collect();
    Pcm { rate, channels, bits, samples }
}

#[test]
fn any_signal_at_any_level_comes_back() {
    // A tail of every awkward length comes along.
    let shapes = [
        (8, 1, 4096 + 1),
        (13, 2, 8192 + 17),
        (16, 2, 3 * 4096),
        (17, 3, 4500),
        (24, 2, 8192 + 33),
        (24, 8, 4100),
    ];
    for &(name, signal) in SIGNALS {
        for (bits, channels, length) in shapes {
            let pcm = pcm(signal, 48_000, bits, channels, length);
            for &level in Level::VARIANTS {
                let what = format!("{name}, {bits} bits, {channels} channels, {level}");
                let (flac, made) = convert_at(&pcm.wav(), level, TWO).expect(&what);
                assert_eq!(made.facts.md5, pcm.md5(), "{what}");
                assert_eq!(verify(&flac).expect(&what), made.facts, "{what}");
                tools::flac_accepts(&flac);
                let verbatim = pcm.samples.len() * usize::from(bits) / 8;
                assert!(flac.len() < verbatim + 9000, "{what}: {} bytes for {verbatim}", flac.len());
            }
        }
    }
}

#[test]
fn ffmpeg_decodes_any_signal_to_the_same_samples() {
    if !tools::present("ffmpeg") {
        return;
    }
    for &(name, signal) in SIGNALS {
        for (bits, raw_format) in [(16, "s16le"), (24, "s24le")] {
            let pcm = pcm(signal, 192_000, bits, 2, 9001);
            let (flac, made) = convert_at(&pcm.wav(), Level::Best, TWO).unwrap();
            assert_eq!(tools::ffmpeg_md5(&flac, raw_format), made.facts.md5, "{name}, {bits} bits");
        }
    }
}

/// What reads back is a decoder of our own: here it reads what others write, with blocks, orders and partitions of any kind.
#[test]
fn what_flac_and_ffmpeg_encode_is_read_back() {
    if !tools::present("flac") || !tools::present("ffmpeg") {
        return;
    }
    const WAYS: &[&[&str]] = &[
        &["-0"],
        &["-5"],
        &["-8"],
        &["--lax", "-l", "32", "-r", "8", "-b", "16384"],
        &["-b", "192", "-l", "0"],
        &["-8", "-e", "-p"],
    ];
    for &(name, signal) in SIGNALS {
        for (bits, rate) in [(8, 8_000), (16, 44_100), (24, 96_000)] {
            let pcm = pcm(signal, rate, bits, 2, 40_000);
            let by_flac = WAYS.iter().map(|way| tools::flac_makes(&pcm.wav(), way));
            let by_ffmpeg = [tools::ffmpeg_makes(&pcm.wav(), "made.flac", &["-frame_size", "4608"])];
            // ffmpeg has no eight bits.
            let others: Vec<_> = by_flac.chain(by_ffmpeg.into_iter().filter(|_| bits > 8)).collect();
            for (flac, number) in others.iter().zip(0..) {
                let facts = verify(flac).unwrap_or_else(|why| panic!("{name}, {bits} bits, {number}: {why}"));
                assert_eq!(
                    (facts.md5, facts.samples),
                    (pcm.md5(), pcm.length()),
                    "{name}, {bits} bits, {number}"
                );
            }
        }
    }
}

/// The larger Rice parameters that only the second method can say.
#[test]
fn loud_noise_of_24_bits_takes_no_more_than_its_samples() {
    let pcm = pcm(|_, _, _, noise| (noise.bits() as i32) >> 9, 96_000, 24, 2, 20 * 4096);
    let (flac, _) = convert_at(&pcm.wav(), Level::Default, TWO).unwrap();
    let bits = flac.len() as f64 * 8.0 / pcm.samples.len() as f64;
    assert!(bits < 23.9, "{bits} bits a sample, of which 23 are noise");
}

#[test]
fn each_level_is_smaller_than_the_one_before_and_the_best_about_as_small_as_flacenc() {
    let pcm = Pcm::music(44_100, 2, 16, 10 * 44_100);
    let sizes: Vec<usize> = Level::VARIANTS
        .iter()
        .map(|&level| frames_of(&convert_at(&pcm.wav(), level, TWO).unwrap().0).len())
        .collect();
    assert!(sizes.is_sorted_by(|faster, smaller| faster > smaller), "{sizes:?}");
    let theirs = frames_of(&flacenc_makes(&pcm)).len();
    assert!(
        sizes[2] < theirs + theirs / 1000 && sizes[1] < theirs + theirs / 300,
        "{sizes:?}, and flacenc makes {theirs} bytes"
    );
}

/// All of a FLAC but its metadata.
fn frames_of(flac: &[u8]) -> &[u8] {
    let mut at = 4;
    loop {
        let last = flac[at] & 0x80 != 0;
        at += 4 + u32::from_be_bytes([0, flac[at + 1], flac[at + 2], flac[at + 3]]) as usize;
        if last {
            return &flac[at..];
        }
    }
}

/// flacenc as it comes.
fn flacenc_makes(pcm: &Pcm) -> Vec<u8> {
    let config = flacenc::config::Encoder::default().into_verified().expect("the default is a valid one");
    let (channels, bits) = (usize::from(pcm.channels), usize::from(pcm.bits));
    let source = MemSource::from_samples(&pcm.samples, channels, bits, pcm.rate as usize);
    let stream = flacenc::encode_with_fixed_block_size(&config, source, config.block_size);
    let mut sink = ByteSink::new();
    stream.expect("music can be encoded").write(&mut sink).expect("memory does not fail");
    sink.as_slice().to_vec()
}

/// `flac` finds its way by the seek table: what it decodes from a point on are the samples from there on.
#[test]
fn the_seek_table_leads_to_the_sound() {
    if !tools::present("flac") {
        return;
    }
    const RATE: u32 = 8_000;
    let pcm = Pcm::music(RATE, 1, 16, 65 * RATE as usize);
    let (flac, _) = convert_at(&pcm.wav(), Level::Fast, TWO).unwrap();
    assert_eq!(flac[42] & 0x7F, 3, "the second block is the seek table");
    let points: Vec<_> = flac[46..46 + 7 * 18].chunks(18).collect();
    let number = |point: &[u8], at: usize| u64::from_be_bytes(point[at..at + 8].try_into().unwrap());
    let samples: Vec<u64> = points.iter().map(|point| number(point, 0)).collect();
    assert_eq!(samples, [0, 77_824, 159_744, 237_568, 319_488, 397_312, 479_232]);
    let first_frame = flac.len() - frames_of(&flac).len();
    for point in points {
        let frame = first_frame + number(point, 8) as usize;
        assert_eq!(flac[frame..frame + 2], [0xFF, 0xF8]);
        let named = std::str::from_utf8(&flac[frame + 4..]).unwrap_or_else(|error| {
            std::str::from_utf8(&flac[frame + 4..][..error.valid_up_to()]).expect("so far it is")
        });
        assert_eq!(
            named.chars().next().map(|number| u64::from(u32::from(number)) * 4096),
            Some(number(point, 0))
        );
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.flac");
    std::fs::write(&path, &flac).unwrap();
    let from = 45 * RATE as usize + 123;
    let raw = ["-d", "-s", "-c", "--force-raw-format", "--endian=little", "--sign=signed"];
    let decoded = Command::new("flac").args(raw).arg(format!("--skip={from}")).arg(&path).output().unwrap();
    let expected: Vec<u8> =
        pcm.samples[from..].iter().flat_map(|&sample| (sample as i16).to_le_bytes()).collect();
    assert!(decoded.status.success() && decoded.stdout == expected);
}

#[test]
fn the_waveform_is_that_of_the_sound() {
    let pcm = Pcm::music(44_100, 2, 16, 30 * 44_100);
    let (_, made) = convert_at(&pcm.wav(), Level::Fast, TWO).unwrap();
    let width = made.waveform.samples_per_peak as usize * 2;
    let expected: Vec<(i16, i16)> = pcm
        .samples
        .chunks(width)
        .map(|part| (*part.iter().min().unwrap() as i16, *part.iter().max().unwrap() as i16))
        .collect();
    assert_eq!(made.waveform.peaks, expected);
    assert!((900..=1000).contains(&expected.len()), "{} peaks", expected.len());
}
