//! The table as a store's condition: what must still hold of a stored record for a write to be let through.
//!
//! The text is valid both as an SQLite `WHERE` with named parameters and, with [`Names::Dynamo`], as a DynamoDB
//! `ConditionExpression`. A store evaluates it; no store writes its own.

use crate::table::Event;

/// How attribute names are spelled.
#[derive(Clone, Copy, Debug)]
pub enum Names {
    Plain,
    /// `#state`: DynamoDB reserves some of the words.
    Dynamo,
}

/// The condition of a transition: the record is where the table lets `event` begin, and nobody moved it meanwhile.
/// Parameters: `:version`, and `:from0`, `:from1`, … for [`Event::from_states`] in order.
pub fn transition(event: Event, names: Names) -> String {
    let states: Vec<_> = event.from_states().enumerate().map(|(i, _)| format!(":from{i}")).collect();
    let (state, version) = (names.spell("state"), names.spell("version"));
    format!("{state} IN ({}) AND {version} = :version", states.join(", "))
}

/// The condition of a progress write: the attempt that makes it still runs, and the percent rises.
/// Parameters: `:transcoding`, `:attempt`, `:progress`.
pub fn progress(names: Names) -> String {
    let [state, attempt, progress] = ["state", "attempt", "progress"].map(|name| names.spell(name));
    format!("{state} = :transcoding AND {attempt} = :attempt AND {progress} <= :progress")
}

/// The condition of everything else that is written to a record: nobody moved it meanwhile. Parameter: `:version`.
pub fn unmoved(names: Names) -> String {
    format!("{} = :version", names.spell("version"))
}

impl Names {
    fn spell(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Dynamo => format!("#{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_may_begin_in_three_states() {
        assert_eq!(
            transition(Event::Cancelled, Names::Dynamo),
            "#state IN (:from0, :from1, :from2) AND #version = :version"
        );
    }
}
