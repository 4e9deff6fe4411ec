//! Films made by ffmpeg, of which each frame tells its number by its brightness; and what is in a zip of frames.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::pictures::decoded;

/// Frames in a second of every film made here.
pub const RATE: u32 = 6;

/// How a film is made.
#[derive(Clone, Copy)]
pub struct Film<'f> {
    /// Its ending tells the container.
    pub name: &'f str,
    pub seconds: u32,
    /// `320x180`
    pub size: &'f str,
    /// Whether it has a sound track, of a tone that is there every other second.
    pub sound: bool,
    /// More of ffmpeg's options, for the result.
    pub options: &'f [&'f str],
}

/// A key frame every half second, and none between.
const KEYS: &[&str] = &["-g", "3", "-sc_threshold", "0"];

impl Default for Film<'_> {
    fn default() -> Self {
        Self { name: "film.mp4", seconds: 10, size: "320x180", sound: false, options: KEYS }
    }
}

impl Film<'_> {
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(self.name);
        self.write(&path)?;
        Ok(std::fs::read(&path)?)
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        let Self { seconds, size, sound, options, .. } = *self;
        let picture = format!(
            "nullsrc=s={size}:r={RATE}:d={seconds},geq=lum='20+mod(3*N,210)':cb=128:cr=128,format=yuv420p"
        );
        let tone = format!("sine=frequency=440:duration={seconds},volume=enable='lt(mod(t,2),1)':volume=0");
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &picture]);
        if sound {
            command.args(["-f", "lavfi", "-i", &tone, "-shortest"]);
        }
        let output = command.args(options).arg(path).output().context("ffmpeg cannot be started")?;
        ensure!(output.status.success(), "ffmpeg {options:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

/// A film of so many seconds, one grey frame in each: it is made soon, however large it is.
pub fn grey(name: &str, size: &str, seconds: u32, options: &[&str]) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    let picture = format!("color=gray:s={size}:r=1:d={seconds},format=yuv420p");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &picture]);
    let output = command.args(options).arg(&path).output().context("ffmpeg cannot be started")?;
    ensure!(output.status.success(), "ffmpeg {options:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(std::fs::read(&path)?)
}

/// Entries of a zip that stores them as they are.
pub fn unzipped(zip: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let number = |at: usize, length: usize| -> Result<usize> {
        let bytes = zip.get(at..at + length).context("the zip is cut off")?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    };
    let (mut at, mut entries) = (0, Vec::new());
    while number(at, 4)? == 0x0403_4B50 {
        ensure!(number(at + 8, 2)? == 0, "an entry is packed");
        let (size, name) = (number(at + 18, 4)?, number(at + 26, 2)?);
        let start = at + 30 + name;
        let content = zip.get(start..start + size).context("the zip is cut off")?;
        entries.push((String::from_utf8(zip[at + 30..start].to_vec())?, content.to_vec()));
        at = start + size;
    }
    Ok(entries)
}

/// One frame of a zip.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub name: String,
    pub seconds: f64,
    pub width: u32,
    pub height: u32,
    /// Which frame of the film it is, by its brightness, and not quite sure.
    pub number: f64,
}

/// The frames of a zip, which must be those that its index names.
pub fn frames(zip: &[u8]) -> Result<(Vec<Frame>, Value)> {
    let mut entries = unzipped(zip)?;
    let (name, index) = entries.pop().context("the zip is empty")?;
    ensure!(name == "index.json", "{name}");
    let index: Value = serde_json::from_slice(&index)?;
    let named = index["frames"].as_array().context("frames")?;
    ensure!(named.len() == entries.len(), "{index:#}");
    let frames = entries.iter().zip(named).map(|((name, jpeg), named)| {
        ensure!(named["name"] == **name, "{name}: {named}");
        let pixels = decoded(jpeg)?;
        ensure!(named["width"] == pixels.width && named["height"] == pixels.height, "{named}");
        let sum: u64 = pixels.bytes.iter().map(|&byte| u64::from(byte)).sum();
        // JPEGs use all levels, films those from 16 to 235.
        let luma = sum as f64 / pixels.bytes.len() as f64 * 219.0 / 255.0 + 16.0;
        let (width, height) = (pixels.width, pixels.height);
        let seconds = named["seconds"].as_f64().context("seconds")?;
        Ok(Frame { name: name.clone(), seconds, width, height, number: (luma - 20.0) / 3.0 })
    });
    Ok((frames.collect::<Result<_>>()?, index))
}
