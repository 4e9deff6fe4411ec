//! Sounds that mean harm, and whole ones to be cut.

use anyhow::Result;
use states::Recipe::Flac;
use tests::sound::{by_ffmpeg, silent_flac, wav};

use super::{Hostile, SOME, cut_at, hostile, with};

const SECOND: u32 = 44_100;

/// As many samples, or bytes, as no sound has.
const MANY: u64 = 1 << 63;

pub(super) fn all() -> Result<Vec<Hostile>> {
    let wholes = wholes(6)?;
    let mut all = Vec::from(too_long());
    all.extend(lying(&wholes)?);
    for (name, whole) in &wholes {
        all.extend(cut_at(SOME, (*name, Flac), whole));
    }
    Ok(all)
}

/// The same sound of so many seconds, in four forms.
pub(super) fn wholes(seconds: u32) -> Result<[(&'static str, Vec<u8>); 4]> {
    let sound = wav(seconds * SECOND, 1);
    let made =
        |name: &'static str, codec: &str| anyhow::Ok((name, by_ffmpeg(&sound, name, &["-c:a", codec])?));
    Ok([made("a.mp3", "libmp3lame")?, made("a.flac", "flac")?, made("a.m4a", "aac")?, ("a.wav", sound)])
}

fn too_long() -> [Hostile; 3] {
    let samples = 10 * 3600 * SECOND;
    let ten_hours = silent_flac(samples.into());
    // The lowest 36 bits of STREAMINFO's second half; zero says that it is not known.
    let stating = |flac: &[u8], samples: u32| {
        let mut stating = flac.to_vec();
        stating[21] &= 0xF0;
        stating[22..26].copy_from_slice(&samples.to_be_bytes());
        stating
    };
    let (unstated, claimed) = (stating(&ten_hours, 0), stating(&silent_flac(SECOND.into()), samples));
    [
        hostile("ten hours of silence in 400 kB", "a.flac", Flac, ten_hours),
        hostile("the same, which does not say how long it is", "a.flac", Flac, unstated),
        hostile("a second that claims to be ten hours", "a.flac", Flac, claimed),
    ]
}

fn lying([_, (_, flac), (_, m4a), (_, sound)]: &[(&str, Vec<u8>); 4]) -> Result<[Hostile; 6]> {
    let caf = by_ffmpeg(sound, "a.caf", &["-c:a", "pcm_s16be"])?;
    // Half as many packets as 32 bits can count, each as long as they can say.
    let many_packets = with(m4a, b"stts", 12, b"\x80\0\0\0\xFF\xFF\xFF\xFF")?;
    let kinds = [b"stbl", b"minf", b"mdia", b"trak", b"moov"];
    let nested = kinds.into_iter().cycle().take(1000).fold(Vec::new(), |inner: Vec<u8>, kind| {
        [&(inner.len() as u32 + 8).to_be_bytes()[..], kind, &inner].concat()
    });
    let nested = [&b"\0\0\0\x14ftypM4A \0\0\0\0M4A "[..], &nested].concat();
    let mut corrupt = flac.clone();
    corrupt[flac.len() / 2] ^= 0xFF;
    Ok([
        hostile("an M4A of 2^63 samples", "a.m4a", Flac, many_packets),
        hostile("a CAF of 2^63 bytes", "a.caf", Flac, with(&caf, b"data", 4, &MANY.to_be_bytes())?),
        hostile("an RF64 of 2^63 samples", "a.wav", Flac, rf64(MANY)),
        hostile("boxes in boxes, a thousand deep", "a.m4a", Flac, nested),
        hostile("a WAV of no channels", "a.wav", Flac, with(sound, b"fmt ", 10, &[0; 2])?),
        hostile("a FLAC with a byte changed", "a.flac", Flac, corrupt),
    ])
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
