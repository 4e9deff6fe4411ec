//! Sounds made by arithmetic, so that no media lies in the repository.

/// A mono 16-bit WAV of `samples` samples at 44.1 kHz: two tones with some noise. The same seed gives the same bytes.
pub fn wav(samples: u32, seed: u64) -> Vec<u8> {
    let data_bytes = samples * 2;
    let mut wav = Vec::with_capacity(44 + data_bytes as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16u32.to_le_bytes());
    for field in [1u16, 1] {
        wav.extend_from_slice(&field.to_le_bytes()); // PCM, one channel
    }
    wav.extend_from_slice(&44_100u32.to_le_bytes());
    wav.extend_from_slice(&88_200u32.to_le_bytes());
    for field in [2u16, 16] {
        wav.extend_from_slice(&field.to_le_bytes()); // bytes of a frame, bits of a sample
    }
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data_bytes.to_le_bytes());
    let mut noise = seed.wrapping_mul(2).wrapping_add(1);
    for n in 0..samples {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let hiss = (noise >> 56) as f64 - 128.0;
        let time = f64::from(n) / 44_100.0;
        let tones = (time * 440.0 * std::f64::consts::TAU).sin() * 9000.0
            + (time * 1234.5 * std::f64::consts::TAU).sin() * 4000.0;
        wav.extend_from_slice(&((tones + hiss) as i16).to_le_bytes());
    }
    wav
}
