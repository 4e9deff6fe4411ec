//! Sound in, FLAC out; pictures in, proxies out; films in, frames out: the media crate and the child process it runs
//! in, against sounds made here and against the `flac` and `ffmpeg` programs.

mod aac;
mod carried;
mod child;
mod chunks;
mod confinement;
mod convert;
mod damage;
mod encoder;
mod films;
pub(crate) mod foreign;
mod gapless;
mod lossy;
mod pictures;
mod processors;
mod sounds;
mod speech;
mod tags;
mod tools;
mod wishes;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use media::audio::{Limits, Sound, Wishes};
use media::flac::{Facts, Level};
use media::{Answer, Job, MadeFlac, Order, Problem};

/// Processors to work on. What comes out does not depend on it.
const TWO: NonZeroUsize = NonZeroUsize::new(2).expect("two is not zero");

/// Converts in this very process.
fn convert(source: &[u8]) -> Result<(Vec<u8>, MadeFlac), Problem> {
    convert_as(source, Wishes::default())
}

fn convert_as(source: &[u8], wishes: Wishes) -> Result<(Vec<u8>, MadeFlac), Problem> {
    convert_by(source, Order { wishes, ..Order::default() }, TWO)
}

fn convert_at(source: &[u8], level: Level, processors: NonZeroUsize) -> Result<(Vec<u8>, MadeFlac), Problem> {
    convert_by(source, Order { level, ..Order::default() }, processors)
}

fn convert_by(source: &[u8], order: Order, processors: NonZeroUsize) -> Result<(Vec<u8>, MadeFlac), Problem> {
    let mut flac = Vec::new();
    let job = Job::Flac(order);
    let answer = media::run(&job, processors, &source, &mut flac, &mut |_| ControlFlow::Continue(()))?;
    let Answer::Flac(made) = answer else { panic!("the answer to another question: {answer:?}") };
    assert_eq!(made.bytes, flac.len() as u64);
    Ok((flac, made))
}

fn probe(source: &[u8]) -> Result<Sound, Problem> {
    let job = Job::ProbeAudio { limits: Limits::default(), wishes: Wishes::default() };
    let answer = media::run(&job, TWO, &source, &mut Vec::new(), &mut |_| ControlFlow::Continue(()))?;
    let Answer::Audio(sound) = answer else { panic!("the answer to another question: {answer:?}") };
    Ok(sound)
}

fn verify(flac: &[u8]) -> Result<Facts, Problem> {
    let answer =
        media::run(&Job::VerifyFlac, TWO, &flac, &mut Vec::new(), &mut |_| ControlFlow::Continue(()))?;
    let Answer::Verified(facts) = answer else { panic!("the answer to another question: {answer:?}") };
    Ok(facts)
}
