//! The pictures: a scene with the grain of a photo, so that a JPEG of it is as large as those of cameras are. They lie on
//! their side and are in a phone's colours, as photos are: who makes proxies of them turns them and goes by their profile.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use moxcms::ColorProfile;
use mozjpeg::{ColorSpace, Compress, Marker};
use tests::pictures::{Pixels, exif, write_profile};
use tests::sound::Noise;

pub(crate) struct Input {
    pub(crate) name: &'static str,
    width: u32,
    height: u32,
    grain: u64,
    form: Form,
    /// Our share of sharp's time that is not to be exceeded.
    pub(crate) bar: f64,
}

/// EXIF's word for it.
const ON_ITS_SIDE: u16 = 6;

#[derive(Clone, Copy)]
enum Form {
    /// At this quality.
    Jpeg(f32),
    Png,
}

pub(crate) fn all() -> [Input; 4] {
    let jpeg = Form::Jpeg;
    [
        Input { name: "JPEG of 12 MP", width: 4000, height: 3000, grain: 12, form: jpeg(90.0), bar: 0.7 },
        Input { name: "JPEG of 48 MP", width: 8000, height: 6000, grain: 12, form: jpeg(90.0), bar: 0.7 },
        Input {
            name: "JPEG of some 75 MB",
            width: 12_000,
            height: 9000,
            grain: 24,
            form: jpeg(95.0),
            bar: 0.9,
        },
        Input { name: "PNG of some 80 MB", width: 7000, height: 5000, grain: 8, form: Form::Png, bar: 0.9 },
    ]
}

/// A photo of some 5 MB, as they are sent.
pub(crate) fn sent() -> Input {
    Input { name: "JPEG of 20 MP", width: 5200, height: 3900, grain: 12, form: Form::Jpeg(90.0), bar: 0.7 }
}

impl Input {
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf> {
        let mut pixels = Pixels::scene(self.width, self.height);
        let mut noise = Noise::new(1);
        for byte in &mut pixels.bytes {
            let grain = (noise.draw() % (2 * self.grain + 1)) as i16 - self.grain as i16;
            *byte = (i16::from(*byte) + grain).clamp(0, 255) as u8;
        }
        let path = match self.form {
            Form::Jpeg(_) => folder.join("in.jpg"),
            Form::Png => folder.join("in.png"),
        };
        let file = BufWriter::new(File::create(&path)?);
        let exif = exif(ON_ITS_SIDE, "nobody");
        let profile = ColorProfile::new_display_p3().encode().map_err(|error| anyhow!("{error:?}"))?;
        match self.form {
            Form::Jpeg(quality) => {
                let mut compress = Compress::new(ColorSpace::JCS_RGB);
                compress.set_fastest_defaults();
                compress.set_size(self.width as usize, self.height as usize);
                compress.set_quality(quality);
                let mut started = compress.start_compress(file)?;
                started.write_marker(Marker::APP(1), &[b"Exif\0\0", &exif[..]].concat());
                write_profile(&mut started, &profile);
                started.write_scanlines(&pixels.bytes)?;
                started.finish()?;
            }
            Form::Png => {
                let mut info = png::Info::with_size(self.width, self.height);
                (info.color_type, info.bit_depth) = (png::ColorType::Rgb, png::BitDepth::Eight);
                (info.exif_metadata, info.icc_profile) = (Some(exif.into()), Some(profile.into()));
                let mut encoder = png::Encoder::with_info(file, info)?;
                encoder.set_compression(png::Compression::Fast);
                let mut writer = encoder.write_header()?;
                writer.write_image_data(&pixels.bytes)?;
                writer.finish()?;
            }
        }
        eprintln!("{}: {:.1} MB", self.name, std::fs::metadata(&path)?.len() as f64 / 1e6);
        Ok(path)
    }
}
