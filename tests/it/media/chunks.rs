//! MP3 and Vorbis are decoded in chunks, several at once where there are processors to spare. Where a chunk begins, and
//! who decodes it, does not show: neither in whole files nor in damaged ones.

use std::io::Cursor;
use std::num::NonZeroUsize;

use md5::{Digest, Md5};
use media::Order;
use media::audio::Wishes;
use media::flac::Level;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::TrackType;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;
use symphonia::default::{get_codecs, get_probe};

use super::sounds::{Noise, Pcm};
use super::{convert_by, tools};

/// A file that ffmpeg makes, of so many seconds at this rate.
struct Case {
    name: &'static str,
    options: &'static [&'static str],
    rate: u32,
    channels: u16,
    seconds: u32,
}

const fn case(
    name: &'static str,
    options: &'static [&'static str],
    (rate, channels, seconds): (u32, u16, u32),
) -> Case {
    Case { name, options, rate, channels, seconds }
}

/// Packets that borrow much from those before them and packets that borrow nothing, and the shortest that there are.
const CASES: &[Case] = &[
    case("320.mp3", &["-b:a", "320k"], (44_100, 2, 20)),
    case("128.mp3", &["-b:a", "128k"], (48_000, 2, 20)),
    case("32.mp3", &["-b:a", "32k"], (44_100, 2, 25)),
    case("varying.mp3", &["-q:a", "4"], (44_100, 2, 20)),
    case("32-mono.mp3", &["-b:a", "32k"], (32_000, 1, 40)),
    case("16.mp3", &["-b:a", "16k"], (22_050, 1, 40)),
    case("8.mp3", &["-b:a", "8k"], (8_000, 1, 70)),
    case("low.ogg", &["-c:a", "libvorbis", "-q:a", "0"], (44_100, 2, 20)),
    case("high.ogg", &["-c:a", "libvorbis", "-q:a", "8"], (44_100, 2, 20)),
    case("mono.ogg", &["-c:a", "libvorbis"], (16_000, 1, 40)),
    case("six.ogg", &["-c:a", "libvorbis"], (48_000, 6, 10)),
];

impl Case {
    fn file(&self) -> Vec<u8> {
        tools::ffmpeg_makes(&restless(self.rate, self.channels, self.seconds).wav(), self.name, self.options)
    }
}

/// Music that stops and bursts out again, so that packets are long and short and lend each other their bits.
fn restless(rate: u32, channels: u16, seconds: u32) -> Pcm {
    let mut pcm = Pcm::music(rate, channels, 16, (rate * seconds) as usize);
    let mut noise = Noise(7);
    let piece = rate as usize * usize::from(channels) / 5;
    for piece in pcm.samples.chunks_mut(piece) {
        match noise.bits() % 4 {
            0 => piece.fill(0),
            1 => piece.iter_mut().for_each(|sample| *sample = (*sample / 64) ^ (noise.bits() % 256) as i32),
            _ => {}
        }
    }
    pcm
}

/// The MD5 of what symphonia makes of a file in one go, at 16 bits.
fn md5_in_one_go(file: &[u8]) -> [u8; 16] {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(file.to_vec())), Default::default());
    let probed = get_probe().probe(&Hint::new(), stream, Default::default(), Default::default());
    let mut reader = probed.unwrap();
    let track = reader.default_track(TrackType::Audio).unwrap().clone();
    let params = track.codec_params.as_ref().unwrap().audio().unwrap();
    let mut decoder = get_codecs().make_audio_decoder(params, &AudioDecoderOptions::default()).unwrap();
    let (mut md5, mut floats) = (Md5::new(), Vec::<f32>::new());
    while let Some(packet) = reader.next_packet().unwrap() {
        decoder.decode(&packet).unwrap().copy_to_vec_interleaved(&mut floats);
        for &sample in &floats {
            let sample = (f64::from(sample) * 32768.0).round_ties_even().clamp(-32768.0, 32767.0) as i16;
            md5.update(sample.to_le_bytes());
        }
    }
    md5.finalize().into()
}

fn fast(keep_going: bool) -> Order {
    Order { level: Level::Fast, wishes: Wishes { keep_going, ..Wishes::default() }, ..Order::default() }
}

#[test]
fn where_a_chunk_begins_does_not_show() {
    if !tools::present("ffmpeg") {
        return;
    }
    for case in CASES {
        let file = case.file();
        let expected = md5_in_one_go(&file);
        for processors in [1, 4] {
            let (_, made) = convert_by(&file, fast(false), NonZeroUsize::new(processors).unwrap()).unwrap();
            assert_eq!(made.facts.md5, expected, "{}, {processors} processors", case.name);
        }
    }
}

#[test]
fn who_decodes_a_chunk_does_not_show_even_of_damaged_files() {
    if !tools::present("ffmpeg") {
        return;
    }
    for case in CASES {
        let mut file = case.file();
        for damage in 0..3 {
            let (middle, mut noise) = (file.len() / 2, Noise(damage + 1));
            match damage {
                0 => {}
                1 => (0..40).for_each(|_| {
                    let at = 5000 + noise.bits() as usize % (file.len() - 5000);
                    file[at] ^= 1 << (noise.bits() % 8);
                }),
                _ => drop(file.drain(middle..middle + 3000)),
            }
            for keep_going in [false, true] {
                let made = |count| convert_by(&file, fast(keep_going), NonZeroUsize::new(count).unwrap());
                let alone = made(1);
                for count in [2, 4, 8] {
                    assert!(
                        made(count) == alone,
                        "{}, damage {damage}, {count} processors, keep going: {keep_going}",
                        case.name
                    );
                }
            }
        }
    }
}
