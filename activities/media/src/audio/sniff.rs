//! What a file is by its first bytes, in plain words: for refusing what is not sound before a demuxer searches it for
//! something that looks like MP3, and for telling a damaged sound file from a file of another kind.

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// A container that is decoded here.
    Known(&'static str),
    /// Something else, surely.
    Other(&'static str),
    Unknown,
}

/// How many bytes [`guess`] looks at.
pub(super) const HEAD: usize = 512;

pub(super) fn guess(head: &[u8]) -> Guess {
    if head.is_empty() {
        return Guess::Other("the file is empty");
    }
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, b"RIFF") {
        return riff(head.get(8..12));
    }
    if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) {
        return Guess::Known("an AIFF file");
    }
    if at(4, b"ftyp") {
        return iso(head.get(8..12));
    }
    for &(magic, name) in SOUND {
        if at(0, magic) {
            return Guess::Known(name);
        }
    }
    for &(magic, name) in OTHER {
        if at(0, magic) {
            return Guess::Other(name);
        }
    }
    if is_text(head) { Guess::Other("a text file") } else { Guess::Unknown }
}

const SOUND: &[(&[u8], &str)] = &[
    (b"fLaC", "a FLAC file"),
    (b"OggS", "an Ogg file"),
    (b"caff", "a CAF file"),
    (b"ID3", "an MP3 file"),
    (b"\x1A\x45\xDF\xA3", "a Matroska or WebM file"),
];

const OTHER: &[(&[u8], &str)] = &[
    (b"\xFF\xD8\xFF", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"BM", "a BMP picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1F\x8B", "a gzip archive"),
    (b"7z\xBC\xAF", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7FELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a SQLite database"),
    (b"MThd", "a MIDI file, which holds notes and no sound"),
    (b"RF64", "an RF64 file, which is not decoded here"),
    (b"wvpk", "a WavPack file, which is not decoded here"),
    (b"MAC ", "a Monkey's Audio file, which is not decoded here"),
    (b"#!AMR", "an AMR file, which is not decoded here"),
    (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a WMA, WMV or ASF file, which is not decoded here"),
    (b"\x0B\x77", "an AC-3 file, which is not decoded here"),
    (b"DSD ", "a DSD file, which is not decoded here"),
    (b"FLV", "a Flash video, which is not decoded here"),
];

fn riff(form: Option<&[u8]>) -> Guess {
    match form {
        Some(b"AVI ") => Guess::Other("an AVI video, which is not decoded here"),
        Some(b"WEBP") => Guess::Other("a WebP picture"),
        _ => Guess::Known("a WAV file"),
    }
}

fn iso(brand: Option<&[u8]>) -> Guess {
    match brand {
        Some(b"heic" | b"heix" | b"mif1" | b"msf1") => Guess::Other("a HEIF picture"),
        Some(b"avif" | b"avis") => Guess::Other("an AVIF picture"),
        _ => Guess::Known("an MP4 or QuickTime file"),
    }
}

fn is_text(head: &[u8]) -> bool {
    head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x1B | 0x20..=0x7E | 0x80..=0xF7))
        && std::str::from_utf8(&head[..head.len().saturating_sub(4)]).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_sees() {
        assert_eq!(guess(b""), Guess::Other("the file is empty"));
        assert_eq!(guess(b"RIFF\0\0\0\0WAVEfmt "), Guess::Known("a WAV file"));
        assert_eq!(guess(b"RIFF\0\0\0\0WEBPVP8 "), Guess::Other("a WebP picture"));
        assert_eq!(guess(b"\0\0\0\x20ftypheic"), Guess::Other("a HEIF picture"));
        assert_eq!(guess(b"\xFF\xD8\xFF\xE0"), Guess::Other("a JPEG picture"));
        assert_eq!(guess("Grüße aus dem Süden, und so weiter".as_bytes()), Guess::Other("a text file"));
        assert_eq!(guess(b"\xFF\xFB\x90\x00"), Guess::Unknown);
    }
}
