//! Every form that a picture has shows the same scene.

use anyhow::{Context, Result, ensure};
use media::picture::{Change, Colours};
use moxcms::ColorProfile;
use png::{BitDepth, ColorType};
use tests::pictures::{Jpeg, Pixels, decoded, exif, order, png, png_with, proxies};

use super::{is_the_scene, shown, small};
use crate::media::tools;

#[test]
fn two_proxies_fit_their_squares_and_show_the_scene() -> Result<()> {
    let file = Jpeg::default().bytes(&Pixels::scene(1000, 700))?;
    let (pixels, made) = shown(&file)?;
    ensure!((pixels[0].width, pixels[0].height) == (256, 179), "{made:?}");
    ensure!((pixels[1].width, pixels[1].height) == (128, 90), "{made:?}");
    ensure!(made.changes.is_empty(), "{made:?}");
    is_the_scene(&pixels)
}

#[test]
fn what_fits_already_is_not_enlarged() -> Result<()> {
    let (pixels, _) = shown(&Jpeg::default().bytes(&Pixels::scene(100, 60))?)?;
    ensure!(pixels.iter().all(|it| (it.width, it.height) == (100, 60)));
    is_the_scene(&pixels)?;
    let (pixels, _) = shown(&Jpeg::default().bytes(&Pixels::scene(200, 60))?)?;
    ensure!((pixels[0].width, pixels[1].width) == (200, 128));
    let (pixels, _) = shown(&Jpeg::default().bytes(&Pixels::scene(1, 1))?)?;
    ensure!((pixels[1].width, pixels[1].height) == (1, 1));
    let (pixels, _) = shown(&Jpeg::default().bytes(&Pixels::scene(3000, 2))?)?;
    ensure!((pixels[1].width, pixels[1].height) == (128, 1));
    Ok(())
}

#[test]
fn all_eight_orientations_are_seen_upright() -> Result<()> {
    let upright = Pixels::scene(400, 300);
    for orientation in 1..=8 {
        let exif = exif(orientation, "Ada Lovelace");
        let stored = stored(&upright, orientation);
        let jpeg = Jpeg { exif: Some(&exif), ..Jpeg::default() }.bytes(&stored)?;
        for file in [jpeg, png_with(&stored, Some(&exif), None)?] {
            let (pixels, made) = shown(&file).with_context(|| orientation.to_string())?;
            ensure!((pixels[0].width, pixels[0].height) == (256, 192), "{orientation}: {made:?}");
            is_the_scene(&pixels).with_context(|| orientation.to_string())?;
            ensure!(made.changes.contains(&Change::Turned) == (orientation > 1), "{made:?}");
        }
    }
    Ok(())
}

/// How a camera that was held like that stores what it saw.
fn stored(seen: &Pixels, orientation: u16) -> Pixels {
    let (w, h) = (seen.width as usize, seen.height as usize);
    let (width, height) = if orientation < 5 { (w, h) } else { (h, w) };
    let mut bytes = Vec::with_capacity(seen.bytes.len());
    for row in 0..height {
        for column in 0..width {
            let (x, y) = match orientation {
                2 => (w - 1 - column, row),
                3 => (w - 1 - column, h - 1 - row),
                4 => (column, h - 1 - row),
                5 => (row, column),
                6 => (w - 1 - row, column),
                7 => (w - 1 - row, h - 1 - column),
                8 => (row, h - 1 - column),
                _ => (column, row),
            };
            bytes.extend_from_slice(&seen.bytes[(y * w + x) * 3..][..3]);
        }
    }
    Pixels { width: width as u32, height: height as u32, channels: 3, bytes }
}

#[test]
fn grey_ink_and_progressive_jpegs_show_the_scene() -> Result<()> {
    let scene = Pixels::scene(600, 400);
    let (pixels, _) = shown(&Jpeg { progressive: true, ..Jpeg::default() }.bytes(&scene)?)?;
    is_the_scene(&pixels)?;
    let (pixels, _) = shown(&Jpeg::default().bytes(&scene.grey())?)?;
    ensure!(pixels[0].channels == 1, "grey stays grey");
    is_the_scene(&pixels)?;
    // Without black ink, what light the three others leave is the colour.
    let (pixels, made) = shown(&Jpeg::default().bytes(&scene.with(|_| 255))?)?;
    ensure!(made.source.colours == Colours::Cmyk, "{made:?}");
    is_the_scene(&pixels)?;
    let ycck = Jpeg { ycck: true, ..Jpeg::default() }.bytes(&scene.with(|_| 255))?;
    ensure!(
        ycck.windows(12).any(|bytes| bytes == b"Adobe\0\x64\0\0\0\0\x02"),
        "it says what its colours are"
    );
    let (pixels, made) = shown(&ycck)?;
    ensure!(made.source.colours == Colours::Cmyk, "{made:?}");
    is_the_scene(&pixels)
}

