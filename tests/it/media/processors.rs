//! The same bytes come out on every processor, and on any number of them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use activities::child::{Limits, Workbench};
use media::flac::Level;
use media::picture::{self, Order};
use media::{Answer, Job};
use moxcms::ColorProfile;
use strum::VariantArray;
use tests::pictures::{Jpeg, Pixels, order, png_with, proxies};

use super::child::{Kept, whole};
use super::sounds::Pcm;
use super::{convert_at, tools};

#[test]
fn any_number_of_processors_makes_the_same_bytes() {
    for (bits, channels) in [(16, 2), (24, 1), (20, 6)] {
        let wav = Pcm::music(44_100, channels, bits, 300_001).wav();
        for &level in Level::VARIANTS {
            let made = |count| convert_at(&wav, level, NonZeroUsize::new(count).unwrap()).unwrap();
            let alone = made(1);
            for count in [2, 4, 8] {
                assert!(
                    made(count) == alone,
                    "{count} processors, {bits} bits, {channels} channels, {level}"
                );
            }
        }
    }
}

const EMULATOR: &str = "qemu-x86_64";

/// A bench on a processor of 2010, which has no AVX: what is compiled for it must come to the same. None where there is no
/// emulator of it, which is said, or where a processor of this kind never was.
fn old_bench() -> Option<Workbench> {
    let is_there = cfg!(target_arch = "x86_64") && tools::present(EMULATOR);
    is_there.then(|| Workbench {
        ffmpeg: None,
        program: PathBuf::from("/usr/bin").join(EMULATOR),
        arguments: ["-cpu", "Westmere", env!("CARGO_BIN_EXE_media-child")].map(str::to_owned).to_vec(),
        limits: Limits::default(),
    })
}

/// What the old processor answers, and makes.
async fn made_by(old: &Workbench, job: Job, file: &[u8]) -> (Answer, Vec<u8>) {
    let mut kept = Kept::default();
    let answer = old.run(job, &whole(file), &mut kept, |_| {}, std::future::pending()).await;
    (answer.unwrap(), kept.0)
}

#[tokio::test]
async fn an_old_processor_makes_the_same_bytes() {
    let Some(old) = old_bench() else { return };
    for (bits, channels) in [(16, 2), (24, 2)] {
        let wav = Pcm::music(44_100, channels, bits, 40_000).wav();
        for &level in Level::VARIANTS {
            let job = Job::Flac(media::Order { level, ..media::Order::default() });
            let (answer, flac) = made_by(&old, job, &wav).await;
            let (expected, made) = convert_at(&wav, level, NonZeroUsize::MIN).unwrap();
            assert_eq!(answer, Answer::Flac(made), "{bits} bits, {level}");
            assert!(flac == expected, "{bits} bits, {level}: the bytes differ");
        }
    }
}

/// Small ones, as the emulator is slow, but wider than any register.
#[tokio::test]
async fn an_old_processor_makes_the_same_proxies() {
    let Some(old) = old_bench() else { return };
    let scene = Pixels::scene(500, 350).grainy();
    let jpeg = Jpeg::default().bytes(&scene).unwrap();
    let png = png_with(&scene, None, None).unwrap();
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let converted = png_with(&scene, None, Some(&profile)).unwrap();
    for (name, file) in [("a JPEG", jpeg), ("a PNG", png), ("a PNG with a profile", converted)] {
        for (side, halve_colour) in [(240, true), (99, false)] {
            let order = Order { sides: vec![side], halve_colour, ..order() };
            let (expected, made) = proxies(&file, &order).unwrap();
            let job = Job::Proxies { limits: picture::Limits::default(), order };
            let (answer, proxy) = made_by(&old, job, &file).await;
            assert_eq!(answer, Answer::Proxies(made), "{name}, {side}");
            assert!(expected == [proxy], "{name}, {side}: the bytes differ");
        }
    }
}
