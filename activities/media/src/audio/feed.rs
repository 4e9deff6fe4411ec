//! What comes out of a track, packet by packet: the demuxer's packets, decoded one after the other here, or several chunks
//! at once by [`Ahead`]. Nobody can tell from the samples which it was.

use std::num::NonZeroUsize;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::Packet;

use super::ahead::Ahead;
use super::chunks::Chunks;
use super::depth::has_format;
use super::open::Opened;
use super::packets::{frames_of, guarded, next_packet};
use super::plain::Plain;
use super::samples::{self, Scratch};
use crate::Format;

/// What the next packet comes to.
pub(super) enum Step {
    /// It was decoded; its bytes.
    Decoded(Box<[u8]>),
    /// It cannot be decoded, and would hold so many samples of each channel.
    Undecodable(Error, u64),
    /// It holds another kind of sound than those before it.
    OtherFormat,
    /// The demuxer cannot hand it out.
    Unreadable(Error),
    End,
}

pub(super) struct Feed {
    chunks: Chunks,
    /// What the decoder hands out.
    format: Format,
    scratch: Scratch,
    plain: Option<Plain>,
    ahead: Option<Ahead>,
}

impl Feed {
    /// Goes on behind what `chunks` has counted, of which `first` was the first packet with samples.
    pub(super) fn new(
        opened: &Opened<'_>,
        chunks: Chunks,
        first: &Packet,
        format: Format,
        processors: NonZeroUsize,
    ) -> Self {
        let ahead = chunks.can_be_cut().then(|| Ahead::start(opened, first, format, processors)).flatten();
        let plain = Plain::of(&opened.params, format);
        Self { chunks, format, scratch: Scratch::default(), plain, ahead }
    }

    /// Decodes the next packet and appends its samples to `out`.
    pub(super) fn next(&mut self, opened: &mut Opened<'_>, out: &mut Vec<i32>) -> Step {
        match &mut self.ahead {
            Some(ahead) => ahead.next(opened, &mut self.chunks, out),
            None => self.next_in_turn(opened, out),
        }
    }

    fn next_in_turn(&mut self, opened: &mut Opened<'_>, out: &mut Vec<i32>) -> Step {
        let packet = match next_packet(opened) {
            Ok(Some(packet)) => packet,
            Ok(None) => return Step::End,
            Err(error) => {
                self.chunks.end();
                return Step::Unreadable(error);
            }
        };
        if self.chunks.has_ended() {
            warm_up(opened.decoder.as_mut(), self.chunks.begin());
        }
        let frames = frames_of(opened, &packet);
        self.chunks.count(&packet, frames);
        if let Some(plain) = self.plain {
            plain.append(&packet.data, out);
            return Step::Decoded(packet.data);
        }
        match append(opened.decoder.as_mut(), &packet, self.format, &mut self.scratch, out) {
            Ok(true) => Step::Decoded(packet.data),
            Ok(false) => Step::OtherFormat,
            Err(error) => Step::Undecodable(error, frames),
        }
    }
}

/// Brings a decoder to where it would be behind these packets.
pub(super) fn warm_up<'p>(decoder: &mut dyn AudioDecoder, packets: impl Iterator<Item = &'p Packet>) {
    decoder.reset();
    for packet in packets {
        // A damaged one was complained of where it was decoded to be heard.
        let _ = decode(decoder, packet);
    }
}

/// Appends a packet's samples to `out`. False where they are of another format.
pub(super) fn append(
    decoder: &mut dyn AudioDecoder,
    packet: &Packet,
    format: Format,
    scratch: &mut Scratch,
    out: &mut Vec<i32>,
) -> Result<bool> {
    let buffer = decode(decoder, packet)?;
    if buffer.frames() > 0 && !has_format(&buffer, format) {
        return Ok(false);
    }
    samples::append(&buffer, format.bits_per_sample, scratch, out);
    Ok(true)
}

pub(super) fn decode<'d>(
    decoder: &'d mut dyn AudioDecoder,
    packet: &Packet,
) -> Result<GenericAudioBufferRef<'d>> {
    guarded(|| decoder.decode(packet))
}
