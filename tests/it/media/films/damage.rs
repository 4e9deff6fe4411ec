//! Films that are cut off, lie about themselves, or are none: each ends in a typed problem, and soon.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use activities::child;
use activities::making::framing::Wish;
use media::film::{Limits, Spread};
use media::{Job, Problem};
use states::Kind;
use tests::films::Film;

use super::super::child::whole;
use super::super::{TWO, tools};
use super::framed_within;
use crate::hostile::within_bounds;

const WISH: Wish = Wish { spread: Spread::Count(5), width: 640, exact: false };

async fn problem(file: &[u8]) -> Option<(Kind, String)> {
    let began = Instant::now();
    let limits = within_bounds(child::Limits::default());
    let outcome = framed_within(limits, &whole(file), WISH).await;
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    outcome.err().map(|failure| {
        let problem = failure.into_problem();
        (problem.kind, problem.detail)
    })
}

/// Where a box of this kind begins: at its length.
fn place(film: &[u8], kind: &[u8; 4]) -> usize {
    film.windows(4).position(|bytes| bytes == kind).expect("the film has such a box") - 4
}

#[tokio::test]
async fn an_index_that_lies_is_refused_before_room_is_made_for_it() {
    if !tools::present("ffmpeg") {
        return;
    }
    let film = Film::default().bytes().unwrap();
    for kind in [b"stts", b"stsz", b"stsc", b"stco", b"stss"] {
        let mut lying = film.clone();
        let at = place(&film, kind) + if kind == b"stsz" { 16 } else { 12 };
        lying[at..at + 4].copy_from_slice(&[0xFF; 4]);
        let (found, detail) = problem(&lying).await.expect("it claims 2^32 entries");
        assert_eq!(found, Kind::MediaCorrupt, "{detail}");
        assert!(detail.contains("4294967295 entries"), "{detail}");
    }
    // As large as a wall.
    let mut wide = film.clone();
    let at = place(&film, b"stsd") + 16 + 32;
    wide[at..at + 4].copy_from_slice(&[0xFF; 4]);
    assert_eq!(problem(&wide).await.expect("it claims 65535 × 65535").0, Kind::TooLarge);
    // Longer than anybody looks.
    let mut long = film.clone();
    let at = place(&film, b"mdhd") + 20;
    long[at..at + 4].copy_from_slice(&1_u32.to_be_bytes());
    assert_eq!(problem(&long).await.expect("it claims years").0, Kind::TooLong);
}

#[tokio::test]
async fn boxes_within_boxes_lead_nowhere() {
    if !tools::present("ffmpeg") {
        return;
    }
    let nested = |kind: &[u8; 4], depth: usize, leaf: &[u8]| {
        (0..depth).fold(leaf.to_vec(), |inner, _| {
            [&(inner.len() as u32 + 8).to_be_bytes()[..], kind, &inner].concat()
        })
    };
    let head = b"\0\0\0\x14ftypisom\0\0\0\0isom".to_vec();
    for kind in [b"moov", b"trak", b"mdia", b"udta"] {
        let film = [head.clone(), nested(b"moov", 1, &nested(kind, 20_000, &[]))].concat();
        let (found, detail) = problem(&film).await.expect("there is no film in it");
        assert!([Kind::MediaCorrupt, Kind::UnsupportedMedia].contains(&found), "{found}: {detail}");
    }
    // A box that holds itself, as far as its length goes; and very many.
    let mut film = [head.clone(), nested(b"moov", 2, &[0; 64])].concat();
    let at = head.len() + 8;
    film[at..at + 4].copy_from_slice(&0xFFFF_FFF0_u32.to_be_bytes());
    assert_eq!(problem(&film).await.expect("it is longer than what is around it").0, Kind::MediaCorrupt);
    let many = [head, nested(b"moov", 1, &b"\0\0\0\x08free".repeat(200_000))].concat();
    assert_eq!(problem(&many).await.expect("there are too many").0, Kind::TooLarge);
}

#[tokio::test]
async fn what_is_no_film_is_refused_by_what_it_is() {
    if !tools::present("ffmpeg") {
        return;
    }
    let sound = tools::ffmpeg_makes(&tests::sound::wav(44_100, 1), "sound.m4a", &[]);
    let empty = Film { options: &["-frames:v", "0"], ..Film::default() }.bytes();
    let playlist = b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXTINF:1,\nhttp://127.0.0.1:9/a\n".to_vec();
    let subtitle = b"1\n00:00:01,000 --> 00:00:02,000\n/etc/passwd\n".to_vec();
    let concat = b"ffconcat version 1.0\nfile '/etc/passwd'\n".to_vec();
    let polyglot = [&b"\0\0\0\x14ftypisom\0\0\0\0isom"[..], &playlist].concat();
    let named = [&b"FLV\x01\x05\0\0\0\x09\0\0\0\0"[..], &playlist].concat();
    for (what, file) in [
        ("sound", sound),
        ("playlist", playlist),
        ("subtitle", subtitle),
        ("concat", concat),
        ("polyglot", polyglot),
        ("named", named),
        ("nothing", Vec::new()),
        ("page", b"<!doctype html><video src=x>".to_vec()),
    ] {
        let (found, detail) = problem(&file).await.unwrap_or_else(|| panic!("{what} is no film"));
        assert!([Kind::MediaCorrupt, Kind::UnsupportedMedia].contains(&found), "{what}: {found}: {detail}");
        assert!(!detail.contains("root:"), "{what}: {detail}");
    }
    // ffmpeg may refuse to write such a film; if it does write one, it has no frame.
    if let Ok(empty) = empty {
        assert!(problem(&empty).await.is_some(), "it has no frame");
    }
}

/// Cut at every 64th, each is refused, or still shows every frame.
#[tokio::test]
async fn films_cut_short_are_refused() {
    if !tools::present("ffmpeg") {
        return;
    }
    for name in ["film.mp4", "film.mkv"] {
        let film = Film { name, seconds: 4, ..Film::default() }.bytes().unwrap();
        for part in 0..64 {
            let cut = &film[..film.len() * part / 64];
            match problem(cut).await {
                Some((kind, detail)) => {
                    let kinds = [Kind::MediaCorrupt, Kind::UnsupportedMedia];
                    assert!(kinds.contains(&kind), "{name} cut at {part}/64: {kind}: {detail}");
                }
                // What a cut leaves of a Matroska file may hold all the frames that are asked for.
                None => assert!(name.ends_with(".mkv") && part > 48, "{name} cut at {part}/64 passed"),
            }
        }
    }
}

/// In the process itself: no byte of an index makes the survey do anything but answer or refuse.
#[test]
fn an_index_with_changed_bytes_is_read_or_refused() {
    if !tools::present("ffmpeg") {
        return;
    }
    let film = Film { seconds: 2, sound: true, ..Film::default() }.bytes().unwrap();
    let job = Job::SurveyFilm { limits: Limits::default(), spread: Some(WISH.spread) };
    for at in place(&film, b"moov")..film.len() {
        for change in [0x01, 0x80, 0xFF] {
            let mut changed = film.clone();
            changed[at] ^= change;
            let surveyed =
                media::run(&job, TWO, &changed, &mut Vec::new(), &mut |_| ControlFlow::Continue(()));
            let refused = matches!(
                surveyed,
                Err(Problem::Corrupt { .. }
                    | Problem::Unsupported { .. }
                    | Problem::TooLarge { .. }
                    | Problem::TooLong { .. })
            );
            assert!(surveyed.is_ok() || refused, "byte {at}: {surveyed:?}");
        }
    }
}
