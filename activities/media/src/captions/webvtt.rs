//! WebVTT (W3C, 4 April 2019): what of it captions are made of. Settings, styles, regions, notes and tags are read over.

use crate::Problem;

use super::{Cue, clock, unverified};

pub(super) fn read(text: &str) -> Result<Vec<Cue>, Problem> {
    let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n").replace('\r', "\n");
    let head = text.lines().next().unwrap_or_default();
    let rest = head.strip_prefix("WEBVTT");
    if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return Err(unverified("it does not begin with WEBVTT"));
    }
    let mut cues = Vec::new();
    for block in text.split("\n\n").skip(1) {
        let lines: Vec<&str> = block.lines().filter(|line| !line.is_empty()).collect();
        // Before the times may stand one line, the caption's name.
        let Some(at) = lines.iter().take(2).position(|line| line.contains("-->")) else { continue };
        cues.push(cue(lines[at], &lines[at + 1..])?);
    }
    Ok(cues)
}

fn cue(times: &str, lines: &[&str]) -> Result<Cue, Problem> {
    let ends = times.split_once("-->").and_then(|(start, rest)| {
        let end = rest.split_whitespace().next()?;
        Some((clock::read(start, '.')?, clock::read(end, '.')?))
    });
    let (start, end) = ends.ok_or_else(|| unverified(format!("the times {times:?} cannot be read")))?;
    // An empty line would end the caption.
    let plain: Vec<String> =
        lines.iter().map(|line| plain(line)).filter(|line| !line.trim().is_empty()).collect();
    Ok(Cue { start, end, text: plain.join("\n").trim().to_owned() })
}

/// Without tags, and with what stands for a character as that character.
fn plain(line: &str) -> String {
    let (mut text, mut rest) = (String::new(), line);
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        rest = tag.split_once('>').map_or("", |(_tag, behind)| behind);
    }
    text.push_str(rest);
    let spaced = text.replace("&nbsp;", "\u{A0}").replace("&lrm;", "\u{200E}").replace("&rlm;", "\u{200F}");
    spaced.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

pub(super) fn write(cues: &[Cue]) -> String {
    let mut text = "WEBVTT\n".to_owned();
    for (cue, number) in cues.iter().zip(1..) {
        let (start, end) = (clock::write(cue.start, '.'), clock::write(cue.end, '.'));
        let escaped = cue.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        text.push_str(&format!("\n{number}\n{start} --> {end}\n{escaped}\n"));
    }
    text
}
