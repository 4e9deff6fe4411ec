//! What comes of films: the index of an MP4, frames as ffmpeg pipes them, the zip that is made of them, and samples as
//! ffmpeg pipes them. The first byte chooses: its lowest two bits the reader, the others how much is wanted of it.

use media::audio::{Decoded, Input, Sound, Wishes};
use media::film::{Index, KeyFrame, Limits, Range, Spread};
use media::thumbnails::{MadeThumbnails, Order, Outcome, Wanted};
use media::{Answer, Job, Problem};

use crate::{job, sound};

pub(crate) fn run(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else { return };
    let much = choice >> 2;
    match choice & 3 {
        0 => survey(bytes, much),
        1 => frames(bytes, much),
        2 => _ = verify(bytes),
        _ => samples(bytes, much),
    }
}

/// A film's index is refused, or leads nowhere but into the film.
fn survey(film: &[u8], count: u8) {
    let spread = (count > 0).then_some(Spread::Count(count.into()));
    let job = Job::SurveyFilm { limits: Limits::default(), spread };
    let Ok(Answer::Film(survey)) = job::done(&job, film, &mut Vec::new()) else { return };
    let Some(Index { key_frames, key_times, nearest, needed, .. }) = survey.index else { return };
    if let Some(times) = key_times {
        assert_eq!(times.len() as u64, key_frames);
    }
    let nearest = nearest.unwrap_or_default();
    assert!(nearest.is_empty() || nearest.len() == usize::from(count), "{count} were wanted: {nearest:?}");
    assert!(needed.is_sorted_by(|one, next| one.end() < next.offset), "parts that overlap: {needed:?}");
    let holds = |part: &Range, bytes: Range| part.offset <= bytes.offset && bytes.end() <= part.end();
    let is_needed = |frame: &KeyFrame| needed.iter().any(|part| holds(part, frame.bytes));
    assert!(nearest.iter().all(is_needed), "{nearest:?} is not all in {needed:?}");
    assert!(needed.iter().all(|part| part.end() <= film.len() as u64), "it leads past the end: {needed:?}");
}

/// Frames are refused, or become a zip. Of each no more than its headers is looked at before the zip is verified.
fn frames(stream: &[u8], count: u8) {
    const HALF_A_SECOND: u64 = 500;
    let times: Vec<u64> = (0..u64::from(count)).map(|number| number * HALF_A_SECOND).collect();
    for wanted in [Wanted::Nearest, Wanted::Numbered(times.clone()), Wanted::All] {
        let exact = wanted == Wanted::All;
        let milliseconds = u64::from(count) * HALF_A_SECOND;
        let order = Order { wanted, times: times.clone(), exact, milliseconds };
        let mut zip = Vec::new();
        let outcome = job::done(&Job::Thumbnails(order), stream, &mut zip);
        let Ok(Answer::Thumbnails(Outcome::Made(made))) = outcome else { continue };
        let MadeThumbnails { frames, wanted, bytes, .. } = made;
        assert!(frames <= wanted && wanted == u32::from(count), "{made:?}");
        assert_eq!(bytes, zip.len() as u64);
        if let Some(verified) = verify(&zip) {
            assert_eq!(verified, frames);
        }
    }
}

/// How many frames are in a zip that verifies. Of any other there is nothing to be said but that it does not.
fn verify(zip: &[u8]) -> Option<u32> {
    match job::done(&Job::VerifyThumbnails, zip, &mut Vec::new()) {
        Ok(Answer::VerifiedThumbnails(frames)) => Some(frames),
        Err(Problem::Unverified { .. }) => None,
        other => panic!("a zip is verified, or not: {other:?}"),
    }
}

/// Samples are refused, or become a FLAC, whatever was said of them before they came.
fn samples(wav: &[u8], much: u8) {
    const FIFTH_OF_A_SECOND: u64 = 9600;
    let wishes = Wishes { keep_going: much & 1 == 1, ..Wishes::default() };
    let sound = Sound {
        container: "matroska".to_owned(),
        codec: "AC-3".to_owned(),
        lossy: much & 2 == 2,
        sample_rate: 48_000,
        channels: 2,
        bits_per_sample: None,
        samples: (much > 0).then_some(u64::from(much) * FIFTH_OF_A_SECOND),
    };
    for trimmed in [false, true] {
        let decoded = Decoded { sound: sound.clone(), trimmed, comments: Vec::new(), tag_bytes: 0 };
        sound::convert(wav, Input::Decoded(decoded), wishes);
    }
}
