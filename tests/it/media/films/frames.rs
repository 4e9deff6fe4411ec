//! Which frames are found, in which containers, and how much of a file is read for them.

use activities::child::AsyncSource;
use activities::making::framing::Wish;
use media::film::Spread;
use tests::films::{self, Film, Frame, RATE};
use tests::remote::Remote;

use super::super::child::whole;
use super::super::tools;
use super::framed;

const WISH: Wish = Wish { spread: Spread::Count(5), width: 640, exact: false };

async fn frames(film: Film<'_>, wish: Wish) -> (Vec<Frame>, bool) {
    let bytes = film.bytes().unwrap();
    let (zip, made) =
        framed(&whole(&bytes), wish).await.unwrap_or_else(|failure| panic!("{}: {failure}", film.name));
    let (frames, index) = films::frames(&zip).unwrap();
    assert_eq!(index["exact"], made.made.exact);
    assert_eq!(made.made.frames as usize, frames.len());
    (frames, made.made.exact)
}

/// The numbers of the frames that were found. Each must be shown when it says.
fn numbers(frames: &[Frame]) -> Vec<u32> {
    let number = |frame: &Frame| {
        assert!((frame.number - frame.seconds * f64::from(RATE)).abs() < 1.2, "{frame:?}");
        (frame.seconds * f64::from(RATE)).round() as u32
    };
    frames.iter().map(number).collect()
}

#[tokio::test]
async fn key_frames_nearest_to_evenly_spaced_times_are_taken() {
    if !tools::present("ffmpeg") {
        return;
    }
    // Key frames are each half second, and so are the middles of five parts.
    let (found, exact) = frames(Film::default(), WISH).await;
    assert_eq!((numbers(&found), exact), (vec![6, 18, 30, 42, 54], false));
    assert_eq!(
        (found[0].name.as_str(), found[4].name.as_str()),
        ("frame-0001-00m01s.jpg", "frame-0005-00m09s.jpg")
    );
    assert_eq!((found[0].width, found[0].height), (320, 180), "it is not enlarged");
    let every = Wish { spread: Spread::Every { milliseconds: 4100 }, width: 100, ..WISH };
    let (found, _) = frames(Film::default(), every).await;
    assert_eq!(numbers(&found), [0, 24, 48]);
    assert_eq!((found[0].width, found[0].height), (100, 56));
}

/// Frames that are decoded later than those they are shown before move the times of what comes out of a demuxer that skips.
#[tokio::test]
async fn where_an_index_names_the_key_frames_nothing_else_is_read() {
    if !tools::present("ffmpeg") {
        return;
    }
    let plain = Film::default();
    let reordered = Film {
        options: &["-g", "6", "-keyint_min", "6", "-sc_threshold", "0", "-bf", "3", "-b_strategy", "0"],
        ..plain
    };
    for (film, found_by) in [
        (plain, "index"),
        (reordered, "index"),
        (Film { name: "film.mov", ..reordered }, "index"),
        (Film { name: "film.mkv", ..reordered }, "scan"),
    ] {
        let bytes = film.bytes().unwrap();
        let (zip, framed) = framed(&whole(&bytes), WISH).await.unwrap();
        assert_eq!(framed.found_by, found_by, "{}", film.name);
        let (found, _) = films::frames(&zip).unwrap();
        assert_eq!(numbers(&found), [6, 18, 30, 42, 54], "{}", film.name);
    }
}

#[tokio::test]
async fn the_very_frames_are_taken_by_wish_or_where_key_frames_are_few() {
    if !tools::present("ffmpeg") {
        return;
    }
    let wish = Wish { spread: Spread::Count(4), ..WISH };
    let few = Film { options: &["-g", "60", "-keyint_min", "60", "-sc_threshold", "0"], ..Film::default() };
    let matroska = Film { name: "film.mkv", ..few };
    for (film, wish) in [
        (Film::default(), Wish { exact: true, ..wish }),
        (few, wish),
        (matroska, wish),
        (matroska, Wish { exact: true, ..wish }),
    ] {
        let (found, exact) = frames(film, wish).await;
        assert_eq!((numbers(&found), exact), (vec![8, 23, 38, 53], true), "{}", film.name);
    }
    // All of them, and then there are no more.
    let all = Wish { spread: Spread::Every { milliseconds: 10 }, ..WISH };
    let short = Film { seconds: 1, ..few };
    let (found, exact) = frames(short, all).await;
    assert_eq!((numbers(&found), exact), (vec![0, 1, 2, 3, 4, 5], true));
}

