//! What is known about a sound besides the sound: tags and pictures, from whatever the source keeps them in, as Vorbis
//! comments and FLAC pictures. `names` knows what a tag of another kind is called there, `pictures` what a picture is;
//! `gapless` knows what one says of the length. What another program decodes has its tags read in `apart`, those of
//! containers that no demuxer here opens in `asf` and `ape`.
//!
//! Vorbis comments are carried as they are. Of other kinds, what has a known meaning is; a tag that only means something
//! to the program that wrote it is left behind. ReplayGain stays true as long as channels are not mixed: each sample is as
//! loud as it was.

mod apart;
mod ape;
mod asf;
mod gapless;
mod names;
mod pictures;

pub(super) use apart::{add_comments, of_blocks, of_undecoded};
pub(super) use gapless::MOST_PRIMING;

use symphonia::core::formats::FormatReader;
use symphonia::core::io::BufReader;
use symphonia::core::meta::well_known::{
    METADATA_ID_FLAC, METADATA_ID_ID3V1, METADATA_ID_VORBIS_COMMENT, METADATA_ID_WAVE,
};
use symphonia::core::meta::{
    MetadataBuilder, MetadataContainer, MetadataInfo, MetadataRevision, RawValue, Tag,
};

use symphonia_metadata::embedded::riff::{parse_riff_info_chunk, read_riff_id3_chunk};

use crate::flac::{Metadata, Picture};

use super::mp4::Edit;
use pictures::Found;

/// Leaves out what was measured of a sound that is as loud as another now.
pub(super) fn forget_loudness(metadata: &mut Metadata) {
    const MEASURED: [&str; 3] = ["REPLAYGAIN_", "R128_TRACK_GAIN", "R128_ALBUM_GAIN"];
    metadata.comments.retain(|(name, _)| !MEASURED.iter().any(|measured| name.starts_with(measured)));
}

/// More than this is no description of a sound.
const MOST_COMMENTS: usize = 1000;
const MOST_COMMENT_BYTES: usize = 1 << 20;
const MOST_PICTURES: usize = 20;
const MOST_PICTURE_BYTES: usize = 16 << 20;

/// What the source that `reader` reads is tagged with, for the sound of `track`, and which of its samples a tag says are
/// meant to be heard.
pub(super) fn of(reader: &mut dyn FormatReader, track: u32) -> (Metadata, Option<Edit>) {
    let mut collected = Collected::default();
    let mut log = reader.metadata();
    let mut revisions: Vec<MetadataRevision> = std::iter::from_fn(|| log.pop()).collect();
    revisions.extend(log.current().cloned());
    // ID3v1 cuts everything off at thirty letters: what any other says goes before it.
    revisions.sort_by_key(|revision| revision.info.metadata == METADATA_ID_ID3V1);
    revisions.iter().for_each(|revision| collected.take(revision, track));
    reader.attachments().iter().filter_map(pictures::attached).for_each(|found| collected.add_found(found));
    (collected.metadata, collected.edit)
}

/// Adds what an ID3v2 tag knows to `metadata`. One that cannot be read adds nothing: the sound is none the worse for it.
pub(super) fn add_id3(metadata: Metadata, tag: &[u8]) -> Metadata {
    let mut collected = Collected::from(metadata);
    if let Ok(revision) = read_riff_id3_chunk(&mut BufReader::new(tag), &mut Vec::new()) {
        collected.take(&revision, 0);
    }
    collected.metadata
}

/// Adds what a list of RIFF's kind INFO knows to `metadata`.
pub(super) fn add_info(metadata: Metadata, list: &[u8]) -> Metadata {
    let mut collected = Collected::from(metadata);
    let mut builder = MetadataBuilder::new(WAV_INFO);
    let mut rest = list.strip_prefix(b"INFO").unwrap_or_default();
    while let Some((&[a, b, c, d, e, f, g, h], body)) = rest.split_first_chunk() {
        let size = u32::from_le_bytes([e, f, g, h]) as usize;
        let Some(value) = body.get(..size) else { break };
        // Texts end with a zero, or several.
        let end = value.iter().position(|&byte| byte == 0).unwrap_or(size);
        if parse_riff_info_chunk([a, b, c, d], &value[..end], &mut builder).is_err() {
            break;
        }
        rest = body.get(size + size % 2..).unwrap_or_default();
    }
    collected.take(&builder.build(), 0);
    collected.metadata
}

