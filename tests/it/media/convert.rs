//! Lossless sounds come out sample for sample, whatever their depth, channels, rate, length and container.

use std::ops::ControlFlow;

use media::audio::Change;
use media::{Job, Order, Problem, Report};
use proptest::prelude::*;

use super::sounds::Pcm;
use super::{TWO, convert, probe, tools, verify};

/// Lengths around every edge of a block, and less than any order.
const LENGTHS: &[usize] = &[1, 5, 15, 16, 28, 31, 32, 33, 4095, 4096, 4097, 4101, 4127, 8192, 20_000];

fn check_same(pcm: &Pcm, file: &[u8], what: &str) -> Vec<u8> {
    let (flac, made) = convert(file).unwrap_or_else(|problem| panic!("{what}: {problem}"));
    assert_eq!(made.facts.md5, pcm.md5(), "{what}: samples");
    assert_eq!(made.facts.samples, pcm.length(), "{what}: length");
    assert_eq!((made.facts.sample_rate, u16::from(made.facts.channels)), (pcm.rate, pcm.channels), "{what}");
    assert_eq!(u16::from(made.facts.bits_per_sample), pcm.bits, "{what}: depth");
    assert_eq!(made.changes, [], "{what}");
    assert_eq!(made.source.samples, Some(pcm.length()), "{what}: the length stated by the header");
    assert_eq!(verify(&flac).unwrap_or_else(|problem| panic!("{what}: {problem}")), made.facts);
    flac
}

#[test]
fn every_depth_and_channel_count_keeps_its_samples() {
    for bits in 8..=24 {
        for channels in [1, 2, 3, 6, 8] {
            let pcm = Pcm::music(48_000, channels, bits, 9000);
            let flac = check_same(&pcm, &pcm.wav(), &format!("WAV, {bits} bits, {channels} channels"));
            tools::flac_accepts(&flac);
            check_same(&pcm, &pcm.aiff(), &format!("AIFF, {bits} bits, {channels} channels"));
            check_same(&pcm, &flac, &format!("FLAC, {bits} bits, {channels} channels"));
        }
    }
}

#[test]
fn every_length_keeps_its_samples() {
    for &length in LENGTHS {
        for (bits, channels) in [(16, 2), (24, 1), (8, 6)] {
            let pcm = Pcm::music(44_100, channels, bits, length);
            let flac = check_same(&pcm, &pcm.wav(), &format!("{length} samples of {bits} bits"));
            tools::flac_accepts(&flac);
            check_same(&pcm, &flac, &format!("FLAC of {length} samples of {bits} bits"));
        }
    }
}

#[test]
fn nothing_at_all_is_a_sound_too() {
    let pcm = Pcm::music(44_100, 2, 16, 0);
    let flac = check_same(&pcm, &pcm.wav(), "no samples");
    tools::flac_accepts(&flac);
}

#[test]
fn every_sample_rate_keeps_its_samples() {
    for rate in [1, 7_350, 8_000, 11_025, 22_050, 44_056, 88_200, 96_000, 176_400, 192_000, 352_800, 384_000]
    {
        let pcm = Pcm::music(rate, 2, 16, 5000);
        let flac = check_same(&pcm, &pcm.wav(), &format!("{rate} Hz"));
        tools::flac_accepts(&flac);
    }
}

#[test]
fn ffmpeg_hears_the_same_samples() {
    if !tools::present("ffmpeg") {
        return;
    }
    for (bits, raw_format) in [(8, "u8"), (16, "s16le"), (24, "s24le")] {
        let pcm = Pcm::music(44_100, 2, bits, 50_000);
        let (flac, _) = convert(&pcm.wav()).unwrap();
        assert_eq!(
            tools::ffmpeg_md5(&flac, raw_format),
            tools::ffmpeg_md5(&pcm.wav(), raw_format),
            "{bits} bits"
        );
    }
}

#[test]
fn extensible_and_float_files_are_read() {
    let pcm = Pcm::music(96_000, 2, 24, 10_000);
    check_same(&pcm, &pcm.extensible_wav(), "extensible");

    let (_, made) = convert(&pcm.float_wav()).unwrap();
    assert_eq!(made.facts.md5, pcm.md5(), "24 bits fit into a float and come out of it again");
    assert_eq!(made.changes, [Change::FromFloat { bits: 24 }]);
}

