//! Pictures, as FLAC keeps them: those that symphonia finds among tags, and those that a container only has the bytes
//! of.

use symphonia::core::formats::Attachment;
use symphonia::core::io::BufReader;
use symphonia::core::meta::{ColorMode, ColorModel, StandardVisualKey, Visual};
use symphonia_metadata::embedded::flac::read_flac_picture_block;

use super::text;
use crate::flac::{Picture, picture_block};

/// What a picture shows, by the numbers of ID3v2.
pub(super) const OTHER: u32 = 0;
pub(super) const FRONT_COVER: u32 = 3;

/// A picture of which a container says no more than this.
pub(super) struct Found<'b> {
    pub(super) kind: u32,
    /// Empty where nobody says.
    pub(super) media_type: String,
    pub(super) description: String,
    pub(super) bytes: &'b [u8],
}

impl Found<'_> {
    /// How many bytes there are besides the picture's own.
    pub(super) fn text(&self) -> usize {
        self.media_type.len() + self.description.len()
    }

    /// With what can be told by a look at it: what kind of picture it is, and how large.
    pub(super) fn looked_at(self) -> Picture {
        let picture = Picture {
            kind: self.kind,
            media_type: self.media_type,
            description: self.description,
            bytes: self.bytes.to_vec(),
            ..Picture::default()
        };
        let block = picture_block(&picture);
        read_flac_picture_block(&mut BufReader::new(&block)).map_or(picture, |visual| of_visual(&visual))
    }
}

/// How much of the room for pictures one takes.
pub(super) fn size(picture: &Picture) -> usize {
    picture.bytes.len() + picture.media_type.len() + picture.description.len()
}

/// How many bytes come with a picture besides its own.
pub(super) fn text_of(visual: &Visual) -> usize {
    let media_type = visual.media_type.as_ref().map_or(0, String::len);
    media_type + description(visual).map_or(0, |words| words.len())
}

/// A picture that is attached to a Matroska file. Those whose names begin like this are covers. (RFC 9559, 21.2.)
pub(super) fn attached(attachment: &Attachment) -> Option<Found<'_>> {
    const COVERS: [&str; 2] = ["cover", "small_cover"];
    let Attachment::File(file) = attachment else { return None };
    let media_type = file.media_type.clone().filter(|media_type| media_type.starts_with("image/"))?;
    let name = file.name.to_ascii_lowercase();
    let is_cover = COVERS.iter().any(|cover| name.starts_with(cover));
    Some(Found {
        kind: if is_cover { FRONT_COVER } else { OTHER },
        media_type,
        description: file.description.clone().unwrap_or_default(),
        bytes: &file.data,
    })
}

pub(super) fn of_visual(visual: &Visual) -> Picture {
    let (width, height) = visual.dimensions.map_or((0, 0), |size| (size.width, size.height));
    let (depth, colours) = match &visual.color_mode {
        Some(ColorMode::Direct(model)) => (bits_of_pixel(model), 0),
        Some(ColorMode::Indexed(palette)) => {
            (u32::from(palette.bits_per_pixel.get()), 1 << palette.bits_per_pixel.get().min(31))
        }
        None => (0, 0),
    };
    let media_type = visual.media_type.clone();
    Picture {
        kind: kind(visual.usage),
        media_type: media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        description: description(visual).unwrap_or_default(),
        width,
        height,
        depth,
        colours,
        bytes: visual.data.to_vec(),
    }
}

fn bits_of_pixel(model: &ColorModel) -> u32 {
    let (planes, bits) = match model {
        ColorModel::Y(bits) => (1, bits),
        ColorModel::YA(bits) => (2, bits),
        ColorModel::RGB(bits) => (3, bits),
        ColorModel::RGBA(bits) | ColorModel::CMYK(bits) => (4, bits),
        _ => return 0,
    };
    planes * u32::from(bits.get())
}

fn description(visual: &Visual) -> Option<String> {
    visual.tags.iter().find_map(|tag| text(&tag.raw.value))
}

/// The number that ID3v2 and FLAC give to what a picture shows. One that says nothing is the cover.
fn kind(usage: Option<StandardVisualKey>) -> u32 {
    match usage {
        Some(StandardVisualKey::Other) => OTHER,
        Some(StandardVisualKey::FileIcon) => 1,
        Some(StandardVisualKey::OtherIcon) => 2,
        Some(StandardVisualKey::FrontCover) => FRONT_COVER,
        Some(StandardVisualKey::BackCover) => 4,
        Some(StandardVisualKey::Leaflet) => 5,
        Some(StandardVisualKey::Media) => 6,
        Some(StandardVisualKey::LeadArtistPerformerSoloist) => 7,
        Some(StandardVisualKey::ArtistPerformer) => 8,
        Some(StandardVisualKey::Conductor) => 9,
        Some(StandardVisualKey::BandOrchestra) => 10,
        Some(StandardVisualKey::Composer) => 11,
        Some(StandardVisualKey::Lyricist) => 12,
        Some(StandardVisualKey::RecordingLocation) => 13,
        Some(StandardVisualKey::RecordingSession) => 14,
        Some(StandardVisualKey::Performance) => 15,
        Some(StandardVisualKey::ScreenCapture) => 16,
        Some(StandardVisualKey::Illustration) => 18,
        Some(StandardVisualKey::BandArtistLogo) => 19,
        Some(StandardVisualKey::PublisherStudioLogo) => 20,
        _ => FRONT_COVER,
    }
}
