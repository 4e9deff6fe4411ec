//! Tags and pictures come over, as `metaflac` reads them.

use media::audio::Wishes;

use super::sounds::{Pcm, chunk};
use super::{convert, convert_as, tools};

const TAGS: &[(&str, &str)] = &[
    ("title", "Der Mond ist aufgegangen"),
    ("artist", "Matthias Claudius"),
    ("album", "Abendlieder – erster Teil"),
    ("album_artist", "Verschiedene"),
    ("genre", "Folk"),
    ("track", "3/12"),
    ("composer", "J. A. P. Schulz"),
    ("comment", "two words = one"),
];

fn tagged(name: &str, options: &[&str]) -> Vec<u8> {
    let wav = Pcm::music(44_100, 2, 16, 20_000).wav();
    let pairs: Vec<String> = TAGS.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut all = options.to_vec();
    all.extend(pairs.iter().flat_map(|pair| ["-metadata", pair.as_str()]));
    tools::ffmpeg_makes(&wav, name, &all)
}

fn comments(file: &[u8]) -> Vec<String> {
    let (flac, _) = convert(file).unwrap();
    let text =
        String::from_utf8(tools::metaflac(&flac, &["--no-utf8-convert", "--export-tags-to=-"])).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn tags_of_every_kind_become_vorbis_comments() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let everything: &[&str] = &[
        "TITLE=Der Mond ist aufgegangen",
        "ARTIST=Matthias Claudius",
        "ALBUM=Abendlieder – erster Teil",
        "ALBUMARTIST=Verschiedene",
        "GENRE=Folk",
        "COMPOSER=J. A. P. Schulz",
        "TRACKNUMBER=3",
    ];
    let few: &[&str] = &["TITLE=Der Mond ist aufgegangen", "ARTIST=Matthias Claudius"];
    for (name, options, expected) in [
        ("id3v24.mp3", &["-id3v2_version", "4"][..], everything),
        ("id3v23.mp3", &["-id3v2_version", "3"], everything),
        ("sound.m4a", &["-c:a", "aac"], everything),
        ("alac.m4a", &["-c:a", "alac"], everything),
        ("sound.aiff", &["-write_id3v2", "1"], everything),
        ("info.wav", &[], few),
        // Tags of a whole Matroska file are the album's.
        (
            "sound.mka",
            &["-c:a", "libvorbis"],
            &["TITLE=Der Mond ist aufgegangen", "ALBUMARTIST=Matthias Claudius", "GENRE=Folk"],
        ),
    ] {
        let comments = comments(&tagged(name, options));
        for line in expected {
            assert!(comments.iter().any(|comment| comment == line), "{name}: {line} is not in {comments:#?}");
        }
    }
}

#[test]
fn vorbis_comments_are_carried_as_they_are() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    for (name, codec) in [("sound.ogg", "libvorbis"), ("sound.oga", "flac"), ("sound.flac", "flac")] {
        let own = ["-c:a", codec, "-metadata", "REPLAYGAIN_TRACK_GAIN=-6.02 dB", "-metadata", "MY OWN=1 = 1"];
        let comments = comments(&tagged(name, &own));
        for line in ["REPLAYGAIN_TRACK_GAIN=-6.02 dB", "MY OWN=1 = 1", "ARTIST=Matthias Claudius"] {
            assert!(comments.iter().any(|comment| comment == line), "{name}: {line} is not in {comments:#?}");
        }
        assert_eq!(comments.iter().filter(|line| line.starts_with("ARTIST=")).count(), 1, "{comments:#?}");
    }
}

#[test]
fn replay_gain_of_an_mp3_is_kept() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let own = ["-metadata", "REPLAYGAIN_TRACK_GAIN=-7.03 dB", "-metadata", "REPLAYGAIN_TRACK_PEAK=0.98"];
    let comments = comments(&tagged("sound.mp3", &own));
    for line in ["REPLAYGAIN_TRACK_GAIN=-7.03 dB", "REPLAYGAIN_TRACK_PEAK=0.98"] {
        assert!(comments.iter().any(|comment| comment == line), "{line} is not in {comments:#?}");
    }
}

#[test]
fn replay_gain_of_what_is_mixed_is_not_its_own() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let own = ["-metadata", "REPLAYGAIN_TRACK_GAIN=-6.02 dB", "-metadata", "REPLAYGAIN_ALBUM_PEAK=0.98"];
    let file = tagged("sound.flac", &own);
    for (channels, kept) in [(1, 0), (2, 2)] {
        let (flac, _) = convert_as(&file, Wishes { channels: Some(channels), ..Wishes::default() }).unwrap();
        let text = tools::metaflac(&flac, &["--no-utf8-convert", "--export-tags-to=-"]);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches("REPLAYGAIN_").count(), kept, "{channels} channels: {text}");
        assert!(text.contains("ARTIST=Matthias Claudius"), "{text}");
    }
}

/// ID3v1: 128 bytes at the end, each text cut off at thirty letters.
fn id3v1(title: &str, artist: &str) -> Vec<u8> {
    let mut tag = b"TAG".to_vec();
    for text in [title, artist, "Abendlieder"] {
        tag.extend(text.bytes().chain(std::iter::repeat(0)).take(30));
    }
    tag.extend(b"1779");
    tag.extend([0; 28]);
    tag.extend([0, 7, 80]);
    tag
}

