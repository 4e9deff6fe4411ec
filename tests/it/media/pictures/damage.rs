//! Damaged and lying pictures end in a problem that says so, and results that are not what they should be are found out.

use std::ops::ControlFlow;

use anyhow::{Result, ensure};
use media::picture::Picture;
use media::{Answer, Job, Problem};
use png::{BitDepth, ColorType};
use tests::pictures::{Jpeg, Pixels, animated_png, jpeg_of_a_thousand_scans, png, png_claiming, proxies};

use super::{shown, small};
use crate::media::TWO;

#[test]
fn a_picture_cut_anywhere_is_damaged() -> Result<()> {
    let scene = Pixels::scene(320, 240);
    let files = [
        Jpeg::default().bytes(&scene)?,
        Jpeg { progressive: true, ..Jpeg::default() }.bytes(&scene)?,
        png((320, 240), ColorType::Rgb, BitDepth::Eight, &scene.bytes, |_| {})?,
    ];
    for file in files {
        shown(&file)?;
        for part in 1..64 {
            let cut = &file[..file.len() * part / 64];
            let outcome = proxies(cut, &small()).map(|(_, made)| made);
            ensure!(matches!(outcome, Err(Problem::Corrupt { .. })), "{part}/64: {outcome:?}");
        }
        let outcome = proxies(&file[..file.len() - 1], &small()).map(|(_, made)| made);
        ensure!(matches!(outcome, Err(Problem::Corrupt { .. })), "the last byte: {outcome:?}");
    }
    Ok(())
}

#[test]
fn a_picture_with_changed_bytes_shows_something_or_is_damaged() -> Result<()> {
    let scene = Pixels::scene(160, 120);
    let files = [
        Jpeg::default().bytes(&scene)?,
        Jpeg { progressive: true, ..Jpeg::default() }.bytes(&scene)?,
        png((160, 120), ColorType::Rgb, BitDepth::Eight, &scene.bytes, |_| {})?,
    ];
    for file in files {
        for at in (2..file.len()).step_by(file.len() / 150) {
            let mut changed = file.clone();
            changed[at] ^= 0x41;
            match proxies(&changed, &small()) {
                Ok(_)
                | Err(Problem::Corrupt { .. } | Problem::Unsupported { .. } | Problem::TooLarge { .. }) => {}
                Err(other) => anyhow::bail!("{at}: {other:?}"),
            }
        }
    }
    Ok(())
}

fn jpeg_claiming(width: u16, height: u16, progressive: bool) -> Result<Vec<u8>> {
    let mut file = Jpeg { progressive, ..Jpeg::default() }.bytes(&Pixels::scene(16, 16))?;
    let marker = [0xFF, if progressive { 0xC2 } else { 0xC0 }];
    let at = file.windows(2).position(|bytes| bytes == marker).expect("it has a frame header");
    file[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    file[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    Ok(file)
}

#[test]
fn claims_over_the_limits_are_refused_before_anything_is_decoded() -> Result<()> {
    for file in [
        png_claiming(60_000, 60_000, false)?,
        png_claiming(32_768, 32_768, false)?,
        png_claiming(10_000, 10_000, true)?,
        jpeg_claiming(65_535, 65_535, false)?,
        jpeg_claiming(20_000, 20_000, false)?,
        jpeg_claiming(12_000, 12_000, true)?,
    ] {
        let outcome = proxies(&file, &small()).map(|(_, made)| made);
        ensure!(matches!(outcome, Err(Problem::TooLarge { .. })), "{outcome:?}");
    }
    for file in [png_claiming(0, 1, false)?, jpeg_claiming(0, 16, false)?, png_claiming(9000, 9000, false)?] {
        let outcome = proxies(&file, &small()).map(|(_, made)| made);
        ensure!(matches!(outcome, Err(Problem::Corrupt { .. })), "{outcome:?}");
    }
    Ok(())
}

#[test]
fn a_jpeg_of_a_thousand_scans_is_refused() -> Result<()> {
    let many = jpeg_of_a_thousand_scans()?;
    let outcome = proxies(&many, &small()).map(|(_, made)| made);
    ensure!(matches!(&outcome, Err(Problem::TooLarge { what }) if what.contains("scans")), "{outcome:?}");
    Ok(())
}

#[test]
fn what_is_no_single_picture_is_refused_by_its_name() -> Result<()> {
    let animated = animated_png()?;
    for (file, name) in [
        (&animated[..], "animated"),
        (b"GIF89a..........", "neither a JPEG nor a PNG"),
        (b"", "empty"),
        (b"\xFF\xD8\xFF\xC3\0\x0B\x08\0\x10\0\x10\x01\x01\x11\0", "lossless"),
        (b"\xFF\xD8\xFF\xC9\0\x0B\x08\0\x10\0\x10\x01\x01\x11\0", "arithmetic"),
        (b"\xFF\xD8\xFF\xC1\0\x0B\x0C\0\x10\0\x10\x01\x01\x11\0", "12 bits"),
    ] {
        let outcome = proxies(file, &small()).map(|(_, made)| made);
        ensure!(
            matches!(&outcome, Err(Problem::Unsupported { found }) if found.contains(name)),
            "{name}: {outcome:?}"
        );
    }
    Ok(())
}

fn verify(file: &[u8], width: u32, height: u32) -> Result<Picture, Problem> {
    let job = Job::VerifyProxy { width, height };
    let answer = media::run(&job, TWO, &file, &mut Vec::new(), &mut |_| ControlFlow::Continue(()))?;
    let Answer::VerifiedProxy(picture) = answer else { panic!("the answer to another question: {answer:?}") };
    Ok(picture)
}

#[test]
fn a_result_is_what_was_said_or_does_not_verify() -> Result<()> {
    let (jpegs, made) = proxies(&Jpeg::default().bytes(&Pixels::scene(600, 400))?, &small())?;
    for (jpeg, proxy) in jpegs.iter().zip(&made.proxies) {
        let picture = verify(jpeg, proxy.width, proxy.height)?;
        ensure!((picture.width, picture.height) == (proxy.width, proxy.height));
    }
    let jpeg = &jpegs[0];
    let png = png((256, 171), ColorType::Rgb, BitDepth::Eight, &Pixels::scene(256, 171).bytes, |_| {})?;
    for (file, width) in [(&jpeg[..], 255), (&jpeg[..jpeg.len() - 2], 256), (&jpeg[..300], 256), (&png, 256)]
    {
        let outcome = verify(file, width, 171);
        ensure!(matches!(outcome, Err(Problem::Unverified { .. })), "{outcome:?}");
    }
    Ok(())
}
