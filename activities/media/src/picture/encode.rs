//! JPEG out.

use mozjpeg::{ColorSpace, Compress, Marker};

use crate::Problem;

use super::exif;
use super::jpeg::guarded;
use super::rows::Raster;

/// How a JPEG is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) quality: u8,
    pub(super) progressive: bool,
    /// Colour at half the resolution of light, across and down.
    pub(super) halve_colour: bool,
}

/// A JPEG of a grey or sRGB picture that says nothing but whose it is.
pub(super) fn encode(raster: &Raster, style: Style, copyright: Option<&str>) -> Result<Vec<u8>, Problem> {
    guarded(|| {
        let space = if raster.shape.channels == 1 { ColorSpace::JCS_GRAYSCALE } else { ColorSpace::JCS_RGB };
        let mut compress = Compress::new(space);
        // What mozjpeg would do beyond libjpeg-turbo makes a file a little smaller in many times the time.
        compress.set_fastest_defaults();
        compress.set_size(raster.shape.width as usize, raster.shape.height as usize);
        compress.set_quality(f32::from(style.quality));
        if raster.shape.channels == 3 {
            let pixels = if style.halve_colour { (2, 2) } else { (1, 1) };
            compress.set_chroma_sampling_pixel_sizes(pixels, pixels);
        }
        compress.set_optimize_coding(true);
        if style.progressive {
            compress.set_progressive_mode();
        }
        let mut started = compress.start_compress(Vec::new())?;
        if let Some(block) = copyright.and_then(exif::only_copyright) {
            started.write_marker(Marker::APP(1), &block);
        }
        started.write_scanlines(&raster.bytes)?;
        started.finish()
    })
}
