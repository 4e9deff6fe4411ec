//! The same bytes come out on every processor, and on any number of them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use activities::child::{Limits, Workbench};
use media::flac::Level;
use media::{Answer, Job};
use strum::VariantArray;

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

/// A processor of 2010 has no AVX; what is compiled for it must come to the same frames.
#[tokio::test]
async fn an_old_processor_makes_the_same_bytes() {
    const EMULATOR: &str = "qemu-x86_64";
    if !cfg!(target_arch = "x86_64") || !tools::present(EMULATOR) {
        return;
    }
    let old = Workbench {
        ffmpeg: None,
        program: PathBuf::from("/usr/bin").join(EMULATOR),
        arguments: ["-cpu", "Westmere", env!("CARGO_BIN_EXE_media-child")].map(str::to_owned).to_vec(),
        limits: Limits::default(),
    };
    for (bits, channels) in [(16, 2), (24, 2)] {
        let wav = Pcm::music(44_100, channels, bits, 40_000).wav();
        for &level in Level::VARIANTS {
            let mut kept = Kept::default();
            let job = Job::Flac(media::Order { level, ..media::Order::default() });
            let answer = old.run(job, &whole(&wav), &mut kept, |_| {}, std::future::pending()).await;
            let (expected, made) = convert_at(&wav, level, NonZeroUsize::MIN).unwrap();
            assert_eq!(answer.unwrap(), Answer::Flac(made), "{bits} bits, {level}");
            assert!(kept.0 == expected, "{bits} bits, {level}: the bytes differ");
        }
    }
}
