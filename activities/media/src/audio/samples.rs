//! From a decoder's own sample type to interleaved `i32` at the depth we hand on.

use symphonia::core::audio::{Audio, GenericAudioBufferRef};

/// Appends the buffer's samples to `out`, right-justified at `bits`. Integers keep their value as a fraction of full
/// scale, floats are rounded to the nearest (symphonia's own conversion cuts towards zero) and clamped.
pub(super) fn append(
    buffer: &GenericAudioBufferRef<'_>,
    bits: u8,
    scratch: &mut Scratch,
    out: &mut Vec<i32>,
) {
    match buffer {
        GenericAudioBufferRef::F32(floats) => {
            floats.copy_to_vec_interleaved(&mut scratch.single);
            out.extend(scratch.single.iter().map(|&sample| quantise(f64::from(sample), bits)));
        }
        GenericAudioBufferRef::F64(floats) => {
            floats.copy_to_vec_interleaved(&mut scratch.double);
            out.extend(scratch.double.iter().map(|&sample| quantise(sample, bits)));
        }
        integers => {
            integers.copy_to_vec_interleaved(&mut scratch.left_justified);
            let shift = 32 - u32::from(bits);
            out.extend(scratch.left_justified.iter().map(|sample| sample >> shift));
        }
    }
}

/// Appends integers of so many bytes, the lowest byte first, as numbers of `bits`, of which they may have more.
pub(super) fn unpack(bytes: &[u8], width: usize, bits: u8, out: &mut Vec<i32>) {
    match width {
        2 => unpacked::<2>(bytes, bits, out),
        3 => unpacked::<3>(bytes, bits, out),
        _ => unpacked::<4>(bytes, bits, out),
    }
}

fn unpacked<const WIDTH: usize>(bytes: &[u8], bits: u8, out: &mut Vec<i32>) {
    let shift = 32 - u32::from(bits);
    out.extend(bytes.as_chunks::<WIDTH>().0.iter().map(|sample| {
        let mut left_justified = [0; 4];
        left_justified[4 - WIDTH..].copy_from_slice(sample);
        i32::from_le_bytes(left_justified) >> shift
    }));
}

/// Buffers kept between calls.
#[derive(Default)]
pub(super) struct Scratch {
    single: Vec<f32>,
    double: Vec<f64>,
    left_justified: Vec<i32>,
}

/// The nearest number of so many bits; of two, the even one. A NaN becomes silence.
pub(super) fn quantise(sample: f64, bits: u8) -> i32 {
    let full_scale = f64::from(1_u32 << (bits - 1));
    let heard = if sample.is_nan() { 0.0 } else { sample };
    let scaled = (heard * full_scale).clamp(-full_scale, full_scale - 1.0);
    // A double that is about 1.5 × 2^52 has no room for fractions, so that adding it rounds, and has the integer in its
    // lowest bits. Both `round` and the conversion are calls or branches where this is two instructions.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    (scaled + ROUNDER).to_bits() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_rounded_and_clamped() {
        for (sample, expected) in [
            (0.0, 0),
            (1.0, 32767),
            (-1.0, -32768),
            (7.5, 32767),
            (-7.5, -32768),
            (f64::INFINITY, 32767),
            (f64::NAN, 0),
            (0.6 / 32768.0, 1),
            (-0.6 / 32768.0, -1),
            (0.4 / 32768.0, 0),
            (-0.4 / 32768.0, 0),
            (1.5 / 32768.0, 2),
            (2.5 / 32768.0, 2),
        ] {
            assert_eq!(quantise(sample, 16), expected, "{sample}");
        }
        for value in [-8_388_608, -8_388_607, -1, 0, 1, 12_345, 8_388_607] {
            assert_eq!(quantise(f64::from(value) / 8_388_608.0, 24), value);
        }
    }
}
