//! Packets out of the demuxer and samples out of the decoder, and what it means when one of them gives up.

use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::errors::Error;
use symphonia::core::packet::Packet;

use super::claim::{Claim, too_short};
use super::open::{Bytes, Opened};
use crate::Problem;

/// symphonia panics on some files that make no sense. Then it is the file that is damaged, and not this program; whatever
/// state is left behind is only asked again when work goes on over damage, and then it may give up again.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::DecodeError("its reader gave up")))
}

/// The next packet of the track.
pub(super) fn next_packet(opened: &mut Opened<'_>) -> Result<Option<Packet>, Error> {
    loop {
        match opened.next_of_all()? {
            Some(packet) if packet.track_id != opened.track.id => {}
            Some(packet) => {
                opened.ticks = opened.ticks.saturating_add(packet.dur.get());
                return Ok(Some(packet));
            }
            None => return Ok(None),
        }
    }
}

/// What it means that there is no next packet. None where the file may end like this.
pub(super) fn unreadable(
    source: &Bytes<'_>,
    error: &Error,
    opened: &Opened<'_>,
    claim: Claim,
    decoded: u64,
) -> Result<Option<Problem>, Problem> {
    check_source(source)?;
    Ok(Some(match error {
        Error::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            // Only a WAV of more than 4 GiB from a stream has no length; it ends where it ends.
            let endless = opened.reader.format_info().short_name == "wave" && claim.samples.is_none();
            if endless {
                return Ok(None);
            }
            too_short(claim, decoded)
        }
        Error::ResetRequired => Problem::unsupported("several recordings one after another in one file"),
        error => Problem::corrupt(format!("it cannot be read on ({error})")),
    }))
}

/// What it means that a packet cannot be decoded.
pub(super) fn undecodable(source: &Bytes<'_>, error: &Error) -> Problem {
    match (source.failure(), error) {
        (Some(why), _) => Problem::SourceFailed { why },
        (None, Error::Unsupported(what)) => {
            Problem::unsupported(format!("sound of a kind not known here ({what})"))
        }
        (None, error) => Problem::corrupt(format!("its sound cannot be decoded ({error})")),
    }
}

/// What looked like the end of the file may have been a failed read.
pub(super) fn check_source(source: &Bytes<'_>) -> Result<(), Problem> {
    source.failure().map_or(Ok(()), |why| Err(Problem::SourceFailed { why }))
}

/// How many samples of each channel a packet says it holds.
pub(super) fn frames_of(opened: &Opened<'_>, packet: &Packet) -> u64 {
    let rate = opened.params.sample_rate.unwrap_or(0);
    let ticks = u128::from(packet.dur.get()) * u128::from(rate);
    let frames = opened
        .track
        .time_base
        .map(|base| ticks * u128::from(base.numer.get()) / u128::from(base.denom.get()));
    frames.map_or(0, |frames| frames as u64)
}
