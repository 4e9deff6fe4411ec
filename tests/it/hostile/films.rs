//! Films that mean harm, and what calls itself one.

use anyhow::{Context, Result, ensure};
use states::Recipe::{Flac, Thumbnails, Video};
use tests::films::Film;
use tests::sound::wav;

use super::{Hostile, SOME, cut_at, hostile, with};

/// `port` is that of whoever waits for somebody to fetch what a playlist names.
pub(super) fn all(port: u16) -> Result<Vec<Hostile>> {
    let film = film()?;
    let mut all = indices(&film)?;
    all.extend(playlists(port));
    let silent = Film::default().bytes()?;
    let subtitle = |names: &str| format!("1\n00:00:01,000 --> 00:00:02,000\n{{\\an8}}{names}\n").into_bytes();
    all.extend([
        hostile("a film without a frame", "a.mp4", Thumbnails, without_a_frame(&silent)?),
        hostile("the same, to be made anew", "a.mp4", Video, without_a_frame(&silent)?),
        hostile("a film without sound, to be made a FLAC", "a.mp4", Flac, silent),
        hostile("a sound that calls itself a film", "a.mp4", Video, wav(44_100, 1)),
        hostile("a subtitle that names /etc/passwd", "a.mkv", Video, subtitle("/etc/passwd")),
        hostile(
            "a subtitle that names a URL",
            "a.mkv",
            Video,
            subtitle(&format!("http://127.0.0.1:{port}/a.ts")),
        ),
    ]);
    all.extend(cut_at(SOME, ("a.mp4", Thumbnails), &film));
    Ok(all)
}

pub(super) fn film() -> Result<Vec<u8>> {
    Film { sound: true, ..Film::default() }.bytes()
}

/// What an MP4 begins with.
const HEAD: &[u8] = b"\0\0\0\x14ftypisom\0\0\0\0isom";

/// Tables of a track, and how far behind the begin of its name each says how many entries it has.
const TABLES: [(&[u8; 4], usize); 5] =
    [(b"stts", 8), (b"stsz", 12), (b"stsc", 8), (b"stco", 8), (b"stss", 8)];

fn indices(film: &[u8]) -> Result<Vec<Hostile>> {
    let place = |kind: &[u8]| film.windows(4).position(|four| four == kind);
    let (moov, stsd) = place(b"moov").zip(place(b"stsd")).context("the film has an index")?;
    ensure!(moov < stsd, "the film has its index in one place");
    let nested = (0..10_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        [&(inner.len() as u32 + 8).to_be_bytes()[..], b"moov", &inner].concat()
    });
    let mut itself = [HEAD, b"\0\0\0\x40moov\0\0\0\x38moov", &[0; 48]].concat();
    itself[28..32].copy_from_slice(&0xFFFF_FFF0_u32.to_be_bytes());
    let mut all = vec![
        hostile("boxes in boxes, 10,000 deep", "a.mp4", Thumbnails, [HEAD, &nested].concat()),
        hostile("a box that is longer than what is around it", "a.mp4", Thumbnails, itself),
        hostile("a film without an index", "a.mp4", Thumbnails, film[..moov - 4].to_vec()),
    ];
    for (table, behind) in TABLES {
        let lying = with(film, table, behind, &[0xFF; 4])?;
        let what = format!("an MP4 whose {} claims 2^32 entries", String::from_utf8_lossy(table));
        all.push(hostile(what.clone(), "a.mp4", Thumbnails, lying.clone()));
        all.push(hostile(format!("{what}, to be made anew"), "a.mp4", Video, lying));
    }
    Ok(all)
}

/// Of whose tables none has an entry.
fn without_a_frame(film: &[u8]) -> Result<Vec<u8>> {
    TABLES.iter().try_fold(film.to_vec(), |film, (table, behind)| with(&film, table, *behind, &[0; 4]))
}

pub(super) fn playlists(port: u16) -> [Hostile; 6] {
    let playlist = |first: &str, second: &str| {
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{first}\n#EXTINF:1,\n{second}\n").into_bytes()
    };
    let (local, remote) = ("file:///etc/passwd", format!("http://127.0.0.1:{port}/a.ts"));
    let (local_first, remote_first) = (playlist(local, &remote), playlist(&remote, local));
    let polyglot = [HEAD, b"<script>PK\x03\x04%PDF-1.4", &local_first[..]].concat();
    [
        hostile("a playlist that names /etc/passwd and a URL", "a.mp4", Thumbnails, local_first.clone()),
        hostile("the same, to be made anew", "a.m3u8.mp4", Video, local_first),
        hostile("a playlist that names a URL", "a.m3u8", Thumbnails, remote_first.clone()),
        hostile("the same, to be made anew", "a.m3u8", Video, remote_first.clone()),
        hostile("the same, to be made a FLAC", "a.m3u8", Flac, remote_first),
        hostile("a file of five kinds at once", "a.mp4", Thumbnails, polyglot),
    ]
}
