//! A captioner for tests: it listens to the WAV it is given and writes a caption for each stretch of sound in it, saying how
//! high the tone is. Where nothing is to be heard, it fails.

use std::io::{Error, Result};
use std::path::PathBuf;

const RATE: usize = 16_000;
/// Loudness is looked at in portions of a fiftieth of a second.
const PORTION: usize = RATE / 50;
const LOUD: f64 = 300.0;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(wav), Some(vtt)) = (arguments.next(), arguments.next()) else {
        return Err(Error::other("usage: captioner WAV VTT"));
    };
    let samples = samples(&std::fs::read(wav)?)?;
    let cues = stretches(&samples);
    if cues.is_empty() {
        return Err(Error::other("nothing is to be heard"));
    }
    let mut text = "WEBVTT\n".to_owned();
    for (start, end) in cues {
        let hertz = pitch(&samples[start..end]);
        text.push_str(&format!("\n{} --> {}\na tone of {hertz} Hz\n", clock(start), clock(end)));
    }
    if arguments.next().is_some() {
        text = text.replace("-->", "->");
    }
    std::fs::write(vtt, text)
}

/// The samples of a WAV of one channel of 16 bits, 16,000 a second, and of no other.
fn samples(wav: &[u8]) -> Result<Vec<f64>> {
    let word = |at: usize| wav.get(at..at + 2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    if !wav.starts_with(b"RIFF")
        || [word(20), word(22), word(24), word(34)] != [Some(1), Some(1), Some(RATE as u16), Some(16)]
    {
        return Err(Error::other("this is not the sound that was agreed on"));
    }
    let at = wav
        .windows(4)
        .position(|four| four == b"data")
        .ok_or_else(|| Error::other("there are no samples"))?;
    let pairs = wav[at + 8..].chunks_exact(2);
    Ok(pairs.map(|two| f64::from(i16::from_le_bytes([two[0], two[1]]))).collect())
}

/// From where to where something is to be heard.
fn stretches(samples: &[f64]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (portion, number) in samples.chunks(PORTION).zip(0..) {
        let power = portion.iter().map(|sample| sample * sample).sum::<f64>() / portion.len() as f64;
        if power.sqrt() < LOUD {
            continue;
        }
        let (start, end) = (number * PORTION, number * PORTION + portion.len());
        match found.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            _ => found.push((start, end)),
        }
    }
    found
}

/// How often it goes up through the middle in a second, to the next ten.
fn pitch(samples: &[f64]) -> usize {
    // The ends may be cut.
    let inner = &samples[samples.len() / 4..samples.len() * 3 / 4];
    let rises = inner.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    (rises as f64 * RATE as f64 / inner.len() as f64 / 10.0).round() as usize * 10
}

fn clock(sample: usize) -> String {
    let milliseconds = sample * 1000 / RATE;
    format!("{:02}:{:02}.{:03}", milliseconds / 60_000, milliseconds / 1000 % 60, milliseconds % 1000)
}
