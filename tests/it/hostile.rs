//! Files that mean harm, given to the real program: each ends in a typed problem, within two seconds of processor time and
//! 256 MB of memory for whoever looks at it, and a good file after it is well.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use png::{BitDepth, ColorType};
use serde_json::Value;
use tests::films::{Film, grey};
use tests::memory::{family, peak};
use tests::pictures::{Jpeg, Pixels, animated_png, jpeg_of_a_thousand_scans, png, png_claiming};
use tests::server::binary;
use tests::sound::{by_ffmpeg, decoded, silent_flac, wav};

const SECOND: u32 = 44_100;

const MOST_CPU: f64 = 2.0;
const MOST_MEMORY: f64 = 256e6;

/// One file, and what is to be made of it.
struct Hostile {
    what: String,
    name: String,
    recipe: &'static str,
    bytes: Vec<u8>,
}

fn hostile(
    what: impl Into<String>,
    name: impl Into<String>,
    recipe: &'static str,
    bytes: Vec<u8>,
) -> Hostile {
    Hostile { what: what.into(), name: name.into(), recipe, bytes }
}

fn pictures() -> Result<Vec<Hostile>> {
    Ok(vec![
        hostile(
            "a PNG of 1 kB that claims 60,000 × 60,000",
            "a.png",
            "proxies",
            png_claiming(60_000, 60_000, false)?,
        ),
        hostile("a JPEG of a thousand scans", "a.jpg", "proxies", jpeg_of_a_thousand_scans()?),
        hostile("an animated PNG", "a.png", "proxies", animated_png()?),
        hostile("a picture that is a page", "a.jpg", "proxies", b"<!doctype html><script>".to_vec()),
    ])
}

/// `port` is that of whoever waits for somebody to fetch what a playlist names.
fn films(port: u16) -> Result<Vec<Hostile>> {
    let film = Film { sound: true, ..Film::default() }.bytes()?;
    let place =
        |kind: &[u8]| film.windows(4).position(|four| four == kind).context("the film has such a box");
    let mut lying = film.clone();
    let at = place(b"stsz")? + 12;
    lying[at..at + 4].copy_from_slice(&[0xFF; 4]);
    let head = b"\0\0\0\x14ftypisom\0\0\0\0isom";
    let nested = (0..10_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        [&(inner.len() as u32 + 8).to_be_bytes()[..], b"moov", &inner].concat()
    });
    let mut itself = [&head[..], b"\0\0\0\x40moov\0\0\0\x38moov", &[0; 48]].concat();
    itself[28..32].copy_from_slice(&0xFFFF_FFF0_u32.to_be_bytes());
    let (moov, stsd) = (place(b"moov")? - 4, place(b"stsd")?);
    ensure!(moov < stsd, "the film has an index");
    let playlist = |first: &str, second: &str| {
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{first}\n#EXTINF:1,\n{second}\n").into_bytes()
    };
    let (local, remote) = ("file:///etc/passwd", format!("http://127.0.0.1:{port}/a.ts"));
    let (local_first, remote_first) = (playlist(local, &remote), playlist(&remote, local));
    let subtitle = b"1\n00:00:01,000 --> 00:00:02,000\n{\\an8}/etc/passwd\n".to_vec();
    let polyglot = [&head[..], b"<script>PK\x03\x04%PDF-1.4", &local_first[..]].concat();
    let sound = wav(SECOND, 1);
    let mut all = vec![
        hostile("an MP4 whose tables claim 2^32 entries", "a.mp4", "thumbnails", lying.clone()),
        hostile("the same, to be made anew", "a.mp4", "video", lying),
        hostile("boxes in boxes, 10,000 deep", "a.mp4", "thumbnails", [&head[..], &nested].concat()),
        hostile("a box that is longer than what is around it", "a.mp4", "thumbnails", itself),
        hostile("a film without a frame", "a.mp4", "thumbnails", film[..moov.min(film.len())].to_vec()),
        hostile("a sound that calls itself a film", "a.mp4", "video", sound),
        hostile("a playlist that names /etc/passwd and a URL", "a.mp4", "thumbnails", local_first.clone()),
        hostile("the same, to be made anew", "a.m3u8.mp4", "video", local_first),
        hostile("a playlist that names a URL", "a.m3u8", "thumbnails", remote_first.clone()),
        hostile("the same, to be made anew", "a.m3u8", "video", remote_first.clone()),
        hostile("the same, to be made a FLAC", "a.m3u8", "flac", remote_first),
        hostile("a subtitle that names /etc/passwd", "a.mkv", "video", subtitle),
        hostile("a file of five kinds at once", "a.mp4", "thumbnails", polyglot),
    ];
    for part in [1, 32, 63] {
        let cut = film[..film.len() * part / 64].to_vec();
        all.push(hostile(format!("an MP4 cut at {part}/64"), "a.mp4", "thumbnails", cut));
    }
    Ok(all)
}

