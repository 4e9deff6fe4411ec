//! From one picture to smaller ones: decoded once, made smaller while it is decoded, turned to sRGB and upright, and each
//! next one made from the one before.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::source::Watched;
use crate::{Problem, Progress, ReadAt, Report, Sink};

use super::colour::{Conversion, Rgb};
use super::encode::{Style, encode};
use super::header::{self, Header};
use super::jpeg::JpegRows;
use super::png::PngRows;
use super::rows::{Extent, Raster, Rows, Shape};
use super::shrink::{Shrink, fit, shrunk};
use super::upright::upright;
use super::{Kind, Limits, Picture, Turn};

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
    sink: &mut dyn Sink,
    progress: &mut Progress<'_>,
) -> Result<MadeProxies, Problem> {
    let header = header::read(source, limits)?;
    let raster = decode(source, &header.picture, largest(order), progress)?;
    let (rasters, profile_counted) = rasters(raster, &header, order);
    let jpegs = encode_all(&rasters, order, header.copyright.as_deref())?;
    let mut proxies = Vec::new();
    for (raster, jpeg) in rasters.iter().zip(&jpegs) {
        if !proxies.is_empty() {
            sink.next().map_err(|error| Problem::sink(&error))?;
        }
        sink.write(jpeg).map_err(|error| Problem::sink(&error))?;
        let Shape { width, height, .. } = raster.shape;
        proxies.push(Proxy { width, height, bytes: jpeg.len() as u64 });
    }
    let changes = changes(&header.picture, profile_counted);
    Ok(MadeProxies { source: header.picture, proxies, changes })
}

fn largest(order: &Order) -> u32 {
    order.sides.iter().copied().max().unwrap_or(1).max(1)
}

/// The picture, as small as the largest proxy. One thread decodes while another makes smaller.
fn decode(
    source: &dyn ReadAt,
    picture: &Picture,
    side: u32,
    progress: &mut Progress<'_>,
) -> Result<Raster, Problem> {
    /// How many portions of rows may wait.
    const AHEAD: usize = 4;
    let watched = Watched::new(source);
    thread::scope(|scope| {
        let (hand_on, take) = sync_channel::<Result<Portion, Problem>>(AHEAD);
        let watched = &watched;
        scope.spawn(move || {
            let read = || match picture.kind {
                Kind::Jpeg => portions(JpegRows::open(watched, picture, side)?, &hand_on),
                Kind::Png => portions(PngRows::open(watched)?, &hand_on),
            };
            if let Err(problem) = read() {
                // Nobody listens any more when the work was stopped.
                let _stopped = hand_on.send(Err(problem));
            }
        });
        let mut shrink: Option<Shrink> = None;
        let mut rows_done = 0;
        for portion in take {
            let Portion { shape, extent, rows } = portion?;
            let (width, height) = fit(picture.width, picture.height, side);
            let to = Shape { width, height, ..shape };
            let shrink = shrink.get_or_insert_with(|| Shrink::new(shape, extent, to, picture.has_alpha));
            rows_done += (rows.len() / shape.row_bytes()) as u64;
            shrink.band().extend_from_slice(&rows);
            shrink.took();
            let report = Report { done: rows_done, total: Some(u64::from(shape.height)) };
            if progress(report) == ControlFlow::Break(()) {
                return Err(Problem::Cancelled);
            }
        }
        shrink.map(Shrink::finish).ok_or_else(|| Problem::corrupt("it has no rows"))
    })
}

struct Portion {
    shape: Shape,
    extent: Extent,
    rows: Vec<u8>,
}

/// Hands rows on, about a portion at a time, until there are no more or nobody takes them.
fn portions(
    mut rows: impl Rows,
    hand_on: &std::sync::mpsc::SyncSender<Result<Portion, Problem>>,
) -> Result<(), Problem> {
    const PORTION: usize = 512 << 10;
    let (shape, extent) = (rows.shape(), rows.extent());
    let mut more = true;
    while more {
        let mut portion = Vec::with_capacity(PORTION + shape.row_bytes());
        while more && portion.len() < PORTION {
            more = rows.next(&mut portion)?;
        }
        if hand_on.send(Ok(Portion { shape, extent, rows: portion })).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn rasters(raster: Raster, header: &Header, order: &Order) -> (Vec<Raster>, bool) {
    let picture = &header.picture;
    let conversion = Conversion {
        colours: picture.colours,
        has_alpha: picture.has_alpha,
        profile: header.profile.as_deref(),
        ground: order.ground,
    };
    let (raster, profile_counted) = conversion.apply(raster);
    let raster = upright(raster, picture.turn);
    let (whole_width, whole_height) = (raster.shape.width, raster.shape.height);
    // It was decoded to fit the first and largest square.
    let mut made = vec![raster];
    for &side in order.sides.iter().skip(1) {
        let (width, height) = fit(whole_width, whole_height, side);
        made.push(shrunk(&made[made.len() - 1], width, height));
    }
    (made, profile_counted)
}

fn encode_all(rasters: &[Raster], order: &Order, copyright: Option<&str>) -> Result<Vec<Vec<u8>>, Problem> {
    let Order { quality, progressive, halve_colour, .. } = *order;
    let style = Style { quality, progressive, halve_colour };
    thread::scope(|scope| {
        let encoders: Vec<_> =
            rasters.iter().map(|raster| scope.spawn(move || encode(raster, style, copyright))).collect();
        encoders.into_iter().map(|encoder| encoder.join().expect("an encoder's panic is caught")).collect()
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
