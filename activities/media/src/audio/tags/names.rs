//! What tags of ID3, MP4, RIFF, AIFF, APE and Matroska are called among Vorbis comments: by the names of the Vorbis
//! specification where it has one, else by those that taggers have agreed on.

use symphonia::core::meta::{StandardTag, Tag};

use super::text;

/// What MP4 calls the writer is the composer.
const MP4_COMPOSER: &str = "\u{a9}wrt";

/// What AIFF calls the author is whoever made the sound, and not the program that encoded it.
const AIFF_AUTHOR: &str = "AUTH";

/// The Vorbis comment that means the same as `tag`.
pub(super) fn translated(tag: &Tag) -> Option<(String, String)> {
    match &tag.std {
        Some(StandardTag::Writer(words)) if tag.raw.key == MP4_COMPOSER => {
            Some(("COMPOSER".to_owned(), words.as_str().to_owned()))
        }
        Some(StandardTag::Encoder(words)) if tag.raw.key == AIFF_AUTHOR => {
            Some(("AUTHOR".to_owned(), words.as_str().to_owned()))
        }
        Some(standard) => known(standard),
        None => named_by_user(tag),
    }
}

/// Names may hold any of printable ASCII but the equals sign.
pub(super) fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| (0x20..=0x7D).contains(&byte) && byte != b'=')
}

/// A tag that carries its own name: TXXX in ID3v2, freeform in MP4. Four letters alone are no name for people.
fn named_by_user(tag: &Tag) -> Option<(String, String)> {
    const ID3_DESCRIPTION: &str = "DESCRIPTION";
    let described = tag.raw.sub_fields.iter().flatten().find(|sub| sub.field == ID3_DESCRIPTION);
    let name = match described {
        Some(sub) if tag.raw.key.starts_with("TXX") => text(&sub.value)?,
        Some(_) => return None,
        None => tag.raw.key.rsplit_once(':')?.1.to_owned(),
    };
    Some((name.to_ascii_uppercase(), text(&tag.raw.value)?))
}

fn known(tag: &StandardTag) -> Option<(String, String)> {
    use StandardTag as T;
    let (name, value) = match tag {
        T::TrackNumber(0) | T::DiscNumber(0) => return None, // nobody knows
        T::TrackNumber(number) => ("TRACKNUMBER", number.to_string()),
        T::TrackTotal(number) => ("TRACKTOTAL", number.to_string()),
        T::DiscNumber(number) => ("DISCNUMBER", number.to_string()),
        T::DiscTotal(number) => ("DISCTOTAL", number.to_string()),
        T::MovementNumber(number) => ("MOVEMENT", number.to_string()),
        T::MovementTotal(number) => ("MOVEMENTTOTAL", number.to_string()),
        T::Bpm(number) => ("BPM", number.to_string()),
        T::CompilationFlag(yes) => ("COMPILATION", u8::from(*yes).to_string()),
        T::RecordingYear(year) | T::ReleaseYear(year) => ("DATE", year.to_string()),
        T::OriginalRecordingYear(year) | T::OriginalReleaseYear(year) => ("ORIGINALDATE", year.to_string()),
        words => {
            let (name, words) = in_words(words)?;
            (name, words.to_owned())
        }
    };
    Some((name.to_owned(), value))
}

