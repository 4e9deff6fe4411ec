//! The functions that Step Functions adds to the language, those that must come from the step's own time and randomness,
//! and those that count what an evaluation costs ([`super::guard`]).

use super::guard::{DISTINCT, FROM, MEASURE, OUT_OF_MEMORY, OUT_OF_STEPS, SHORT, SMALL, STEP, UPTO};
use crate::Millis;
use crate::data::intrinsics::{digest, draw, draw_uuid};
use jsonata_core::evaluator::{Evaluator, EvaluatorError, HostFnResult};
use jsonata_core::value::{JValue, with_stack};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

/// An evaluation takes at most this many steps: calls of its functions, and rounds of what it repeats.
const MAX_STEPS: u32 = 250_000;
/// What an evaluation keeps holds at most this many bytes in all.
const MAX_KEPT: usize = 256 * 1024 * 1024;
/// One value holds at most this many, as on AWS.
const MAX_VALUE: usize = 6_990_256;
/// The longest text that `$split` takes, and the widest that `$pad` makes.
const MAX_SPLIT: usize = 1 << 20;
const MAX_WIDTH: f64 = (1 << 22) as f64;
/// `$range` gives at most this many numbers, as on AWS.
const MAX_RANGE: f64 = 360_145.0;

/// What an evaluation has left, and where its time and randomness come from.
pub(super) struct Budget {
    steps: Cell<u32>,
    kept: Cell<usize>,
    random: Cell<u64>,
    now: Millis,
    /// The lower ends of the ranges that are being made.
    from: RefCell<Vec<f64>>,
}

impl Budget {
    pub(super) fn new(random: &Cell<u64>, now: Millis) -> Budget {
        Budget {
            steps: Cell::new(MAX_STEPS),
            kept: Cell::new(MAX_KEPT),
            random: random.clone(),
            now,
            from: RefCell::default(),
        }
    }

    pub(super) fn random(&self) -> u64 {
        self.random.get()
    }

    fn step(&self) -> HostFnResult {
        let left = self.steps.get().checked_sub(1).ok_or_else(|| failed(OUT_OF_STEPS))?;
        self.steps.set(left);
        Ok(JValue::Undefined)
    }

    fn keep(&self, bytes: usize) -> Result<(), EvaluatorError> {
        let left = self.kept.get().checked_sub(bytes).filter(|_| bytes <= MAX_VALUE);
        self.kept.set(left.ok_or_else(|| failed(OUT_OF_MEMORY))?);
        Ok(())
    }

    fn measure(&self, value: &JValue) -> HostFnResult {
        let mut room = MAX_VALUE.min(self.kept.get());
        let before = room;
        fill(value, &mut room).ok_or_else(|| failed(OUT_OF_MEMORY))?;
        self.keep(before - room)?;
        Ok(value.clone())
    }

    fn upto(&self, end: &JValue) -> HostFnResult {
        let start = self.from.borrow_mut().pop();
        if let (Some(start), Some(end)) = (start, end.as_f64()) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the cast saturates"
            )]
            self.keep(((end - start + 1.0).max(0.0) * 8.0) as usize)?;
        }
        Ok(end.clone())
    }
}

/// Takes from `room` what the value holds: eight bytes for a number, one for each of a string's; shared parts count as
/// often as they are seen.
fn fill(value: &JValue, room: &mut usize) -> Option<()> {
    with_stack(|| {
        let own = match value {
            JValue::String(text) => text.len(),
            _ => 8,
        };
        *room = room.checked_sub(own)?;
        match value {
            JValue::Array(items) => items.iter().try_for_each(|item| fill(item, room)),
            JValue::Object(fields) => fields.iter().try_for_each(|(name, value)| {
                *room = room.checked_sub(name.len())?;
                fill(value, room)
            }),
            _ => Some(()),
        }
    })
}

fn failed(message: &str) -> EvaluatorError {
    EvaluatorError::EvaluationError(message.to_owned())
}

/// Makes our functions known to the evaluator.
pub(super) fn register(evaluator: &mut Evaluator, budget: &Rc<Budget>) {
    let mut add = |name: &str, function: fn(&Budget, &[JValue]) -> HostFnResult| {
        let budget = budget.clone();
        // An override is refused only for names that the crate compiles, of which we replace none by name.
        let added = evaluator.register_fn_override(name, move |args: &[JValue]| function(&budget, args));
        debug_assert!(added.is_ok(), "{name} must be ours");
    };
    add(STEP, |budget, _| budget.step());
    add(MEASURE, |budget, args| budget.measure(first(args)));
    add(FROM, |budget, args| {
        budget.from.borrow_mut().extend(first(args).as_f64());
        Ok(first(args).clone())
    });
    add(UPTO, |budget, args| budget.upto(first(args)));
    add(DISTINCT, |_, args| Ok(distinct(first(args))));
    add(SHORT, |_, args| {
        within(first(args), |value| value.as_str().is_none_or(|text| text.len() <= MAX_SPLIT))
    });
    add(SMALL, |_, args| {
        within(first(args), |value| value.as_f64().is_none_or(|number| number.abs() <= MAX_WIDTH))
    });
    add("eval", |_, _| Err(failed("T1006: Attempted to invoke a non-function")));
    add("millis", |budget, _| Ok(JValue::from(budget.now)));
    add("now", |budget, _| Ok(JValue::from(crate::data::time::format(budget.now))));
    add("random", |budget, args| random(budget, args.first()));
    add("shuffle", |budget, args| shuffle(budget, first(args)));
    add("uuid", |budget, _| Ok(JValue::from(draw_uuid(&budget.random))));
    add("hash", |_, args| hash(args));
    add("parse", |_, args| parse(first(args)));
    add("partition", |_, args| partition(args));
    add("range", |_, args| range(args));
}