#[tokio::test]
async fn films_of_every_container_are_taken() {
    if !tools::present("ffmpeg") {
        return;
    }
    for (name, options) in [
        ("film.mov", &["-g", "3"][..]),
        ("film.mkv", &["-g", "3"]),
        ("film.webm", &["-g", "3", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]),
        ("film.avi", &["-g", "3", "-c:v", "mpeg4", "-q:v", "3"]),
        ("film.flv", &["-g", "3"]),
        ("film.wmv", &["-g", "3", "-q:v", "2"]),
        ("film.ogv", &["-g", "3", "-q:v", "9"]),
        ("fragmented.mp4", &["-g", "3", "-movflags", "frag_keyframe+empty_moov"]),
        ("hevc.mp4", &["-c:v", "libx265", "-x265-params", "keyint=3:log-level=error", "-tag:v", "hvc1"]),
        ("all-intra.mov", &["-c:v", "prores_ks"]),
    ] {
        let (found, exact) = frames(Film { name, options, ..Film::default() }, WISH).await;
        let numbers = numbers(&found);
        let expected = [6_u32, 18, 30, 42, 54];
        let near = numbers.len() == 5 && numbers.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 2);
        assert!(near && !exact, "{name}: {numbers:?}, exact: {exact}");
    }
    // A transport stream's clock does not begin at zero, and its frames do.
    let film = Film { name: "film.ts", options: &["-g", "3"], sound: true, ..Film::default() };
    let (found, _) = frames(film, WISH).await;
    assert_eq!(found.len(), 5, "{found:?}");
}

/// Within what a decoder may take of them, with as many frames before and behind as films of this size refer to.
#[tokio::test]
async fn films_of_4k_are_taken() {
    if !tools::present("ffmpeg") {
        return;
    }
    let h264 = &["-c:v", "libx264", "-preset", "veryfast", "-refs", "5", "-bf", "3", "-g", "3"][..];
    let hevc = &[
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p10le",
        "-x265-params",
        "keyint=3:ref=4:bframes=4:log-level=error",
    ][..];
    for (name, options) in [("film.mp4", h264), ("hevc.mkv", hevc)] {
        let film = films::grey(name, "3840x2160", 10, options).unwrap();
        for exact in [false, true] {
            let wish = Wish { spread: Spread::Count(3), exact, ..WISH };
            let (zip, _) =
                framed(&whole(&film), wish).await.unwrap_or_else(|failure| panic!("{name}: {failure}"));
            let (found, _) = films::frames(&zip).unwrap();
            assert_eq!((found.len(), found[0].width, found[0].height), (3, 640, 360), "{name}: {found:?}");
        }
    }
}

#[tokio::test]
async fn a_film_is_shown_upright_and_with_square_pixels() {
    if !tools::present("ffmpeg") {
        return;
    }
    let upright = Film { name: "phone.mov", options: &["-g", "3"], ..Film::default() };
    let folder = tempfile::tempdir().unwrap();
    let (lying, turned) = (folder.path().join("a.mov"), folder.path().join("b.mov"));
    upright.write(&lying).unwrap();
    tools::ffmpeg_copies(&lying, &turned, &["-metadata:s:v", "rotate=90"]);
    let (zip, _) = framed(&whole(&std::fs::read(turned).unwrap()), WISH).await.unwrap();
    let (found, _) = films::frames(&zip).unwrap();
    assert_eq!((found[0].width, found[0].height), (180, 320));
    let wide = Film { options: &["-g", "3", "-vf", "setsar=2"], ..Film::default() };
    let (found, _) = frames(wide, WISH).await;
    assert_eq!((found[0].width, found[0].height), (640, 180));
}

#[tokio::test]
async fn of_a_film_elsewhere_no_more_than_needed_is_read() {
    if !tools::present("ffmpeg") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    // Noise, lest it is all headers.
    let options = &["-g", "6", "-vf", "noise=alls=60:allf=t", "-b:v", "12M"];
    let film = Film { seconds: 60, size: "640x360", sound: true, options, ..Film::default() };
    film.write(&path).unwrap();
    let remote = Remote::open(&path).await.unwrap();
    let wish = Wish { spread: Spread::Count(10), ..WISH };
    let (zip, made) = framed(&remote, wish).await.unwrap();
    let (found, _) = films::frames(&zip).unwrap();
    assert_eq!((found.len(), made.made.exact, made.flaw), (10, false, None));
    for (frame, middle) in found.iter().zip((0..10).map(|part| f64::from(part * 6 + 3))) {
        assert!((frame.seconds - middle).abs() <= 0.5, "{frame:?}");
    }
    let (fetched, length) = (remote.fetched(), remote.len());
    println!("{fetched} of {length} bytes were fetched");
    assert!(fetched <= length / 2, "{fetched} of {length} bytes were fetched");
}