/// The file with other bytes in it, so far behind the begin of a name that stands in it.
fn with(file: &[u8], name: &[u8; 4], behind: usize, bytes: &[u8]) -> Result<Vec<u8>> {
    let place = file.windows(4).position(|four| four == name);
    let at = place.context("the file has something of this name")? + behind;
    let mut changed = file.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    Ok(changed)
}

/// A WAV of the kind for large files, which states so many bytes of samples and as many samples.
fn rf64(claimed: u64) -> Vec<u8> {
    let plain = wav(SECOND, 1);
    let (form, samples) = (&plain[12..40], &plain[44..]);
    // What follows the first eight bytes: its kind, the chunk of sizes, and a plain WAV's chunks.
    let whole = 4 + 36 + form.len() + 4 + samples.len();
    let sizes = [whole as u64, claimed, claimed].map(u64::to_le_bytes);
    let head = b"RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0";
    [&head[..], sizes.as_flattened(), &[0; 4], form, &[0xFF; 4], samples].concat()
}

fn sounds() -> Result<Vec<Hostile>> {
    const MANY: u64 = 1 << 63;
    let sound = wav(6 * SECOND, 1);
    let made = |name: &str, codec: &str| by_ffmpeg(&sound, name, &["-c:a", codec]);
    let (mp3, flac) = (made("a.mp3", "libmp3lame")?, made("a.flac", "flac")?);
    let (m4a, caf) = (made("a.m4a", "aac")?, made("a.caf", "pcm_s16be")?);
    // Half as many packets as 32 bits can count, each as long as they can say.
    let many_packets = with(&m4a, b"stts", 12, b"\x80\0\0\0\xFF\xFF\xFF\xFF")?;
    let kinds = [b"stbl", b"minf", b"mdia", b"trak", b"moov"];
    let nested = kinds.into_iter().cycle().take(1000).fold(Vec::new(), |inner: Vec<u8>, kind| {
        [&(inner.len() as u32 + 8).to_be_bytes()[..], kind, &inner].concat()
    });
    let nested = [&b"\0\0\0\x14ftypM4A \0\0\0\0M4A "[..], &nested].concat();
    let ten_hours = silent_flac(10 * 3600 * u64::from(SECOND));
    // The lowest 36 bits of STREAMINFO's second half; zero says that it is not known.
    let mut unstated = ten_hours.clone();
    unstated[21] &= 0xF0;
    unstated[22..26].fill(0);
    let many_bytes = with(&caf, b"data", 4, &MANY.to_be_bytes())?;
    let mut all = vec![
        hostile("ten hours of silence in 400 kB", "a.flac", "flac", ten_hours),
        hostile("the same, which does not say how long it is", "a.flac", "flac", unstated),
        hostile("an M4A of 2^63 samples", "a.m4a", "flac", many_packets),
        hostile("a CAF of 2^63 bytes", "a.caf", "flac", many_bytes),
        hostile("an RF64 of 2^63 samples", "a.wav", "flac", rf64(MANY)),
        hostile("boxes in boxes, a thousand deep", "a.m4a", "flac", nested),
    ];
    // Each 64th is tried in the process itself (media/damage.rs).
    for (name, whole) in [("a.wav", &sound), ("a.mp3", &mp3), ("a.flac", &flac), ("a.m4a", &m4a)] {
        for part in [1, 32, 63] {
            let cut = whole[..whole.len() * part / 64].to_vec();
            all.push(hostile(format!("{name} cut at {part}/64"), name, "flac", cut));
        }
    }
    Ok(all)
}

