//! Planes of light and colour into sRGB by a picture's profile, without the way over pixels of bytes: colour stays at the
//! resolution it has, and nothing is rounded to bytes. What becomes pixels anyway goes by `colour`.

use std::num::NonZeroUsize;
use std::slice::ChunksExactMut;
use std::thread;

use moxcms::{ColorProfile, Layout, TransformExecutor, TransformOptions};
use pulp::{Arch, Simd, WithSimd};

use super::rows::{PARTS, Plane, Sample};
use super::shown::Shown;
use super::ycc::{BLUE, LIGHT, OF_BLUE, OF_RED, RED};

/// What goes through a profile: in 4,095 steps, which is finer than bytes by far and leaves its tables small enough for the
/// memory next to a processor.
type Fine = u16;

const FINEST: f32 = 4095.0;
const FINE_IN_SAMPLE: f32 = FINEST / MOST;
const MOST: f32 = 255.0 * PARTS as f32;
/// The sample of what has no colour.
const NONE: f32 = 128.0 * PARTS as f32;

type Pixel = [Fine; 3];
type Transform = dyn TransformExecutor<Fine> + Send + Sync;

/// False where the profile cannot be used; the picture is then left as it was.
pub(super) fn to_srgb(shown: &mut Shown, profile: &ColorProfile, processors: NonZeroUsize) -> bool {
    let from = if shown.planes.len() == 1 { Layout::Gray } else { Layout::Rgb };
    let srgb = ColorProfile::new_srgb();
    let transform = profile.create_transform_12bit(from, &srgb, Layout::Rgb, TransformOptions::default());
    let Ok(transform) = transform else { return false };
    let transform = &*transform;
    let stride = shown.planes[0].stride();
    let mut bands = bands(shown);
    let part = bands.len().div_ceil(processors.get());
    thread::scope(|scope| {
        for bands in bands.chunks_mut(part) {
            scope.spawn(move || Arch::new().dispatch(Convert { bands, stride, transform }));
        }
    });
    shown.planes.iter_mut().for_each(Plane::fill_up);
    true
}

/// A row of light or two, and the row of blue and that of red that they share; none of these in a grey picture. The last
/// row and column of an odd plane have a like one behind them (`Plane::fill_up`), so that all go by twos.
struct Band<'p> {
    light: &'p mut [Sample],
    colour: Option<[&'p mut [Sample]; 2]>,
}

fn in_rows(plane: &mut Plane, at_once: usize) -> ChunksExactMut<'_, Sample> {
    let length = plane.stride() * at_once;
    plane.samples.chunks_exact_mut(length)
}

fn bands(shown: &mut Shown) -> Vec<Band<'_>> {
    let rows = if shown.halve_colour { 2 } else { 1 };
    match &mut shown.planes[..] {
        [light, blue, red] => {
            let colour = in_rows(blue, 1).zip(in_rows(red, 1));
            let bands = in_rows(light, rows).zip(colour);
            bands.map(|(light, (blue, red))| Band { light, colour: Some([blue, red]) }).collect()
        }
        [light, ..] => in_rows(light, 1).map(|light| Band { light, colour: None }).collect(),
        [] => Vec::new(),
    }
}

struct Convert<'c, 'p> {
    bands: &'c mut [Band<'p>],
    /// Of the planes of light.
    stride: usize,
    transform: &'c Transform,
}

impl WithSimd for Convert<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { bands, stride, transform } = self;
        let mut row = Row { transform, pixels: vec![[0; 3]; stride], srgb: vec![[0; 3]; stride] };
        let mut sums = vec![[0.0; 3]; stride];
        for Band { light, colour } in bands {
            match colour {
                Some(colour) if light.len() == stride => row.coloured::<1>(light, colour, &mut sums),
                Some(colour) => row.coloured::<2>(light, colour, &mut sums),
                None => row.grey(light),
            }
        }
    }
}

/// Room for a row on its way.
struct Row<'c> {
    transform: &'c Transform,
    pixels: Vec<Pixel>,
    srgb: Vec<Pixel>,
}

impl Row<'_> {
    /// As many rows as `SIDE`, of which that square is one sample of colour.
    #[inline(always)]
    fn coloured<const SIDE: usize>(
        &mut self,
        light: &mut [Sample],
        [blue, red]: &mut [&mut [Sample]; 2],
        sums: &mut [Sum],
    ) {
        sums.fill([0.0; 3]);
        for light in light.chunks_exact_mut(self.pixels.len()) {
            to_pixels::<SIDE>(light, blue, red, &mut self.pixels);
            let (pixels, srgb) = (self.pixels.as_flattened(), self.srgb.as_flattened_mut());
            self.transform.transform(pixels, srgb).expect("there are as many pixels on either side");
            to_light(&self.srgb, light);
            add_up::<SIDE>(&self.srgb, sums);
        }
        to_colour(sums, const { parts_of_a_sum(BLUE, SIDE) }, blue);
        to_colour(sums, const { parts_of_a_sum(RED, SIDE) }, red);
    }

    /// Grey in sRGB is as much of red as of green and blue.
    fn grey(&mut self, light: &mut [Sample]) {
        let grey = self.pixels.as_flattened_mut();
        for (grey, &light) in grey.iter_mut().zip(&*light) {
            *grey = nearest(f32::from(light) * FINE_IN_SAMPLE);
        }
        let srgb = self.srgb.as_flattened_mut();
        self.transform
            .transform(&grey[..light.len()], srgb)
            .expect("there are as many pixels on either side");
        to_light(&self.srgb, light);
    }
}