#[test]
fn pngs_of_every_kind_show_the_scene() -> Result<()> {
    let scene = Pixels::scene(300, 200);
    let size = (300, 200);
    let wide = |bytes: &[u8]| bytes.iter().flat_map(|&byte| [byte, byte]).collect::<Vec<u8>>();
    let grey = scene.grey();
    let opaque = scene.with(|_| 255);
    let cases = [
        (ColorType::Rgb, BitDepth::Eight, scene.bytes.clone()),
        (ColorType::Rgb, BitDepth::Sixteen, wide(&scene.bytes)),
        (ColorType::Rgba, BitDepth::Eight, opaque.bytes.clone()),
        (ColorType::Rgba, BitDepth::Sixteen, wide(&opaque.bytes)),
        (ColorType::Grayscale, BitDepth::Eight, grey.bytes.clone()),
        (ColorType::Grayscale, BitDepth::Sixteen, wide(&grey.bytes)),
    ];
    for (colours, depth, bytes) in cases {
        let (pixels, made) = shown(&png(size, colours, depth, &bytes, |_| {})?)?;
        is_the_scene(&pixels).with_context(|| format!("{colours:?} {depth:?}"))?;
        ensure!(made.changes.contains(&Change::Narrowed) == (depth == BitDepth::Sixteen), "{made:?}");
        ensure!(made.changes.contains(&Change::Flattened) == (colours == ColorType::Rgba), "{made:?}");
    }
    let grey_alpha = grey.with(|_| 255).bytes;
    let (pixels, _) = shown(&png(size, ColorType::GrayscaleAlpha, BitDepth::Eight, &grey_alpha, |_| {})?)?;
    ensure!(pixels[0].channels == 3 && pixels[0].bytes.chunks(3).all(|p| p[0].abs_diff(p[1]) < 4));

    // Half a byte each, by way of a palette of greys and as greys.
    let nibbles: Vec<u8> = grey.bytes.chunks(2).map(|two| two[0] & 0xF0 | two[1] >> 4).collect();
    let palette: Vec<u8> = (0..16).flat_map(|level: u8| [level * 17; 3]).collect();
    let by_palette = png(size, ColorType::Indexed, BitDepth::Four, &nibbles, |png| {
        png.set_palette(palette);
        png.set_trns(vec![255; 16]);
    })?;
    let as_grey = png(size, ColorType::Grayscale, BitDepth::Four, &nibbles, |_| {})?;
    let (by_palette, _) = shown(&by_palette)?;
    let (as_grey, _) = shown(&as_grey)?;
    ensure!(by_palette[0].grey().distance(&as_grey[0]) < 1.0);
    ensure!(as_grey[0].distance(&Pixels::scene(256, 171).grey()) < 10.0);
    Ok(())
}

#[test]
fn an_interlaced_png_shows_what_a_plain_one_shows() -> Result<()> {
    let png = tools::ffmpeg_png(&Pixels::scene(300, 200), &["-flags", "+ildct", "-pred", "mixed"]);
    ensure!(png[28] == 1, "it is interlaced");
    is_the_scene(&shown(&png)?.0)
}

#[test]
fn what_is_transparent_lies_on_the_ground_that_was_ordered() -> Result<()> {
    let clear = Pixels::scene(300, 200).with(|index| if index % 300 < 150 { 0 } else { 255 });
    let file = png((300, 200), ColorType::Rgba, BitDepth::Eight, &clear.bytes, |_| {})?;
    let order = media::picture::Order { ground: [10, 200, 30], ..small() };
    let (jpegs, _) = proxies(&file, &order)?;
    let pixels = decoded(&jpegs[0])?;
    let at = |x: usize| &pixels.bytes[x * 3..x * 3 + 3];
    ensure!(at(20).iter().zip([10, 200, 30]).all(|(a, b)| a.abs_diff(b) < 6), "{:?}", at(20));
    let scene = Pixels::scene(256, 171);
    ensure!(at(240).iter().zip(&scene.bytes[720..]).all(|(a, b)| a.abs_diff(*b) < 12), "{:?}", at(240));
    Ok(())
}

#[test]
fn a_profile_is_applied_and_left_out() -> Result<()> {
    let profile = ColorProfile::new_display_p3().encode().map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let colourful = Pixels::of(300, 200, |_, _| [60, 200, 60]);
    let jpeg = Jpeg { profile: Some(&profile), ..Jpeg::default() }.bytes(&colourful)?;
    for file in [&jpeg, &png_with(&colourful, None, Some(&profile))?] {
        let (pixels, made) = shown(file)?;
        ensure!(made.changes == [Change::ToSrgb], "{made:?}");
        let seen = &pixels[0].bytes[..3];
        // This green is outside sRGB: its red is cut off.
        ensure!(seen[0] < 20 && seen[1].abs_diff(203) < 6, "{seen:?}");
    }
    let (jpegs, _) = proxies(&jpeg, &order())?;
    ensure!(!jpegs[0].windows(11).any(|bytes| bytes == b"ICC_PROFILE"), "nothing but sRGB needs one");
    Ok(())
}

#[test]
fn of_all_that_accompanies_a_picture_only_the_copyright_stays() -> Result<()> {
    let exif = exif(1, "2026 Ada Lovelace");
    let file = Jpeg { exif: Some(&exif), ..Jpeg::default() }.bytes(&Pixels::scene(300, 200))?;
    for jpeg in proxies(&file, &small())?.0 {
        let has = |text: &[u8]| jpeg.windows(text.len()).any(|bytes| bytes == text);
        ensure!(has(b"2026 Ada Lovelace") && has(b"Exif\0\0"));
        ensure!(!has(b"\x01\x12\0\x03"), "the orientation has been applied");
    }
    let bare = Jpeg::default().bytes(&Pixels::scene(300, 200))?;
    ensure!(!proxies(&bare, &small())?.0[0].windows(4).any(|bytes| bytes == b"Exif"));
    Ok(())
}

#[test]
fn ffmpeg_sees_what_we_wrote() -> Result<()> {
    for (progressive, halve_colour) in [(false, true), (true, false)] {
        let order = media::picture::Order { progressive, halve_colour, ..small() };
        let file = Jpeg::default().bytes(&Pixels::scene(600, 400))?;
        for jpeg in proxies(&file, &order)?.0 {
            let ours = decoded(&jpeg)?;
            let theirs = tools::ffmpeg_rgb(&jpeg, &ours);
            let distance = ours.distance(&theirs);
            ensure!(distance < 2.0, "{distance}");
        }
    }
    Ok(())
}
