//! Sound: any bytes, as a file of whatever it takes itself for. It is refused with a problem, or becomes a FLAC; and what
//! was made reads back as what it was made of. Its tags are read, or there are none.

use media::audio::{Input, Limits, Wishes};
use media::flac::Level;
use media::{Answer, Job, Order};

use crate::job;

/// A few bytes may stand for hours of silence, which are not worth waiting for.
const LIMITS: Limits = Limits { seconds: 10, channels: 8, sample_rate: 96_000 };

pub(crate) fn run(data: &[u8]) {
    let Some((wish, file)) = data.split_first() else { return };
    let tags = job::done(&Job::Tags { track: None }, file, &mut Vec::new());
    assert!(matches!(tags, Ok(Answer::Tags)), "whatever cannot be read is no tag: {tags:?}");
    convert(file, Input::File, Wishes { keep_going: wish & 1 == 1, ..Wishes::default() });
}

/// Makes a FLAC of `source`, if it is one that can be made of `input`, and reads it back.
pub(crate) fn convert(source: &[u8], input: Input, wishes: Wishes) {
    let order = Order { limits: LIMITS, level: Level::Fast, wishes, input };
    let mut flac = Vec::new();
    let Ok(made) = job::done(&Job::Flac(order), source, &mut flac) else { return };
    let read_back = job::done(&Job::VerifyFlac, &flac, &mut Vec::new());
    match (made, read_back) {
        (Answer::Flac(made), Ok(Answer::Verified(facts))) => assert_eq!(made.facts, facts),
        (made, read_back) => panic!("{made:?} reads back as {read_back:?}"),
    }
}