type Sum = [f32; 3];

#[inline(always)]
fn to_pixels<const SIDE: usize>(light: &[Sample], blue: &[Sample], red: &[Sample], pixels: &mut [Pixel]) {
    const OF: [Sum; 2] = [in_fine(OF_BLUE), in_fine(OF_RED)];
    let squares = pixels.as_chunks_mut::<SIDE>().0.iter_mut().zip(light.as_chunks::<SIDE>().0);
    for ((pixels, light), (&blue, &red)) in squares.zip(blue.iter().zip(red)) {
        let (blue, red) = (f32::from(blue) - NONE, f32::from(red) - NONE);
        let mut colour = [0.0; 3];
        for channel in 0..3 {
            colour[channel] = OF[0][channel] * blue + OF[1][channel] * red;
        }
        for (pixel, &light) in pixels.iter_mut().zip(light) {
            let light = f32::from(light) * FINE_IN_SAMPLE;
            for channel in 0..3 {
                pixel[channel] = nearest((light + colour[channel]).clamp(0.0, FINEST));
            }
        }
    }
}

#[inline(always)]
fn to_light(srgb: &[Pixel], light: &mut [Sample]) {
    const OF: Sum = in_samples(LIGHT);
    for (light, pixel) in light.iter_mut().zip(srgb) {
        let [red, green, blue] = *pixel;
        *light = nearest(OF[0] * f32::from(red) + OF[1] * f32::from(green) + OF[2] * f32::from(blue));
    }
}

#[inline(always)]
fn add_up<const SIDE: usize>(srgb: &[Pixel], sums: &mut [Sum]) {
    for (sum, pixels) in sums.iter_mut().zip(srgb.as_chunks::<SIDE>().0) {
        for pixel in pixels {
            for channel in 0..3 {
                sum[channel] += f32::from(pixel[channel]);
            }
        }
    }
}

/// `of` is how much each part of a sum counts.
#[inline(always)]
fn to_colour(sums: &[Sum], of: Sum, colour: &mut [Sample]) {
    for (sample, sum) in colour.iter_mut().zip(sums) {
        let value = NONE + of[0] * sum[0] + of[1] * sum[1] + of[2] * sum[2];
        *sample = nearest(value.clamp(0.0, MOST));
    }
}

/// Of what is neither negative nor too large.
#[inline(always)]
fn nearest(value: f32) -> u16 {
    /// Added to a number, it leaves the nearest whole one at the bottom.
    const WHOLE: f32 = 8_388_608.0;
    (value + WHOLE).to_bits() as u16
}

const fn in_fine(of: [f64; 3]) -> Sum {
    [of[0] as f32 * FINE_IN_SAMPLE, of[1] as f32 * FINE_IN_SAMPLE, of[2] as f32 * FINE_IN_SAMPLE]
}

const fn in_samples(of: [f64; 3]) -> Sum {
    [of[0] as f32 / FINE_IN_SAMPLE, of[1] as f32 / FINE_IN_SAMPLE, of[2] as f32 / FINE_IN_SAMPLE]
}

const fn parts_of_a_sum(of: [f64; 3], side: usize) -> Sum {
    let [red, green, blue] = in_samples(of);
    let pixels = (side * side) as f32;
    [red / pixels, green / pixels, blue / pixels]
}

#[cfg(test)]
mod tests {
    use super::super::Colours;
    use super::super::colour::Conversion;
    use super::super::jpeg::Meaning;
    use super::super::rows::{Raster, Shape};
    use super::super::ycc;
    use super::*;

    const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

    fn waves(width: u32, height: u32, channels: u8) -> Raster {
        let shape = Shape { width, height, channels };
        let byte = |at: usize| {
            let (pixel, channel) = (at / usize::from(channels), (at % usize::from(channels)) as f32);
            let (x, y) = ((pixel % width as usize) as f32, (pixel / width as usize) as f32);
            128.0 + 60.0 * (x / (9.0 + 4.0 * channel)).sin() + 60.0 * (y / (13.0 - 3.0 * channel)).cos()
        };
        Raster { shape, bytes: (0..shape.bytes()).map(|at| byte(at) as u8).collect() }
    }

