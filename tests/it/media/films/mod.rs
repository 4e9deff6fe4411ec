//! Films: frames of them as a zip, found by every way there is.

mod damage;
mod frames;

use activities::child::{AsyncSource, Failure, Limits, Workbench};
use activities::making::Trouble;
use activities::making::framing::{self, Framed, Wish};

use super::child::Kept;
use super::foreign::bench;

/// Makes the zip of a film, and sees to it that nothing is left behind.
pub(super) async fn framed(source: &impl AsyncSource, wish: Wish) -> Result<(Vec<u8>, Framed), Failure> {
    framed_within(Limits::default(), source, wish).await
}

async fn framed_within(
    limits: Limits,
    source: &impl AsyncSource,
    wish: Wish,
) -> Result<(Vec<u8>, Framed), Failure> {
    let scratch = tempfile::tempdir().expect("a folder for a test");
    let outcome = framed_by(&bench(scratch.path()).within(limits), source, wish).await;
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "something was left");
    outcome
}

async fn framed_by(
    bench: &Workbench,
    source: &impl AsyncSource,
    wish: Wish,
) -> Result<(Vec<u8>, Framed), Failure> {
    match framing::thumbnails(bench, &wish, source, || Ok(Kept::default()), |_| {}).await {
        Ok((framed, kept)) => Ok((kept.0, framed)),
        Err(Trouble::Failure(failure)) => Err(failure),
        Err(Trouble::OddAnswer(answer)) => panic!("an odd answer: {answer:?}"),
    }
}
