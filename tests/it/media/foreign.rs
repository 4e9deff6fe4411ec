//! Sound that ffmpeg decodes for us: as long as ffmpeg makes it, sample for sample what ffmpeg hears, and typed problems
//! where it is damaged or not to be decoded.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use activities::child::{AsyncSource, Failure, Limits, Workbench};
use activities::ffmpeg::Ffmpeg;
use activities::making::{Trouble, sound};
use media::audio::{Change, Wishes};
use media::{MadeFlac, Order, Problem};
use states::Kind;

use super::child::{Kept, whole};
use super::sounds::Pcm;
use super::tools;
use crate::hostile::within_bounds;

/// A bench whose ffmpeg is the installed one, and a folder for it that should be empty whenever nothing runs.
pub(crate) fn bench(scratch: &Path) -> Workbench {
    let path = std::env::var_os("PATH").expect("tests have a PATH");
    Workbench {
        program: PathBuf::from(env!("CARGO_BIN_EXE_media-child")),
        arguments: Vec::new(),
        limits: Limits::default(),
        ffmpeg: Ffmpeg::on_path(&path, scratch),
    }
}

pub(super) async fn made(file: &[u8], wishes: Wishes) -> Result<(Vec<u8>, MadeFlac), Failure> {
    made_within(Limits::default(), file, wishes).await
}

async fn made_within(limits: Limits, file: &[u8], wishes: Wishes) -> Result<(Vec<u8>, MadeFlac), Failure> {
    let scratch = tempfile::tempdir().expect("a folder for a test");
    let order = Order { wishes, ..Order::default() };
    let outcome = made_by(&bench(scratch.path()).within(limits), order, &whole(file)).await;
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "something was left behind");
    outcome
}

async fn made_by(
    bench: &Workbench,
    order: Order,
    source: &impl AsyncSource,
) -> Result<(Vec<u8>, MadeFlac), Failure> {
    let mut kept = Kept::default();
    match sound::flac(bench, order, source, &mut kept, |_| {}).await {
        Ok(made) => Ok((kept.0, made)),
        Err(Trouble::Failure(failure)) => Err(failure),
        Err(Trouble::OddAnswer(answer)) => panic!("an odd answer: {answer:?}"),
    }
}

/// A file that ffmpeg makes, and what is to come of it.
struct Case {
    name: &'static str,
    options: &'static [&'static str],
    rate: u32,
    channels: u16,
}

const fn case(name: &'static str, options: &'static [&'static str], rate: u32, channels: u16) -> Case {
    Case { name, options, rate, channels }
}

const LOSSY: &[Case] = &[
    case("sound.opus", &["-c:a", "libopus"], 48_000, 2),
    case("surround.opus", &["-c:a", "libopus", "-mapping_family", "1"], 48_000, 6),
    case("sound.webm", &["-c:a", "libopus"], 48_000, 1),
    case("opus.mp4", &["-c:a", "libopus", "-strict", "-2"], 48_000, 2),
    case("surround.m4a", &["-c:a", "aac"], 48_000, 6),
    case("low.aac", &["-c:a", "aac"], 24_000, 1),
    case("sound.ac3", &["-c:a", "ac3"], 48_000, 6),
    case("sound.eac3", &["-c:a", "eac3"], 48_000, 2),
    case("ac3.mka", &["-c:a", "ac3"], 44_100, 2),
    case("eac3.mp4", &["-c:a", "eac3"], 48_000, 6),
    case("sound.dts", &["-c:a", "dca", "-strict", "-2"], 48_000, 6),
    case("sound.wma", &["-c:a", "wmav2"], 44_100, 2),
    case("sound.ts", &["-c:a", "aac"], 48_000, 2),
    case("mp2.mpg", &["-c:a", "mp2"], 48_000, 2),
    case("mp3.avi", &["-c:a", "libmp3lame"], 44_100, 2),
    case("sound.flv", &["-c:a", "libmp3lame"], 44_100, 1),
    case("speex.ogg", &["-c:a", "libspeex"], 16_000, 1),
    case("sound.latm", &["-c:a", "aac"], 48_000, 2),
    case("ac3.rm", &["-c:a", "ac3"], 48_000, 2),
];

const LOSSLESS: &[Case] = &[
    case("sound.wv", &["-c:a", "wavpack"], 44_100, 2),
    case("surround.wv", &["-c:a", "wavpack"], 96_000, 6),
    case("sound.tta", &["-c:a", "tta"], 44_100, 2),
    case("sound.avi", &["-c:a", "pcm_s16le"], 44_100, 2),
    case("sound.w64", &["-c:a", "pcm_s24le"], 48_000, 2),
    case("rf64.wav", &["-c:a", "pcm_s16le", "-rf64", "always"], 48_000, 2),
    case("sound.au", &["-c:a", "pcm_s16be"], 44_100, 2),
    case("alac.mka", &["-c:a", "alac"], 44_100, 2),
    case("sound.voc", &["-c:a", "pcm_s16le"], 44_100, 2),
];

const LENGTH: usize = 100_000;

fn file(case: &Case, bits: u16) -> (Pcm, Vec<u8>) {
    let pcm = Pcm::music(case.rate, case.channels, bits, LENGTH);
    let file = tools::ffmpeg_makes(&pcm.wav(), case.name, case.options);
    (pcm, file)
}

#[tokio::test]
async fn lossy_sounds_are_what_ffmpeg_hears() {
    if !tools::present("ffmpeg") {
        return;
    }
    for case in LOSSY {
        let (_, file) = file(case, 16);
        let (flac, made) =
            made(&file, Wishes::default()).await.unwrap_or_else(|failure| panic!("{}: {failure}", case.name));
        let shape = (made.facts.sample_rate, u16::from(made.facts.channels), made.facts.bits_per_sample);
        assert_eq!(shape, (case.rate, case.channels, 16), "{}", case.name);
        assert_eq!(made.changes, [Change::Decoded { bits: 16 }], "{}", case.name);
        assert!(made.source.lossy, "{}", case.name);
        tools::flac_accepts(&flac);
        let (ours, theirs) = (samples(&flac), samples(&file));
        if ["surround.m4a", "opus.mp4"].contains(&case.name) {
            // Its edit list may count in milliseconds.
            let most = LENGTH as u64 + u64::from(case.rate / 1000);
            assert!((LENGTH as u64..=most).contains(&made.facts.samples), "{}: {:?}", case.name, made.facts);
            assert!(theirs.len() >= ours.len(), "{}: ffmpeg leaves the padding", case.name);
        } else {
            assert_eq!(ours.len(), theirs.len(), "{}: as many samples as ffmpeg decodes", case.name);
        }
        let furthest = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).max();
        assert!(furthest <= Some(1), "{}: {furthest:?} steps from what ffmpeg decodes", case.name);
    }
}

