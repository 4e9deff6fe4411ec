//! What may be wished for: another depth, rate, fewer channels, another track, and what can be saved of a damaged file.

use media::Problem;
use media::audio::{Change, Wishes};

use super::sounds::Pcm;
use super::{convert, convert_as, tools};

const PLAIN: Wishes = Wishes { bits: None, rate: None, channels: None, track: None, keep_going: false };

fn samples(flac: &[u8], format: &str) -> Vec<f64> {
    let raw = tools::ffmpeg_decodes(flac, format);
    raw.as_chunks::<4>().0.iter().map(|sample| f64::from(i32::from_le_bytes(*sample))).collect()
}

/// Of the difference between two sounds, against the first.
fn decibels(sound: &[f64], other: &[f64]) -> f64 {
    assert_eq!(sound.len(), other.len());
    let power = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let noise = power(&mut sound.iter().zip(other).map(|(a, b)| a - b));
    10.0 * (power(&mut sound.iter().copied()) / noise.max(1e-9)).log10()
}

#[test]
fn a_lower_depth_is_dithered_and_said() {
    if !tools::present("ffmpeg") {
        return;
    }
    let pcm = Pcm::music(44_100, 2, 24, 50_000);
    let (flac, made) = convert_as(&pcm.wav(), Wishes { bits: Some(16), ..PLAIN }).unwrap();
    assert_eq!(made.changes, [Change::Narrowed { from: 24, to: 16 }, Change::Dithered { bits: 16 }]);
    assert_eq!((made.facts.bits_per_sample, made.facts.samples), (16, pcm.length()));
    tools::flac_accepts(&flac);
    let snr = decibels(&samples(&pcm.wav(), "s32le"), &samples(&flac, "s32le"));
    assert!((70.0..96.0).contains(&snr), "{snr} dB: 16 bits with the noise of dither");
    let (again, _) = convert_as(&pcm.wav(), Wishes { bits: Some(16), ..PLAIN }).unwrap();
    assert!(flac == again, "the noise is the same each time");
}

#[test]
fn a_higher_depth_keeps_every_sample() {
    let pcm = Pcm::music(44_100, 2, 16, 20_000);
    let (flac, made) = convert_as(&pcm.wav(), Wishes { bits: Some(24), ..PLAIN }).unwrap();
    assert_eq!(made.changes, [Change::Widened { from: 16, to: 24 }]);
    let wide: Vec<i32> = pcm.samples.iter().map(|sample| sample << 8).collect();
    assert_eq!(made.facts.md5, Pcm { bits: 24, samples: wide, ..pcm }.md5());
    tools::flac_accepts(&flac);
}

#[test]
fn floats_and_32_bits_are_dithered_to_24() {
    let pcm = Pcm::music(48_000, 1, 24, 20_000);
    let mut wav = pcm.float_wav();
    let (_, made) = convert(&wav).unwrap();
    assert_eq!(made.changes, [Change::FromFloat { bits: 24 }], "what fits is not dithered");
    let half_a_step = (0.5_f32 / 8_388_608.0).to_le_bytes();
    let end = wav.len();
    wav[end - 4..].copy_from_slice(&half_a_step);
    let (_, made) = convert(&wav).unwrap();
    assert_eq!(made.changes, [Change::FromFloat { bits: 24 }, Change::Dithered { bits: 24 }]);
    if !tools::present("ffmpeg") {
        return;
    }
    let wide = tools::ffmpeg_makes(&pcm.wav(), "wide.wav", &["-af", "volume=0.7", "-c:a", "pcm_s32le"]);
    let (flac, made) = convert(&wide).unwrap();
    assert_eq!(made.changes, [Change::Narrowed { from: 32, to: 24 }, Change::Dithered { bits: 24 }]);
    let snr = decibels(&samples(&wide, "s32le"), &samples(&flac, "s32le"));
    assert!(snr > 120.0, "{snr} dB");
}

#[test]
fn another_rate_is_as_good_as_ffmpeg_s() {
    if !tools::present("ffmpeg") {
        return;
    }
    for (from, to) in [(44_100, 48_000), (96_000, 44_100), (48_000, 16_000)] {
        let pcm = Pcm::music(from, 2, 16, from as usize);
        let (flac, made) = convert_as(&pcm.wav(), Wishes { rate: Some(to), ..PLAIN }).unwrap();
        assert_eq!((made.facts.sample_rate, made.facts.samples), (to, u64::from(to)), "{from} to {to}");
        assert!(made.changes.contains(&Change::Resampled { from, to }), "{:?}", made.changes);
        tools::flac_accepts(&flac);
        let rate = to.to_string();
        let theirs = tools::ffmpeg_makes(&pcm.wav(), "theirs.wav", &["-ar", &rate, "-c:a", "pcm_s32le"]);
        let (ours, theirs) = (samples(&flac, "s32le"), samples(&theirs, "s32le"));
        let length = ours.len().min(theirs.len());
        // The two filters differ at the edge of what fits into the lower rate, and the noise of the sound lies there.
        let snr = decibels(&ours[..length], &theirs[..length]);
        assert!(snr > 30.0, "{from} to {to}: {snr} dB");
    }
}

