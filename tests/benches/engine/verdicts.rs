//! The bars, and the table at the end: each bar with what every round came to, and whether all of them clear it.

use std::fmt::Write;

use crate::ROUNDS;

/// What is wanted of a number, which its unit follows.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64, &'static str),
    AtMost(f64, &'static str),
}

struct Verdict {
    what: String,
    bar: Bar,
    rounds: Vec<f64>,
}

#[derive(Default)]
pub(crate) struct Verdicts(Vec<Verdict>);

impl Bar {
    fn is_cleared_by(self, number: f64) -> bool {
        match self {
            Self::AtLeast(wanted, _) => number >= wanted,
            Self::AtMost(wanted, _) => number <= wanted,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::AtLeast(_, unit) | Self::AtMost(_, unit) => unit,
        }
    }

    fn show(self) -> String {
        match self {
            Self::AtLeast(wanted, unit) => format!("≥ {wanted} {unit}"),
            Self::AtMost(wanted, unit) => format!("≤ {wanted} {unit}"),
        }
    }
}

impl Verdicts {
    /// Notes what the next round came to.
    pub(crate) fn note(&mut self, what: String, bar: Bar, number: f64) {
        match self.0.iter_mut().find(|verdict| verdict.what == what) {
            Some(verdict) => verdict.rounds.push(number),
            None => self.0.push(Verdict { what, bar, rounds: vec![number] }),
        }
    }

    pub(crate) fn print(&self) {
        println!("\n{:<58} {:>18}   each round", "", "wanted");
        for Verdict { what, bar, rounds } in &self.0 {
            let mut shown = String::new();
            for number in rounds {
                let digits = if *number < 100.0 { 2 } else { 0 };
                let _ = write!(shown, "{:>16}", format!("{number:.digits$} {}", bar.unit()));
            }
            let cleared = rounds.iter().filter(|number| bar.is_cleared_by(**number)).count();
            let verdict = match cleared {
                0 => "MISSED".to_owned(),
                some if some < rounds.len() => {
                    format!("MISSED in {} of {}", rounds.len() - some, rounds.len())
                }
                all if all < ROUNDS => "met, but not measured in every round".to_owned(),
                _ => "met".to_owned(),
            };
            println!("{what:<58} {:>18} {shown}   {verdict}", bar.show());
        }
    }
}
