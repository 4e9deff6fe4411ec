//! Reading a FLAC back: every frame is decoded, the samples are counted and hashed, and the header must agree.

use crate::audio::{Decoder, Limits};
use crate::pcm::Fingerprint;
use crate::source::read_up_to;
use crate::{Problem, Progress, ReadAt};

use super::Reporter;
use super::header::{self, Facts, StreamInfo};
use super::metadata;

/// What we wrote is within the limits of what we accept; only the header's own bounds apply.
const NO_LIMITS: Limits = Limits { seconds: u64::MAX, channels: 8, sample_rate: u32::MAX };

pub(super) fn verify(source: &dyn ReadAt, progress: &mut Progress<'_>) -> Result<Facts, Problem> {
    let stated = stated(source)?;
    let mut reporter = Reporter::start(Some(stated.samples), progress)?;
    if stated.samples == 0 {
        return empty(source, &stated);
    }
    let mut decoder = Decoder::open(source, &NO_LIMITS).map_err(unverified)?;
    let mut fingerprint = Fingerprint::new(stated.format);
    let (mut samples, mut count) = (Vec::new(), 0);
    while decoder.next(&mut samples).map_err(unverified)? {
        if decoder.format() != stated.format {
            return Err(mismatch("its frames have another format than its header"));
        }
        fingerprint.update(&samples);
        count += (samples.len() / usize::from(stated.format.channels)) as u64;
        samples.clear();
        reporter.reached(count)?;
    }
    if count != stated.samples {
        return Err(mismatch(format!("it holds {count} samples and states {}", stated.samples)));
    }
    if fingerprint.finish() != stated.md5 {
        return Err(mismatch("its samples do not have the MD5 that it states"));
    }
    Ok(stated.facts())
}

/// A FLAC without a single frame, which the demuxer does not take for one: it must end with its header.
fn empty(source: &dyn ReadAt, stated: &StreamInfo) -> Result<Facts, Problem> {
    let mut failed = None;
    let end = metadata::end(header::LENGTH as u64, |offset| {
        let mut bytes = [0; 4];
        match read_up_to(source, offset, &mut bytes) {
            Ok(filled) => (filled == bytes.len()).then_some(bytes),
            Err(error) => {
                failed = Some(Problem::source(&error));
                None
            }
        }
    });
    failed.map_or(Ok(()), Err)?;
    let none = Fingerprint::new(stated.format).finish();
    if end != Some(source.len()) || stated.md5 != none {
        return Err(mismatch("it states that it holds no samples, but is not empty"));
    }
    Ok(stated.facts())
}

fn stated(source: &dyn ReadAt) -> Result<StreamInfo, Problem> {
    let mut bytes = [0; header::LENGTH];
    let filled = read_up_to(source, 0, &mut bytes).map_err(|error| Problem::source(&error))?;
    let info = (filled == header::LENGTH).then(|| StreamInfo::read(&bytes)).flatten();
    info.ok_or_else(|| mismatch("it does not begin with a FLAC header"))
}

/// A flaw in the file is a flaw in our result here; a source that cannot be read stays just that.
fn unverified(problem: Problem) -> Problem {
    match problem {
        Problem::Unsupported { found } => mismatch(found),
        Problem::Corrupt { .. } => mismatch(problem.to_string()),
        other => other,
    }
}

fn mismatch(what: impl Into<String>) -> Problem {
    Problem::Unverified { what: what.into() }
}
