//! A film made into another of a known kind: ffmpeg makes it in a folder of its own, and what came out is looked at before
//! anybody gets it.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use media::Problem;
use media::audio::Container;
use media::film::{Limits, Survey};
use serde_json::{Map, Value, json};
use states::options::{self, Codec, Preset};

use super::facts::facts;
use super::framing::survey;
use super::sound::Trouble;
use crate::child::files::blocking;
use crate::child::{AsyncSource, Failure, Workbench};
use crate::ffmpeg::{self, EncodeRecipe, Encoded, Film, Pace};

/// A result and what it is.
pub struct Filmed {
    encoded: Encoded,
    film: Film,
    source: Film,
}

impl Filmed {
    /// Where it lies, for as long as this is there.
    pub fn path(&self) -> &Path {
        &self.encoded.path
    }

    /// What it is, for people and programs.
    pub fn description(&self) -> Map<String, Value> {
        let Self { encoded, film, source } = self;
        facts(json!({
            "width": film.width,
            "height": film.height,
            "durationSeconds": film.milliseconds.map(|milliseconds| milliseconds as f64 / 1000.0),
            "videoCodec": film.codec,
            "audioCodec": film.sound,
            "source": { "width": source.width, "height": source.height, "videoCodec": source.codec },
            "flaw": encoded.flaw,
        }))
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub pace: Pace,
    /// Of the film's milliseconds, if it says how many it has.
    pub milliseconds: Option<u64>,
}

impl Progress {
    /// Seconds that are left, at this pace.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = self.milliseconds?.saturating_sub(self.pace.milliseconds);
        (self.pace.speed > 0.0).then(|| (left as f64 / 1000.0 / self.pace.speed).ceil() as u64)
    }
}

