//! The lifecycle as a mermaid state diagram.

use std::fmt::Write;

use crate::table::{State, TRANSITIONS};
use strum::VariantArray;

pub fn diagram() -> String {
    let mut text = String::from("stateDiagram-v2\n    [*] --> NotUploaded\n");
    for row in TRANSITIONS {
        let _ = writeln!(text, "    {} --> {}: {}", row.from, row.to, row.on);
    }
    for state in State::VARIANTS.iter().filter(|state| state.is_terminal()) {
        let _ = writeln!(text, "    {state} --> [*]");
    }
    text
}