/// What one run of the program took.
struct Taken {
    said: Value,
    wall: f64,
    /// Of the program and all it started.
    processor: f64,
    /// The peak of whichever of them had the most, in bytes.
    memory: f64,
}

fn run(folder: &Path, file: &Hostile) -> Result<Taken> {
    let path = folder.join(&file.name);
    std::fs::write(&path, &file.bytes)?;
    let before = processor()?;
    let began = Instant::now();
    let mut command = Command::new(binary()?);
    command.args(["convert", "--json", "--force", "--to", file.recipe, "-o", "out/", "--"]).arg(&file.name);
    let mut child = command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut peaks = BTreeMap::new();
    while child.try_wait()?.is_none() {
        for process in family(child.id()) {
            peaks.extend(peak(process).map(|peak| (process, peak as f64)));
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "{}: it takes too long", file.what);
        std::thread::park_timeout(Duration::from_millis(2));
    }
    let wall = began.elapsed().as_secs_f64();
    let output = child.wait_with_output()?;
    ensure!(output.status.code() == Some(1), "{}: it ended with {}", file.what, output.status);
    let memory = peaks.values().copied().fold(0.0, f64::max);
    let said = serde_json::from_slice(&output.stdout)?;
    Ok(Taken { said, wall, processor: processor()? - before, memory })
}

/// As [`run`]; the problem must be of one of these kinds, and nothing be taken beyond what is allowed.
fn run_within_bounds(folder: &Path, file: &Hostile, kinds: &[&str]) -> Result<()> {
    let taken = run(folder, file)?;
    let problem = &taken.said["problem"];
    println!(
        "{:46} {:10} {:5.2} s {:5.2} CPU s {:6.1} MB  {}: {}",
        file.what,
        file.recipe,
        taken.wall,
        taken.processor,
        taken.memory / 1e6,
        problem["type"].as_str().unwrap_or("-"),
        problem["detail"].as_str().unwrap_or("-"),
    );
    ensure!(kinds.iter().any(|kind| problem["type"] == *kind), "{}: {:#}", file.what, taken.said);
    ensure!(!taken.said.to_string().contains("root:"), "{}: {:#}", file.what, taken.said);
    ensure!(taken.processor <= MOST_CPU, "{}: {} CPU s", file.what, taken.processor);
    ensure!(taken.memory <= MOST_MEMORY, "{}: {} bytes", file.what, taken.memory);
    Ok(())
}

fn results(folder: &Path) -> Result<usize> {
    Ok(std::fs::read_dir(folder.join("out"))?.count())
}

/// Seconds of processor time of everything that was started here and has ended.
fn processor() -> Result<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").context("a name in brackets")?;
    let ticks = fields.split(' ').skip(13).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS_PER_SECOND)
}

#[test]
fn every_hostile_file_ends_in_a_problem_soon_and_in_little_memory() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let kinds = ["media-corrupt", "unsupported-media", "too-large", "too-long"];
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let films = films(listener.local_addr()?.port())?;
    for file in pictures()?.iter().chain(&films).chain(&sounds()?) {
        run_within_bounds(folder.path(), file, &kinds)?;
    }
    // Connections wait for whoever accepts them: none is there.
    listener.set_nonblocking(true)?;
    let fetched = listener.accept().map(|(_, from)| from);
    ensure!(matches!(&fetched, Err(error) if error.kind() == ErrorKind::WouldBlock), "{fetched:?}");
    let left = results(folder.path())?;
    ensure!(left == 0, "{left} results were left");
    Ok(())
}

