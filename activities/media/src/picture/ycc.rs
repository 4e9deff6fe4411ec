//! Between light and colour, as JPEGs have them, and the pixels that a picture is made of elsewhere; by the constants of
//! JFIF.

use std::array;

use super::jpeg::Meaning;
use super::rows::{PARTS, Plane, Raster, Sample, Shape, byte_of, sample_of};

/// How much of red, green and blue is in light, and in the two colours; and how much of these is in them.
pub(super) const LIGHT: [f64; 3] = [0.299, 0.587, 0.114];
pub(super) const BLUE: [f64; 3] = [-0.168_736, -0.331_264, 0.5];
pub(super) const RED: [f64; 3] = [0.5, -0.418_688, -0.081_312];
pub(super) const OF_BLUE: [f64; 3] = [0.0, -0.344_136, 1.772];
pub(super) const OF_RED: [f64; 3] = [1.402, -0.714_136, 0.0];

/// A part of one, in a number that is [`ONE`] times as large.
const fn times(part: f64) -> i32 {
    (part * ONE as f64 + 0.5_f64.copysign(part)) as i32
}

const fn times_each([one, other, third]: [f64; 3]) -> [i32; 3] {
    [times(one), times(other), times(third)]
}

const BITS: u32 = 16;
const ONE: i32 = 1 << BITS;
/// The colour of what has none.
const NONE: i32 = 128;

/// One plane is the picture.
pub(super) fn raster(meaning: Meaning, planes: &[Plane]) -> Raster {
    let channels = planes.len();
    let shape = Shape { width: planes[0].width, height: planes[0].height, channels: channels as u8 };
    let mut bytes = vec![0; shape.bytes()];
    for (channel, plane) in planes.iter().enumerate() {
        for (row, from) in bytes.chunks_exact_mut(shape.row_bytes()).zip(plane.rows()) {
            row.iter_mut()
                .skip(channel)
                .step_by(channels)
                .zip(from)
                .for_each(|(byte, &of)| *byte = byte_of(of));
        }
    }
    match meaning {
        Meaning::Grey | Meaning::Rgb | Meaning::Cmyk => {}
        Meaning::LightAndColour => bytes.chunks_exact_mut(3).for_each(|pixel| {
            pixel.copy_from_slice(&rgb([pixel[0], pixel[1], pixel[2]]));
        }),
        // What such a file calls red, green and blue is the absence of cyan, magenta and yellow.
        Meaning::LightColourAndBlack => bytes.chunks_exact_mut(4).for_each(|pixel| {
            let ink = rgb([pixel[0], pixel[1], pixel[2]]).map(|light| 255 - light);
            pixel[..3].copy_from_slice(&ink);
        }),
    }
    Raster { shape, bytes }
}

fn rgb([light, blue, red]: [u8; 3]) -> [u8; 3] {
    let light = i32::from(light) * ONE + ONE / 2;
    let (blue, red) = (i32::from(blue) - NONE, i32::from(red) - NONE);
    let (of_blue, of_red) = const { (times_each(OF_BLUE), times_each(OF_RED)) };
    array::from_fn(|channel| {
        let value = light + of_blue[channel] * blue + of_red[channel] * red;
        (value >> BITS).clamp(0, 255) as u8
    })
}

/// A grey picture's light, or a coloured one's light and colour, of as many samples as pixels or of one for each four.
pub(super) fn planes(raster: &Raster, halve_colour: bool) -> Vec<Plane> {
    if raster.shape.channels == 1 {
        return vec![Plane::of_raster(raster)];
    }
    let mut planes = vec![light(raster)];
    planes.extend(colour(raster, if halve_colour { 2 } else { 1 }));
    planes.iter_mut().for_each(Plane::fill_up);
    planes
}

fn light(raster: &Raster) -> Plane {
    let Shape { width, height, .. } = raster.shape;
    let mut light = Plane::blank(width, height);
    let stride = light.stride();
    let rows = raster.bytes.chunks_exact(raster.shape.row_bytes());
    for (to, row) in light.samples.chunks_exact_mut(stride).zip(rows) {
        to.iter_mut().zip(row.as_chunks().0).for_each(|(sample, &pixel)| *sample = light_of(pixel));
    }
    light
}