fn samples(file: &[u8]) -> Vec<i32> {
    let raw = tools::ffmpeg_decodes(file, "s16le");
    raw.as_chunks::<2>().0.iter().map(|pair| i32::from(i16::from_le_bytes(*pair))).collect()
}

#[tokio::test]
async fn opus_has_the_length_it_had_before() {
    if !tools::present("ffmpeg") {
        return;
    }
    for case in LOSSY.iter().filter(|case| case.name.ends_with(".opus")) {
        let (_, made) = made(&file(case, 16).1, Wishes::default()).await.unwrap();
        assert_eq!(made.facts.samples, LENGTH as u64, "{}: pre-skip and padding are trimmed", case.name);
    }
}

#[tokio::test]
async fn lossless_sounds_come_out_bit_for_bit() {
    if !tools::present("ffmpeg") {
        return;
    }
    for case in LOSSLESS {
        let bits = if case.name.ends_with(".w64") { 24 } else { 16 };
        let (pcm, file) = file(case, bits);
        let (flac, made) =
            made(&file, Wishes::default()).await.unwrap_or_else(|failure| panic!("{}: {failure}", case.name));
        assert_eq!((made.facts.md5, made.facts.samples), (pcm.md5(), pcm.length()), "{}", case.name);
        assert_eq!((made.changes, made.source.lossy), (Vec::new(), false), "{}", case.name);
        tools::flac_accepts(&flac);
    }
}

/// Of whole frames of a film, as it holds no others.
#[tokio::test]
async fn the_sound_of_an_mxf_comes_out_bit_for_bit() {
    if !tools::present("ffmpeg") {
        return;
    }
    let pcm = Pcm::music(48_000, 1, 16, 96_000);
    let file = tools::ffmpeg_makes(&pcm.wav(), "sound.mxf", &["-c:a", "pcm_s16le", "-f", "mxf_opatom"]);
    let (_, made) = made(&file, Wishes::default()).await.unwrap();
    assert_eq!((made.facts.md5, made.facts.samples), (pcm.md5(), pcm.length()));
}

