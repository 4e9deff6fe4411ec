//! Sound: any bytes, as a file of whatever it takes itself for. It is refused with a problem, or becomes a FLAC; and what
//! was made reads back as what it was made of.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use media::audio::{Limits, Wishes};
use media::flac::Level;
use media::{Answer, Job, Order, run as do_job};

/// A few bytes may stand for hours of silence, which are not worth waiting for.
const LIMITS: Limits = Limits { seconds: 10, channels: 8, sample_rate: 96_000 };

pub(crate) fn run(data: &[u8]) {
    let Some((wish, file)) = data.split_first() else { return };
    let keep_going = wish & 1 == 1;
    let wishes = Wishes { keep_going, ..Wishes::default() };
    let order = Order { limits: LIMITS, level: Level::Fast, wishes, ..Order::default() };
    let mut flac = Vec::new();
    let Ok(made) = job(&Job::Flac(order), file, &mut flac) else { return };
    let read_back = job(&Job::VerifyFlac, &flac, &mut Vec::new());
    match (made, read_back) {
        (Answer::Flac(made), Ok(Answer::Verified(facts))) => assert_eq!(made.facts, facts),
        (made, read_back) => panic!("{made:?} reads back as {read_back:?}"),
    }
}

fn job(job: &Job, file: &[u8], sink: &mut Vec<u8>) -> Result<Answer, media::Problem> {
    do_job(job, NonZeroUsize::MIN, &file, sink, &mut |_| ControlFlow::Continue(()))
}