fn first(args: &[JValue]) -> &JValue {
    args.first().unwrap_or(&JValue::Undefined)
}

/// A number, rounded towards zero as AWS rounds it.
fn whole(args: &[JValue], index: usize, function: &str) -> Result<Option<f64>, EvaluatorError> {
    match args.get(index) {
        None | Some(JValue::Undefined) => Ok(None),
        Some(JValue::Number(number)) => Ok(Some(number.trunc())),
        Some(_) => Err(mismatch(index, function)),
    }
}

fn mismatch(index: usize, function: &str) -> EvaluatorError {
    let number = index + 1;
    failed(&format!("T0410: Argument {number} of function \"{function}\" does not match function signature"))
}

fn partition(args: &[JValue]) -> HostFnResult {
    let items = match first(args) {
        JValue::Undefined => return Ok(JValue::Undefined),
        JValue::Array(items) => items.to_vec(),
        single => vec![single.clone()],
    };
    let Some(size) = whole(args, 1, "partition")? else { return Ok(JValue::Undefined) };
    if size < 1.0 || items.is_empty() {
        return Ok(JValue::Undefined);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let parts = items.chunks(size as usize).map(|part| JValue::array(part.to_vec()));
    Ok(JValue::array(parts.collect()))
}

fn range(args: &[JValue]) -> HostFnResult {
    let ends = [whole(args, 0, "range")?, whole(args, 1, "range")?, whole(args, 2, "range")?];
    let [Some(start), Some(end), Some(step)] = ends else { return Ok(JValue::Undefined) };
    let distance = (end - start) / step;
    if step == 0.0 || distance < 0.0 || !distance.is_finite() {
        return Ok(JValue::Undefined);
    }
    if distance + 1.0 > MAX_RANGE {
        return Err(failed(OUT_OF_MEMORY));
    }
    let mut numbers: Vec<JValue> = Vec::new();
    let mut number = start;
    while (step > 0.0 && number <= end) || (step < 0.0 && number >= end) {
        numbers.push(JValue::from(number));
        number += step;
    }
    // One number is that number, as a sequence of one is everywhere in the language.
    Ok(if numbers.len() == 1 { numbers.remove(0) } else { JValue::array(numbers) })
}

fn hash(args: &[JValue]) -> HostFnResult {
    let text = |index: usize| match args.get(index) {
        None | Some(JValue::Undefined) => Ok(None),
        Some(JValue::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(mismatch(index, "hash")),
    };
    let (Some(data), Some(algorithm)) = (text(0)?, text(1)?) else { return Ok(JValue::Undefined) };
    let digest = digest(&data, &algorithm);
    digest.map(JValue::from).ok_or_else(|| failed(&format!("Unsupported hash algorithm: {algorithm}")))
}

fn parse(text: &JValue) -> HostFnResult {
    match text {
        JValue::Undefined => Ok(JValue::Undefined),
        JValue::String(text) if crate::data::nesting(text) <= crate::data::MAX_NESTING => {
            JValue::from_json_str(text).map_err(|error| failed(&format!("Unable to parse JSON: {error}")))
        }
        _ => Err(mismatch(0, "parse")),
    }
}

/// Java's generator for a seed, which is what a seed has always meant in Step Functions.
fn random(budget: &Budget, seed: Option<&JValue>) -> HostFnResult {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let fraction = |bits: u64| bits as f64 / (1_u64 << 53) as f64;
    let seed = match seed {
        None | Some(JValue::Undefined) => return Ok(JValue::from(fraction(draw(&budget.random) >> 11))),
        Some(JValue::Number(seed)) => *seed,
        Some(_) => return Err(mismatch(0, "random")),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "only the bits of the seed matter"
    )]
    let mut state = (seed as i64 as u64 ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - bits)
    };
    let bits = (next(26) << 27) + next(27);
    Ok(JValue::from(fraction(bits)))
}

fn shuffle(budget: &Budget, array: &JValue) -> HostFnResult {
    let JValue::Array(items) = array else { return Ok(array.clone()) };
    let mut items = items.to_vec();
    for last in (1..items.len()).rev() {
        let other = draw(&budget.random) % (last as u64 + 1);
        items.swap(last, usize::try_from(other).unwrap_or(last));
    }
    Ok(JValue::array(items))
}

fn within(value: &JValue, holds: impl FnOnce(&JValue) -> bool) -> HostFnResult {
    if holds(value) { Ok(value.clone()) } else { Err(failed(OUT_OF_MEMORY)) }
}

/// The items without those that came before; a sequence stays one.
fn distinct(array: &JValue) -> JValue {
    let JValue::Array(items) = array else { return array.clone() };
    if items.len() < 2 {
        return array.clone();
    }
    let mut seen = HashSet::new();
    let first_seen =
        |item: &&JValue| seen.insert(super::convert::to_json(item).map(|value| value.to_string()));
    let first = items.iter().filter(first_seen).cloned().collect();
    if items.sequence { JValue::sequence(first) } else { JValue::array(first) }
}
