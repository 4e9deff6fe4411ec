//! AAC whose length, or whose very kind, is said where it is easily overlooked. No encoder here writes such files: those of
//! ffmpeg are altered.

use media::Problem;

use super::sounds::Pcm;
use super::{convert, tools};

const LENGTH: usize = 100_000;
/// What ffmpeg's encoder puts before the sound.
const PRIMING: usize = 1024;

fn encoded(name: &str, options: &[&str]) -> Vec<u8> {
    let wav = Pcm::music(44_100, 2, 16, LENGTH).wav();
    tools::ffmpeg_makes(&wav, name, &[&["-c:a", "aac", "-fflags", "+bitexact"], options].concat())
}

fn said() -> String {
    format!(" 00000000 {PRIMING:08X} 00000100 {LENGTH:016X} 00000000 00000000")
}

fn as_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

/// The file with a freeform tag behind all else that its `moov` holds, which must be its last box.
fn with_freeform_tag(mut mp4: Vec<u8>, name: &str, value: &str) -> Vec<u8> {
    const FLAGS: [u8; 4] = [0; 4];
    const TEXT: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 0];
    let tag = [
        as_box(b"mean", &[&FLAGS, &b"com.apple.iTunes"[..]].concat()),
        as_box(b"name", &[&FLAGS, name.as_bytes()].concat()),
        as_box(b"data", &[&TEXT, value.as_bytes()].concat()),
    ];
    let handler = [&FLAGS[..], &FLAGS, b"mdirappl", &[0; 9]].concat();
    let list = as_box(b"ilst", &as_box(b"----", &tag.concat()));
    let meta = as_box(b"meta", &[&FLAGS[..], &as_box(b"hdlr", &handler), &list].concat());
    let more = as_box(b"udta", &meta);
    let moov = mp4.windows(4).rposition(|window| window == b"moov").expect("there is one") - 4;
    let size = (mp4.len() - moov + more.len()) as u32;
    mp4[moov..moov + 4].copy_from_slice(&size.to_be_bytes());
    mp4.extend_from_slice(&more);
    mp4
}

/// The file behind an ID3v2.3 tag with one comment.
fn with_comment(file: &[u8], description: &str, value: &str) -> Vec<u8> {
    let body = [&b"\0eng"[..], description.as_bytes(), &[0], value.as_bytes()].concat();
    let frame = [&b"COMM"[..], &(body.len() as u32).to_be_bytes(), &[0, 0], &body].concat();
    let size = [0, 0, (frame.len() >> 7) as u8, (frame.len() & 0x7F) as u8];
    [&b"ID3\x03\0\0"[..], &size, &frame, file].concat()
}

#[test]
fn the_length_that_itunes_states_is_kept_where_there_is_no_edit_list() {
    if !tools::present("ffmpeg") || !tools::present("metaflac") {
        return;
    }
    let m4a = encoded("sound.m4a", &["-use_editlist", "0"]);
    let adts = encoded("sound.aac", &[]);
    let samples = |file: &[u8]| convert(file).unwrap().1.facts.samples as usize;
    assert!(samples(&m4a) >= LENGTH + PRIMING && samples(&adts) >= LENGTH + PRIMING, "there is padding");

    let (expected, _) = convert(&encoded("sound.m4a", &[])).unwrap();
    for (what, file) in [
        ("MP4", with_freeform_tag(m4a.clone(), "iTunSMPB", &said())),
        ("ADTS", with_comment(&adts, "iTunSMPB", &said())),
    ] {
        let (flac, made) = convert(&file).unwrap();
        assert_eq!(made.facts.samples as usize, LENGTH, "{what}");
        assert_eq!(made.facts.md5, convert(&expected).unwrap().1.facts.md5, "{what}");
        let comments = String::from_utf8(tools::metaflac(&flac, &["--export-tags-to=-"])).unwrap();
        assert!(!comments.to_ascii_uppercase().contains("ITUNSMPB"), "{what}: {comments}");
        assert!(!comments.contains("00000000"), "{what}: {comments}");
    }

    let absurd = format!(" 00000000 00000400 00000000 {:016X}", 10 * LENGTH);
    assert_eq!(samples(&with_freeform_tag(m4a.clone(), "iTunSMPB", &absurd)), samples(&m4a));
    let edited = encoded("sound.m4a", &[]);
    let shorter = format!(" 00000000 00000400 00000000 {:016X}", LENGTH / 2);
    assert_eq!(samples(&with_freeform_tag(edited, "iTunSMPB", &shorter)), LENGTH, "the edit list goes first");
}

