//! What is written down of a request once it is answered: who, what, whose, and how it ended.
//!
//! Sign-ins, refusals and whatever changes something leave a row; reads that were allowed do not. [`Trail`] travels with
//! the request, and what stands in it is known by those who come to know it: the gate knows who, a handler whose.

use std::sync::{Arc, Mutex, PoisonError};

use activities::ports::Fault;
use activities::printable::{cut, printable};
use async_trait::async_trait;
use http::{Method, StatusCode};

/// One thing that was done, or tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Who did it; empty when nobody knows.
    pub who: String,
    /// `POST /xcode/{id}/cancel`, `flag.set`, …
    pub what: String,
    /// What it was done to: an id, a name.
    pub subject: String,
    /// Whose that is; empty when it is nobody's or there is none.
    pub whose: String,
    /// `200`, `404`, `done`, …
    pub result: String,
    /// From which address.
    pub address: String,
    pub request_id: String,
}

/// What clients name freely is cut to so much.
const SUBJECT_CHARS: usize = 128;

/// What a change of the flags changes is cut to so much.
const CHANGES_CHARS: usize = 2000;

/// As much of what a request names as a row holds; it may name anything.
pub fn plain(text: &str) -> String {
    cut(text, SUBJECT_CHARS)
}

/// What was changed of the flags, as a row tells it. It was checked before it came to hold, and is the row's very point: so
/// there is more room for it, and where that is not enough, the row says so.
pub fn told(changes: &[String]) -> String {
    let changes = changes.join("; ");
    let fits = changes.chars().count() <= CHANGES_CHARS;
    if fits { printable(&changes) } else { format!("{}…", cut(&changes, CHANGES_CHARS - 1)) }
}

/// A method in a closed list of words: of what clients make up there is no end.
pub fn verb(method: &Method) -> &'static str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
    let names = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];
    known.iter().position(|known| known == method).map_or("other", |at| names[at])
}

/// Adds a row: before anybody is answered, so that nothing is done of which there is none. What cannot be written is said in
/// the log, for it is done already.
pub async fn write_down(audit: &dyn Audit, row: Row) {
    if let Err(fault) = audit.record(row.clone()).await {
        tracing::error!(%fault, ?row, "a row of the audit log could not be written");
    }
}

/// Where rows go, each for ever. On one machine that is a chain in SQLite; on AWS the log, which nobody can change.
#[async_trait]
pub trait Audit: Send + Sync {
    async fn record(&self, row: Row) -> Result<(), Fault>;
}

/// What becomes known of a request on its way. An extension of every request; clones are one.
#[derive(Clone, Debug, Default)]
pub struct Trail(Arc<Mutex<Known>>);

#[derive(Clone, Debug, Default)]
pub struct Known {
    pub who: String,
    pub subject: String,
    /// Of the flags; a row tells them instead of a subject.
    pub changes: Vec<String>,
    pub whose: String,
    /// There is a row of the same already, of a moment ago.
    pub is_repeated: bool,
}

impl Trail {
    pub fn note(&self, note: impl FnOnce(&mut Known)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub fn known(&self) -> Known {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether an answer leaves a row.
pub(crate) fn leaves_a_row(method: &Method, status: StatusCode) -> bool {
    let is_refusal = matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::TOO_MANY_REQUESTS
    );
    !method.is_safe() || is_refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_names_is_short_and_what_was_changed_is_whole_or_says_that_it_is_not() {
        let long = "é".repeat(CHANGES_CHARS);
        assert_eq!(plain(&long), "é".repeat(SUBJECT_CHARS));
        assert_eq!(told(std::slice::from_ref(&long)), long);
        let cut = told(&[long, "a".to_owned()]);
        assert!(cut.chars().count() == CHANGES_CHARS && cut.ends_with("é…"), "{cut}");
        assert_eq!(told(&["a\u{1b}[2J: – → 1".to_owned(), "b".to_owned()]), "a\u{fffd}[2J: – → 1; b");
    }
}
