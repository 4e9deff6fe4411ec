//! JSON Lines: a value on each line; empty lines are none.

use super::{Item, LONGEST, Unreadable, value};

#[derive(Default)]
pub(crate) struct Lines {
    open: Vec<u8>,
}

impl Lines {
    pub(super) fn push(&mut self, mut bytes: &[u8], items: &mut Vec<Item>) -> Result<(), Unreadable> {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.open.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.end(items)?;
        }
        self.open.extend_from_slice(bytes);
        if self.open.len() > LONGEST { Err(Unreadable::too_long()) } else { Ok(()) }
    }

    pub(super) fn end(&mut self, items: &mut Vec<Item>) -> Result<(), Unreadable> {
        let line = self.open.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.open);
        if line.len() > LONGEST {
            return Err(Unreadable::too_long());
        }
        if !line.trim_ascii().is_empty() {
            items.push(Item::alone(value(line)?));
        }
        self.open.clear();
        Ok(())
    }
}