/// Blue and red, of squares so many pixels wide and high.
fn colour(raster: &Raster, step: usize) -> [Plane; 2] {
    let Shape { width, height, .. } = raster.shape;
    let [width, height] = [width, height].map(|side| side.div_ceil(step as u32));
    let mut planes = [(); 2].map(|()| Plane::blank(width, height));
    let mut sums = vec![[0; 3]; width as usize];
    for (number, rows) in raster.bytes.chunks(raster.shape.row_bytes() * step).enumerate() {
        let rows = rows.chunks_exact(raster.shape.row_bytes());
        let pixels = (rows.len() * step) as i32;
        sums.fill([0; 3]);
        rows.for_each(|row| add_up(row, step, &mut sums));
        for (plane, factors) in planes.iter_mut().zip(const { [times_each(BLUE), times_each(RED)] }) {
            let stride = plane.stride();
            let to = &mut plane.samples[number * stride..];
            to.iter_mut().zip(&sums).for_each(|(sample, sum)| *sample = colour_of(*sum, pixels, factors));
        }
    }
    planes
}

/// Adds each channel of so many neighbours to their sums. The last column stands for the one that is not there.
fn add_up(row: &[u8], step: usize, sums: &mut [[i32; 3]]) {
    let (pixels, _) = row.as_chunks::<3>();
    for (sum, pixels) in sums.iter_mut().zip(pixels.chunks(step)) {
        for number in 0..step {
            let pixel = pixels[number.min(pixels.len() - 1)];
            (0..3).for_each(|channel| sum[channel] += i32::from(pixel[channel]));
        }
    }
}

fn light_of([red, green, blue]: [u8; 3]) -> Sample {
    let [of_red, of_green, of_blue] = const { times_each(LIGHT) };
    nearest(of_red * i32::from(red) + of_green * i32::from(green) + of_blue * i32::from(blue))
}

/// Of the sums of as many pixels.
fn colour_of(sums: [i32; 3], pixels: i32, factors: [i32; 3]) -> Sample {
    let sum: i32 = sums.iter().zip(factors).map(|(sum, factor)| sum * factor).sum();
    nearest(sum / pixels + NONE * ONE)
}

/// Of what is [`ONE`] times as large.
fn nearest(value: i32) -> Sample {
    const PART: i32 = ONE / PARTS as i32;
    ((value + PART / 2) / PART).clamp(0, sample_of(255).into()) as Sample
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: u32, height: u32) -> Raster {
        let shape = Shape { width, height, channels: 3 };
        let bytes = (0..shape.bytes() as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
        Raster { shape, bytes }
    }

    #[test]
    fn pixels_come_back() {
        let picture = noise(37, 21);
        let back = raster(Meaning::LightAndColour, &planes(&picture, false));
        let most = picture.bytes.iter().zip(&back.bytes).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(back.shape == picture.shape && most <= Some(2), "{most:?}");
    }

    #[test]
    fn halved_colour_is_that_of_four_pixels_or_of_those_there_are() {
        let shape = Shape { width: 3, height: 3, channels: 3 };
        let (red, blue, black) = ([255, 0, 0], [0, 0, 255], [0, 0, 0]);
        let pixels = [red, red, blue, red, red, blue, black, black, blue];
        let [light, blues, reds] =
            <[Plane; 3]>::try_from(planes(&Raster { shape, bytes: pixels.concat() }, true))
                .unwrap_or_else(|_| panic!("three planes"));
        let of = |plane: &Plane| plane.to_raster().bytes;
        assert_eq!(of(&light), [76, 76, 29, 76, 76, 29, 0, 0, 29]);
        assert_eq!(of(&blues), [85, 255, 128, 255]);
        assert_eq!(of(&reds), [255, 107, 128, 107]);
    }

    #[test]
    fn what_lies_behind_a_plane_is_like_its_end() {
        let [light, ..] = &planes(&noise(9, 10), true)[..] else { panic!("there is light") };
        let rows: Vec<_> = light.samples.chunks(16).collect();
        assert_eq!(rows.len(), 16);
        assert!(rows.iter().all(|row| row[9..].iter().all(|&sample| sample == row[8])));
        assert!(rows[10..].iter().all(|row| row == &rows[9]));
    }

    #[test]
    fn inks_by_light_and_colour_are_inks() {
        let plane = |byte| {
            let mut plane = Plane::blank(1, 1);
            plane.samples.fill(sample_of(byte));
            plane
        };
        let planes = [76, 85, 255, 40].map(plane);
        let inks = raster(Meaning::LightColourAndBlack, &planes);
        assert_eq!(inks.shape.channels, 4);
        assert_eq!(inks.bytes, [1, 255, 255, 40], "red leaves no green and no blue");
    }
}
