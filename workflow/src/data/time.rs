//! Instants as the language writes them.

use crate::Millis;

/// `2026-11-21T07:30:00.123Z`
pub(crate) fn format(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |instant| format!("{instant:.3}"))
}

/// An RFC 3339 timestamp in the profile of the language: a `T`, and a `Z` or an offset. `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Millis> {
    if text.as_bytes().get(10) != Some(&b'T') || text.contains('[') {
        return None;
    }
    text.parse::<jiff::Timestamp>().ok().map(|instant| instant.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_profile_of_the_language_is_read() {
        assert_eq!(parse("1970-01-01T00:00:01Z"), Some(1000));
        assert_eq!(parse("1970-01-01T01:00:00.5+01:00"), Some(500));
        assert_eq!(format(1500), "1970-01-01T00:00:01.500Z");
        for text in [
            "2016-12-05 21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "x",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
