//! Where decoding may begin anew: MP3 and Vorbis are cut into chunks of packets, each of which comes out the same whoever
//! decodes it, once a few packets before it were decoded and thrown away. The cuts depend on the file alone.
//!
//! `feed` decodes one chunk after the other, `ahead` several at once. AAC is not cut: its noise comes from a generator
//! that runs on from packet to packet.

use std::collections::VecDeque;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP3, CODEC_ID_VORBIS};
use symphonia::core::packet::Packet;

/// A chunk ends when it has so many samples of all channels together, which are a MiB,
const SAMPLES: u64 = 1 << 18;
/// or so many packets.
const PACKETS: u32 = 256;

/// The packets that a warm-up may have at most.
const MOST_WARM_UP: usize = 256;

/// What has to be decoded before a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Two packets, of which the nearer leaves the half of a transform and the state of the filter bank, and as many before
    /// them as may hold bits of theirs (ISO 11172-3, 2.4.2.7).
    Mp3,
    /// The packet before, which leaves half of its window; and one more, in case that one is damaged and leaves nothing.
    Vorbis,
}

/// Counts the packets of a chunk, and remembers those that the next one needs before it.
pub(super) struct Chunks {
    kind: Option<Kind>,
    channels: u64,
    recent: VecDeque<Packet>,
    samples: u64,
    packets: u32,
    ended: bool,
}

impl Chunks {
    pub(super) fn new(codec: AudioCodecId, channels: usize) -> Self {
        let kind = match codec {
            CODEC_ID_MP3 => Some(Kind::Mp3),
            CODEC_ID_VORBIS => Some(Kind::Vorbis),
            _ => None,
        };
        let channels = channels.max(1) as u64;
        Self { kind, channels, recent: VecDeque::new(), samples: 0, packets: 0, ended: true }
    }

    /// Whether this is a sound that can be cut.
    pub(super) fn can_be_cut(&self) -> bool {
        self.kind.is_some()
    }

    /// Takes note of the next packet, which holds so many samples of each channel.
    pub(super) fn count(&mut self, packet: &Packet, frames: u64) {
        let Some(kind) = self.kind else { return };
        self.samples += frames * self.channels;
        self.packets += 1;
        self.ended |= self.samples >= SAMPLES || self.packets >= PACKETS;
        self.recent.push_back(packet.clone());
        while self.recent.len() > MOST_WARM_UP || kind.is_enough(self.recent.iter().skip(1)) {
            self.recent.pop_front();
        }
    }

    /// The next packet is the first of another chunk.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended && self.can_be_cut()
    }

    /// Begins the next chunk; what is to be decoded before it.
    pub(super) fn begin(&mut self) -> impl Iterator<Item = &Packet> {
        (self.samples, self.packets, self.ended) = (0, 0, false);
        self.recent.iter()
    }
}

impl Kind {
    fn is_enough<'p>(self, packets: impl ExactSizeIterator<Item = &'p Packet>) -> bool {
        match self {
            Self::Vorbis => packets.len() >= 2,
            Self::Mp3 => {
                let before = packets.len().saturating_sub(2);
                packets.len() >= 3
                    && packets.take(before).map(|packet| main_data(&packet.data)).sum::<usize>() >= RESERVOIR
            }
        }
    }
}

/// How far back, in bytes of main data, an MP3 packet may have bits.
const RESERVOIR: usize = 511;

/// How many bytes of an MP3 packet are main data.
fn main_data(packet: &[u8]) -> usize {
    let &[_, second, _, fourth, ..] = packet else { return 0 };
    let (first_version, mono) = (second >> 3 & 3 == 3, fourth >> 6 == 3);
    let side_information = match (first_version, mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let checksum = if second & 1 == 0 { 2 } else { 0 };
    packet.len().saturating_sub(4 + checksum + side_information)
}

#[cfg(test)]
mod tests {
    use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
    use symphonia::core::units::{Duration, Timestamp};

    use super::*;

    fn packet(data: &[u8]) -> Packet {
        Packet::new(0, Timestamp::ZERO, Duration::ZERO, data)
    }

    /// An MP3 packet of this length, MPEG 1 in stereo, of which 36 bytes are no main data.
    fn mp3(length: usize) -> Packet {
        let mut data = vec![0xFF, 0xFB, 0x90, 0x44];
        data.resize(length, 0);
        packet(&data)
    }

    fn warm_up(chunks: &mut Chunks) -> usize {
        chunks.begin().count()
    }

    #[test]
    fn as_many_packets_come_before_a_chunk_as_it_takes() {
        for (length, expected) in [(1044, 3), (547, 3), (546, 4), (136, 2 + 6), (38, 2 + 256), (36, 256)] {
            let mut chunks = Chunks::new(CODEC_ID_MP3, 2);
            (0..400).for_each(|_| chunks.count(&mp3(length), 1152));
            assert_eq!(warm_up(&mut chunks), expected.min(256), "packets of {length} bytes");
        }
        let mut chunks = Chunks::new(CODEC_ID_VORBIS, 2);
        chunks.count(&packet(&[1]), 0);
        assert_eq!(warm_up(&mut chunks), 1);
        (0..10).for_each(|_| chunks.count(&packet(&[1]), 1024));
        assert_eq!(warm_up(&mut chunks), 2);
    }

    #[test]
    fn a_chunk_ends_after_a_mebibyte_of_samples_or_many_packets() {
        for (channels, frames, expected) in [(2, 1152, 114), (1, 1152, 228), (8, 4096, 8), (1, 64, 256)] {
            let mut chunks = Chunks::new(CODEC_ID_MP3, channels);
            assert!(chunks.has_ended(), "the first packet begins a chunk");
            warm_up(&mut chunks);
            for _ in 1..expected {
                chunks.count(&mp3(400), frames);
                assert!(!chunks.has_ended());
            }
            chunks.count(&mp3(400), frames);
            assert!(chunks.has_ended(), "{channels} channels, {frames} samples each");
        }
        let mut aac = Chunks::new(CODEC_ID_AAC, 2);
        (0..1000).for_each(|_| aac.count(&packet(&[0]), 1024));
        assert!(!aac.has_ended() && warm_up(&mut aac) == 0, "AAC is not cut");
    }
}
