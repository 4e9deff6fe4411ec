//! Into sRGB, on white or another ground: what every viewer shows alike without looking for a profile.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::Colours;
use super::rows::{Raster, Shape};

/// A colour as red, green and blue.
pub(super) type Rgb = [u8; 3];

/// What is done to a picture's pixels once it is small. Alpha lies on `ground`.
pub(super) struct Conversion<'p> {
    pub(super) colours: Colours,
    pub(super) has_alpha: bool,
    pub(super) profile: Option<&'p [u8]>,
    pub(super) ground: Rgb,
}

impl Colours {
    /// The profile that is in these bytes, where it is of such colours.
    pub(super) fn by(self, profile: &[u8]) -> Option<ColorProfile> {
        let space = match self {
            Self::Grey => DataColorSpace::Gray,
            Self::Rgb => DataColorSpace::Rgb,
            Self::Cmyk => DataColorSpace::Cmyk,
        };
        ColorProfile::new_from_slice(profile).ok().filter(|profile| profile.color_space == space)
    }
}

impl Conversion<'_> {
    /// The picture in sRGB without alpha, or in grey where it was nothing else; and whether its profile counted.
    pub(super) fn apply(&self, raster: Raster) -> (Raster, bool) {
        let profile = self.profile.and_then(|bytes| self.colours.by(bytes));
        let converted = profile.and_then(|profile| self.by_profile(&raster, &profile));
        let counted = converted.is_some();
        let raster = converted.unwrap_or_else(|| self.by_nature(raster));
        (self.without_alpha(raster), counted)
    }

    /// None where the profile cannot be used: the picture is then taken as if it had none.
    fn by_profile(&self, raster: &Raster, profile: &ColorProfile) -> Option<Raster> {
        let grey = self.colours == Colours::Grey;
        let (from, to) = match (raster.shape.channels, self.has_alpha) {
            (1, _) => (Layout::Gray, Layout::Rgb),
            (4, true) if grey => (Layout::GrayAlpha, Layout::Rgba),
            (4, true) => (Layout::Rgba, Layout::Rgba),
            // CMYK goes by the layout of as many bytes.
            (4, false) => (Layout::Rgba, Layout::Rgb),
            _ => (Layout::Rgb, Layout::Rgb),
        };
        let transform = profile
            .create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default())
            .ok()?;
        let channels = if to == Layout::Rgba { 4 } else { 3 };
        let shape = Shape { channels, ..raster.shape };
        let mut bytes = vec![0; shape.bytes()];
        for (row, out) in raster.rows().zip(bytes.chunks_exact_mut(shape.row_bytes())) {
            let packed = self.packed(row, from == Layout::GrayAlpha);
            transform.transform(packed.as_deref().unwrap_or(row), out).ok()?;
        }
        Some(Raster { shape, bytes })
    }

    /// A row as the transform wants it, where that is not as it is: ink is stored as its absence.
    fn packed(&self, row: &[u8], grey_alpha: bool) -> Option<Vec<u8>> {
        if grey_alpha {
            return Some(row.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[3]]).collect());
        }
        (self.colours == Colours::Cmyk).then(|| row.iter().map(|ink| 255 - ink).collect())
    }

    fn by_nature(&self, raster: Raster) -> Raster {
        if self.colours != Colours::Cmyk {
            return raster;
        }
        let shape = Shape { channels: 3, ..raster.shape };
        // Stored is how much light each ink leaves.
        let light = |ink: u8, black: u8| ((u16::from(ink) * u16::from(black) + 127) / 255) as u8;
        let pixels = raster.bytes.chunks_exact(4);
        let bytes = pixels.flat_map(|p| [light(p[0], p[3]), light(p[1], p[3]), light(p[2], p[3])]).collect();
        Raster { shape, bytes }
    }

    fn without_alpha(&self, raster: Raster) -> Raster {
        if raster.shape.channels != 4 {
            return raster;
        }
        let shape = Shape { channels: 3, ..raster.shape };
        let over = |value: u8, ground: u8, alpha: u8| {
            let (alpha, rest) = (u16::from(alpha), 255 - u16::from(alpha));
            ((u16::from(value) * alpha + u16::from(ground) * rest + 127) / 255) as u8
        };
        let [red, green, blue] = self.ground;
        let pixels = raster.bytes.chunks_exact(4);
        let bytes = pixels
            .flat_map(|p| [over(p[0], red, p[3]), over(p[1], green, p[3]), over(p[2], blue, p[3])])
            .collect();
        Raster { shape, bytes }
    }
}

#[cfg(test)]
mod tests {
    use moxcms::{LutDataType, LutStore, LutType, LutWarehouse, Matrix3d, ProfileClass};

    use super::*;

