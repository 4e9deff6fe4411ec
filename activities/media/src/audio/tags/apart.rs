//! Tags and pictures of a file whose sound another program decodes: read here, where all files are read, without its
//! sound. They travel before the samples, as the blocks that a FLAC keeps them in; what the other program says of tags
//! is added where it knows more.

use std::sync::Arc;

use symphonia::core::io::BufReader;
use symphonia::core::meta::MetadataBuilder;
use symphonia_metadata::embedded::flac::{
    FLAC_METADATA_INFO, read_flac_comment_block, read_flac_picture_block,
};

use super::{Collected, ape, asf};
use crate::audio::Container;
use crate::audio::decode::with_tags_beside;
use crate::audio::open::{self, Bytes};
use crate::audio::sniff::Guess;
use crate::audio::wav::Mended;
use crate::flac::{COMMENT_TYPE, Metadata, PICTURE_TYPE};
use crate::source::Watched;
use crate::{Problem, ReadAt};

/// What `source` is tagged with, for its sound track of this number. Tags that cannot be read are none.
pub(in crate::audio) fn of_undecoded(source: &dyn ReadAt, track: Option<u32>) -> Result<Metadata, Problem> {
    use Container::{Asf, MonkeysAudio, Musepack, Musepack7, Tak, TrueAudio, WavPack};
    let mended = Mended::new(source).map_err(|error| Problem::source(&error))?;
    let source = Arc::new(Watched::new(mended));
    let metadata = match open::guess(&source)? {
        Guess::Known(_) | Guess::Unknown => by_demuxer(&source, track)?,
        Guess::Foreign(_, Asf) => asf::pictures_of(&source)?,
        Guess::Foreign(_, MonkeysAudio | Musepack | Musepack7 | Tak | TrueAudio | WavPack) => {
            ape::pictures_of(&source)?
        }
        Guess::Foreign(..) | Guess::Other(_) => Metadata::default(),
    };
    source.failure().map_or(Ok(metadata), |why| Err(Problem::SourceFailed { why }))
}

fn by_demuxer(source: &Bytes<'_>, track: Option<u32>) -> Result<Metadata, Problem> {
    let Ok(mut reader) = open::demuxer(source) else { return Ok(Metadata::default()) };
    // Where there are tracks of a kind not known here, the number is the other program's: what is said of the file
    // remains.
    let track = open::sound_track(reader.as_ref(), track).map_or(0, |(track, _)| track.id);
    with_tags_beside(source, super::of(reader.as_mut(), track).0)
}

/// What is in these blocks of a FLAC.
pub(in crate::audio) fn of_blocks(mut blocks: &[u8]) -> Metadata {
    let mut builder = MetadataBuilder::new(FLAC_METADATA_INFO);
    while let Some((&[kind, a, b, c], behind)) = blocks.split_first_chunk() {
        let Some((body, rest)) = behind.split_at_checked(u32::from_be_bytes([0, a, b, c]) as usize) else {
            break;
        };
        let mut body = BufReader::new(body);
        match kind {
            COMMENT_TYPE if read_flac_comment_block(&mut body, &mut builder).is_err() => break,
            PICTURE_TYPE => match read_flac_picture_block(&mut body) {
                Ok(visual) => _ = builder.add_visual(visual),
                Err(_) => break,
            },
            _ => {}
        }
        blocks = rest;
    }
    let mut collected = Collected::default();
    collected.take(&builder.build(), 0);
    collected.metadata
}

/// Adds what another program says of the same file. It has names of its own for some tags: what is said already, by
/// this name or in these words, is not said again.
pub(in crate::audio) fn add_comments(metadata: Metadata, comments: &[(String, String)]) -> Metadata {
    let mut collected = Collected::from(metadata);
    let known = collected.metadata.comments.len();
    for (name, value) in comments {
        let mut said = collected.metadata.comments[..known].iter();
        if !said.any(|(said, words)| said == name || words == value) {
            collected.add_comment(name.clone(), value.clone());
        }
    }
    collected.metadata
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flac::{Picture, blocks_of_known};

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn blocks_come_back_as_they_were() {
        let picture = Picture {
            kind: 4,
            media_type: "image/x-none".to_owned(),
            description: "R\u{fc}ckseite".to_owned(),
            bytes: (0..=255).collect(),
            ..Picture::default()
        };
        let comments = vec![pair("ARTIST", "one"), pair("ARTIST", "another"), pair("MY OWN", "1 = 1")];
        let metadata = Metadata { comments, pictures: vec![picture] };
        let blocks = blocks_of_known(&metadata);
        assert_eq!(of_blocks(&blocks), metadata);
        for cut in 0..blocks.len() {
            of_blocks(&blocks[..cut]);
        }
    }

    #[test]
    fn what_another_program_says_is_added_where_it_is_news() {
        let known = Metadata {
            comments: vec![pair("ARTIST", "one"), pair("ARTIST", "another"), pair("DESCRIPTION", "words")],
            ..Metadata::default()
        };
        let theirs = [
            pair("ARTIST", "one;another"),
            pair("COMMENT", "words"),
            pair("TITLE", "news"),
            pair("BAD=", ""),
        ];
        let comments = add_comments(known.clone(), &theirs).comments;
        assert_eq!(comments[..3], known.comments);
        assert_eq!(comments[3..], [pair("TITLE", "news")]);
    }

    #[test]
    fn what_has_no_tags_to_read_has_none() {
        for nothing in [&b""[..], b"GIF89a", b"OggS", b"\x1A\x45\xDF\xA3", b"wvpk", b"TTA1", b".snd"] {
            assert_eq!(of_undecoded(&nothing, None), Ok(Metadata::default()), "{nothing:?}");
        }
    }
}