#[test]
fn id3v1_is_read_where_nothing_better_is_there() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let wav = Pcm::music(44_100, 2, 16, 20_000).wav();
    let untagged = tools::ffmpeg_makes(&wav, "sound.mp3", &["-id3v2_version", "0"]);
    let alone = comments(&[untagged, id3v1("Der Mond", "M. C.")].concat());
    let expected =
        ["TITLE=Der Mond", "ARTIST=M. C.", "ALBUM=Abendlieder", "DATE=1779", "TRACKNUMBER=7", "GENRE=Folk"];
    for line in expected {
        assert!(alone.iter().any(|comment| comment == line), "{line} is not in {alone:#?}");
    }
    let tagged = tagged("sound.mp3", &["-id3v2_version", "4"]);
    let both = comments(&[tagged, id3v1("Der Mond", "M. C.")].concat());
    let titles: Vec<_> = both.iter().filter(|comment| comment.starts_with("TITLE=")).collect();
    assert_eq!(titles, ["TITLE=Der Mond ist aufgegangen"]);
}

#[test]
fn an_id3_chunk_of_a_wav_is_read() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let mp3 = tagged("sound.mp3", &["-id3v2_version", "3"]);
    let length = mp3[6..10].iter().fold(0, |value, &byte| value << 7 | usize::from(byte)) + 10;
    let mut wav = Pcm::music(44_100, 1, 16, 5000).wav();
    wav.extend_from_slice(b"id3 ");
    wav.extend_from_slice(&(length as u32).to_le_bytes());
    wav.extend_from_slice(&mp3[..length]);
    wav.resize(wav.len() + length % 2, 0);
    let riff = (wav.len() - 8) as u32;
    wav[4..8].copy_from_slice(&riff.to_le_bytes());
    let comments = comments(&wav);
    assert!(comments.iter().any(|line| line == "ARTIST=Matthias Claudius"), "{comments:#?}");
}

#[test]
fn an_aiff_s_own_texts_become_comments() {
    if !tools::present("metaflac") {
        return;
    }
    let mut aiff = Pcm::music(44_100, 1, 16, 5000).aiff();
    for (name, text) in [
        (b"NAME", "Der Mond ist aufgegangen"),
        (b"AUTH", "Matthias Claudius"),
        (b"(c) ", "1779"),
        (b"ANNO", "two words = one"),
        (b"ANNO", "and another"),
    ] {
        chunk(&mut aiff, name, text.as_bytes(), u32::to_be_bytes);
    }
    let form = (aiff.len() - 8) as u32;
    aiff[4..8].copy_from_slice(&form.to_be_bytes());
    let expected = [
        "TITLE=Der Mond ist aufgegangen",
        "AUTHOR=Matthias Claudius",
        "COPYRIGHT=1779",
        "COMMENT=two words = one",
        "COMMENT=and another",
    ];
    assert_eq!(comments(&aiff), expected);
}

#[test]
fn pictures_come_over_byte_for_byte() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let picture = tools::ffmpeg_draws("cover.png");
    let sound = Pcm::music(44_100, 2, 16, 20_000).wav();
    let as_cover = ["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic"];
    for (name, options) in [
        ("cover.mp3", &["-id3v2_version", "3"][..]),
        ("cover.m4a", &["-c:a", "aac"]),
        ("cover.flac", &["-c:a", "flac"]),
        ("cover.aiff", &["-write_id3v2", "1"]),
    ] {
        let inputs = [sound.clone(), picture.clone()];
        let file = tools::ffmpeg_joins(&inputs, name, &[&as_cover[..], options].concat());
        let (flac, _) = convert(&file).unwrap();
        let carried = tools::metaflac(&flac, &["--export-picture-to=-"]);
        assert!(carried == picture, "{name}: {} bytes of {}", carried.len(), picture.len());
        tools::flac_accepts(&flac);
    }
}

#[test]
fn pictures_among_vorbis_comments_come_over() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let picture = tools::ffmpeg_draws("cover.png");
    let block = tools::flac_block_of(&picture);
    let comment = tools::comment_of(&block);
    for (name, codec) in [("cover.ogg", "libvorbis"), ("cover.oga", "flac")] {
        let file = tagged(name, &["-c:a", codec, "-metadata", &comment]);
        let (flac, _) = convert(&file).unwrap();
        assert!(flac.windows(block.len()).any(|bytes| bytes == block), "{name}: there is no such block");
        assert!(tools::metaflac(&flac, &["--export-picture-to=-"]) == picture, "{name}: another picture");
        let comments = comments(&file);
        assert!(comments.iter().any(|line| line == "ARTIST=Matthias Claudius"), "{name}: {comments:#?}");
        assert!(!comments.iter().any(|line| line.starts_with("METADATA_BLOCK")), "{name}: it is there twice");
        tools::flac_accepts(&flac);
    }
}

#[test]
fn room_is_left_for_edits_behind_all_else() {
    if !tools::present("metaflac") {
        return;
    }
    let (flac, _) = convert(&Pcm::music(44_100, 1, 16, 5000).wav()).unwrap();
    let blocks = String::from_utf8(tools::metaflac(&flac, &["--list"])).unwrap();
    assert!(blocks.contains("type: 1 (PADDING)\n  is last: true\n  length: 8192\n"), "{blocks}");
    assert_eq!(blocks.matches("(PADDING)").count(), 1, "{blocks}");
}
