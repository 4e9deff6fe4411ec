//! Captions: what a captioner wrote is read as WebVTT (`webvtt`), and written again as WebVTT and as SubRip (`subrip`), two
//! results of one piece of work. [`verify`] reads either again.

mod clock;
mod subrip;
mod webvtt;

use serde::{Deserialize, Serialize};

use crate::source::{Watched, read_up_to};
use crate::{Problem, ReadAt, Sink};

/// One caption: plain text, of one line or more.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cue {
    /// In milliseconds.
    start: u64,
    end: u64,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    WebVtt,
    SubRip,
}

/// In the order in which they are written.
pub const FORMATS: [Format; 2] = [Format::WebVtt, Format::SubRip];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeCaptions {
    pub cues: u32,
    /// When the last one ends.
    pub milliseconds: u64,
}

/// Hours of talk do not take more.
const LONGEST_TEXT: u64 = 16 << 20;
const MOST_CUES: usize = 100_000;

/// Writes what a captioner wrote in every format.
pub(crate) fn captions(source: &dyn ReadAt, sink: &mut dyn Sink) -> Result<MadeCaptions, Problem> {
    let cues = webvtt::read(&text(source)?)?;
    let made = check(&cues)?;
    let failed = |error: std::io::Error| Problem::sink(&error);
    for (format, number) in FORMATS.into_iter().zip(0..) {
        if number > 0 {
            sink.next().map_err(failed)?;
        }
        let text = match format {
            Format::WebVtt => webvtt::write(&cues),
            Format::SubRip => subrip::write(&cues),
        };
        sink.write(text.as_bytes()).map_err(failed)?;
    }
    Ok(made)
}

/// Reads captions that we wrote.
pub(crate) fn verify(source: &dyn ReadAt, format: Format) -> Result<MadeCaptions, Problem> {
    let text = text(source)?;
    let cues = match format {
        Format::WebVtt => webvtt::read(&text),
        Format::SubRip => subrip::read(&text),
    };
    check(&cues?)
}

/// Whether they come one after the other, and each says something for some time.
fn check(cues: &[Cue]) -> Result<MadeCaptions, Problem> {
    if cues.is_empty() {
        return Err(unverified("there is no caption in it"));
    }
    if cues.len() > MOST_CUES {
        return Err(Problem::TooLarge { what: format!("more than {MOST_CUES} captions") });
    }
    if let Some(cue) = cues.iter().find(|cue| cue.start >= cue.end || cue.text.is_empty()) {
        return Err(unverified(format!("the caption at {} ms says nothing, or for no time", cue.start)));
    }
    if !cues.is_sorted_by_key(|cue| cue.start) {
        return Err(unverified("its captions are not in the order of time"));
    }
    let milliseconds = cues.iter().map(|cue| cue.end).max().unwrap_or(0);
    Ok(MadeCaptions { cues: cues.len() as u32, milliseconds })
}

fn text(source: &dyn ReadAt) -> Result<String, Problem> {
    if source.len() > LONGEST_TEXT {
        return Err(Problem::TooLarge { what: format!("{} bytes of captions", source.len()) });
    }
    let source = Watched::new(source);
    let mut bytes = vec![0; source.len() as usize];
    let filled = read_up_to(&source, 0, &mut bytes).map_err(|error| Problem::source(&error))?;
    bytes.truncate(filled);
    String::from_utf8(bytes).map_err(|_| unverified("it is no UTF-8"))
}

fn unverified(what: impl Into<String>) -> Problem {
    Problem::Unverified { what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPOKEN: &str = "\u{FEFF}WEBVTT - by hand\r\n\r\nNOTE one\r\nof two lines\r\n\r\n1\r\n00:01.000 --> 00:02.500 align:start\r\n\
                          <v Ada>Rock &amp; roll</v>\r\nand <i>more</i>\r\n\r\n00:00:03.000 --> 01:00:04.000\r\n1 &lt; 2 --&gt; 3";

    #[derive(Default)]
    struct Two(Vec<Vec<u8>>);

    impl Sink for Two {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
            if self.0.is_empty() {
                self.0.push(Vec::new());
            }
            self.0.last_mut().unwrap().extend(bytes);
            Ok(())
        }

        fn next(&mut self) -> std::io::Result<()> {
            self.0.push(Vec::new());
            Ok(())
        }

        fn patch(&mut self, _: u64, _: &[u8]) -> std::io::Result<()> {
            unreachable!("nothing is patched")
        }
    }

    #[test]
    fn captions_are_written_in_both_formats_and_read_again() {
        let mut two = Two::default();
        let made = captions(&SPOKEN.as_bytes(), &mut two).unwrap();
        assert_eq!(made, MadeCaptions { cues: 2, milliseconds: 3_604_000 });
        let [vtt, srt] = two.0.as_slice() else { panic!("two are wanted: {two:?}", two = two.0) };
        assert_eq!(
            std::str::from_utf8(vtt).unwrap(),
            "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.500\nRock &amp; roll\nand more\n\n\
             2\n00:00:03.000 --> 01:00:04.000\n1 &lt; 2 --&gt; 3\n"
        );
        assert_eq!(
            std::str::from_utf8(srt).unwrap(),
            "1\n00:00:01,000 --> 00:00:02,500\nRock & roll\nand more\n\n\
             2\n00:00:03,000 --> 01:00:04,000\n1 < 2 --> 3\n"
        );
        for (text, format) in two.0.iter().zip(FORMATS) {
            assert_eq!(verify(text, format), Ok(made));
        }
    }

    #[test]
    fn what_is_no_captions_is_refused() {
        for text in [
            "",
            "WEBVTT",
            "WEBVTT\n\nNOTE nothing\n",
            "00:01.000 --> 00:02.000\nwithout a head",
            "WEBVTT\n\n00:02.000 --> 00:01.000\nback",
            "WEBVTT\n\n00:01.000 --> 00:61.000\nno minute has so many",
            "WEBVTT\n\n00:05.000 --> 00:06.000\nb\n\n00:01.000 --> 00:02.000\na",
            "WEBVTT\n\n00:01.000 --> 00:02.000\n\n",
            "<html>",
        ] {
            let refused = captions(&text.as_bytes(), &mut Two::default());
            assert!(matches!(refused, Err(Problem::Unverified { .. })), "{text:?}: {refused:?}");
        }
        assert!(verify(&b"1\n00:00:01,000 --> 00:00:02,000\n\n".as_slice(), Format::SubRip).is_err());
        assert!(verify(&b"\xFF".as_slice(), Format::SubRip).is_err());
    }
}
