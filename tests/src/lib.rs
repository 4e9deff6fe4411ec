//! What the tests and the generator share. The tests themselves are in `tests/it`.

pub mod generated;
