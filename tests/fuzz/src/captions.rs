//! Captions that a captioner wrote: they are refused, or what is written of them reads back as the same.

use std::io;

use media::captions::FORMATS;
use media::{Answer, Job, Sink};

use crate::job;

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

pub(crate) fn run(data: &[u8]) {
    let mut results = Results(vec![Vec::new()]);
    let Ok(Answer::Captions(made)) = job::done(&Job::Captions, data, &mut results) else { return };
    for (text, format) in results.0.iter().zip(FORMATS) {
        let read = job::done(&Job::VerifyCaptions(format), text, &mut Results::default());
        assert_eq!(read, Ok(Answer::VerifiedCaptions(made)), "{format:?}");
    }
}
