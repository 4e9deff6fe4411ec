//! The lifecycle for people: `states/LIFECYCLE.md`.

use std::fmt::Write;

use strum::VariantArray;

use super::mermaid;
use crate::problem::Kind;
use crate::table::TRANSITIONS;

pub fn document() -> String {
    let mut text = String::from(
        "# The lifecycle of a session\n\n\
         Generated from `states/src/table.rs` by `make gen`; do not edit.\n\n```mermaid\n",
    );
    text.push_str(&mermaid::diagram());
    text.push_str("```\n\n| from | event | to | made by | then owed |\n| --- | --- | --- | --- | --- |\n");
    for row in TRANSITIONS {
        let owed: Vec<_> = row.owes.iter().map(ToString::to_string).collect();
        let _ =
            writeln!(text, "| {} | {} | {} | `{}` | {} |", row.from, row.on, row.to, row.by, owed.join(", "));
    }
    text.push_str(
        "\nNothing leaves Done; only Redriven leaves Failed. Anything else answers `400 Wrong State`.\n\n\
         Two things are the record's and no row's (`states/src/session/change.rs`): a session that starts by itself owes \
         Start as soon as its upload is confirmed; and one whose file is gone, or whose problem says no below, is not \
         redriven.\n\n\
         ## Why a session fails\n\n| type | in plain words | redrive |\n| --- | --- | --- |\n",
    );
    for &kind in Kind::VARIANTS {
        let redrive = if kind.can_be_redriven() { "yes" } else { "no" };
        let _ = writeln!(text, "| `{}` | {} | {redrive} |", kind.slug(), kind.title());
    }
    text
}
