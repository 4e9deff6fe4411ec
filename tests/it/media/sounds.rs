//! Sounds made by code, and small writers for the containers that need no encoder.

use md5::{Digest, Md5};

/// Interleaved samples and what they mean.
#[derive(Clone, Debug)]
pub(super) struct Pcm {
    pub(super) rate: u32,
    pub(super) channels: u16,
    pub(super) bits: u16,
    pub(super) samples: Vec<i32>,
}

impl Pcm {
    /// Tones, a slow swell like that of speech, and noise: different in every channel, as loud as it can be.
    pub(super) fn music(rate: u32, channels: u16, bits: u16, length: usize) -> Self {
        let full_scale = f64::from((1_u32 << (bits - 1)) - 1);
        let mut noise = Noise(u64::from(bits) << 32 | u64::from(channels) << 16 | u64::from(rate) | 1);
        let mut samples = Vec::with_capacity(length * usize::from(channels));
        for position in 0..length {
            let time = position as f64 / f64::from(rate);
            let swell = 0.55 + 0.45 * (time * 3.1).sin();
            for channel in 0..channels {
                let pitch = 220.0 * f64::from(channel + 1);
                let tone =
                    (time * pitch * std::f64::consts::TAU).sin() * 0.7 + (time * pitch * 19.3).cos() * 0.25;
                let value = tone * swell + noise.next() * 0.05;
                samples.push((value.clamp(-1.0, 1.0) * full_scale) as i32);
            }
        }
        Self { rate, channels, bits, samples }
    }

    /// The same samples, as a FLAC of this depth counts their MD5.
    pub(super) fn md5(&self) -> [u8; 16] {
        let width = usize::from(self.bits.div_ceil(8));
        let bytes: Vec<u8> =
            self.samples.iter().flat_map(|sample| sample.to_le_bytes()[..width].to_vec()).collect();
        Md5::digest(bytes).into()
    }

    pub(super) fn length(&self) -> u64 {
        (self.samples.len() / usize::from(self.channels)) as u64
    }

    /// A plain WAV, or an extensible one where the depth or the channels call for it.
    pub(super) fn wav(&self) -> Vec<u8> {
        let extensible = self.channels > 2 || !self.bits.is_multiple_of(8);
        self.riff(&self.wav_format(extensible, 1), &self.wav_data())
    }

    pub(super) fn extensible_wav(&self) -> Vec<u8> {
        self.riff(&self.wav_format(true, 1), &self.wav_data())
    }

    /// A WAV of 32-bit floats.
    pub(super) fn float_wav(&self) -> Vec<u8> {
        let scale = f64::from(1_u32 << (self.bits - 1));
        let data: Vec<u8> = self
            .samples
            .iter()
            .flat_map(|&sample| ((f64::from(sample) / scale) as f32).to_le_bytes())
            .collect();
        let wide = Self { bits: 32, samples: Vec::new(), ..*self };
        self.riff(&wide.wav_format(false, 3), &data)
    }

    fn container_bits(&self) -> u16 {
        self.bits.next_multiple_of(8)
    }

    fn wav_format(&self, extensible: bool, tag: u16) -> Vec<u8> {
        let align = self.channels * self.container_bits() / 8;
        let mut format = Vec::new();
        format.extend(if extensible { 0xFFFE_u16 } else { tag }.to_le_bytes());
        format.extend(self.channels.to_le_bytes());
        format.extend(self.rate.to_le_bytes());
        format.extend((self.rate * u32::from(align)).to_le_bytes());
        format.extend(align.to_le_bytes());
        format.extend(self.container_bits().to_le_bytes());
        if extensible {
            format.extend(22_u16.to_le_bytes());
            format.extend(self.bits.to_le_bytes());
            let mask: u32 = [0, 4, 3, 7, 0x33, 0x37, 0x3F, 0x13F, 0x63F][usize::from(self.channels)];
            format.extend(mask.to_le_bytes());
            format.extend(tag.to_le_bytes());
            format.extend(*b"\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71");
        }
        format
    }

    /// Samples as WAV wants them: left-justified in whole bytes, those of 8 bits without a sign.
    fn wav_data(&self) -> Vec<u8> {
        let shift = self.container_bits() - self.bits;
        let width = usize::from(self.container_bits() / 8);
        let bias = if width == 1 { 128 } else { 0 };
        self.samples
            .iter()
            .flat_map(|&sample| ((sample << shift) + bias).to_le_bytes()[..width].to_vec())
            .collect()
    }

    fn riff(&self, format: &[u8], data: &[u8]) -> Vec<u8> {
        let mut body = b"WAVE".to_vec();
        chunk(&mut body, b"fmt ", format, u32::to_le_bytes);
        chunk(&mut body, b"data", data, u32::to_le_bytes);
        let mut file = Vec::new();
        chunk(&mut file, b"RIFF", &body, u32::to_le_bytes);
        file
    }

    pub(super) fn aiff(&self) -> Vec<u8> {
        let shift = self.container_bits() - self.bits;
        let width = usize::from(self.container_bits() / 8);
        let mut sound = vec![0; 8];
        for &sample in &self.samples {
            sound.extend_from_slice(&(sample << shift).to_be_bytes()[4 - width..]);
        }
        let mut common = Vec::new();
        common.extend(self.channels.to_be_bytes());
        common.extend((self.length() as u32).to_be_bytes());
        common.extend(self.bits.to_be_bytes());
        common.extend(extended(self.rate));
        let mut body = b"AIFF".to_vec();
        chunk(&mut body, b"COMM", &common, u32::to_be_bytes);
        chunk(&mut body, b"SSND", &sound, u32::to_be_bytes);
        let mut file = Vec::new();
        chunk(&mut file, b"FORM", &body, u32::to_be_bytes);
        file
    }
}

/// Appends what both RIFF and AIFF consist of.
pub(super) fn chunk(out: &mut Vec<u8>, name: &[u8; 4], body: &[u8], number: fn(u32) -> [u8; 4]) {
    out.extend_from_slice(name);
    out.extend(number(body.len() as u32));
    out.extend_from_slice(body);
    out.resize(out.len() + body.len() % 2, 0);
}

/// A whole number as AIFF writes a sample rate: an 80-bit float.
fn extended(value: u32) -> [u8; 10] {
    let shift = value.leading_zeros();
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&(16383 + 31 - shift as u16).to_be_bytes());
    bytes[2..6].copy_from_slice(&(value << shift).to_be_bytes());
    bytes
}

/// A small generator of numbers that look random, the same in every run.
pub(super) struct Noise(pub(super) u64);

impl Noise {
    pub(super) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn next(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
