//! Proxies of JPEGs and PNGs in every form, and what becomes of damaged and lying ones.

mod damage;
mod forms;

use anyhow::{Result, ensure};
use media::picture::{MadeProxies, Order};
use tests::pictures::{Pixels, decoded, order, proxies};

/// Small squares, so that a debug build is quick.
fn small() -> Order {
    Order { sides: vec![256, 128], quality: 92, halve_colour: false, ..order() }
}

/// The proxies of `source`, decoded.
fn shown(source: &[u8]) -> Result<(Vec<Pixels>, MadeProxies)> {
    let (jpegs, made) = proxies(source, &small())?;
    ensure!(jpegs.len() == made.proxies.len() && made.proxies.len() == 2, "{made:?}");
    let shown = jpegs.iter().map(|jpeg| decoded(jpeg)).collect::<Result<Vec<_>>>()?;
    for ((pixels, jpeg), proxy) in shown.iter().zip(&jpegs).zip(&made.proxies) {
        let stated = (proxy.width, proxy.height, proxy.bytes);
        ensure!(stated == (pixels.width, pixels.height, jpeg.len() as u64), "{made:?}");
    }
    Ok((shown, made))
}

/// Whether each of `shown` is the scene, as it would have been made at that size.
fn is_the_scene(shown: &[Pixels]) -> Result<()> {
    for pixels in shown {
        let scene = Pixels::scene(pixels.width, pixels.height);
        let expected = if pixels.channels == 1 { scene.grey() } else { scene };
        let distance = pixels.distance(&expected);
        ensure!(distance < 3.0, "{} × {}: {distance} apart", pixels.width, pixels.height);
    }
    Ok(())
}
