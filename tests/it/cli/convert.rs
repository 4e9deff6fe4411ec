//! `lockgate convert`, with files good and bad.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tests::films::{self, Film};
use tests::pictures::{self, Jpeg, Pixels};
use tests::server::{binary, program};
use tests::sound::{by_ffmpeg, decoded, wav};

use super::{Said, command, is_tame, names, run};

const SECOND: u32 = 44_100;

fn folder(files: &[(&str, &[u8])]) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes)?;
    }
    Ok(folder)
}

/// A WAV of silence so long that whoever converts it can be caught at it. It takes no room.
fn endless(path: &Path) -> Result<()> {
    // Five hours: what is longer is refused.
    const DATA: u32 = 3 << 29;
    let mut header = wav(0, 1);
    header[4..8].copy_from_slice(&(DATA + 36).to_le_bytes());
    header[40..44].copy_from_slice(&DATA.to_le_bytes());
    let mut file = File::create(path)?;
    file.write_all(&header)?;
    Ok(file.set_len(u64::from(DATA) + 44)?)
}

#[test]
fn a_file_becomes_a_flac_beside_it_and_what_is_there_stays() -> Result<()> {
    let file = wav(SECOND, 1);
    let folder = folder(&[("a.wav", &file)])?;
    let path = folder.path();
    let said = run(path, &["convert", "a.wav"])?;
    said.expect(0, &["a.wav → a.flac ("])?;
    ensure!(said.err.is_empty(), "there is no terminal for a bar: {said:#?}");
    ensure!(decoded(&std::fs::read(path.join("a.flac"))?)? == file[44..], "the samples differ");

    std::fs::write(path.join("a.flac"), "mine")?;
    run(path, &["convert", "a.wav"])?.expect(1, &["a.flac is already there; say --force"])?;
    ensure!(std::fs::read(path.join("a.flac"))? == b"mine", "it was replaced unasked");
    run(path, &["convert", "a.wav", "--force"])?.expect(0, &[])?;
    decoded(&std::fs::read(path.join("a.flac"))?)?;
    run(path, &["convert", "a.flac", "--force"])?.expect(1, &["would replace a.flac itself"])?;
    run(path, &["convert", "a.flac", "-o", "other.ending"])?.expect(0, &["a.flac → other.ending"])?;
    ensure!(names(path)? == ["a.flac", "a.wav", "other.ending"], "{:?}", names(path)?);
    Ok(())
}

#[test]
fn the_waveform_lies_beside_a_flac_where_that_is_wanted() -> Result<()> {
    let folder = folder(&[("a.wav", &wav(SECOND, 1))])?;
    let path = folder.path();
    let made = run(path, &["convert", "a.wav", "--peaks", "--json"])?.json()?;
    ensure!(made.len() == 2 && made[1]["output"] == "a.peaks.json", "{made:#?}");
    let peaks = std::fs::read(path.join("a.peaks.json"))?;
    ensure!(made[1]["bytes"] == peaks.len(), "{made:#?}");
    let peaks: serde_json::Value = serde_json::from_slice(&peaks)?;
    ensure!(peaks["version"] == 2 && peaks["length"] == made[1]["media"]["peaks"], "{peaks:#}");
    let data = peaks["data"].as_array().context("lowest and highest in turn")?;
    ensure!(data.len() > 100 && data.iter().any(|peak| peak.as_i64() > Some(1000)), "{peaks:#}");
    std::fs::remove_file(path.join("a.flac"))?;
    run(path, &["convert", "a.wav", "--peaks"])?
        .expect(1, &["a.peaks.json is already there; say --force"])?;
    ensure!(names(path)? == ["a.peaks.json", "a.wav"], "half of it was made: {:?}", names(path)?);
    run(path, &["convert", "a.wav", "--peaks", "-o", "out/"])?
        .expect(0, &["out/a.flac (", "a.peaks.json ("])?;
    Ok(())
}

#[test]
fn many_files_go_into_a_folder_and_none_takes_the_place_of_another() -> Result<()> {
    let file = wav(SECOND, 1);
    let mp3 = by_ffmpeg(&file, "a.mp3", &["-c:a", "libmp3lame"])?;
    let folder = folder(&[("a.wav", &file), ("a.mp3", &mp3), ("b.wav", &file)])?;
    let path = folder.path();
    run(path, &["convert", "a.wav", "b.wav", "-o", "out"])?.expect(2, &["need a folder"])?;
    ensure!(!path.join("out").exists(), "it was made unasked");
    let said = run(path, &["convert", "a.wav", "a.mp3", "b.wav", "-o", "out/", "--force"])?;
    said.expect(
        1,
        &["a.wav → out/a.flac", "out/a.flac was just made of another FILE", "b.wav → out/b.flac"],
    )?;
    ensure!(names(&path.join("out"))? == ["a.flac", "b.flac"], "{said:#?}");
    ensure!(decoded(&std::fs::read(path.join("out/a.flac"))?)? == file[44..], "the second took its place");
    Ok(())
}

