//! The files that are converted: a master in WAV is written, and MP3 and AAC are made of it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::contender::ffmpeg;
use super::music::{Music, PIECE_SECONDS};

pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) lossy: bool,
}

impl Input {
    pub(crate) fn media_type(&self) -> &'static str {
        match self.path.extension().and_then(|ending| ending.to_str()) {
            Some("mp3") => "audio/mpeg",
            Some("m4a") => "audio/mp4",
            _ => "audio/wav",
        }
    }

    pub(crate) fn says(&self) -> Result<String> {
        Ok(format!("{:.1} MB", std::fs::metadata(&self.path)?.len() as f64 / 1e6))
    }
}

/// Makes one input after the other, so that no more than two lie on the disk.
pub(crate) struct Masters<'f> {
    folder: &'f Path,
    minutes: u32,
    next: usize,
}

pub(crate) fn masters(folder: &Path, minutes: u32) -> Result<Masters<'_>> {
    Ok(Masters { folder, minutes, next: 0 })
}

impl Masters<'_> {
    pub(crate) fn next_input(&mut self) -> Result<Option<Input>> {
        let kinds: [(&str, &[&str]); 4] = [
            ("MP3 192 kb/s", &["mp3", "-c:a", "libmp3lame", "-b:a", "192k"]),
            ("AAC 192 kb/s", &["m4a", "-c:a", "aac", "-b:a", "192k"]),
            ("WAV 16/44.1", &[]),
            ("WAV 24/96", &[]),
        ];
        let Some((kind, encoding)) = kinds.get(self.next) else { return Ok(None) };
        self.next += 1;
        let path = |ending: &str| self.folder.join(format!("in.{ending}"));
        let wav = path("wav");
        let (rate, bits) = if *kind == "WAV 24/96" { (96_000, 24) } else { (44_100, 16) };
        write(&wav, rate, bits, self.minutes)?;
        let name = format!("{} min of {kind}", self.minutes);
        let [ending, options @ ..] = encoding else {
            return Ok(Some(Input { name, path: wav, lossy: false }));
        };
        let encoded = path(ending);
        let (from, to) = (wav.to_string_lossy(), encoded.to_string_lossy());
        ffmpeg(&[&["-i", &from], options, &[&to]].concat())?;
        std::fs::remove_file(&wav)?;
        Ok(Some(Input { name, path: encoded, lossy: true }))
    }
}

/// Four pieces of three minutes, in turn, as a stereo WAV.
fn write(path: &Path, rate: u32, bits: u16, minutes: u32) -> Result<()> {
    const PIECES: u64 = 4;
    let width = u32::from(bits / 8);
    let data = minutes * 60 * rate * 2 * width;
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(b"RIFF")?;
    out.write_all(&(data + 36).to_le_bytes())?;
    out.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x02\0")?;
    out.write_all(&rate.to_le_bytes())?;
    out.write_all(&(rate * 2 * width).to_le_bytes())?;
    out.write_all(&(2 * width as u16).to_le_bytes())?;
    out.write_all(&bits.to_le_bytes())?;
    out.write_all(b"data")?;
    out.write_all(&data.to_le_bytes())?;
    let pieces = u64::from(minutes * 60).div_ceil(PIECE_SECONDS);
    let rendered: Vec<Vec<u8>> =
        (0..PIECES.min(pieces)).map(|seed| Music::new(seed, rate).render(bits)).collect();
    let mut left = data as usize;
    for piece in rendered.iter().cycle() {
        let part = piece.len().min(left);
        out.write_all(&piece[..part])?;
        left -= part;
        if left == 0 {
            break;
        }
    }
    Ok(out.flush()?)
}
