//! What a file is by its first bytes, in plain words: for refusing what is not sound before a demuxer searches it for
//! something that looks like MP3, and for telling a damaged sound file from a file of another kind.

use super::foreign::Container;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// A container that is decoded here.
    Known(&'static str),
    /// Sound, or something that holds some, in a container that is not opened here.
    Foreign(&'static str, Container),
    /// Something else, surely.
    Other(&'static str),
    Unknown,
}

/// How many bytes [`guess`] looks at.
pub(super) const HEAD: usize = 1024;

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
    if at(0, b"FRM8") && at(12, b"DSD ") {
        return Guess::Foreign("a DSDIFF file", Container::Dsdiff);
    }
    if at(4, b"ftyp") {
        return iso(head.get(8..12));
    }
    if at(0, b"OggS") && at(OGG_FIRST_PACKET, b"Speex   ") {
        return Guess::Foreign("Speex sound", Container::Ogg);
    }
    for &(magic, name) in SOUND {
        if at(0, magic) {
            return Guess::Known(name);
        }
    }
    for &(offset, magic, name, container) in FOREIGN {
        if at(offset, magic) {
            return Guess::Foreign(name, container);
        }
    }
    for &(magic, name) in OTHER {
        if at(0, magic) {
            return Guess::Other(name);
        }
    }
    if at(0, b"\x0B\x77") {
        return dolby(head);
    }
    if is_transport_stream(head) {
        return Guess::Foreign("an MPEG transport stream", Container::MpegTransport);
    }
    if is_loas(head) {
        return Guess::Foreign("an AAC stream in LOAS", Container::Loas);
    }
    if is_text(head) { Guess::Other("a text file") } else { Guess::Unknown }
}

/// The first page of an Ogg stream has one packet, behind a header with a table of one entry.
const OGG_FIRST_PACKET: usize = 28;

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
];

const FOREIGN: &[(usize, &[u8], &str, Container)] = &[
    (0, b"RF64", "an RF64 file", Container::Wave),
    (0, b"riff\x2E\x91\xCF\x11", "a Wave64 file", Container::Wave64),
    (0, b"wvpk", "a WavPack file", Container::WavPack),
    (0, b"MAC ", "a Monkey's Audio file", Container::MonkeysAudio),
    (0, b"TTA1", "a True Audio file", Container::TrueAudio),
    (0, b"MPCK", "a Musepack file", Container::Musepack),
    (0, b"MP+", "a Musepack file of version 7", Container::Musepack7),
    (0, b"tBaK", "a TAK file", Container::Tak),
    (0, b"ajkg", "a Shorten file", Container::Shorten),
    (0, b".RMF", "a RealMedia file", Container::RealMedia),
    (0, b".ra\xFD", "a RealAudio file", Container::RealMedia),
    (0, b"Creative Voice File\x1A", "a VOC file", Container::Voc),
    (0, b"\x06\x0E\x2B\x34\x02\x05\x01\x01\x0D\x01\x02", "an MXF file", Container::Mxf),
    (0, b"#!AMR", "an AMR file", Container::Amr),
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a WMA, WMV or ASF file", Container::Asf),
    (0, b"DSD ", "a DSD file", Container::Dsf),
    (0, b"FLV\x01", "a Flash video", Container::FlashVideo),
    (0, b".snd", "an AU file", Container::Au),
    (0, b"\x7F\xFE\x80\x01", "a DTS file", Container::Dts),
    (0, b"\0\0\x01\xBA", "an MPEG program stream", Container::MpegProgram),
    (4, b"\xF8\x72\x6F\xBA", "a TrueHD file", Container::TrueHd),
];

/// AC-3 and its successor begin alike; the stream's version tells them apart (ATSC A/52, E.1.3).
fn dolby(head: &[u8]) -> Guess {
    const LATEST_AC3: u8 = 10;
    match head.get(5) {
        Some(version) if version >> 3 > LATEST_AC3 => Guess::Foreign("an E-AC-3 file", Container::Eac3),
        _ => Guess::Foreign("an AC-3 file", Container::Ac3),
    }
}

/// Packets of 188 bytes, each with the same first byte; camcorders put four more bytes before each.
fn is_transport_stream(head: &[u8]) -> bool {
    const SYNC: u8 = 0x47;
    const PACKETS: usize = 4;
    [(0, 188), (4, 192)]
        .into_iter()
        .any(|(first, size)| (0..PACKETS).all(|packet| head.get(first + packet * size) == Some(&SYNC)))
}

/// Frames, each of which begins with eleven bits that are always the same and thirteen that say how much follows
/// (ISO/IEC 14496-3, 1.7.2). In a head there are some, or the begin of the first.
fn is_loas(head: &[u8]) -> bool {
    let (mut rest, mut frames) = (head, 0);
    while let &[sync, high, low, ..] = rest {
        if sync != 0x56 || high & 0xE0 != 0xE0 {
            return false;
        }
        let length = usize::from(high & 0x1F) << 8 | usize::from(low);
        frames += 1;
        rest = rest.get(3 + length..).unwrap_or_default();
    }
    frames > 1
}

fn riff(form: Option<&[u8]>) -> Guess {
    match form {
        Some(b"AVI ") => Guess::Foreign("an AVI video", Container::Avi),
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
        assert_eq!(guess(b"\x0B\x77\0\0\0\x40"), Guess::Foreign("an AC-3 file", Container::Ac3));
        assert_eq!(guess(b"\x0B\x77\0\0\0\x80"), Guess::Foreign("an E-AC-3 file", Container::Eac3));
        let loas = [&b"\x56\xE0\x05"[..], &[0; 5]].concat().repeat(3);
        assert!(matches!(guess(&loas), Guess::Foreign(_, Container::Loas)));
        assert_eq!(guess(&loas[..8]), Guess::Unknown, "one such frame may be anything");
        assert_eq!(guess(&[&loas[..], b"\0\0\0"].concat()), Guess::Unknown);
        for (head, container) in [
            (&b"MP+\x07"[..], Container::Musepack7),
            (b"tBaK", Container::Tak),
            (b"ajkg\x02", Container::Shorten),
            (b".RMF\0\0\0\x12", Container::RealMedia),
            (b".ra\xFD\0\x03", Container::RealMedia),
            (b"Creative Voice File\x1A\x1A\0", Container::Voc),
            (b"FRM8\0\0\0\0\0\0\0\0DSD ", Container::Dsdiff),
            (b"\x06\x0E\x2B\x34\x02\x05\x01\x01\x0D\x01\x02\x01\x01\x02", Container::Mxf),
        ] {
            assert!(matches!(guess(head), Guess::Foreign(_, found) if found == container), "{container:?}");
        }
        let mut packets = [[0; 188]; 4];
        packets.iter_mut().for_each(|packet| packet[0] = 0x47);
        let stream = packets.as_flattened();
        assert!(matches!(guess(stream), Guess::Foreign(_, Container::MpegTransport)));
        assert_eq!(guess(&stream[1..]), Guess::Unknown);
        assert_eq!(guess(b"\xFF\xFB\x90\x00"), Guess::Unknown);
    }
}
