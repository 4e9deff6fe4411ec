//! The inputs of children: each item alone, or so many in a batch.

use crate::errors::DATA_LIMIT_EXCEEDED;
use crate::history::{Batch, Failure};
use crate::state::MAX_PAYLOAD;

/// What one child gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portion {
    /// The number of its first item, and how many it has.
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// JSON text.
    pub(crate) input: String,
}

/// Gathers items into portions.
pub(crate) struct Batcher {
    batch: Option<Batch>,
    /// Where the next portion must begin anew, because what follows was given out already.
    open: Option<Portion>,
}

/// An item that fits into no child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge(pub(crate) u32);

impl From<TooLarge> for Failure {
    fn from(TooLarge(index): TooLarge) -> Failure {
        let cause = format!("The item at index {index} exceeds the maximum number of bytes service limit.");
        Failure::new(DATA_LIMIT_EXCEEDED, &cause)
    }
}

impl Batcher {
    pub(crate) fn new(batch: Option<Batch>) -> Batcher {
        Batcher { batch, open: None }
    }

    /// Takes the next item; the portion that is full, if one is.
    pub(crate) fn push(&mut self, index: u32, item: &str) -> Result<Option<Portion>, TooLarge> {
        let Some(batch) = &self.batch else {
            let portion = Portion { first: index, count: 1, input: item.to_owned() };
            return if item.len() > MAX_PAYLOAD { Err(TooLarge(index)) } else { Ok(Some(portion)) };
        };
        let frame = frame(batch);
        let most = batch.bytes.map_or(MAX_PAYLOAD, |bytes| (bytes as usize).min(MAX_PAYLOAD));
        if frame + item.len() > most {
            return Err(TooLarge(index));
        }
        let full = self.open.take_if(|open| frame + open.input.len() + 1 + item.len() > most);
        let full = full.map(|open| close(batch, open));
        let open = self.open.get_or_insert_with(|| Portion { first: index, count: 0, input: String::new() });
        if open.count > 0 {
            open.input.push(',');
        }
        open.input.push_str(item);
        open.count += 1;
        if full.is_some() {
            return Ok(full);
        }
        let counted = self.open.take_if(|open| batch.items.is_some_and(|items| open.count >= items));
        Ok(counted.map(|open| close(batch, open)))
    }

    /// What was begun and is not full.
    pub(crate) fn flush(&mut self) -> Option<Portion> {
        let batch = self.batch.as_ref()?;
        self.open.take().map(|open| close(batch, open))
    }
}

const BEFORE: &str = "{\"Items\":[";
const BETWEEN: &str = "],\"BatchInput\":";

/// How many bytes a portion has beside its items.
fn frame(batch: &Batch) -> usize {
    let input = batch.input.as_ref().map_or(1, |input| BETWEEN.len() + input.len());
    BEFORE.len() + input + 1
}

fn close(batch: &Batch, open: Portion) -> Portion {
    let input = match &batch.input {
        None => format!("{BEFORE}{}]}}", open.input),
        Some(given) => format!("{BEFORE}{}{BETWEEN}{given}}}", open.input),
    };
    Portion { input, ..open }
}
