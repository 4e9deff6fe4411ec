//! From one picture to smaller ones: decoded once, made smaller while it is decoded, turned to sRGB and upright, and each
//! next one made from the one before.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::{Problem, Progress, ReadAt, Sink};

use super::colour::{Conversion, Rgb};
use super::decode::{Colour, Decoded, decode};
use super::encode::{Style, encode};
use super::header::{self, Header};
use super::rows::Shape;
use super::shown::Shown;
use super::shrink::fit;
use super::srgb::to_srgb;
use super::upright::upright;
use super::{Limits, Picture, Turn};

/// What is wanted of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The squares to fit, from the largest to the smallest; one JPEG each, in this order.
    pub sides: Vec<u32>,
    /// 1 to 100.
    pub quality: u8,
    pub progressive: bool,
    /// Colour at half the resolution, as most JPEGs have it (4:2:0).
    pub halve_colour: bool,
    /// What shows through where the picture does not cover.
    pub ground: Rgb,
}

/// What was made of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeProxies {
    pub source: Picture,
    pub proxies: Vec<Proxy>,
    /// How the proxies differ from the source, size aside; empty when they show the same.
    pub changes: Vec<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// It was turned as its EXIF says.
    Turned,
    /// Its colours were converted to sRGB by its profile.
    ToSrgb,
    /// Its profile could not be used; it was shown as if it had none.
    ProfileIgnored,
    /// Transparent parts were put on a ground.
    Flattened,
    /// More than eight bits were rounded to eight.
    Narrowed,
}

/// Writes the JPEGs that `order` asks for, one after the other, each an output of its own.
pub(crate) fn proxies(
    source: &dyn ReadAt,
    limits: &Limits,
    order: &Order,
    processors: NonZeroUsize,
    sink: &mut dyn Sink,
    progress: &mut Progress<'_>,
) -> Result<MadeProxies, Problem> {
    let header = header::read(source, limits)?;
    let apart = apart(&header.picture, order);
    let decoded = decode(source, &header.picture, largest(order), apart, processors, progress)?;
    let (shown, profile_counted) = as_shown(decoded, &header, order, processors);
    let mut proxies = Vec::new();
    for (shape, jpeg) in encode_all(shown, order, header.copyright.as_deref())? {
        if !proxies.is_empty() {
            sink.next().map_err(|error| Problem::sink(&error))?;
        }
        sink.write(&jpeg).map_err(|error| Problem::sink(&error))?;
        let Shape { width, height, .. } = shape;
        proxies.push(Proxy { width, height, bytes: jpeg.len() as u64 });
    }
    let changes = changes(&header.picture, profile_counted);
    Ok(MadeProxies { source: header.picture, proxies, changes })
}

fn largest(order: &Order) -> u32 {
    order.sides.iter().copied().max().unwrap_or(1).max(1)
}

/// Whether colour can stay apart from light, from the decoder to the encoder, and how much of it: halved and turned, it would
/// lie half a pixel off where a side is odd.
fn apart(picture: &Picture, order: &Order) -> Option<Colour> {
    let Picture { width, height, turn, .. } = *picture;
    let is_odd = || {
        let (width, height) = fit(width, height, largest(order));
        (width | height) % 2 == 1
    };
    let colour = if order.halve_colour { Colour::Halved } else { Colour::All };
    let is_off = order.halve_colour && turn != Turn::NONE && is_odd();
    (!is_off).then_some(colour)
}

/// In sRGB and upright; and whether its profile counted.
fn as_shown(decoded: Decoded, header: &Header, order: &Order, processors: NonZeroUsize) -> (Shown, bool) {
    let picture = &header.picture;
    match decoded {
        Decoded::Shown(mut shown) => {
            let profile = header.profile.as_deref().and_then(|bytes| picture.colours.by(bytes));
            let profile_counted = profile.is_some_and(|profile| to_srgb(&mut shown, &profile, processors));
            (shown.upright(picture.turn), profile_counted)
        }
        Decoded::Pixels(raster) => {
            let conversion = Conversion {
                colours: picture.colours,
                has_alpha: picture.has_alpha,
                profile: header.profile.as_deref(),
                ground: order.ground,
            };
            let (raster, profile_counted) = conversion.apply(raster);
            (Shown::of_raster(&upright(raster, picture.turn), order.halve_colour), profile_counted)
        }
    }
}

/// A JPEG for each square, of a picture that fits the first and largest. While one is written, the next is made smaller.
fn encode_all(
    shown: Shown,
    order: &Order,
    copyright: Option<&str>,
) -> Result<Vec<(Shape, Vec<u8>)>, Problem> {
    let Order { quality, progressive, .. } = *order;
    let style = Style { quality, progressive };
    let Shape { width, height, .. } = shown.shape();
    thread::scope(|scope| {
        let mut shown = Arc::new(shown);
        let mut encoders = Vec::new();
        for (number, &side) in order.sides.iter().enumerate() {
            if number > 0 {
                let (width, height) = fit(width, height, side);
                shown = Arc::new(shown.shrunk(width, height));
            }
            let its = Arc::clone(&shown);
            encoders.push(scope.spawn(move || Ok((its.shape(), encode(&its, style, copyright)?))));
        }
        encoders.into_iter().map(|encoder| encoder.join().expect("an encoder does not panic")).collect()
    })
}

fn changes(picture: &Picture, profile_counted: bool) -> Vec<Change> {
    let all = [
        (picture.turn != Turn::NONE, Change::Turned),
        (picture.has_profile && profile_counted, Change::ToSrgb),
        (picture.has_profile && !profile_counted, Change::ProfileIgnored),
        (picture.has_alpha, Change::Flattened),
        (picture.bits_per_channel > 8, Change::Narrowed),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, change)| change).collect()
}
