//! Pictures that mean harm, and whole ones to be cut.

use anyhow::Result;
use png::{BitDepth, ColorType};
use states::Recipe::Proxies;
use tests::pictures::{Jpeg, Pixels, animated_png, jpeg_of_a_thousand_scans, png, png_claiming};

use super::{Hostile, SOME, cut_at, hostile};

pub(super) fn all() -> Result<Vec<Hostile>> {
    let page = b"<!doctype html><script>";
    let mut all = vec![
        hostile(
            "a PNG of 1 kB that claims 60,000 × 60,000",
            "a.png",
            Proxies,
            png_claiming(60_000, 60_000, false)?,
        ),
        hostile("a JPEG of a thousand scans", "a.jpg", Proxies, jpeg_of_a_thousand_scans()?),
        hostile("an animated PNG", "a.png", Proxies, animated_png()?),
        hostile("a picture that is a page", "a.jpg", Proxies, page.to_vec()),
        hostile("a PNG that is a page", "a.png", Proxies, [&b"\x89PNG\r\n\x1A\n"[..], page].concat()),
    ];
    all.extend(cut_at(SOME, ("a.jpg", Proxies), &photo()?));
    all.extend(cut_at(SOME, ("a.png", Proxies), &drawing()?));
    Ok(all)
}

/// A JPEG.
pub(super) fn photo() -> Result<Vec<u8>> {
    Jpeg::default().bytes(&Pixels::scene(1440, 1080).grainy())
}

/// A PNG.
pub(super) fn drawing() -> Result<Vec<u8>> {
    let scene = Pixels::scene(440, 330).grainy();
    png((440, 330), ColorType::Rgb, BitDepth::Eight, &scene.bytes, |_| {})
}
