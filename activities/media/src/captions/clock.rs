//! Times of captions, `01:02:03.004`.

/// With this between seconds and their thousandths.
pub(super) fn write(milliseconds: u64, point: char) -> String {
    let (seconds, thousandths) = (milliseconds / 1000, milliseconds % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{thousandths:03}")
}

/// Hours may be left out.
pub(super) fn read(text: &str, point: char) -> Option<u64> {
    let (clock, thousandths) = text.trim().split_once(point)?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    let thousandths = number(thousandths).filter(|_| thousandths.len() == 3)?;
    let parts = clock.split(':').map(number).collect::<Option<Vec<_>>>()?;
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes, seconds] => (hours, minutes, seconds),
        [minutes, seconds] => (0, minutes, seconds),
        _ => return None,
    };
    if minutes > 59 || seconds > 59 || hours > 9999 {
        return None;
    }
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths)
}
