//! Samples that stand in their packets as they are handed on, which most WAVs are full of: taken from there at once, where
//! the decoder would lay each channel out by itself first.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_PCM_S16LE, CODEC_ID_PCM_S24LE};

use super::depth::stated_depth;
use super::samples;
use crate::Format;

/// Integers, the lowest byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    /// Bytes of a sample.
    width: usize,
    channels: usize,
}

impl Plain {
    /// None where there is more to do, or where samples have fewer bits than room.
    pub(super) fn of(params: &AudioCodecParameters, format: Format) -> Option<Self> {
        let bits = match params.codec {
            CODEC_ID_PCM_S16LE => 16,
            CODEC_ID_PCM_S24LE => 24,
            _ => return None,
        };
        let channels = params.channels.as_ref()?.count();
        let is_as_handed_on = stated_depth(params) == Some(bits)
            && format.bits_per_sample == bits
            && format.channels() == channels;
        is_as_handed_on.then(|| Self { width: format.bytes_per_sample(), channels })
    }

    /// Appends what a packet holds. A part of a sample at its end is left out, as the decoder leaves it.
    pub(super) fn append(self, packet: &[u8], out: &mut Vec<i32>) {
        let whole = packet.len() - packet.len() % (self.width * self.channels);
        samples::unpack(&packet[..whole], self.width, (self.width * 8) as u8, out);
    }
}

#[cfg(test)]
mod tests {
    use symphonia::core::audio::Channels;
    use symphonia::core::codecs::audio::AudioDecoderOptions;
    use symphonia::core::codecs::audio::well_known::CODEC_ID_PCM_S16BE;
    use symphonia::core::packet::Packet;
    use symphonia::core::units::{Duration, Timestamp};

    use super::super::feed::append;
    use super::super::samples::Scratch;
    use super::*;

    const RATE: u32 = 48_000;

    fn params(codec: symphonia::core::codecs::audio::AudioCodecId, bits: u32) -> AudioCodecParameters {
        let mut params = AudioCodecParameters::new();
        params.for_codec(codec).with_sample_rate(RATE).with_channels(Channels::Discrete(3));
        params.with_bits_per_sample(bits).with_bits_per_coded_sample(bits);
        params
    }

    fn format(bits_per_sample: u8) -> Format {
        Format { sample_rate: RATE, channels: 3, bits_per_sample }
    }

    #[test]
    fn they_are_those_that_the_decoder_hands_out() {
        for (codec, bits) in [(CODEC_ID_PCM_S16LE, 16), (CODEC_ID_PCM_S24LE, 24)] {
            let params = params(codec, bits);
            let plain = Plain::of(&params, format(bits as u8)).expect("they stand as they are");
            let registry = symphonia::default::get_codecs();
            let mut decoder = registry.make_audio_decoder(&params, &AudioDecoderOptions::default()).unwrap();
            for length in [0, 1, 8, 9, 18, 1000] {
                let bytes: Vec<u8> = (0..length).map(|at: u32| (at * at * 37 + at * 11) as u8).collect();
                let packet = Packet::new(0, Timestamp::ZERO, Duration::ZERO, bytes.clone());
                let (mut expected, mut ours) = (vec![7], vec![7]);
                append(decoder.as_mut(), &packet, format(bits as u8), &mut Scratch::default(), &mut expected)
                    .unwrap();
                plain.append(&bytes, &mut ours);
                assert_eq!(ours, expected, "{length} bytes, {bits} bits");
            }
        }
    }

    #[test]
    fn others_are_left_to_the_decoder() {
        assert_eq!(Plain::of(&params(CODEC_ID_PCM_S16BE, 16), format(16)), None);
        assert_eq!(Plain::of(&params(CODEC_ID_PCM_S24LE, 20), format(20)), None);
        assert_eq!(Plain::of(&params(CODEC_ID_PCM_S24LE, 24), Format { channels: 2, ..format(24) }), None);
    }
}
