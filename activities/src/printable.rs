//! Names and sentences that came from elsewhere, as they can be shown on one line: of a terminal, a letter, the log or
//! the audit log.

/// Of a name that somebody else has chosen, the log has no more letters.
const LOGGED: usize = 120;

/// The text without what would steer a terminal or turn the line around. A mark stays where something was, so that it is
/// not taken for the text without it.
pub fn printable(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if steers(letter) { '\u{fffd}' } else { letter }).collect()
}

/// As much of a text as there is room for.
pub fn cut(text: &str, most: usize) -> String {
    printable(text).chars().take(most).collect()
}

/// A name for the log.
pub(crate) fn logged(name: &str) -> String {
    cut(name, LOGGED)
}