    /// By pixels of bytes.
    fn by_pixels(raster: Raster, profile: &ColorProfile) -> Raster {
        let colours = if raster.shape.channels == 1 { Colours::Grey } else { Colours::Rgb };
        let profile = profile.encode().unwrap();
        let conversion = Conversion { colours, has_alpha: false, profile: Some(&profile), ground: [0; 3] };
        let (raster, counted) = conversion.apply(raster);
        assert!(counted);
        raster
    }

    fn most(one: &Raster, other: &Raster) -> u8 {
        assert_eq!(one.shape, other.shape);
        one.bytes.iter().zip(&other.bytes).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or_default()
    }

    #[test]
    fn planes_become_what_pixels_become() {
        let profile = ColorProfile::new_display_p3();
        for (width, height) in [(64, 48), (37, 21), (1, 1)] {
            let picture = waves(width, height, 3);
            let mut shown = Shown::of_raster(&picture, false);
            assert!(to_srgb(&mut shown, &profile, TWO));
            let ours = ycc::raster(Meaning::LightAndColour, &shown.planes);
            let theirs = by_pixels(picture, &profile);
            assert!(most(&ours, &theirs) <= 3, "{width} × {height}: {}", most(&ours, &theirs));
        }
    }

    #[test]
    fn halved_colour_is_that_of_the_pixels_it_lies_under() {
        let profile = ColorProfile::new_display_p3();
        for (width, height) in [(64, 48), (37, 21), (1, 1)] {
            let picture = waves(width, height, 3);
            let mut shown = Shown::of_raster(&picture, true);
            assert!(to_srgb(&mut shown, &profile, TWO));
            let expected = Shown::of_raster(&by_pixels(picture, &profile), true);
            for (plane, expected) in shown.planes.iter().zip(&expected.planes) {
                // Where colour changes from one pixel to the next, each pixel went by the colour of all four.
                let most = most(&plane.to_raster(), &expected.to_raster());
                assert!(most <= 8, "{width} × {height}: {most}");
                let mut filled = Plane { samples: plane.samples.clone(), ..*plane };
                filled.fill_up();
                assert_eq!(filled.samples, plane.samples, "what lies behind the end is like it");
            }
        }
    }

    #[test]
    fn what_lies_between_two_bytes_stays_between_them() {
        let mut shown = Shown::of_raster(&waves(64, 8, 3), true);
        for (number, sample) in shown.planes[0].samples.iter_mut().enumerate() {
            *sample = 100 * PARTS + number as Sample % 64 * 4;
        }
        shown.planes[1..].iter_mut().for_each(|plane| plane.samples.fill(128 * PARTS));
        let before = shown.planes[0].samples.clone();
        assert!(to_srgb(&mut shown, &ColorProfile::new_display_p3(), TWO));
        let off = |(now, before): (&Sample, &Sample)| now.abs_diff(*before) <= PARTS / 12;
        assert!(shown.planes[0].samples.iter().zip(&before).all(off), "{:?}", &shown.planes[0].samples[..64]);
    }

    #[test]
    fn grey_stays_grey() {
        let profile = ColorProfile::new_gray_with_gamma(1.8);
        let picture = waves(37, 21, 1);
        let mut shown = Shown::of_raster(&picture, true);
        assert!(to_srgb(&mut shown, &profile, TWO));
        let light = |raster: Raster| raster.bytes.chunks_exact(3).map(|pixel| pixel[1]).collect();
        let theirs = by_pixels(picture, &profile);
        let theirs = Raster { shape: Shape { channels: 1, ..theirs.shape }, bytes: light(theirs) };
        assert!(shown.planes.len() == 1 && most(&shown.planes[0].to_raster(), &theirs) <= 1);
    }

    #[test]
    fn it_does_not_matter_how_many_work_on_it() {
        let converted = |processors| {
            let mut shown = Shown::of_raster(&waves(100, 90, 3), true);
            let processors = NonZeroUsize::new(processors).unwrap();
            assert!(to_srgb(&mut shown, &ColorProfile::new_adobe_rgb(), processors));
            shown.planes.into_iter().map(|plane| plane.samples).collect::<Vec<_>>()
        };
        let one = converted(1);
        assert!([2, 3, 64].into_iter().all(|processors| converted(processors) == one));
    }

    #[test]
    fn by_a_profile_of_other_colours_nothing_changes() {
        let mut shown = Shown::of_raster(&waves(40, 24, 3), true);
        let before: Vec<_> = shown.planes.iter().map(|plane| plane.samples.clone()).collect();
        assert!(!to_srgb(&mut shown, &ColorProfile::new_gray_with_gamma(2.2), TWO));
        assert!(shown.planes.iter().zip(&before).all(|(plane, before)| &plane.samples == before));
    }
}
