//! What captioners are given to listen to: the whole of a sound, no longer than sounds may be, or a problem.

use activities::child::Failure;
use activities::making::Trouble;
use activities::making::sound;
use activities::recipes::captions;
use media::Problem;
use media::audio::{Limits, Wishes};
use states::{Kind, problem};
use tests::films::Film;

use super::child::whole;
use super::foreign::bench;
use super::sounds::Pcm;
use super::tools;

/// How many seconds of speech come out of a file, and what was wrong with it.
async fn heard(file: &[u8], limits: Limits) -> Result<(f64, Option<String>), problem::Problem> {
    let scratch = tempfile::tempdir().expect("a folder for a test");
    let speech = captions::speech(&bench(scratch.path()), limits, &whole(file)).await;
    let speech = speech.map_err(|failure| failure.problem)?;
    let wav = std::fs::read(&speech.wav).expect("the sound is there");
    Ok(((wav.len() - 44) as f64 / 32_000.0, speech.flaw))
}

fn film(name: &str, options: &[&str]) -> Vec<u8> {
    Film { name, sound: true, options, ..Film::default() }.bytes().expect("ffmpeg makes films")
}

#[tokio::test]
async fn half_a_film_is_not_listened_to_as_if_it_were_whole() {
    if !tools::present("ffmpeg") {
        return;
    }
    for (name, options) in [
        ("film.mp4", &["-movflags", "+faststart"][..]),
        ("film.mkv", &["-c:a", "ac3"]),
        ("film.avi", &["-c:a", "pcm_s16le"]),
    ] {
        let file = film(name, options);
        let (seconds, flaw) = heard(&file, Limits::default()).await.unwrap();
        assert!((seconds - 10.0).abs() < 0.2 && flaw.is_none(), "{name}: {seconds} s, {flaw:?}");
        let refused = heard(&file[..file.len() / 2], Limits::default()).await.expect_err(name);
        assert_eq!(refused.kind, Kind::MediaCorrupt, "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn a_flaw_that_costs_next_to_nothing_is_told() {
    if !tools::present("ffmpeg") {
        return;
    }
    let mut file = tools::ffmpeg_makes(&Pcm::music(48_000, 2, 16, 200_000).wav(), "a.ac3", &["-c:a", "ac3"]);
    let middle = file.len() / 2;
    file[middle] ^= 0xFF;
    let (seconds, flaw) = heard(&file, Limits::default()).await.unwrap();
    assert!(flaw.is_some() && seconds > 3.0, "{seconds} s, {flaw:?}");
}

/// The block's header has the length of the whole (WavPack 4, `total_samples`).
fn lasting(wavpack: &[u8], samples: u32) -> Vec<u8> {
    let mut file = wavpack.to_vec();
    file[12..16].copy_from_slice(&samples.to_le_bytes());
    file
}

#[tokio::test]
async fn what_ffmpeg_decodes_may_be_no_longer_than_other_sound() {
    if !tools::present("ffmpeg") {
        return;
    }
    let second = Pcm::music(44_100, 1, 16, 44_100).wav();
    let wavpack = tools::ffmpeg_makes(&second, "a.wv", &["-c:a", "wavpack"]);
    let seven_hours = lasting(&wavpack, 7 * 3600 * 44_100);
    let refused = heard(&seven_hours, Limits::default()).await.expect_err("it says how long it is");
    assert_eq!(refused.kind, Kind::TooLong, "{refused:?}");
    let scratch = tempfile::tempdir().unwrap();
    let bench = bench(scratch.path());
    let probed = sound::probe(&bench, Limits::default(), Wishes::default(), &whole(&seven_hours)).await;
    let too_long = Problem::TooLong { seconds: 7 * 3600, limit_seconds: 6 * 3600 };
    match probed {
        Err(Trouble::Failure(Failure::Media(problem))) => assert_eq!(problem, too_long),
        other => panic!("{other:?}"),
    }
    // ADTS says nothing of it: no more is decoded than shows that it is too long.
    let adts = tools::ffmpeg_makes(&Pcm::music(44_100, 1, 16, 441_000).wav(), "a.aac", &["-c:a", "aac"]);
    let two_seconds = Limits { seconds: 2, ..Limits::default() };
    let refused = heard(&adts, two_seconds).await.expect_err("it is ten seconds long");
    assert_eq!(refused.kind, Kind::TooLong, "{refused:?}");
    assert!(refused.detail.contains("is 3 s long"), "{refused:?}");
}