    fn converted(conversion: &Conversion<'_>, channels: u8, bytes: &[u8]) -> (Vec<u8>, bool) {
        let shape = Shape { width: bytes.len() as u32 / u32::from(channels), height: 1, channels };
        let (raster, counted) = conversion.apply(Raster { shape, bytes: bytes.to_vec() });
        (raster.bytes, counted)
    }

    const PLAIN: Conversion<'_> =
        Conversion { colours: Colours::Rgb, has_alpha: false, profile: None, ground: [255, 0, 0] };

    #[test]
    fn alpha_lies_on_the_ground() {
        let conversion = Conversion { has_alpha: true, ..PLAIN };
        let (bytes, _) = converted(&conversion, 4, &[0, 0, 0, 0, 10, 20, 30, 255, 0, 100, 0, 51]);
        assert_eq!(bytes, [255, 0, 0, 10, 20, 30, 204, 20, 0]);
    }

    #[test]
    fn ink_without_a_profile_takes_light_away() {
        let conversion = Conversion { colours: Colours::Cmyk, ..PLAIN };
        let (bytes, _) = converted(&conversion, 4, &[255, 255, 255, 255, 0, 255, 255, 255, 255, 255, 255, 0]);
        assert_eq!(bytes, [255, 255, 255, 0, 255, 255, 0, 0, 0]);
    }

    #[test]
    fn a_profile_counts_where_it_fits_the_picture() {
        let wide = ColorProfile::new_display_p3().encode().unwrap();
        let (bytes, counted) = converted(&Conversion { profile: Some(&wide), ..PLAIN }, 3, &[128, 200, 40]);
        assert!(counted && bytes[0] < 120 && bytes[2] < 30, "more colourful in sRGB's numbers: {bytes:?}");
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        let (bytes, counted) = converted(&Conversion { profile: Some(&srgb), ..PLAIN }, 3, &[128, 200, 40]);
        assert!(counted && bytes.iter().zip([128, 200, 40]).all(|(a, b)| a.abs_diff(b) <= 1), "{bytes:?}");
        let grey = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
        for profile in [&grey[..], b"nonsense"] {
            let (bytes, counted) = converted(&Conversion { profile: Some(profile), ..PLAIN }, 3, &[1, 2, 3]);
            assert!(!counted && bytes == [1, 2, 3]);
        }
        let conversion = Conversion { colours: Colours::Grey, profile: Some(&grey), ..PLAIN };
        let (bytes, counted) = converted(&conversion, 1, &[128]);
        assert!(counted && bytes.len() == 3 && bytes[0].abs_diff(128) < 4, "{bytes:?}");
    }

    /// Of a press on which cyan prints black, black prints grey, and the other inks print nothing.
    fn press() -> Vec<u8> {
        const WHITE: u16 = 0xFF00;
        const NO_COLOUR: u16 = 0x8000;
        let corners = (0..16).flat_map(|corner| {
            let (cyan, black) = (corner & 8 > 0, corner & 1 > 0);
            let light = if cyan { 0 } else { WHITE >> u16::from(black) };
            [light, NO_COLOUR, NO_COLOUR]
        });
        let straight = |channels: usize| LutStore::Store16([0, u16::MAX].repeat(channels));
        let lut = LutDataType {
            num_input_channels: 4,
            num_output_channels: 3,
            num_clut_grid_points: 2,
            matrix: Matrix3d::IDENTITY,
            num_input_table_entries: 2,
            num_output_table_entries: 2,
            input_table: straight(4),
            clut_table: LutStore::Store16(corners.collect()),
            output_table: straight(3),
            lut_type: LutType::Lut16,
        };
        let mut profile = ColorProfile::default();
        (profile.color_space, profile.pcs) = (DataColorSpace::Cmyk, DataColorSpace::Lab);
        profile.profile_class = ProfileClass::OutputDevice;
        profile.lut_a_to_b_perceptual = Some(LutWarehouse::Lut(lut));
        profile.encode().unwrap()
    }

    #[test]
    fn ink_goes_by_its_profile() {
        let profile = press();
        let conversion = Conversion { colours: Colours::Cmyk, profile: Some(&profile), ..PLAIN };
        // How much light each of the four leaves: no ink, cyan, magenta and yellow, black.
        let pixels = [[255; 4], [0, 255, 255, 255], [255, 0, 0, 255], [255, 255, 255, 0]];
        let (bytes, counted) = converted(&conversion, 4, pixels.as_flattened());
        let expected = [255, 0, 255, 119];
        let off =
            bytes.chunks(3).zip(expected).map(|(pixel, grey)| pixel.iter().map(move |it| it.abs_diff(grey)));
        assert!(counted && off.flatten().max() <= Some(3), "{bytes:?}");
    }
}
