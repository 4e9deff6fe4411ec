//! Sounds made by arithmetic, so that no media lies in the repository, and what Debian's tools say of results.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use sha2::{Digest, Sha256};

/// Numbers that look random and are the same each time.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// The samples of a FLAC as `flac` decodes them, little-endian, once `flac -t` has passed it.
pub fn decoded(flac: &[u8]) -> Result<Vec<u8>> {
    flac_tool(&["--test", "--silent", "-"], flac)?;
    flac_tool(
        &["--decode", "--silent", "--force-raw-format", "--endian=little", "--sign=signed", "--stdout", "-"],
        flac,
    )
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `wav` as ffmpeg encodes it, into a file of this name.
pub fn by_ffmpeg(wav: &[u8], name: &str, arguments: &[&str]) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let (input, output) = (folder.path().join("in.wav"), folder.path().join(name));
    std::fs::write(&input, wav)?;
    ffmpeg(Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(&input).args(arguments).arg(&output))?;
    Ok(std::fs::read(&output)?)
}

/// The samples of `file` as ffmpeg decodes them to 16 bit, little-endian.
pub fn pcm_by_ffmpeg(file: &[u8], name: &str) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let (input, output) = (folder.path().join(name), folder.path().join("out.raw"));
    std::fs::write(&input, file)?;
    let command = &mut Command::new("ffmpeg");
    ffmpeg(command.args(["-v", "error", "-i"]).arg(&input).args(["-f", "s16le"]).arg(&output))?;
    Ok(std::fs::read(&output)?)
}

/// The largest difference between two 16-bit little-endian sounds of one length.
pub fn furthest_sample(ours: &[u8], theirs: &[u8]) -> u32 {
    let samples = |bytes: &[u8]| -> Vec<i16> {
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
    };
    let pairs = samples(ours).into_iter().zip(samples(theirs));
    pairs.map(|(a, b)| i32::from(a).abs_diff(i32::from(b))).max().unwrap_or(0)
}

fn ffmpeg(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn flac_tool(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(input)?;
    let output = Command::new("flac").args(arguments).stdin(Stdio::from(file.reopen()?)).output()?;
    ensure!(output.status.success(), "flac {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// A mono 16-bit WAV of `samples` samples at 44.1 kHz: two tones with some noise. The same seed gives the same bytes.
pub fn wav(samples: u32, seed: u64) -> Vec<u8> {
    let data_bytes = samples * 2;
    let mut wav = Vec::with_capacity(44 + data_bytes as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16u32.to_le_bytes());
    for field in [1u16, 1] {
        wav.extend_from_slice(&field.to_le_bytes()); // PCM, one channel
    }
    wav.extend_from_slice(&44_100u32.to_le_bytes());
    wav.extend_from_slice(&88_200u32.to_le_bytes());
    for field in [2u16, 16] {
        wav.extend_from_slice(&field.to_le_bytes()); // bytes of a frame, bits of a sample
    }
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data_bytes.to_le_bytes());
    let mut noise = Noise::new(seed);
    for n in 0..samples {
        let hiss = (noise.draw() % 256) as f64 - 128.0;
        let time = f64::from(n) / 44_100.0;
        let tones = (time * 440.0 * std::f64::consts::TAU).sin() * 9000.0
            + (time * 1234.5 * std::f64::consts::TAU).sin() * 4000.0;
        wav.extend_from_slice(&((tones + hiss) as i16).to_le_bytes());
    }
    wav
}

/// A WAV of so many seconds, the same ten again and again.
pub fn long_wav(seconds: u32) -> Vec<u8> {
    const PIECE: u32 = 10;
    const HEADER: usize = 44;
    let mut file = wav(PIECE * 44_100, 1);
    let samples = file.split_off(HEADER).repeat((seconds / PIECE) as usize);
    file[4..8].copy_from_slice(&((samples.len() + HEADER - 8) as u32).to_le_bytes());
    file[HEADER - 4..].copy_from_slice(&(samples.len() as u32).to_le_bytes());
    file.extend_from_slice(&samples);
    file
}

/// A mono 16-bit FLAC of so many samples of silence at 44.1 kHz, in some ten bytes for each second. It states no MD5.
pub fn silent_flac(samples: u64) -> Vec<u8> {
    const BLOCK: u64 = 65_535;
    const RATE: u64 = 44_100;
    const BITS: u64 = 16;
    let mut flac = b"fLaC\x80\0\0\x22".to_vec();
    // The least and the most samples of a frame; how many bytes one has is not said.
    flac.extend_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]);
    flac.extend_from_slice(&((RATE << 44) | ((BITS - 1) << 36) | samples).to_be_bytes());
    flac.extend_from_slice(&[0; 16]);
    for number in 0..samples.div_ceil(BLOCK) {
        let length = (samples - number * BLOCK).min(BLOCK);
        flac.extend_from_slice(&silent_frame(number as u32, length as u16));
    }
    flac
}

/// A frame of one constant subframe, as RFC 9639 has it (section 9).
fn silent_frame(number: u32, samples: u16) -> Vec<u8> {
    // Frames are counted; the length stands behind the number; 44.1 kHz, one channel, 16 bit.
    let mut frame = vec![0xFF, 0xF8, 0x79, 0x08];
    // The number is written as UTF-8 writes a letter, which is the same as far as it has no surrogates.
    let number = char::from_u32(number).expect("so few frames there are in twenty hours");
    frame.extend_from_slice(number.encode_utf8(&mut [0; 4]).as_bytes());
    frame.extend_from_slice(&(samples - 1).to_be_bytes());
    frame.push(checksum(&frame, 8, 0x07) as u8);
    frame.extend_from_slice(&[0, 0, 0]);
    let whole = checksum(&frame, 16, 0x8005) as u16;
    frame.extend_from_slice(&whole.to_be_bytes());
    frame
}

/// A CRC of so many bits, taken bit by bit from the highest on.
fn checksum(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u32::from(byte) << (bits - 8)), |crc, _| {
            let carries = (crc >> (bits - 1)) & 1 == 1;
            let shifted = (crc << 1) & ((1 << bits) - 1);
            if carries { shifted ^ polynomial } else { shifted }
        })
    })
}
