//! The first samples of a track: only with them is it sure what they are like, whatever the container says.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::Problem;

use super::chunks::Chunks;
use super::claim::Claim;
use super::decode::Damage;
use super::depth::{depth_of, is_float, stated_depth};
use super::feed::decode;
use super::foreign::Container;
use super::open::{self, Bytes, Opened};
use super::packets::{check_source, frames_of, next_packet, undecodable, unreadable};
use super::samples::{self, Scratch};
use super::wishes::{Plan, Wishes, plan};
use super::{Limits, Sound};

/// What is learnt while looking for them.
pub(super) struct Found {
    pub(super) sound: Sound,
    pub(super) plan: Plan,
    pub(super) samples: Vec<i32>,
    /// What could not be decoded before them.
    pub(super) damage: Damage,
    /// All packets so far, counted.
    pub(super) chunks: Chunks,
    /// The one that they were in, or else the last one.
    pub(super) packet: Packet,
}

/// So many packets in a row that cannot be decoded are no sound.
const MOST_FAILURES: usize = 1000;

/// Decodes until samples come out.
pub(super) fn first_block(
    source: &Bytes<'_>,
    opened: &mut Opened<'_>,
    claim: Claim,
    limits: &Limits,
    wishes: &Wishes,
) -> Result<Found, Problem> {
    let mut failures = 0;
    let mut damage = Damage::default();
    let channels = opened.params.channels.as_ref().map_or(2, |channels| channels.count());
    let mut chunks = Chunks::new(opened.params.codec, channels);
    let mut last = Packet::new(opened.track.id, Timestamp::ZERO, Duration::ZERO, []);
    loop {
        let packet = match next_packet(opened) {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(error) => match unreadable(source, &error, opened, claim, 0)? {
                Some(problem) => return Err(problem),
                None => break,
            },
        };
        let frames_lost = frames_of(opened, &packet);
        chunks.count(&packet, frames_lost);
        let Opened { reader, params, decoder, .. } = &mut *opened;
        let container = reader.format_info().short_name;
        let buffer = match decode(decoder.as_mut(), &packet) {
            Ok(buffer) => buffer,
            Err(error) => match undecodable(source, &error) {
                Problem::Unsupported { found } => return Err(left_to_others(container, found)),
                Problem::Corrupt { what, .. } if wishes.keep_going && failures < MOST_FAILURES => {
                    failures += 1;
                    damage.missing += frames_lost;
                    damage.first.get_or_insert(what);
                    continue;
                }
                problem => return Err(problem),
            },
        };
        if buffer.frames() > 0 {
            let (rate, channels) = (buffer.spec().rate(), buffer.num_planes());
            limits.check_shape(rate, channels)?;
            let bits = stated_depth(params).or_else(|| depth_of(&buffer));
            let sound = describe(container, params, rate, channels as u8, bits);
            let plan = plan(&sound, is_float(&buffer), wishes)?;
            let mut samples = Vec::new();
            samples::append(&buffer, plan.decoded.bits_per_sample, &mut Scratch::default(), &mut samples);
            return Ok(Found { sound, plan, samples, damage, chunks, packet });
        }
        last = packet;
    }
    check_source(source)?;
    let (sound, plan) = nothing(opened, limits, wishes)?;
    Ok(Found { sound, plan, samples: Vec::new(), damage, chunks, packet: last })
}

/// What our decoder turns out not to know, in a container that others open too.
fn left_to_others(container: &str, found: String) -> Problem {
    match Container::of_demuxer(container) {
        Some(container) => open::foreign(found, container),
        None => Problem::unsupported(found),
    }
}

/// A file that holds no samples, and says so.
fn nothing(opened: &Opened<'_>, limits: &Limits, wishes: &Wishes) -> Result<(Sound, Plan), Problem> {
    let params = &opened.params;
    let rate = params.sample_rate.unwrap_or(0);
    let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
    limits.check_shape(rate, channels)?;
    let bits = stated_depth(params);
    let sound = describe(opened.reader.format_info().short_name, params, rate, channels as u8, bits);
    let plan = plan(&sound, false, wishes)?;
    Ok((sound, plan))
}

fn describe(
    container: &str,
    params: &AudioCodecParameters,
    rate: u32,
    channels: u8,
    bits: Option<u8>,
) -> Sound {
    let lossy = open::is_lossy(params.codec);
    Sound {
        container: container.to_owned(),
        codec: open::name_of(params.codec).to_owned(),
        lossy,
        sample_rate: rate,
        channels,
        bits_per_sample: bits.filter(|_| !lossy),
        samples: None,
    }
}
