//! Tags and pictures of what ffmpeg decodes come over like those of any other sound, and so do pictures attached to a
//! Matroska file.

use media::audio::Wishes;

use super::foreign::made;
use super::sounds::Pcm;
use super::{convert, tools};

const TAGS: [&str; 4] =
    ["-metadata", "title=Der Mond ist aufgegangen", "-metadata", "artist=Matthias Claudius"];
const EXPECTED: [&str; 2] = ["TITLE=Der Mond ist aufgegangen", "ARTIST=Matthias Claudius"];

fn wav(channels: u16) -> Vec<u8> {
    Pcm::music(48_000, channels, 16, 20_000).wav()
}

fn tagged(channels: u16, name: &str, options: &[&str]) -> Vec<u8> {
    tools::ffmpeg_makes(&wav(channels), name, &[&TAGS[..], options].concat())
}

fn with_cover(channels: u16, picture: &[u8], name: &str, options: &[&str]) -> Vec<u8> {
    let as_cover = ["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic"];
    let inputs = [wav(channels), picture.to_vec()];
    tools::ffmpeg_joins(&inputs, name, &[&as_cover[..], &TAGS, options].concat())
}

/// A Matroska file with the picture attached to it.
fn attached(picture: &[u8], file_name: &str, codec: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture");
    std::fs::write(&path, picture).unwrap();
    let name = format!("filename={file_name}");
    let attach = ["-attach", path.to_str().unwrap(), "-metadata:s:t", "mimetype=image/png", "-metadata:s:t"];
    tagged(2, "sound.mka", &[&["-c:a", codec][..], &attach, &[name.as_str()]].concat())
}

fn comments(flac: &[u8]) -> Vec<String> {
    let text = tools::metaflac(flac, &["--no-utf8-convert", "--export-tags-to=-"]);
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

fn check(what: &str, flac: &[u8], picture: &[u8]) {
    let carried = tools::metaflac(flac, &["--export-picture-to=-"]);
    assert!(carried == picture, "{what}: {} bytes of {}", carried.len(), picture.len());
    let listed =
        String::from_utf8_lossy(&tools::metaflac(flac, &["--list", "--block-type=PICTURE"])).into_owned();
    for line in ["type: 3 (Cover (front))", "MIME type: image/png", "width: 64"] {
        assert!(listed.contains(line), "{what}: {line} is not in {listed}");
    }
    assert_eq!(listed.matches("MIME type").count(), 1, "{what}: {listed}");
    let comments = comments(flac);
    let first = |name: &str| comments.iter().filter(|line| line.starts_with(name)).collect::<Vec<_>>();
    for line in EXPECTED {
        let name = &line[..=line.find('=').unwrap()];
        assert_eq!(first(name), [line], "{what}: {comments:#?}");
    }
    assert!(first("METADATA_BLOCK").is_empty(), "{what}: {comments:#?}");
    tools::flac_accepts(flac);
}

#[tokio::test]
async fn what_ffmpeg_decodes_keeps_its_cover_and_its_tags() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let picture = tools::ffmpeg_draws("cover.png");
    let comment = tools::comment_of(&tools::flac_block_of(&picture));
    let bare = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"];
    let wavpack = tools::ffmpeg_makes(&wav(2), "sound.wv", &[&["-c:a", "wavpack"][..], &bare].concat());
    for (what, file) in [
        ("Opus", tagged(2, "sound.opus", &["-c:a", "libopus", "-metadata", &comment])),
        ("AAC 5.1", with_cover(6, &picture, "sound.m4a", &["-c:a", "aac"])),
        ("AC-3 in MP4", with_cover(2, &picture, "sound.mp4", &["-c:a", "ac3"])),
        ("WMA", with_picture_of_asf(tagged(2, "sound.wma", &["-c:a", "wmav2"]), &picture)),
        ("WavPack", [wavpack, tag_of_ape(&picture)].concat()),
    ] {
        let (flac, _) =
            made(&file, Wishes::default()).await.unwrap_or_else(|failure| panic!("{what}: {failure}"));
        check(what, &flac, &picture);
    }
}

