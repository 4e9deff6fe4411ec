//! How what a predictor leaves over is written: in partitions of equal length, each with a Rice parameter of its own.

use super::bits::{Bits, MOST, Pen};

/// At most 2^8 partitions: what players are told to expect.
pub(super) const FINEST: u32 = 8;

/// The largest parameter that four bits can say, less the one that means something else; the second method has five.
const LARGEST_OF_FOUR: u32 = 14;
const LARGEST: u32 = 30;

/// How a residual is cut and written.
#[derive(Clone, Debug)]
pub(super) struct Partitions {
    /// There are 2^order partitions.
    order: u32,
    parameters: [u8; 1 << FINEST],
    /// How long it is going to be, about.
    pub(super) bits: u64,
}

/// Sums of each partition, finest first; room that is kept.
pub(super) struct Sums([u64; 1 << FINEST]);

impl Default for Sums {
    fn default() -> Self {
        Self([0; 1 << FINEST])
    }
}

/// The best way to write `left`, of which the first `warm_up` are not written.
#[inline(always)]
pub(super) fn plan(left: &[u32], warm_up: usize, most_order: u32, sums: &mut Sums) -> Partitions {
    let finest = finest_order(left.len(), warm_up, most_order);
    let sums = &mut sums.0[..1 << finest];
    let mut skip = warm_up;
    for (sum, partition) in sums.iter_mut().zip(left.chunks_exact(left.len() >> finest)) {
        *sum = partition[skip..].iter().map(|&value| u64::from(value)).sum();
        skip = 0;
    }
    let mut best = Partitions { order: 0, parameters: [0; 1 << FINEST], bits: u64::MAX };
    let mut parameters = [0; 1 << FINEST];
    for order in (0..=finest).rev() {
        let bits = choose(&sums[..1 << order], left.len() >> order, warm_up, &mut parameters);
        if bits < best.bits {
            best = Partitions { order, parameters, bits };
        }
        for pair in 0..(1 << order) / 2 {
            sums[pair] = sums[2 * pair] + sums[2 * pair + 1];
        }
    }
    best
}

/// Partitions have a whole number of samples, and the first one more than are not written.
fn finest_order(length: usize, warm_up: usize, most: u32) -> u32 {
    let mut order = most.min(length.trailing_zeros());
    while order > 0 && length >> order <= warm_up {
        order -= 1;
    }
    order
}

/// A parameter for each partition; answers how many bits all of them take.
#[inline(always)]
fn choose(sums: &[u64], length: usize, warm_up: usize, parameters: &mut [u8; 1 << FINEST]) -> u64 {
    const METHOD_AND_ORDER: u64 = 6;
    let mut bits = METHOD_AND_ORDER;
    let mut largest = 0;
    let mut count = (length - warm_up) as u64;
    for (&sum, place) in sums.iter().zip(parameters.iter_mut()) {
        let (parameter, cost) = parameter(sum, count);
        *place = parameter as u8;
        largest = largest.max(parameter);
        bits += cost;
        count = length as u64;
    }
    let each = if largest > LARGEST_OF_FOUR { 5 } else { 4 };
    bits + each * sums.len() as u64
}

/// The parameter for `count` numbers with this sum, and about how many bits they take.
#[inline(always)]
fn parameter(sum: u64, count: u64) -> (u32, u64) {
    let mean = sum / count.max(1);
    let middle = (63 - (mean | 1).leading_zeros()).min(LARGEST);
    let cost = |parameter: u32| {
        // What shifting loses: half of what the low bits can hold, for each number.
        let lost = (count << parameter).saturating_sub(count) / 2;
        count * u64::from(parameter + 1) + (sum.saturating_sub(lost) >> parameter)
    };
    let (mut best, mut least) = (middle, cost(middle));
    if middle > 0 && cost(middle - 1) < least {
        (best, least) = (middle - 1, cost(middle - 1));
    }
    if middle < LARGEST && cost(middle + 1) < least {
        (best, least) = (middle + 1, cost(middle + 1));
    }
    (best, least)
}

impl Partitions {
    /// Writes `left` but for its first `warm_up`. There must be room.
    #[inline(always)]
    pub(super) fn write(&self, left: &[u32], warm_up: usize, bits: &mut Bits) {
        let parameters = &self.parameters[..1 << self.order];
        let second_method = parameters.iter().any(|&parameter| u32::from(parameter) > LARGEST_OF_FOUR);
        let each = if second_method { 5 } else { 4 };
        bits.put(u64::from(second_method) << 4 | u64::from(self.order), 6);
        let mut skip = warm_up;
        for (&parameter, partition) in parameters.iter().zip(left.chunks_exact(left.len() >> self.order)) {
            bits.put(u64::from(parameter), each);
            let mut pen = bits.pen();
            numbers(&partition[skip..], u32::from(parameter), &mut pen);
            let end = pen.at;
            bits.rewind(end);
            skip = 0;
        }
    }
}

#[inline(always)]
fn numbers(values: &[u32], parameter: u32, pen: &mut Pen<'_>) {
    let one = 1_u64 << parameter;
    let mask = one - 1;
    let mut pairs = values.chunks_exact(2);
    for pair in &mut pairs {
        let [first, second] = [pair[0], pair[1]];
        let long = (first >> parameter) + (second >> parameter) + 2 * (parameter + 1);
        if long <= MOST {
            let short = (second >> parameter) + 1 + parameter;
            let code = (one | u64::from(first) & mask) << short | one | u64::from(second) & mask;
            pen.put(code, long);
        } else {
            number(first, parameter, pen);
            number(second, parameter, pen);
        }
    }
    for &last in pairs.remainder() {
        number(last, parameter, pen);
    }
}

#[inline(always)]
fn number(value: u32, parameter: u32, pen: &mut Pen<'_>) {
    pen.zeros(value >> parameter);
    pen.put(1 << parameter | u64::from(value) & ((1 << parameter) - 1), parameter + 1);
}