#[test]
fn channels_are_mixed_by_the_table() {
    let length = 1000;
    let frame: [i32; 6] = [8000, -8000, 4000, 30_000, 2000, -2000];
    let pcm = Pcm { rate: 48_000, channels: 6, bits: 16, samples: frame.repeat(length) };
    let (flac, made) = convert_as(&pcm.wav(), Wishes { channels: Some(2), ..PLAIN }).unwrap();
    assert!(made.changes.contains(&Change::Mixed { from: 6, to: 2 }), "{:?}", made.changes);
    assert_eq!((made.facts.channels, made.facts.samples), (2, length as u64));
    tools::flac_accepts(&flac);
    if !tools::present("ffmpeg") {
        return;
    }
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let expected = [8000.0 + half * 6000.0, -8000.0 + half * 2000.0].map(|sum| sum / (1.0 + 2.0 * half));
    let mixed: Vec<f64> = samples(&flac, "s32le").iter().map(|sample| sample / 65_536.0).collect();
    for (side, expected) in expected.into_iter().enumerate() {
        let mean = mixed.iter().skip(side).step_by(2).sum::<f64>() / length as f64;
        assert!((mean - expected).abs() < 0.2, "{mean} is not {expected}");
    }
    let refused = convert_as(&Pcm::music(48_000, 1, 16, 100).wav(), Wishes { channels: Some(2), ..PLAIN });
    assert!(matches!(refused.map(drop), Err(Problem::Unsupported { .. })));
}

#[test]
fn a_track_is_picked_by_its_number() {
    if !tools::present("ffmpeg") {
        return;
    }
    let tracks = [Pcm::music(44_100, 2, 16, 30_000), Pcm::music(44_100, 1, 16, 20_000)];
    let wavs = tracks.each_ref().map(Pcm::wav);
    for name in ["two.mka", "two.mov"] {
        let options = ["-map", "0:a", "-map", "1:a", "-c:a", "pcm_s16le"];
        let file = tools::ffmpeg_joins(&wavs, name, &options);
        for (wished, expected) in [(None, 0), (Some(1), 0), (Some(2), 1)] {
            let (_, made) = convert_as(&file, Wishes { track: wished, ..PLAIN }).unwrap();
            assert_eq!(made.facts.md5, tracks[expected].md5(), "{name}, track {wished:?}");
        }
        let refused =
            convert_as(&file, Wishes { track: Some(3), ..PLAIN }).map(drop).unwrap_err().to_string();
        assert!(refused.contains("1 (PCM") && refused.contains("2 (PCM"), "{refused}");
    }
}

#[test]
fn what_is_left_of_a_damaged_file_is_saved_when_wished_for() {
    let keep_going = Wishes { keep_going: true, ..PLAIN };
    let pcm = Pcm::music(44_100, 2, 16, 61_500);
    let wav = pcm.wav();
    let (flac, made) = convert_as(&wav[..wav.len() / 2], keep_going).unwrap();
    let [Change::Incomplete { what, missing_samples: Some(missing) }] = &made.changes[..] else {
        panic!("{:?}", made.changes)
    };
    assert_eq!((what.as_str(), made.facts.samples + missing), ("the file ends too soon", pcm.length()));
    tools::flac_accepts(&flac);

    let (mut flac, whole) = convert(&wav).unwrap();
    let middle = flac.len() / 2;
    flac[middle] ^= 0x55;
    let refused = convert(&flac).map(|(_, made)| made).unwrap_err();
    let Problem::Corrupt { missing_samples: Some(missing), .. } = refused else { panic!("{refused}") };
    assert!((1..=2 * 4096).contains(&missing), "{missing} samples of one frame, or two");
    let (saved, made) = convert_as(&flac, keep_going).unwrap();
    assert!(matches!(made.changes[..], [Change::Incomplete { .. }]), "{:?}", made.changes);
    assert_eq!(made.facts.samples + missing, whole.facts.samples);
    tools::flac_accepts(&saved);
}
