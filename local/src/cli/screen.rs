//! What is put on the terminal: names and sentences that cannot steer it, sizes and times for people, progress bars, and
//! lines on standard output that nobody may be reading any more.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::left::Left;

pub(super) use activities::printable::printable;

pub(super) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// One line on standard output. That its reader has gone is an error of its own: see [`Failure::nobody_reads`].
pub(super) fn line(text: impl Display) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// Passes an outcome on; why there is none is also told as a program reads it, to whoever asked for `json`.
pub(super) fn told<T>(outcome: Result<T, Failure>, json: bool) -> Result<T, Failure> {
    if let Err(failure) = &outcome
        && json
        && !failure.nobody_reads()
    {
        line(failure.document())?;
    }
    outcome
}

/// Bytes as people say them, in powers of a thousand.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1e3;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while amount >= 999.95
        && let Some(next) = units.next()
    {
        amount /= 1e3;
        unit = Some(next);
    }
    format!("{amount:.1} {}", unit.unwrap_or(&""))
}

/// A progress bar on standard error, where that is a terminal. It leaves nothing behind when it is dropped.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(label: &str, wanted: bool) -> Self {
        if !wanted || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{prefix:11} {bar:24} {percent:>3}% {left:>9}  {wide_msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("left", Left::default());
        let bar = ProgressBar::new(1).with_style(style);
        bar.set_message(printable(label));
        Self(bar)
    }

    pub(super) fn is_seen(&self) -> bool {
        !self.0.is_hidden()
    }

    pub(super) fn stage(&self, name: &str) {
        self.0.set_prefix(printable(name));
    }

    pub(super) fn at(&self, done: u64, total: u64) {
        self.mover()(done, total);
    }

    /// Moves the bar from elsewhere.
    pub(super) fn mover(&self) -> impl Fn(u64, u64) + Send + Sync + use<> {
        let bar = self.0.clone();
        move |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    /// Prints with the bar out of the way.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_replaced_and_letters_stay() {
        assert_eq!(printable("a\u{1b}[31m\nü\u{202e}语\u{9b}"), "a\u{fffd}[31m\u{fffd}ü\u{fffd}语\u{fffd}");
    }

    #[test]
    fn sizes_are_short() {
        let said = [0, 999, 1000, 62_797, 999_949, 999_950, 8 << 30, u64::MAX].map(size);
        assert_eq!(
            said,
            ["0 B", "999 B", "1.0 kB", "62.8 kB", "999.9 kB", "1.0 MB", "8.6 GB", "18446744.1 TB"]
        );
    }
}
