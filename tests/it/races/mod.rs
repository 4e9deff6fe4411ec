//! Whoever comes first, last or not at all: each race is brought about by gates that the test opens, never by waiting,
//! and each ends with [`tests::workshop::Workshop::settled`].

mod attempts;
mod cancel;
mod deaths;
mod deletion;
mod kept;
mod lost;
mod starts;
mod sweep;
mod uploads;

use states::{Event, Session};
use tests::sound::wav;

/// A tenth of a second of sound: converted in no time.
fn file() -> Vec<u8> {
    wav(4410, 1)
}

fn events(session: &Session) -> Vec<Event> {
    session.trail.iter().map(|passage| passage.event).collect()
}