fn in_words(tag: &StandardTag) -> Option<(&'static str, &str)> {
    use StandardTag as T;
    let (name, words) = match tag {
        T::TrackTitle(words) => ("TITLE", words),
        T::TrackSubtitle(words) => ("SUBTITLE", words),
        T::Album(words) => ("ALBUM", words),
        T::Artist(words) => ("ARTIST", words),
        T::AlbumArtist(words) => ("ALBUMARTIST", words),
        T::Composer(words) => ("COMPOSER", words),
        T::Conductor(words) => ("CONDUCTOR", words),
        T::Performer(words) => ("PERFORMER", words),
        T::Ensemble(words) => ("ENSEMBLE", words),
        T::Soloist(words) => ("SOLOIST", words),
        T::Narrator(words) => ("NARRATOR", words),
        T::Arranger(words) => ("ARRANGER", words),
        T::Lyricist(words) => ("LYRICIST", words),
        T::Writer(words) => ("WRITER", words),
        T::Author(words) => ("AUTHOR", words),
        T::Remixer(words) => ("REMIXER", words),
        T::Producer(words) => ("PRODUCER", words),
        T::Engineer(words) => ("ENGINEER", words),
        T::MixEngineer(words) => ("MIXER", words),
        T::MixDj(words) => ("DJMIXER", words),
        T::Genre(words) => ("GENRE", words),
        T::Mood(words) => ("MOOD", words),
        T::Grouping(words) => ("GROUPING", words),
        T::Comment(words) => ("COMMENT", words),
        T::Description(words) => ("DESCRIPTION", words),
        T::Synopsis(words) => ("SYNOPSIS", words),
        T::Lyrics(words) => ("LYRICS", words),
        T::Language(words) => ("LANGUAGE", words),
        T::RecordingDate(words) | T::ReleaseDate(words) => ("DATE", words),
        T::OriginalRecordingDate(words) | T::OriginalReleaseDate(words) => ("ORIGINALDATE", words),
        T::OriginalAlbum(words) => ("ORIGINALALBUM", words),
        T::OriginalArtist(words) => ("ORIGINALARTIST", words),
        T::RecordingLocation(words) => ("LOCATION", words),
        T::DiscSubtitle(words) => ("DISCSUBTITLE", words),
        T::Work(words) => ("WORK", words),
        T::MovementName(words) => ("MOVEMENTNAME", words),
        T::Opus(words) => ("OPUS", words),
        T::Part(words) => ("PART", words),
        T::Version(words) => ("VERSION", words),
        T::InitialKey(words) => ("KEY", words),
        T::Copyright(words) => ("COPYRIGHT", words),
        T::License(words) => ("LICENSE", words),
        T::Label(words) => ("LABEL", words),
        T::EncodedBy(words) => ("ENCODED-BY", words),
        T::MediaFormat(words) => ("MEDIA", words),
        T::Script(words) => ("SCRIPT", words),
        T::ReleaseCountry(words) => ("RELEASECOUNTRY", words),
        T::Url(words) | T::UrlOfficial(words) => ("URL", words),
        other => return identifier(other),
    };
    Some((name, words.as_str()))
}

/// Numbers and names that catalogues give, names to sort by, and loudness.
fn identifier(tag: &StandardTag) -> Option<(&'static str, &str)> {
    use StandardTag as T;
    let (name, words) = match tag {
        T::IdentIsrc(words) => ("ISRC", words),
        T::IdentBarcode(words) | T::IdentUpc(words) | T::IdentEanUpn(words) => ("BARCODE", words),
        T::IdentCatalogNumber(words) => ("CATALOGNUMBER", words),
        T::IdentAsin(words) => ("ASIN", words),
        T::AcoustIdId(words) => ("ACOUSTID_ID", words),
        T::AcoustIdFingerprint(words) => ("ACOUSTID_FINGERPRINT", words),
        T::MusicBrainzAlbumArtistId(words) => ("MUSICBRAINZ_ALBUMARTISTID", words),
        T::MusicBrainzAlbumId(words) => ("MUSICBRAINZ_ALBUMID", words),
        T::MusicBrainzArtistId(words) => ("MUSICBRAINZ_ARTISTID", words),
        T::MusicBrainzDiscId(words) => ("MUSICBRAINZ_DISCID", words),
        T::MusicBrainzRecordingId(words) | T::MusicBrainzTrackId(words) => ("MUSICBRAINZ_TRACKID", words),
        T::MusicBrainzReleaseGroupId(words) => ("MUSICBRAINZ_RELEASEGROUPID", words),
        T::MusicBrainzReleaseTrackId(words) => ("MUSICBRAINZ_RELEASETRACKID", words),
        T::MusicBrainzReleaseStatus(words) => ("RELEASESTATUS", words),
        T::MusicBrainzReleaseType(words) => ("RELEASETYPE", words),
        T::MusicBrainzWorkId(words) => ("MUSICBRAINZ_WORKID", words),
        T::SortTrackTitle(words) => ("TITLESORT", words),
        T::SortAlbum(words) => ("ALBUMSORT", words),
        T::SortArtist(words) => ("ARTISTSORT", words),
        T::SortAlbumArtist(words) => ("ALBUMARTISTSORT", words),
        T::SortComposer(words) => ("COMPOSERSORT", words),
        T::ReplayGainTrackGain(words) => ("REPLAYGAIN_TRACK_GAIN", words),
        T::ReplayGainTrackPeak(words) => ("REPLAYGAIN_TRACK_PEAK", words),
        T::ReplayGainTrackRange(words) => ("REPLAYGAIN_TRACK_RANGE", words),
        T::ReplayGainAlbumGain(words) => ("REPLAYGAIN_ALBUM_GAIN", words),
        T::ReplayGainAlbumPeak(words) => ("REPLAYGAIN_ALBUM_PEAK", words),
        T::ReplayGainAlbumRange(words) => ("REPLAYGAIN_ALBUM_RANGE", words),
        T::ReplayGainReferenceLoudness(words) => ("REPLAYGAIN_REFERENCE_LOUDNESS", words),
        _ => return None,
    };
    Some((name, words.as_str()))
}