const WAV_INFO: MetadataInfo =
    MetadataInfo { metadata: METADATA_ID_WAVE, short_name: "wave", long_name: "RIFF INFO" };

/// What has been taken so far, within bounds.
#[derive(Default)]
struct Collected {
    metadata: Metadata,
    edit: Option<Edit>,
    comment_bytes: usize,
    picture_bytes: usize,
}

impl From<Metadata> for Collected {
    fn from(metadata: Metadata) -> Self {
        let length = |(name, value): &(String, String)| name.len() + value.len();
        Self {
            comment_bytes: metadata.comments.iter().map(length).sum(),
            picture_bytes: metadata.pictures.iter().map(pictures::size).sum(),
            metadata,
            edit: None,
        }
    }
}

impl Collected {
    fn take(&mut self, revision: &MetadataRevision, track: u32) {
        let verbatim = [METADATA_ID_VORBIS_COMMENT, METADATA_ID_FLAC].contains(&revision.info.metadata);
        let of_track = revision.per_track.iter().filter(|of| of.track_id == u64::from(track));
        let earlier = self.metadata.comments.len();
        for container in std::iter::once(&revision.media).chain(of_track.map(|of| &of.metadata)) {
            self.take_all(container, verbatim, earlier);
        }
    }

    /// A name that an earlier revision has said is not said again; one revision may say it more than once.
    fn take_all(&mut self, container: &MetadataContainer, verbatim: bool, earlier: usize) {
        for tag in &container.tags {
            if gapless::is_one(tag) {
                self.edit = self.edit.or_else(|| gapless::edit(tag));
                continue;
            }
            let Some((name, value)) = (if verbatim { as_it_is(tag) } else { names::translated(tag) }) else {
                continue;
            };
            let comments = &self.metadata.comments;
            let said = comments[..earlier].iter().any(|(said, _)| *said == name);
            let repeated = comments.iter().any(|(said, value_said)| *said == name && *value_said == value);
            if !said && !repeated {
                self.add_comment(name, value);
            }
        }
        for visual in &container.visuals {
            self.add_picture(&visual.data, pictures::text_of(visual), || pictures::of_visual(visual));
        }
    }

    fn add_comment(&mut self, name: String, value: String) {
        let bytes = self.comment_bytes + name.len() + value.len();
        let fits = self.metadata.comments.len() < MOST_COMMENTS && bytes <= MOST_COMMENT_BYTES;
        if fits && names::is_field_name(&name) {
            self.comment_bytes = bytes;
            self.metadata.comments.push((name, value));
        }
    }

    fn add_found(&mut self, found: Found<'_>) {
        self.add_picture(found.bytes, found.text(), || found.looked_at());
    }

    /// Adds a picture of these bytes, which comes with so much text, unless there is one, or no room for it.
    fn add_picture(&mut self, bytes: &[u8], text: usize, picture: impl FnOnce() -> Picture) {
        let all = self.picture_bytes + bytes.len() + text;
        let pictures = &self.metadata.pictures;
        let repeated = pictures.iter().any(|picture| *picture.bytes == *bytes);
        if !repeated && pictures.len() < MOST_PICTURES && all <= MOST_PICTURE_BYTES {
            self.picture_bytes = all;
            self.metadata.pictures.push(picture());
        }
    }
}

/// A Vorbis comment, with its name in capitals as is the custom.
fn as_it_is(tag: &Tag) -> Option<(String, String)> {
    Some((tag.raw.key.to_ascii_uppercase(), text(&tag.raw.value)?))
}

/// A value in words.
fn text(value: &RawValue) -> Option<String> {
    match value {
        RawValue::String(text) => Some(text.as_str().to_owned()),
        RawValue::StringList(texts) => Some(texts.join("; ")),
        RawValue::UnsignedInt(number) => Some(number.to_string()),
        RawValue::SignedInt(number) => Some(number.to_string()),
        RawValue::Float(number) => Some(number.to_string()),
        RawValue::Boolean(yes) => Some(u8::from(*yes).to_string()),
        _ => None,
    }
}