/// Makes a film of the one in `source`, and verifies it.
pub async fn video(
    bench: &Workbench,
    options: options::Video,
    source: &impl AsyncSource,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Filmed, Trouble> {
    let (ffmpeg, limits) = (bench.ffmpeg()?, Limits::default());
    let Survey { container, .. } = survey(bench, source, None).await?;
    let file = ffmpeg::as_file(source, &ffmpeg.scratch).await.map_err(Failure::from)?;
    let found = ffmpeg::ask_film(bench, ffmpeg, container, file.path()).await?;
    check(&found, limits)?;
    let recipe = recipe(options, limits);
    let told = |pace| progress(Progress { pace, milliseconds: found.milliseconds });
    let what = (container, file.path(), &found);
    let encoded = ffmpeg::encode(&bench.program, ffmpeg, bench.limits, what, &recipe, told).await?;
    let film = ffmpeg::ask_film(bench, ffmpeg, recipe.container, &encoded.path).await?;
    // The film need not have said how long it is, or may have lied.
    check(&film, limits)?;
    verify(&recipe, &found, &film, encoded.flaw.as_deref()).map_err(Failure::Media)?;
    verify_index(&recipe, &encoded).await?;
    Ok(Filmed { encoded, film, source: found })
}

fn check(film: &Film, limits: Limits) -> Result<(), Failure> {
    let checked = limits.check_sides(film.width, film.height);
    checked.and_then(|()| limits.check_length(film.milliseconds.unwrap_or(0))).map_err(Failure::Media)
}

/// Whether it has the streams and the shape that were asked for, and is as long as it was.
fn verify(recipe: &EncodeRecipe, source: &Film, film: &Film, flaw: Option<&str>) -> Result<(), Problem> {
    /// Containers count time in ticks of their own, and sound ends with a whole frame.
    const SLACK_MILLISECONDS: u64 = 500;
    /// Players, ffprobe and ffmpeg's filters round for themselves.
    const SLACK_PIXELS: u32 = 2;
    let unverified = |what: String| Err(Problem::Unverified { what });
    let [picture, sound] = recipe.codecs;
    let as_asked = source.sound.as_ref().map(|_| sound);
    if film.codec != picture || film.sound.as_deref() != as_asked {
        return unverified(format!("it holds {} and {:?}", film.codec, film.sound));
    }
    let (width, height) = recipe.sides(source);
    if film.width.abs_diff(width) > SLACK_PIXELS || film.height.abs_diff(height) > SLACK_PIXELS {
        let Film { width: w, height: h, .. } = film;
        return unverified(format!("it is {w} × {h} pixels, and should be {width} × {height}"));
    }
    let (Some(was), Some(is)) = (source.milliseconds, film.milliseconds) else {
        return if film.milliseconds.is_some() { Ok(()) } else { unverified("it has no length".to_owned()) };
    };
    if was.abs_diff(is) <= SLACK_MILLISECONDS.max(was / 50) {
        return Ok(());
    }
    match flaw {
        Some(said) => Err(Problem::Corrupt {
            what: format!("of {was} ms of film {is} ms decode ({said})"),
            missing_samples: None,
        }),
        None => unverified(format!("it is {is} ms long, and the film {was} ms")),
    }
}

/// Whether whoever has the first bytes of it has what it takes to play them.
async fn verify_index(recipe: &EncodeRecipe, encoded: &Encoded) -> Result<(), Failure> {
    if recipe.container != Container::Mp4 {
        return Ok(());
    }
    let path = encoded.path.clone();
    let is_first = blocking(move || index_is_first(&mut File::open(path)?)).await;
    match is_first.map_err(Failure::Sink)? {
        true => Ok(()),
        false => Err(Failure::Media(Problem::Unverified { what: "its index is not in front".to_owned() })),
    }
}

/// Whether the index of an MP4 comes before what it is the index of.
fn index_is_first(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    /// Besides the first, which names the kind.
    const MOST_BOXES: usize = 8;
    for _ in 0..MOST_BOXES {
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        match (&kind, u32::from_be_bytes([a, b, c, d])) {
            (b"moov", _) => return Ok(true),
            (b"mdat", _) | (_, ..8) => return Ok(false),
            (_, length) => file.seek_relative(i64::from(length) - 8)?,
        }
    }
    Ok(false)
}

fn recipe(options: options::Video, limits: Limits) -> EncodeRecipe {
    let options::Video { preset, codec } = options;
    let words = |text: &str| text.split(' ').map(ToOwned::to_owned).collect();
    let (longest_side, kilobits) = match preset {
        Preset::Small => (640, 96),
        Preset::Web => (1280, 128),
        Preset::Hd => (1920, 160),
    };
    // The encoder's constant rate factor: the higher it is, the coarser the picture and the smaller the file. The smaller a
    // preset makes the picture, the coarser it may be. Each encoder has a scale of its own.
    let quality = |small, web, hd| match preset {
        Preset::Small => small,
        Preset::Web => web,
        Preset::Hd => hd,
    };
    let (picture, sound, codecs) = match codec {
        Codec::H264 => {
            let crf = quality(27, 24, 22);
            let picture =
                format!("-c:v libx264 -preset veryfast -crf {crf} -profile:v high -pix_fmt yuv420p");
            (picture, "aac", ["h264", "aac"])
        }
        Codec::Vp9 => {
            let crf = quality(36, 34, 32);
            let speed = "-deadline realtime -cpu-used 6 -row-mt 1 -b:v 0";
            (format!("-c:v libvpx-vp9 {speed} -crf {crf} -pix_fmt yuv420p"), "libopus", ["vp9", "opus"])
        }
        Codec::Av1 => {
            let crf = quality(40, 37, 35);
            (
                format!("-c:v libsvtav1 -preset 10 -crf {crf} -g 240 -pix_fmt yuv420p"),
                "libopus",
                ["av1", "opus"],
            )
        }
    };
    let (muxer, muxer_options, container): (_, &[&str], _) = match codec {
        Codec::H264 => ("mp4", &["-movflags", "+faststart"], Container::Mp4),
        Codec::Vp9 | Codec::Av1 => ("webm", &[], Container::Matroska),
    };
    let sound = words(&format!("-c:a {sound} -b:a {kilobits}k"));
    EncodeRecipe {
        longest_side,
        longest_seconds: limits.seconds,
        picture: words(&picture),
        sound,
        codecs,
        muxer,
        muxer_options,
        container,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn film(width: u32, height: u32, codec: &str, sound: Option<&str>, milliseconds: Option<u64>) -> Film {
        let (codec, sound) = (codec.to_owned(), sound.map(ToOwned::to_owned));
        Film { width, height, pixel_width: 1.0, milliseconds, codec, sound }
    }

    fn of_preset(preset: Preset, codec: Codec) -> EncodeRecipe {
        recipe(options::Video { preset, codec }, Limits::default())
    }

    fn refused(recipe: &EncodeRecipe, source: &Film, film: &Film) -> String {
        match verify(recipe, source, film, None) {
            Err(Problem::Unverified { what }) => what,
            other => panic!("{other:?} of {film:?}"),
        }
    }

    #[test]
    fn a_film_of_other_codecs_or_streams_is_refused() {
        let second = Some(1000);
        let source = film(640, 360, "hevc", Some("ac3"), second);
        for (codec, picture, sound, others) in [
            (Codec::H264, "h264", "aac", [("hevc", Some("aac")), ("h264", Some("opus")), ("h264", None)]),
            (Codec::Vp9, "vp9", "opus", [("vp8", Some("opus")), ("vp9", Some("vorbis")), ("vp9", None)]),
            (Codec::Av1, "av1", "opus", [("vp9", Some("opus")), ("av1", Some("aac")), ("av1", None)]),
        ] {
            let recipe = of_preset(Preset::Web, codec);
            let well = film(640, 360, picture, Some(sound), second);
            assert_eq!(verify(&recipe, &source, &well, None), Ok(()));
            for (picture, sound) in others {
                let what = refused(&recipe, &source, &film(640, 360, picture, sound, second));
                assert!(what.starts_with(&format!("it holds {picture}")), "{what}");
            }
            let mute = Film { sound: None, ..source.clone() };
            refused(&recipe, &mute, &well);
        }
    }

    #[test]
    fn a_film_of_another_shape_is_refused() {
        let recipe = of_preset(Preset::Web, Codec::H264);
        let (of, as_h264) = (|w, h| film(w, h, "vp9", None, None), |w, h| film(w, h, "h264", None, Some(1)));
        let wide_pixels = |pixel_width| Film { pixel_width, ..of(720, 576) };
        for (source, made, others) in [
            // Never enlarged, never larger than asked for, never turned.
            (of(640, 360), (640, 360), [(1280, 720), (360, 640)]),
            (of(3840, 2160), (1280, 720), [(3840, 2160), (720, 1280)]),
            (of(1080, 1920), (720, 1280), [(1280, 720), (1080, 1920)]),
            (of(333, 111), (334, 112), [(337, 112), (334, 115)]),
            (wide_pixels(64.0 / 45.0), (1024, 576), [(720, 576), (1280, 720)]),
            (wide_pixels(0.5), (360, 576), [(720, 576), (720, 1152)]),
        ] {
            assert_eq!(verify(&recipe, &source, &as_h264(made.0, made.1), None), Ok(()), "{source:?}");
            for (width, height) in others {
                let what = refused(&recipe, &source, &as_h264(width, height));
                assert!(what.contains(&format!("{width} × {height} pixels")), "{what}");
            }
        }
    }

    #[test]
    fn a_film_of_another_length_is_refused_and_damaged_where_ffmpeg_complained() {
        let recipe = of_preset(Preset::Web, Codec::H264);
        let lasting = |codec, milliseconds| film(64, 64, codec, None, milliseconds);
        let source = lasting("vp9", Some(10_000));
        for is in [9500, 10_000, 10_500] {
            assert_eq!(verify(&recipe, &source, &lasting("h264", Some(is)), Some("a flaw")), Ok(()));
        }
        for is in [5000, 9499, 10_501] {
            let made = lasting("h264", Some(is));
            assert!(refused(&recipe, &source, &made).contains(&format!("{is} ms")));
            let damaged = verify(&recipe, &source, &made, Some("a flaw"));
            assert!(matches!(damaged, Err(Problem::Corrupt { .. })), "{damaged:?}");
        }
        assert_eq!(refused(&recipe, &source, &lasting("h264", None)), "it has no length");
        assert_eq!(verify(&recipe, &lasting("vp9", None), &lasting("h264", Some(1)), None), Ok(()));
    }

    #[test]
    fn the_index_of_an_mp4_is_in_front_or_it_is_not() {
        let file = |kinds: &[&[u8; 4]]| -> Vec<u8> {
            kinds.iter().flat_map(|kind| [&12_u32.to_be_bytes()[..], *kind, &[0; 4]].concat()).collect()
        };
        let is_first = |bytes: Vec<u8>| index_is_first(&mut Cursor::new(bytes)).ok();
        assert_eq!(is_first(file(&[b"ftyp", b"moov", b"mdat"])), Some(true));
        assert_eq!(is_first(file(&[b"ftyp", b"free", b"mdat", b"moov"])), Some(false));
        assert_eq!(is_first(file(&[b"free"; 20])), Some(false));
        assert_eq!(is_first(file(&[b"ftyp"])), None);
        assert_eq!(is_first(b"\0\0\0\0ftyp".to_vec()), Some(false));
    }
}
