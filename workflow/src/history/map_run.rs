//! What a history keeps of a map run: which one it is, and by what it works, as that was evaluated when it began. The
//! items of a run stand here only when they stood in the history anyway; those of a big one are read again.

use super::Payload;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names a map run; drawn from the tick's seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(pub [u8; 16]);

impl RunId {
    /// A run's id from random bytes.
    pub(crate) fn random(bytes: [u8; 16]) -> RunId {
        RunId(uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes())
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        uuid::Uuid::from_bytes(self.0).fmt(f)
    }
}

/// By what a run works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub source: Source,
    pub batch: Option<Batch>,
    pub writer: Option<Writer>,
    /// Its children are express executions.
    pub express: bool,
}

impl Plan {
    /// About how many bytes it takes in a row.
    pub(super) fn size(&self) -> usize {
        let of = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        let source = match &self.source {
            Source::Items(Payload::Inline(text)) => text.len(),
            Source::Items(_) => 0,
            Source::Object { arguments, .. } | Source::Listing { arguments, .. } => arguments.len(),
        };
        let writer = self.writer.as_ref().map_or(0, |writer| of(&writer.arguments));
        64 + source + writer + self.batch.as_ref().map_or(0, |batch| of(&batch.input))
    }
}

/// Where the items come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// They stand in the history, as an array.
    Items(Payload),
    /// They are in an object of a store.
    Object {
        /// What the store is asked with: JSON text.
        arguments: Arc<str>,
        form: Form,
        most: Option<u64>,
    },
    /// They are the objects themselves.
    Listing { arguments: Arc<str>, form: Option<Form>, most: Option<u64> },
}

/// How the items lie in an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Form {
    /// An array, at the end of this JSON pointer.
    Json { pointer: Option<Arc<str>> },
    /// A JSON value on each line.
    Lines,
    /// Without given headers the first row is the header.
    Csv { headers: Option<Vec<Arc<str>>>, delimiter: u8 },
    /// A list of objects with items, made by S3 Inventory or by Athena.
    Manifest { of: ManifestOf },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ManifestOf {
    /// The rows of the inventory are the items.
    Inventory,
    /// The objects named are read in this form.
    Athena(Box<Form>),
}

/// How items are gathered into the inputs of children.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub items: Option<u32>,
    pub bytes: Option<u32>,
    /// What every batch carries beside its items: JSON text.
    pub input: Option<Arc<str>>,
}

/// What may be changed while a run works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Children at a time; 0 for as many as may be.
    pub concurrency: u32,
    pub tolerated_count: Option<u32>,
    pub tolerated_percentage: Option<f64>,
}

impl Limits {
    /// Whether anything is said of failures.
    pub fn are_stated(&self) -> bool {
        self.tolerated_count.is_some() || self.tolerated_percentage.is_some()
    }

    /// Whether that many failures are too many. The percentage counts once all items are known.
    pub fn are_exceeded(&self, failed: u64, of: Option<u64>) -> bool {
        if !self.are_stated() {
            return failed > 0;
        }
        #[expect(clippy::cast_precision_loss, reason = "no run has that many items")]
        let by_percentage = |most: f64| of.is_some_and(|of| failed as f64 * 100.0 > most * of as f64);
        self.tolerated_count.is_some_and(|most| failed > u64::from(most))
            || self.tolerated_percentage.is_some_and(by_percentage)
    }
}

/// What becomes of the results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Writer {
    /// What the store is asked with; without it the results are the state's own.
    pub arguments: Option<Arc<str>>,
    pub transformation: Transformation,
    /// A line for each result in place of an array.
    pub lines: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transformation {
    /// A child's output with everything that is known of the child.
    None,
    /// The output alone.
    Compact,
    /// The same, and outputs that are arrays are taken apart.
    Flatten,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_tolerated_unless_it_is_said() {
        let limits = Limits::default();
        assert!(!limits.are_exceeded(0, Some(10)) && limits.are_exceeded(1, None));
        let count = Limits { tolerated_count: Some(2), ..limits };
        assert!(!count.are_exceeded(2, Some(2)) && count.are_exceeded(3, None));
        let share = Limits { tolerated_percentage: Some(20.0), ..limits };
        assert!(!share.are_exceeded(2, Some(10)) && share.are_exceeded(3, Some(10)));
        assert!(!share.are_exceeded(9, None), "of how many nobody knows yet");
        let both = Limits { tolerated_count: Some(5), ..share };
        assert!(both.are_exceeded(3, Some(10)) && both.are_exceeded(6, Some(1000)));
    }
}