/// The raw blocks of an ADTS stream, each behind its header of seven bytes.
fn frames(adts: &[u8]) -> Vec<&[u8]> {
    let (mut frames, mut rest) = (Vec::new(), adts);
    while let &[_, _, _, a, b, c, ..] = rest {
        let length = usize::from(a & 3) << 11 | usize::from(b) << 3 | usize::from(c) >> 5;
        let (frame, behind) = rest.split_at(length);
        frames.push(frame);
        rest = behind;
    }
    frames
}

/// A frame with a fill element of this kind before its end mark.
fn with_fill(frame: &[u8], kind: u8) -> Vec<u8> {
    const HEADER: usize = 7;
    let bit = |at: usize| frame[at / 8] >> (7 - at % 8) & 1;
    let last = (HEADER * 8..frame.len() * 8).rev().find(|&at| bit(at) == 1).expect("an end mark");
    let mut bits: Vec<u8> = (HEADER * 8..last - 2).map(bit).collect();
    let mut put = |value: u8, count: usize| bits.extend((0..count).rev().map(|at| value >> at & 1));
    put(0b110, 3);
    put(5, 4);
    put(kind, 4);
    put(0, 4);
    (0..4).for_each(|byte| put(byte * 37, 8));
    put(0b111, 3);
    let body =
        bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |all, (at, bit)| all | bit << (7 - at)));
    let mut made = frame[..HEADER].to_vec();
    made.extend(body);
    let length = made.len();
    made[3] = made[3] & !3 | (length >> 11) as u8;
    made[4] = (length >> 3) as u8;
    made[5] = made[5] & 0x1F | (length << 5) as u8;
    made
}

#[test]
fn he_aac_that_does_not_say_so_is_not_taken_for_half_of_itself() {
    if !tools::present("ffmpeg") {
        return;
    }
    const SBR: u8 = 13;
    const FILLING: u8 = 0;
    let plain = encoded("sound.aac", &[]);
    let filled = |kind| frames(&plain).iter().flat_map(|frame| with_fill(frame, kind)).collect::<Vec<u8>>();
    let (_, made) = convert(&plain).unwrap();
    assert_eq!(convert(&filled(FILLING)).unwrap().1.facts.md5, made.facts.md5, "filling is no sound");
    let problem = convert(&filled(SBR)).expect_err("it is HE-AAC");
    assert!(matches!(problem, Problem::Foreign { .. }), "{problem}");
    assert!(problem.to_string().contains("HE-AAC"), "{problem}");
}

/// What an AudioSpecificConfig of 22.05 kHz in stereo says of SBR, put where ffmpeg writes that there is none.
#[test]
fn he_aac_that_says_so_goes_to_others_in_every_way_of_saying_it() {
    if !tools::present("ffmpeg") {
        return;
    }
    const WITHOUT: &[u8] = b"\x13\x90\x56\xE5\x00";
    let wav = Pcm::music(22_050, 2, 16, LENGTH).wav();
    for name in ["sound.m4a", "sound.mka"] {
        let plain = tools::ffmpeg_makes(&wav, name, &["-c:a", "aac", "-fflags", "+bitexact"]);
        let (_, made) = convert(&plain).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(made.facts.sample_rate, 22_050, "{name}: it says that it is no HE-AAC");
        let at = plain.windows(WITHOUT.len()).position(|window| window == WITHOUT).expect("a config");
        for (what, config, expected) in [
            ("as the object type", b"\x2B\x92\x08\x00\x00", "HE-AAC sound"),
            ("with PS as the object type", b"\xEB\x92\x08\x00\x00", "HE-AAC sound"),
            ("in the extension", b"\x13\x90\x56\xE5\xA0", "HE-AAC sound"),
            ("not at all", b"\x13\x90\x00\x00\x00", "AAC sound that may be HE-AAC"),
        ] {
            let file = [&plain[..at], config, &plain[at + WITHOUT.len()..]].concat();
            let problem = convert(&file).map(drop).expect_err("it is, or may be, HE-AAC");
            assert!(matches!(problem, Problem::Foreign { .. }), "{name}, {what}: {problem}");
            assert!(problem.to_string().starts_with(expected), "{name}, {what}: {problem}");
        }
    }
}

/// ADTS has no word for SBR: where the rate is that of a core, it is left to one who looks for it.
#[test]
fn adts_is_taken_for_plain_aac_only_above_the_rates_of_a_core() {
    if !tools::present("ffmpeg") {
        return;
    }
    for rate in [16_000, 22_050, 24_000, 32_000, 48_000] {
        let wav = Pcm::music(rate, 2, 16, LENGTH).wav();
        let file = tools::ffmpeg_makes(&wav, "sound.aac", &["-c:a", "aac"]);
        match convert(&file) {
            Ok((_, made)) => assert!(rate > 24_000 && made.facts.sample_rate == rate, "{rate} Hz"),
            Err(problem) => {
                assert!(rate <= 24_000 && matches!(problem, Problem::Foreign { .. }), "{rate} Hz: {problem}");
            }
        }
    }
}