/// Its decoder is allowed no more memory than what it says it is takes.
#[test]
fn a_film_that_is_larger_than_it_says_is_out_of_memory_before_it_has_taken_much() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = &["-preset", "ultrafast", "-tune", "zerolatency", "-threads", "1", "-g", "1"];
    let film = grey("film.mp4", "8192x7680", 3, options)?;
    let sides = [320_u16, 180].map(u16::to_be_bytes);
    let lying = with(&film, b"stsd", 44, sides.as_flattened())?;
    let file = hostile("320 × 180 with frames of 8192 × 7680", "a.mp4", "thumbnails", lying);
    run_within_bounds(folder.path(), &file, &["out-of-memory"])?;
    ensure!(results(folder.path())? == 0, "a result was left");
    Ok(())
}

/// Cuts a picture at each 64th, and then has it made whole.
fn cut_everywhere(name: &str, picture: &[u8]) -> Result<()> {
    println!("{name} of {} bytes", picture.len());
    let folder = tempfile::tempdir()?;
    for part in 1..64 {
        let cut = picture[..picture.len() * part / 64].to_vec();
        let file = hostile(format!("{name} cut at {part}/64"), name, "proxies", cut);
        run_within_bounds(folder.path(), &file, &["media-corrupt"])?;
    }
    ensure!(results(folder.path())? == 0, "a result was left");
    std::fs::write(folder.path().join(name), picture)?;
    let mut command = Command::new(binary()?);
    command.args(["convert", "--json", "--to", "proxies", "-o", "out/", "--", name]);
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output()?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "the whole one: {}: {said}", output.status);
    let said = said.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    ensure!(said.len() == 2 && said.iter().all(|said| said["verified"] == true), "{said:#?}");
    ensure!(results(folder.path())? == 2, "there are other results");
    Ok(())
}

#[test]
fn a_jpeg_cut_anywhere_is_damaged_soon_and_in_little_memory_and_a_whole_one_is_well() -> Result<()> {
    cut_everywhere("a.jpg", &Jpeg::default().bytes(&Pixels::scene(1440, 1080).grainy())?)
}

#[test]
fn a_png_cut_anywhere_is_damaged_soon_and_in_little_memory_and_a_whole_one_is_well() -> Result<()> {
    let scene = Pixels::scene(440, 330).grainy();
    cut_everywhere("a.png", &png((440, 330), ColorType::Rgb, BitDepth::Eight, &scene.bytes, |_| {})?)
}

/// In one run, so that whatever a hostile file leaves behind is there for the good one.
#[test]
fn a_good_sound_after_hostile_ones_is_well() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (sounds, good) = (sounds()?, wav(SECOND, 2));
    let mut names: Vec<_> =
        (0..).zip(&sounds).map(|(number, file)| format!("{number}-{}", file.name)).collect();
    for (name, file) in names.iter().zip(&sounds) {
        std::fs::write(folder.path().join(name), &file.bytes)?;
    }
    std::fs::write(folder.path().join("good.wav"), &good)?;
    names.push("good.wav".to_owned());
    let mut command = Command::new(binary()?);
    command.args(["convert", "--json", "--to", "flac", "-o", "out/", "--"]).args(&names);
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output()?;
    ensure!(output.status.code() == Some(1), "it ended with {}", output.status);
    let said = String::from_utf8(output.stdout)?;
    let said = said.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    ensure!(said.len() == names.len(), "{said:#?}");
    let (last, before) = said.split_last().context("it says something of each file")?;
    ensure!(before.iter().all(|said| said["problem"]["type"].is_string()), "{before:#?}");
    ensure!(last["file"] == "good.wav" && last["verified"] == true, "{last:#}");
    ensure!(
        decoded(&std::fs::read(folder.path().join("out/good.flac"))?)? == good[44..],
        "the samples differ"
    );
    let results = results(folder.path())?;
    ensure!(results == 1, "{results} results were left");
    Ok(())
}