/// What WAV and AIFF-C hold besides plain integers in their own order is what ffmpeg hears of it.
#[test]
fn doubles_telephones_samples_and_aiff_c_are_read() {
    if !tools::present("ffmpeg") {
        return;
    }
    let pcm = Pcm::music(44_100, 2, 24, 20_000);
    for (name, codec, bits) in [
        ("double.wav", "pcm_f64le", 24),
        ("a-law.wav", "pcm_alaw", 16),
        ("mu-law.wav", "pcm_mulaw", 16),
        ("little-endian.aifc", "pcm_s16le", 16),
        ("float.aifc", "pcm_f32be", 24),
        ("double.aifc", "pcm_f64be", 24),
        ("a-law.aifc", "pcm_alaw", 16),
        ("mu-law.aifc", "pcm_mulaw", 16),
    ] {
        let file = tools::ffmpeg_makes(&pcm.wav(), name, &["-c:a", codec]);
        assert_eq!(file[8..].starts_with(b"AIFC"), name.ends_with(".aifc"), "{name}");
        let (flac, made) = convert(&file).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!((made.facts.bits_per_sample, made.facts.samples), (bits, pcm.length()), "{name}");
        let raw_format = if bits == 16 { "s16le" } else { "s24le" };
        assert_eq!(made.facts.md5, tools::ffmpeg_md5(&file, raw_format), "{name}");
        let is_float = bits == 24;
        assert_eq!(made.facts.md5 == pcm.md5(), is_float, "{name}: only floats hold all 24 bits");
        let changes = if is_float { vec![Change::FromFloat { bits }] } else { Vec::new() };
        assert_eq!((made.changes, made.source.lossy), (changes, false), "{name}");
        tools::flac_accepts(&flac);
    }
}

#[test]
fn a_streamed_wav_is_whole() {
    let pcm = Pcm::music(44_100, 2, 16, 10_000);
    for unknown in [0_u32, u32::MAX] {
        let mut wav = pcm.wav();
        wav[4..8].copy_from_slice(&unknown.to_le_bytes());
        wav[40..44].copy_from_slice(&unknown.to_le_bytes());
        check_same(&pcm, &wav, &format!("sizes {unknown:#x}"));
    }
}

#[test]
fn probing_tells_what_there_is() {
    let pcm = Pcm::music(48_000, 6, 20, 4800);
    let sound = probe(&pcm.wav()).unwrap();
    assert_eq!((sound.container.as_str(), sound.lossy), ("wave", false));
    assert_eq!((sound.sample_rate, sound.channels, sound.bits_per_sample), (48_000, 6, Some(20)));
    assert_eq!((sound.samples, sound.seconds()), (Some(4800), Some(0.1)));
}

#[test]
fn a_flac_that_was_changed_does_not_verify() {
    let (flac, _) = convert(&Pcm::music(44_100, 2, 16, 30_000).wav()).unwrap();
    for position in [30, 21, flac.len() / 2, flac.len() - 1] {
        let mut changed = flac.clone();
        changed[position] ^= 1;
        let problem = verify(&changed).expect_err("one bit was flipped");
        assert!(matches!(problem, Problem::Unverified { .. }), "byte {position}: {problem}");
    }
    let problem = verify(&flac[..flac.len() / 2]).expect_err("half of it is gone");
    assert!(matches!(problem, Problem::Unverified { .. }), "{problem}");
}

#[test]
fn progress_rises_and_stops_the_work_when_told_to() {
    let wav = Pcm::music(44_100, 1, 16, 3_000_000).wav();
    let job = Job::Flac(Order::default());
    let mut reports: Vec<Report> = Vec::new();
    let keep = &mut |report| {
        reports.push(report);
        ControlFlow::Continue(())
    };
    media::run(&job, TWO, &wav, &mut Vec::new(), keep).unwrap();
    assert!(reports.len() >= 5);
    assert!(reports.is_sorted_by_key(|report| report.done));
    assert!(reports.iter().all(|report| report.total == Some(3_000_000)));
    assert_eq!(reports.last().unwrap().done, 3_000_000);

    let mut left = 3;
    let stop = &mut |_| {
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let problem = media::run(&job, TWO, &wav, &mut Vec::new(), stop).expect_err("it was stopped");
    assert_eq!(problem, Problem::Cancelled);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Noise, silence, steps and extremes: any samples at all come back.
    #[test]
    fn any_samples_come_back(
        bits in 8_u16..=24,
        channels in 1_u16..=8,
        raw in prop::collection::vec(prop_oneof![any::<i32>(), Just(i32::MIN), Just(i32::MAX), Just(0)], 1..1500),
        repeats in 1_usize..8,
    ) {
        let mut samples: Vec<i32> = raw.iter().map(|sample| sample >> (32 - bits)).collect();
        samples = samples.repeat(repeats);
        samples.truncate(samples.len() / usize::from(channels) * usize::from(channels));
        prop_assume!(!samples.is_empty());
        let pcm = Pcm { rate: 44_100, channels, bits, samples };
        check_same(&pcm, &pcm.wav(), "any samples");
    }
}
