//! SubRip, which has no specification: a number, the times, the text, and an empty line.

use crate::Problem;

use super::{Cue, clock, unverified};

pub(super) fn write(cues: &[Cue]) -> String {
    let blocks = cues.iter().zip(1..).map(|(cue, number)| {
        let (start, end) = (clock::write(cue.start, ','), clock::write(cue.end, ','));
        format!("{number}\n{start} --> {end}\n{}\n", cue.text)
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// As it was written above, and no other way.
pub(super) fn read(text: &str) -> Result<Vec<Cue>, Problem> {
    let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
    blocks.zip(1_usize..).map(|(block, number)| cue(block.trim_end(), number)).collect()
}

fn cue(block: &str, number: usize) -> Result<Cue, Problem> {
    let mut lines = block.splitn(3, '\n');
    let parts = (lines.next(), lines.next(), lines.next());
    let read = match parts {
        (Some(stated), Some(times), Some(text)) if stated == number.to_string() => {
            times.split_once(" --> ").and_then(|(start, end)| {
                let (start, end) = (clock::read(start, ',')?, clock::read(end, ',')?);
                Some(Cue { start, end, text: text.to_owned() })
            })
        }
        _ => None,
    };
    read.ok_or_else(|| unverified(format!("caption {number} cannot be read")))
}
