//! The decoder against the encoder and symphonia, and against what makes no sense.

use symphonia::core::audio::{Audio, GenericAudioBufferRef};
use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::FlacDecoder;

use super::*;
use crate::flac::Level;
use crate::flac::frame::Coder;
use crate::flac::header::StreamInfo;
use crate::pcm::pack;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A sound between pure tones and pure noise, at any loudness, its channels more or less alike.
fn sound(random: &mut Random, format: Format, length: usize) -> Vec<i32> {
    let (channels, bits) = (format.channels(), u32::from(format.bits_per_sample));
    let loud = random.next() % u64::from(bits);
    let noisy = random.next() % u64::from(bits);
    let (turn, wasted) = ((random.next() % 1000) as f64 / 400.0, random.next() % 9 / 6);
    let limit = (1_i64 << (bits - 1)) - 1;
    let mut samples = Vec::with_capacity(length * channels);
    for at in 0..length {
        let tone = (at as f64 * turn).sin() * (1_u64 << loud) as f64;
        for channel in 0..channels {
            let hiss = (random.next() % (1 << noisy)) as i64 - (1 << noisy) / 2;
            let sample = (tone as i64 + hiss * channel as i64).clamp(-limit - 1, limit);
            samples.push(((sample >> wasted) << wasted) as i32);
        }
    }
    samples
}

/// As symphonia decodes it.
fn by_symphonia(format: Format, frame: &[u8]) -> Vec<i32> {
    let info = StreamInfo { format, samples: 0, smallest_frame: 0, largest_frame: 0, md5: [0; 16] };
    let mut params = AudioCodecParameters::new();
    params.for_codec(CODEC_ID_FLAC).with_extra_data(info.bytes()[8..].into());
    let mut decoder = FlacDecoder::try_new(&params, &AudioDecoderOptions::default()).unwrap();
    let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, frame);
    let GenericAudioBufferRef::S32(decoded) = decoder.decode_ref(&packet).unwrap() else {
        panic!("symphonia's samples have 32 bits")
    };
    let mut samples = Vec::new();
    decoded.copy_to_vec_interleaved(&mut samples);
    samples.iter().map(|sample: &i32| sample >> (32 - u32::from(format.bits_per_sample))).collect()
}

/// Frames decoded together differ in their lengths, levels and sounds.
#[test]
fn what_is_encoded_comes_back_as_symphonia_has_it() {
    let mut random = Random(88_172_645_463_325_252);
    for round in 0..300 {
        let format = Format {
            sample_rate: [44_100, 96_000, 12_345, 352_800][round % 4],
            channels: 1 + (random.next() % 6) as u8,
            bits_per_sample: 8 + (random.next() % 17) as u8,
        };
        let (mut bytes, mut frames) = (vec![3], Vec::new());
        let (mut expected, mut total) = (Vec::new(), 0);
        for _ in 0..1 + random.next() % 6 {
            let length = [4096, 4096, 1 + (random.next() % 4096) as usize][random.next() as usize % 3];
            let samples = sound(&mut random, format, length);
            let level = [Level::Fast, Level::Default, Level::Best][random.next() as usize % 3];
            let mut coder = Coder::new(format, level);
            let frame = coder.frame(&samples, random.next() % (1 << 31));
            assert!(by_symphonia(format, frame) == samples, "round {round}: {format:?}, {length}, {level}");
            frames.push(bytes.len()..bytes.len() + frame.len());
            bytes.extend_from_slice(frame);
            let mut its = Vec::new();
            pack(&samples, format.bytes_per_sample(), &mut its);
            expected.extend(its);
            total += length as u64;
        }
        // What an earlier batch has left there, which may be more or less.
        let mut packed = vec![7; random.next() as usize % 100_000];
        assert_eq!(FrameDecoder::new(format).frames(&bytes, &frames, &mut packed), Ok(total), "{format:?}");
        assert!(packed == expected, "round {round}: {format:?}, {frames:?}");
    }
}

/// Frames whose checksum is right and whose contents are not end in an answer, and in no more samples than they may hold.
#[test]
fn nonsense_is_a_flaw_or_some_sound() {
    let mut random = Random(362_436_069);
    let format = Format { sample_rate: 44_100, channels: 2, bits_per_sample: 16 };
    let samples = sound(&mut random, format, 4096);
    let frame = Coder::new(format, Level::Best).frame(&samples, 3).to_vec();
    let mut flaws = 0;
    for _ in 0..4000 {
        let mut changed = frame.clone();
        for _ in 0..1 + random.next() % 3 {
            // Mostly where the decisions are.
            let reach = if random.next().is_multiple_of(4) { frame.len() } else { 40 };
            let at = random.next() as usize % reach;
            changed[at] = random.next() as u8;
        }
        changed.truncate(
            frame.len() - if random.next().is_multiple_of(8) { random.next() as usize % 60 } else { 0 },
        );
        let on = |arch: Arch| {
            let (mut decoder, mut packed) = (FrameDecoder::new(format), Vec::new());
            let (all, bytes) = (0..changed.len(), &changed[..]);
            let frames = std::slice::from_ref(&all);
            let work = Decoding { decoder: &mut decoder, bytes, frames, packed: &mut packed, filled: 0 };
            let answer = arch.dispatch(work);
            (answer, packed)
        };
        let (answer, packed) = on(Arch::new());
        assert!(on(Arch::Scalar) == (answer, packed.clone()), "another processor answers something else");
        match answer {
            Ok(length) => assert_eq!(packed.len() as u64, length * 4),
            Err(_) => flaws += 1,
        }
    }
    assert!(flaws > 1000, "{flaws}");
}