#[tokio::test]
async fn without_ffmpeg_what_was_found_is_named() {
    if !tools::present("ffmpeg") {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let bench = Workbench { ffmpeg: None, ..bench(scratch.path()) };
    for (name, expected) in [
        ("sound.opus", "Opus"),
        ("ac3.mka", "AC-3"),
        ("sound.wma", "WMA"),
        ("sound.ts", "transport stream"),
        ("low.aac", "HE-AAC"),
    ] {
        let case = LOSSY.iter().find(|case| case.name == name).unwrap();
        let (_, file) = file(case, 16);
        let outcome = made_by(&bench, Order::default(), &whole(&file)).await.map(|(_, made)| made);
        let problem = outcome.expect_err(name).into_problem();
        assert_eq!(problem.kind, Kind::UnsupportedMedia, "{name}");
        assert!(problem.detail.contains(expected) && problem.detail.contains("ffmpeg"), "{}", problem.detail);
    }
}

/// Cut at every 64th, each of these is refused, or nothing of its sound was cut off.
#[tokio::test]
async fn foreign_files_cut_short_are_refused() {
    if !tools::present("ffmpeg") {
        return;
    }
    for name in ["sound.opus", "surround.m4a", "ac3.mka", "sound.wma", "mp3.avi"] {
        let case = LOSSY.iter().find(|case| case.name == name).unwrap();
        cut_everywhere(case).await;
    }
    for name in ["sound.wv", "sound.tta", "sound.w64"] {
        cut_everywhere(LOSSLESS.iter().find(|case| case.name == name).unwrap()).await;
    }
}

async fn cut_everywhere(case: &Case) {
    let (_, file) = file(case, 16);
    let (_, whole) = made(&file, Wishes::default()).await.unwrap();
    let limits = within_bounds(Limits::default());
    for part in 0..64 {
        match made_within(limits, &file[..file.len() * part / 64], Wishes::default()).await {
            Ok((_, made)) => assert_eq!(made.facts, whole.facts, "{} cut at {part}/64 passed", case.name),
            Err(failure) => {
                let problem = failure.into_problem();
                let kinds = [Kind::MediaCorrupt, Kind::UnsupportedMedia];
                assert!(kinds.contains(&problem.kind), "{} cut at {part}/64: {problem:?}", case.name);
            }
        }
    }
}

#[tokio::test]
async fn what_can_be_saved_is_saved_when_that_is_wished_for() {
    if !tools::present("ffmpeg") {
        return;
    }
    let wishes = Wishes { keep_going: true, ..Wishes::default() };
    let case = LOSSLESS.iter().find(|case| case.name == "sound.tta").unwrap();
    let (pcm, mut file) = file(case, 16);
    let middle = file.len() / 2;
    file[middle] ^= 0xFF;
    let failure = made(&file, Wishes::default()).await.map(drop).expect_err("a byte was changed");
    assert_eq!(failure.into_problem().kind, Kind::MediaCorrupt);
    let (flac, made) = made(&file, wishes).await.unwrap();
    assert!(matches!(made.changes[..], [Change::Incomplete { .. }]), "{:?}", made.changes);
    assert!(made.facts.samples <= pcm.length());
    tools::flac_accepts(&flac);

    // What does not have its checksum is decoded all the same: nobody knows how much of it is as it was.
    let (_, mut file) = self::file(LOSSY.iter().find(|case| case.name == "sound.ac3").unwrap(), 16);
    let middle = file.len() / 2;
    file[middle] ^= 0xFF;
    let (_, made) = self::made(&file, wishes).await.unwrap();
    let unknown = matches!(
        made.changes[..],
        [Change::Decoded { .. }, Change::Incomplete { missing_samples: None, .. }]
    );
    assert!(unknown, "{:?}", made.changes);
}

#[tokio::test]
async fn files_without_sound_are_refused_by_what_they_hold() {
    if !tools::present("ffmpeg") {
        return;
    }
    let file = tools::ffmpeg_paints("picture.avi");
    let failure = made(&file, Wishes::default()).await.map(drop).expect_err("there is no sound");
    assert!(matches!(&failure, Failure::Media(Problem::Unsupported { .. })), "{failure}");
    assert!(failure.to_string().contains("video"), "{failure}");
    let failure =
        made(b"RIFF\x10\0\0\0AVI LIST", Wishes::default()).await.map(drop).expect_err("there is nothing");
    let kind = failure.into_problem().kind;
    assert!([Kind::MediaCorrupt, Kind::UnsupportedMedia].contains(&kind), "{kind}");
}

/// A playlist that names another file, or an address: ffmpeg reads such things, when it is let.
#[tokio::test]
async fn no_other_file_is_opened_and_no_address() {
    if !tools::present("ffmpeg") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, secret) = file(&LOSSLESS[0], 16);
    std::fs::write(folder.path().join("secret.wv"), secret).unwrap();
    let target = folder.path().join("secret.wv");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for text in [
        format!("#EXTM3U\n#EXTINF:1,\nhttp://{address}/secret.wv\n"),
        format!("ffconcat version 1.0\nfile 'http://{address}/secret.wv'\n"),
        format!("ffconcat version 1.0\nfile '{}'\n", target.display()),
        format!("#EXTM3U\n#EXTINF:1,\n{}\n", target.display()),
    ] {
        for magic in [&b""[..], b"RIFF\0\0\0\0AVI ", b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", b"wvpk"] {
            let file = [magic, text.as_bytes()].concat();
            let failure = made(&file, Wishes::default()).await.map(drop).expect_err("it is a playlist");
            let kind = failure.into_problem().kind;
            assert!([Kind::MediaCorrupt, Kind::UnsupportedMedia].contains(&kind), "{kind}");
        }
    }
    // Connections wait for whoever accepts them: none is there.
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().map(drop).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
}
