//! One channel of a frame, out of its bits. (RFC 9639, 9.2.)

use super::Flaw;
use super::bits::Bits;
use super::lanes::{LANES, Predictor, Row};

/// Fills a lane of `rows` with what the predictor left over, which it answers; samples have `depth` bits.
#[inline(always)]
pub(super) fn read(
    bits: &mut Bits<'_>,
    rows: &mut [Row],
    lane: usize,
    depth: u32,
) -> Result<Predictor, Flaw> {
    const CONSTANT: u32 = 0;
    const VERBATIM: u32 = 1;
    const FIXED: u32 = 8;
    const LINEAR: u32 = 32;
    let head = bits.take(8);
    let wasted = if head & 1 == 1 { bits.take_unary() + 1 } else { 0 };
    let depth = depth.checked_sub(wasted).filter(|&depth| depth > 0);
    let depth = depth.ok_or("a channel has more wasted bits than bits")?;
    let mut predictor = Predictor::NONE;
    match head >> 1 {
        CONSTANT => {
            let level = bits.take_signed(depth);
            rows.iter_mut().for_each(|row| row[lane % LANES] = level);
        }
        VERBATIM => stored(bits, rows, lane, depth),
        kind @ FIXED..=12 => {
            predictor = Predictor::fixed((kind - FIXED) as usize);
            stored(bits, warm_up(rows, predictor.order)?, lane, depth);
            residual(bits, rows, lane, predictor.order)?;
        }
        kind @ LINEAR..=63 => {
            predictor.order = (kind - LINEAR) as usize + 1;
            stored(bits, warm_up(rows, predictor.order)?, lane, depth);
            let precision = bits.take(4) + 1;
            let shift = bits.take_signed(5);
            if precision == 16 || shift < 0 {
                return Err("a predictor makes no sense");
            }
            predictor.shift = shift as u32;
            for coefficient in &mut predictor.coefficients[..predictor.order] {
                *coefficient = bits.take_signed(precision);
            }
            residual(bits, rows, lane, predictor.order)?;
        }
        _ => return Err("a channel is of a reserved kind"),
    }
    if bits.is_past_end() { Err("a frame ends too soon") } else { Ok(Predictor { wasted, ..predictor }) }
}

/// Samples which stand as they are.
#[inline(always)]
fn stored(bits: &mut Bits<'_>, rows: &mut [Row], lane: usize, depth: u32) {
    for row in rows {
        row[lane % LANES] = bits.take_signed(depth);
    }
}

fn warm_up(rows: &mut [Row], order: usize) -> Result<&mut [Row], Flaw> {
    rows.get_mut(..order).ok_or("a predictor is longer than its frame")
}

/// What a predictor of this order leaves over: in 2^n parts, each with a Rice parameter of its own.
#[inline(always)]
fn residual(bits: &mut Bits<'_>, rows: &mut [Row], lane: usize, order: usize) -> Result<(), Flaw> {
    let width = match bits.take(2) {
        0 => 4,
        1 => 5,
        _ => return Err("a residual is of a reserved kind"),
    };
    let escape = (1 << width) - 1;
    let parts = 1 << bits.take(4);
    let each = rows.len() / parts;
    if each * parts != rows.len() || each < order {
        return Err("a frame cannot be divided into as many parts as it says");
    }
    let mut skip = order;
    for part in rows.chunks_exact_mut(each) {
        let parameter = bits.take(width);
        let part = &mut part[skip..];
        if parameter < escape {
            // As many at once as mostly fit into one look ahead.
            match parameter {
                ..=9 => numbers::<4>(bits, part, lane, parameter),
                10..=15 => numbers::<3>(bits, part, lane, parameter),
                16..=25 => numbers::<2>(bits, part, lane, parameter),
                _ => numbers::<1>(bits, part, lane, parameter),
            }
        } else {
            let length = bits.take(5);
            stored(bits, part, lane, length);
        }
        skip = 0;
        if bits.is_past_end() {
            return Err("a frame ends too soon");
        }
    }
    Ok(())
}

/// Rice numbers, so many at once.
#[inline(always)]
fn numbers<const AT_ONCE: usize>(bits: &mut Bits<'_>, part: &mut [Row], lane: usize, parameter: u32) {
    let (groups, rest) = part.as_chunks_mut::<AT_ONCE>();
    // A closure would be compiled by itself, for any processor.
    for group in groups {
        let values = bits.take_rice::<AT_ONCE>(parameter);
        for (row, value) in group.iter_mut().zip(values) {
            row[lane % LANES] = unfolded(value);
        }
    }
    for row in rest {
        let [value] = bits.take_rice(parameter);
        row[lane % LANES] = unfolded(value);
    }
}

/// 0, 1, 2, 3, … stand for 0, −1, 1, −2, ….
#[inline(always)]
fn unfolded(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}