#[tokio::test]
async fn pictures_attached_to_a_matroska_file_come_over() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let picture = tools::ffmpeg_draws("cover.png");
    let carried = |flac: &[u8]| tools::metaflac(flac, &["--export-picture-to=-"]);
    for (name, kind) in [("cover.png", "type: 3 "), ("label.png", "type: 0 ")] {
        let (flac, _) = made(&attached(&picture, name, "ac3"), Wishes::default()).await.unwrap();
        let (ours, _) = convert(&attached(&picture, name, "libvorbis")).unwrap();
        for flac in [flac, ours] {
            assert!(carried(&flac) == picture, "{name}: another picture");
            let listed = tools::metaflac(&flac, &["--list", "--block-type=PICTURE"]);
            assert!(String::from_utf8_lossy(&listed).contains(kind), "{name}: {listed:?}");
            assert!(
                comments(&flac).iter().any(|line| line == EXPECTED[0]),
                "{name}: its title is that of the file"
            );
            tools::flac_accepts(&flac);
        }
    }
}

#[tokio::test]
async fn names_of_one_s_own_are_kept_and_loudness_goes_when_channels_are_mixed() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let own = ["-c:a", "libopus", "-metadata", "R128_TRACK_GAIN=-512", "-metadata", "MY OWN=1 = 1"];
    let file = tagged(2, "sound.opus", &own);
    for (channels, kept) in [(2, 1), (1, 0)] {
        let wishes = Wishes { channels: Some(channels), ..Wishes::default() };
        let comments = comments(&made(&file, wishes).await.unwrap().0);
        let count = |line: &str| comments.iter().filter(|comment| comment.starts_with(line)).count();
        assert_eq!((count("R128_TRACK_GAIN=-512"), count("MY OWN=1 = 1")), (kept, 1), "{comments:#?}");
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// A WMA with one more object at the end of its header.
fn with_picture_of_asf(mut file: Vec<u8>, picture: &[u8]) -> Vec<u8> {
    const DESCRIPTION: &[u8] = b"\x40\xA4\xD0\xD2\x07\xE3\xD2\x11\x97\xF0\x00\xA0\xC9\x5E\xA8\x50";
    let length = (picture.len() as u32).to_le_bytes();
    let value = [&[3][..], &length, &utf16("image/png"), &utf16(""), picture].concat();
    let name = utf16("WM/Picture");
    let [one, bytes, name_length, value_length] =
        [1, 1, name.len() as u16, value.len() as u16].map(u16::to_le_bytes);
    let body = [&one[..], &name_length, &name, &bytes, &value_length, &value].concat();
    let object = [DESCRIPTION, &(body.len() as u64 + 24).to_le_bytes(), &body].concat();
    let header = u64::from_le_bytes(file[16..24].try_into().unwrap());
    file[16..24].copy_from_slice(&(header + object.len() as u64).to_le_bytes());
    let objects = u32::from_le_bytes(file[24..28].try_into().unwrap());
    file[24..28].copy_from_slice(&(objects + 1).to_le_bytes());
    drop(file.splice(header as usize..header as usize, object));
    file
}

fn tag_of_ape(picture: &[u8]) -> Vec<u8> {
    const TEXT: u32 = 0;
    const BINARY: u32 = 2;
    let cover = [&b"cover.png\0"[..], picture].concat();
    let mut items = Vec::new();
    for (name, flags, value) in [
        ("Title", TEXT, &b"Der Mond ist aufgegangen"[..]),
        ("Artist", TEXT, b"Matthias Claudius"),
        ("Cover Art (Front)", BINARY, &cover[..]),
    ] {
        items.extend((value.len() as u32).to_le_bytes());
        items.extend(flags.to_le_bytes());
        items.extend([name.as_bytes(), &[0], value].concat());
    }
    let foot = [2000, items.len() as u32 + 32, 3, 0, 0, 0].map(u32::to_le_bytes).concat();
    [&items[..], b"APETAGEX", &foot].concat()
}