#[test]
fn what_cannot_be_converted_is_said_in_plain_words_and_leaves_nothing() -> Result<()> {
    let whole = wav(SECOND, 1);
    let folder = folder(&[
        ("text.wav", b"Dear diary"),
        ("cut.wav", &whole[..9999]),
        ("empty.wav", b""),
        ("a.wav", &whole),
    ])?;
    let path = folder.path();
    mknodat(CWD, path.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    std::fs::create_dir(path.join("folder"))?;
    let before = names(path)?;
    for (arguments, words) in [
        (&["text.wav"][..], "text.wav: This kind of file cannot be converted."),
        (&["cut.wav"], "cut.wav: The file is damaged or incomplete."),
        (&["empty.wav"], "the file is empty"),
        (&["missing.wav"], "missing.wav cannot be read: No such file"),
        (&["pipe"], "pipe is not a file"),
        (&["folder"], "folder is not a file"),
        (&["/dev/zero", "-o", "x.flac"], "/dev/zero is not a file"),
        (&["a.wav", "-o", "nowhere/x.flac"], "nowhere/x.flac cannot be written: No such file"),
        (&["a.wav", "-o", "a.wav/"], "a.wav/ cannot be written"),
    ] {
        let said = run(path, &[&["convert"], arguments].concat())?;
        said.expect(1, &[words])?;
        ensure!(said.out.is_empty() && !said.err.contains("storage"), "{said:#?}");
    }
    run(path, &["convert", "a.wav", "--to", "mp3"])?.expect(2, &["there is: flac"])?;
    run(path, &["convert"])?.expect(2, &["<FILE>"])?;
    ensure!(names(path)? == before, "{:?}", names(path)?);
    Ok(())
}

#[test]
fn options_are_followed_and_wrong_ones_refused() -> Result<()> {
    let folder = folder(&[("a.wav", &wav(SECOND, 1))])?;
    let wished = ["--bits", "24", "--rate", "48000", "--level", "best", "--track", "1", "--keep-going"];
    let said = run(folder.path(), &[&["convert", "--json", "a.wav"][..], &wished].concat())?;
    said.expect(0, &[])?;
    let [done] = &said.json()?[..] else { anyhow::bail!("{said:#?}") };
    let media = &done["media"];
    ensure!(
        media["bitsPerSample"] == 24 && media["sampleRate"] == 48_000 && media["samples"] == 48_000,
        "{done}"
    );
    for (wrong, words) in [
        (["--bits", "17"], "it is one of 8, 12, 16, 20, 24"),
        (["--rate", "1"], "it is one of 8000"),
        (["--channels", "3"], "it is one of 1, 2"),
        (["--level", "most"], "it is one of fast, default, best"),
        (["--track", "0"], "0 is not in 1..=999"),
        (["--ffmpeg", "."], "holds no ffmpeg"),
    ] {
        let said = run(folder.path(), &[&["convert", "a.wav", "--force"][..], &wrong].concat())?;
        ensure!(said.code != Some(0) && said.err.contains(words), "{said:#?}");
    }
    Ok(())
}

#[test]
fn json_is_one_object_for_each_file() -> Result<()> {
    let folder = folder(&[("a.wav", &wav(SECOND, 1)), ("text.wav", b"Dear diary")])?;
    let said = run(folder.path(), &["convert", "--json", "a.wav", "text.wav", "missing.wav"])?;
    said.expect(1, &[])?;
    let [done, text, missing] = &said.json()?[..] else { anyhow::bail!("{said:#?}") };
    let bytes = std::fs::metadata(folder.path().join("a.flac"))?.len();
    ensure!(done["file"] == "a.wav" && done["output"] == "a.flac" && done["bytes"] == bytes, "{done}");
    ensure!(done["media"]["samples"] == SECOND, "{done}");
    ensure!(text["file"] == "text.wav" && text["problem"]["type"] == "unsupported-media", "{text}");
    ensure!(missing["problem"]["type"] == "cannot-read", "{missing}");
    Ok(())
}

#[test]
fn a_terminal_gets_a_bar_that_is_gone_at_the_end() -> Result<()> {
    let folder = folder(&[("long.wav", &wav(30 * SECOND, 1))])?;
    let line = format!("{} convert long.wav", binary()?.display());
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm");
    let said = Said::of(script.current_dir(folder.path()).stdin(Stdio::null()).output()?)?;
    said.expect(0, &["encoding", "verifying", "%"])?;
    let last = said.out.rsplit("\u{1b}[2K").next().unwrap_or_default();
    ensure!(last.starts_with("long.wav → long.flac") && !last.contains('%'), "{last:?}");
    Ok(())
}

#[test]
fn whoever_ends_it_finds_nothing_half_done() -> Result<()> {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let folder = folder(&[])?;
        endless(&folder.path().join("long.wav"))?;
        let mut command = command(folder.path(), &["convert", "long.wav", "-o", "out.other"])?;
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        while names(folder.path())?.len() < 2 {
            ensure!(child.try_wait()?.is_none(), "it ended before it was told to");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        kill_process(Pid::from_raw(child.id().cast_signed()).context("a process has an id")?, signal)?;
        Said::of(child.wait_with_output()?)?.expect(code, &["interrupted"])?;
        ensure!(names(folder.path())? == ["long.wav"], "{:?}", names(folder.path())?);
    }
    Ok(())
}

#[test]
fn of_two_at_once_for_one_name_one_lands() -> Result<()> {
    let file = wav(20 * SECOND, 1);
    let folder = folder(&[("a.wav", &file)])?;
    let start = || -> Result<_> {
        let mut command = command(folder.path(), &["convert", "a.wav"])?;
        Ok(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    };
    let both = [start()?, start()?];
    let mut codes = Vec::new();
    for child in both {
        let said = Said::of(child.wait_with_output()?)?;
        ensure!(said.code == Some(0) || said.err.contains("already there"), "{said:#?}");
        codes.push(said.code);
    }
    codes.sort();
    ensure!(codes == [Some(0), Some(1)], "{codes:?}");
    ensure!(decoded(&std::fs::read(folder.path().join("a.flac"))?)? == file[44..], "the samples differ");
    ensure!(names(folder.path())? == ["a.flac", "a.wav"], "{:?}", names(folder.path())?);
    Ok(())
}

#[test]
fn a_hostile_name_does_not_steer_the_terminal() -> Result<()> {
    let (good, bad) = ("g\u{1b}[31m\n\u{202e}.wav", "b\u{1b}]0;x\u{7}.wav");
    let folder = folder(&[(good, &wav(SECOND, 1)), (bad, b"Dear diary")])?;
    for arguments in [["convert", good, bad], ["convert", good, "\u{1b}[2J"]] {
        let said = run(folder.path(), &arguments)?;
        said.expect(1, &["\u{fffd}"])?;
        ensure!(is_tame(&said.out) && is_tame(&said.err), "{said:#?}");
    }
    Ok(())
}

#[test]
fn a_result_is_not_read_back_when_that_is_not_wanted() -> Result<()> {
    let file = wav(SECOND, 1);
    let folder = folder(&[("a.wav", &file)])?;
    let path = folder.path();
    let verified = |arguments: &[&str]| -> Result<serde_json::Value> {
        let said = run(path, &[&["convert", "a.wav", "--force", "--json"], arguments].concat())?;
        Ok(serde_json::from_str::<serde_json::Value>(&said.out)?["verified"].clone())
    };
    ensure!(verified(&[])? == true && verified(&["--no-verify"])? == false);
    ensure!(decoded(&std::fs::read(path.join("a.flac"))?)? == file[44..], "the samples differ");
    Ok(())
}

#[test]
fn a_picture_becomes_its_proxies_and_a_damaged_one_none() -> Result<()> {
    let photo = Jpeg::default().bytes(&Pixels::scene(2400, 1200))?;
    let folder = folder(&[("a.jpg", &photo), ("cut.png", &photo[..photo.len() / 2])])?;
    let path = folder.path();
    run(path, &["convert", "a.jpg"])?.expect(0, &["a.jpg → a-2048.jpg (", "a.jpg → a-1024.jpg ("])?;
    let small = pictures::decoded(&std::fs::read(path.join("a-1024.jpg"))?)?;
    ensure!((small.width, small.height) == (1024, 512));
    run(path, &["convert", "a.jpg"])?.expect(1, &["a-2048.jpg is already there; say --force"])?;
    let said = run(path, &["convert", "--json", "--force", "a.jpg", "-o", "out/"])?;
    ensure!(said.json()?.iter().all(|made| made["media"]["width"].is_u64()), "{said:#?}");
    run(path, &["convert", "cut.png", "-o", "out/"])?.expect(1, &["cut.png: "])?;
    run(path, &["convert", "--to", "flac", "a.jpg"])?.expect(1, &["a JPEG picture"])?;
    ensure!(names(&path.join("out"))? == ["a-1024.jpg", "a-2048.jpg"], "{:?}", names(&path.join("out"))?);
    ensure!(names(path)? == ["a-1024.jpg", "a-2048.jpg", "a.jpg", "cut.png", "out"], "{:?}", names(path)?);
    Ok(())
}

#[test]
fn a_file_of_configuration_says_which_proxies_and_how_much_a_worker_may_take() -> Result<()> {
    let photo = Jpeg::default().bytes(&Pixels::scene(4000, 2000))?;
    let sizes =
        b"[proxies]\nsizes = [{ name = \"thumb\", side = 160 }]\nquality = 50\n[retention]\nresults = 3\n";
    let large = "[proxies]\nsizes = [{ name = \"large\", side = 4000 }]\n";
    let scarce = format!("{large}[limits.proxies]\nmemory = 16\n");
    let folder = folder(&[
        ("a.jpg", &photo),
        ("sizes.toml", sizes),
        ("scarce.toml", scarce.as_bytes()),
        ("odd.toml", b"[proxys]"),
    ])?;
    let path = folder.path();
    let by = |config| run(path, &["convert", "--config", config, "a.jpg", "-o", "out/"]);
    by("sizes.toml")?.expect(0, &["a-thumb.jpg ("])?;
    let made = pictures::decoded(&std::fs::read(path.join("out/a-thumb.jpg"))?)?;
    ensure!((made.width, made.height) == (160, 80));
    by("scarce.toml")?.expect(1, &["memory"])?;
    by("odd.toml")?.expect(2, &["odd.toml", "proxys"])?;
    by("missing.toml")?.expect(2, &["missing.toml"])?;
    ensure!(names(&path.join("out"))? == ["a-thumb.jpg"], "{:?}", names(&path.join("out"))?);
    Ok(())
}

#[test]
fn a_film_becomes_frames_another_film_and_captions_whatever_its_name_is() -> Result<()> {
    let name = "-f 'lavfi' \"%03d\"\n|;$(x).mp4";
    let film = Film { sound: true, seconds: 4, ..Film::default() }.bytes()?;
    let folder = folder(&[(name, &film)])?;
    let path = folder.path();
    let out = |ending: &str| format!("{}{ending}", name.trim_end_matches(".mp4"));
    let frames = ["convert", "--to", "thumbnails", "--option", "count=2", "--json", "-o", "out/", "--", name];
    let made = run(path, &frames)?.json()?;
    ensure!(made[0]["media"]["frames"] == 2 && made[0]["verified"] == true, "{made:#?}");
    let zip = std::fs::read(path.join("out").join(out("-frames.zip")))?;
    ensure!(films::frames(&zip)?.0.len() == 2);
    let small = ["convert", "--to", "video", "--option", "preset=small", "--no-verify"];
    let made = run(path, &[&small[..], &["--json", "-o", "out/", "--", name]].concat())?.json()?;
    ensure!(made[0]["verified"] == true, "a film is looked at in any case: {made:#?}");
    ensure!(made[0]["media"]["videoCodec"] == "h264" && made[0]["media"]["width"] == 320, "{made:#?}");
    let captioner = format!("{} {{wav}} {{base}}.vtt", program("captioner")?.display());
    let captions = ["convert", "--to", "captions", "--captioner", &captioner, "-o", "out/", "--", name];
    run(path, &captions)?.expect(0, &[".vtt (", ".srt ("])?;
    let vtt = std::fs::read_to_string(path.join("out").join(out(".vtt")))?;
    ensure!(vtt.matches("a tone of 440 Hz").count() == 2, "{vtt}");
    let mut all = [out("-frames.zip"), out("-small.mp4"), out(".vtt"), out(".srt")];
    all.sort();
    ensure!(names(&path.join("out"))? == all, "{:?}", names(&path.join("out"))?);

    run(path, &["convert", "--to", "captions", "--", name])?.expect(2, &["--captioner"])?;
    run(path, &["convert", "--to", "video", "--option", "preset=4k", "--", name])?
        .expect(2, &["small, web, hd"])?;
    run(path, &["convert", "--option", "count=2", "--", name])?.expect(2, &["flags of their own"])?;
    Ok(())
}
