//! Making a stream of rows smaller, in bands: memory holds a band of the source and the whole of the result. A band brings
//! the rows above and below it that its edges are made of, so that no seam can be seen: there is none.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::resample::REACH;
use super::rows::{Extent, Raster, Shape};

/// About how many bytes of the source a band has. What Lanczos weighs by is computed anew for each; smaller ones would need
/// less memory.
const BAND: usize = 8 << 20;

pub(super) struct Shrink {
    from: Shape,
    extent: Extent,
    to: Shape,
    /// Whether the fourth channel is alpha, by which the others are weighed.
    alpha: bool,
    /// Source rows that are still needed, the first of them being row `first`.
    band: Vec<u8>,
    first: u32,
    /// The whole result, of which the first `rows_made` are made.
    made: Vec<u8>,
    rows_made: u32,
    resizer: Resizer,
}

impl Shrink {
    /// `to` is no larger than `from`, with as many channels.
    pub(super) fn new(from: Shape, extent: Extent, to: Shape, alpha: bool) -> Self {
        Self {
            from,
            extent,
            to,
            alpha,
            band: Vec::new(),
            first: 0,
            made: vec![0; to.bytes()],
            rows_made: 0,
            resizer: Resizer::new(),
        }
    }

    /// Where the next source rows are appended to; [`Shrink::took`] is told afterwards.
    pub(super) fn band(&mut self) -> &mut Vec<u8> {
        &mut self.band
    }

    pub(super) fn took(&mut self) {
        if self.band.len() >= BAND {
            self.make(self.ready());
        }
    }

    pub(super) fn finish(mut self) -> Raster {
        self.make(self.to.height);
        Raster { shape: self.to, bytes: self.made }
    }

    fn scale(&self) -> f64 {
        self.extent.height / f64::from(self.to.height)
    }

    fn rows_in_band(&self) -> u32 {
        (self.band.len() / self.from.row_bytes()) as u32
    }

    /// How far Lanczos reaches, in rows of the source.
    fn reach(&self) -> f64 {
        (REACH * self.scale()).ceil() + 1.0
    }

    /// The rows of the result of which all is there, counted from its top.
    fn ready(&self) -> u32 {
        let end = f64::from(self.first + self.rows_in_band());
        ((end - self.reach()) / self.scale()).floor().max(0.0) as u32
    }

    /// Takes the rows as they are, where nothing is to be smaller.
    fn take(&mut self) {
        let start = self.rows_made as usize * self.to.row_bytes();
        self.made[start..start + self.band.len()].copy_from_slice(&self.band);
        self.rows_made += self.rows_in_band();
        self.first = self.rows_made;
        self.band.clear();
    }

    /// Makes the result's rows up to `end`, and forgets what only they needed.
    fn make(&mut self, end: u32) {
        if self.from == self.to {
            return self.take();
        }
        let start = self.rows_made;
        if end <= start {
            return;
        }
        let (rows, scale) = (self.rows_in_band(), self.scale());
        let row_bytes = self.to.row_bytes();
        let target = &mut self.made[start as usize * row_bytes..end as usize * row_bytes];
        self.rows_made = end;
        let (top, height) =
            (f64::from(start) * scale - f64::from(self.first), f64::from(end - start) * scale);
        // Rounding may put the band's end a hair past the last row.
        let height = height.min(f64::from(rows) - top);
        let source = Shape { height: rows, ..self.from };
        let to = Shape { height: end - start, ..self.to };
        let crop = Crop { top, width: self.extent.width, height, alpha: self.alpha };
        resize(&mut self.resizer, (source, &self.band), (to, target), crop);
        let needed = (f64::from(end) * scale - self.reach()).floor().max(0.0) as u32;
        let forget = needed.saturating_sub(self.first);
        self.band.drain(..forget as usize * self.from.row_bytes());
        self.first += forget;
    }
}

/// What of the source is made smaller, and whether by its alpha.
struct Crop {
    top: f64,
    width: f64,
    height: f64,
    alpha: bool,
}

fn resize(resizer: &mut Resizer, from: (Shape, &[u8]), to: (Shape, &mut [u8]), crop: Crop) {
    let (shape, bytes) = from;
    let pixels = pixels(shape.channels);
    let source = ImageRef::new(shape.width, shape.height, bytes, pixels).expect("it holds whole rows");
    let (shape, bytes) = to;
    let target = Image::from_slice_u8(shape.width, shape.height, bytes, pixels);
    let Crop { top, width, height, alpha } = crop;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(0.0, top, width, height)
        .use_alpha(alpha);
    let mut target = target.expect("it has room for just these rows");
    resizer.resize(&source, &mut target, &options).expect("both have the same kind of pixels");
}

fn pixels(channels: u8) -> PixelType {
    match channels {
        1 => PixelType::U8,
        3 => PixelType::U8x3,
        _ => PixelType::U8x4,
    }
}

/// The sides of a picture that fits a square of `side`, with its aspect kept; never larger than it is.
pub(super) fn fit(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longer = u64::from(width.max(height));
    let fitted = |length: u32| {
        let scaled = (u64::from(length) * u64::from(side) + longer / 2) / longer;
        (scaled as u32).clamp(1, length)
    };
    (fitted(width), fitted(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(shape: Shape) -> Vec<u8> {
        (0..shape.bytes() as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 23) as u8).collect()
    }

    #[test]
    fn bands_leave_no_seam() {
        for channels in [1, 3, 4] {
            let from = Shape { width: 3001, height: 4003, channels };
            let (width, height) = fit(from.width, from.height, 700);
            let to = Shape { width, height, channels };
            let bytes = noise(from);
            let extent = Extent { width: from.width.into(), height: from.height.into() };
            let mut shrink = Shrink::new(from, extent, to, channels == 4);
            for portion in bytes.chunks(from.row_bytes() * 7) {
                shrink.band().extend_from_slice(portion);
                shrink.took();
            }
            assert!(shrink.first > 0, "it took more than one band");
            let in_bands = shrink.finish();

            let source = ImageRef::new(from.width, from.height, &bytes, pixels(channels)).unwrap();
            let mut whole = Image::new(width, height, pixels(channels));
            let options = ResizeOptions::new()
                .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
                .use_alpha(channels == 4);
            Resizer::new().resize(&source, &mut whole, &options).unwrap();
            let apart = in_bands.bytes.iter().zip(whole.buffer()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(in_bands.bytes.len() == whole.buffer().len() && apart <= Some(1), "{apart:?}");
        }
    }

    #[test]
    fn pictures_fit_and_are_never_enlarged() {
        assert_eq!(fit(4000, 3000, 2048), (2048, 1536));
        assert_eq!(fit(3000, 4000, 2048), (1536, 2048));
        assert_eq!(fit(100, 50, 2048), (100, 50));
        assert_eq!(fit(2048, 1, 1024), (1024, 1));
        assert_eq!(fit(32_768, 2, 1024), (1024, 1));
    }
}
