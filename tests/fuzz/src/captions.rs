//! Captions that a captioner wrote: they are refused, or what is written of them reads back as the same.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use media::captions::FORMATS;
use media::{Answer, Job, ReadAt, Sink};

#[derive(Default)]
struct Results(Vec<Vec<u8>>);

impl Sink for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.last_mut().map(|last| last.extend(bytes)).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn next(&mut self) -> io::Result<()> {
        self.0.push(Vec::new());
        Ok(())
    }

    fn patch(&mut self, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn does(job: &Job, source: &dyn ReadAt, sink: &mut Results) -> Option<Answer> {
    media::run(job, NonZeroUsize::MIN, source, sink, &mut |_| ControlFlow::Continue(())).ok()
}

pub(crate) fn run(data: &[u8]) {
    let mut results = Results(vec![Vec::new()]);
    let Some(Answer::Captions(made)) = does(&Job::Captions, &data, &mut results) else { return };
    for (text, format) in results.0.iter().zip(FORMATS) {
        let read = does(&Job::VerifyCaptions(format), text, &mut Results::default());
        assert_eq!(read, Some(Answer::VerifiedCaptions(made)), "{format:?}");
    }
}
