//! An array somewhere in a JSON document, element by element, or an object, property by property. What lies before it is
//! skipped and what follows it is not looked at, so that a document of any size passes through.

use super::{Item, LONGEST, Unreadable, property, value};

pub(crate) struct Collection {
    /// Where it is.
    pointer: Vec<String>,
    /// The containers that were entered on the way there.
    entered: Vec<Container>,
    at: At,
    /// A name, an element or a property, as far as it was read.
    open: Vec<u8>,
    /// How deep in the value that is read or passed by.
    depth: usize,
    string: Text,
    /// What the collection ends with, once it has begun.
    close: u8,
    /// Whether it has an element.
    begun: bool,
}

#[derive(Clone, Copy)]
enum Container {
    Object,
    /// How many values were passed by.
    Array(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the value that leads on.
    Value,
    /// In an object, before a name.
    Name,
    InName,
    /// Behind a name: whether it is the one that leads on.
    Colon(bool),
    /// In a value that does not lead on, or behind it.
    Passing,
    /// In the collection.
    Element,
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    Escaped,
}

impl Collection {
    pub(super) fn at(pointer: Option<&str>) -> Collection {
        let tokens = pointer.unwrap_or_default().split('/').skip(1);
        Collection {
            pointer: tokens.map(|token| token.replace("~1", "/").replace("~0", "~")).collect(),
            entered: Vec::new(),
            at: At::Value,
            open: Vec::new(),
            depth: 0,
            string: Text::Outside,
            close: b']',
            begun: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], items: &mut Vec<Item>) -> Result<(), Unreadable> {
        for &byte in bytes {
            if self.open.len() > LONGEST {
                return Err(Unreadable::too_long());
            }
            match self.at {
                At::Value => self.enter(byte)?,
                At::Name => self.before_name(byte)?,
                At::InName => self.name(byte)?,
                At::Colon(leads) if byte == b':' => self.at = if leads { At::Value } else { At::Passing },
                At::Colon(_) => {}
                At::Passing => self.pass(byte)?,
                At::Element => self.element(byte, items)?,
                At::Over => return Ok(()),
            }
        }
        Ok(())
    }

    pub(super) fn end(&self) -> Result<(), Unreadable> {
        match self.at {
            At::Over => Ok(()),
            At::Element => Err(Unreadable::new("The array or object of the items has no end.")),
            _ => Err(self.nothing_there()),
        }
    }

    fn nothing_there(&self) -> Unreadable {
        if self.pointer.is_empty() {
            Unreadable::new("Attempting to map over non-iterable node.")
        } else {
            Unreadable::new(format!(
                "There is no array or object at the ItemsPointer /{}.",
                self.pointer.join("/")
            ))
        }
    }

    /// The name or number by which the innermost container is left.
    fn token(&self) -> Option<&str> {
        self.pointer.get(self.entered.len().checked_sub(1)?).map(String::as_str)
    }

    /// The first byte of the value that leads on.
    fn enter(&mut self, byte: u8) -> Result<(), Unreadable> {
        if byte.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(&byte) {
            return Ok(());
        }
        if self.entered.len() == self.pointer.len() {
            self.at = At::Element;
            self.close = match byte {
                b'[' => b']',
                b'{' => b'}',
                _ => return Err(self.nothing_there()),
            };
            return Ok(());
        }
        match byte {
            b'{' => {
                self.entered.push(Container::Object);
                self.at = At::Name;
            }
            b'[' => {
                self.entered.push(Container::Array(0));
                self.at = self.in_array(0);
            }
            _ => return Err(self.nothing_there()),
        }
        Ok(())
    }

    /// Before value number `passed` of the array that was entered.
    fn in_array(&self, passed: usize) -> At {
        let leads = self.token().and_then(|token| token.parse().ok()) == Some(passed);
        if leads { At::Value } else { At::Passing }
    }

    fn before_name(&mut self, byte: u8) -> Result<(), Unreadable> {
        match byte {
            b'"' => {
                self.open.push(byte);
                (self.at, self.string) = (At::InName, Text::Inside);
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => return Err(self.nothing_there()),
        }
        Ok(())
    }

    fn name(&mut self, byte: u8) -> Result<(), Unreadable> {
        self.open.push(byte);
        if self.string_goes_on(byte) {
            return Ok(());
        }
        let name: String = serde_json::from_slice(&self.open)
            .map_err(|error| Unreadable::new(format!("The content is not JSON: {error}")))?;
        self.open.clear();
        self.at = At::Colon(self.token() == Some(&name));
        Ok(())
    }

    fn pass(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.string_goes_on(byte) {
            return Ok(());
        }
        match byte {
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth == 0 => return Err(self.nothing_there()),
            b'}' | b']' => self.depth -= 1,
            b',' if self.depth == 0 => {
                self.at = match self.entered.last_mut() {
                    Some(Container::Array(passed)) => {
                        *passed += 1;
                        let passed = *passed;
                        self.in_array(passed)
                    }
                    _ => At::Name,
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn element(&mut self, byte: u8, items: &mut Vec<Item>) -> Result<(), Unreadable> {
        let in_string = self.string_goes_on(byte);
        match byte {
            _ if in_string => {}
            _ if self.depth == 0 && (byte == b',' || byte == self.close) => {
                let nothing = !self.begun && byte == self.close && self.open.trim_ascii().is_empty();
                if !nothing {
                    items.push(self.taken()?);
                }
                self.begun = true;
                self.open.clear();
                if byte == self.close {
                    self.at = At::Over;
                }
                return Ok(());
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.open.push(byte);
        Ok(())
    }

    fn taken(&self) -> Result<Item, Unreadable> {
        if self.close == b'}' { property(&self.open) } else { Ok(Item::alone(value(&self.open)?)) }
    }

    /// Whether a string goes on behind this byte.
    fn string_goes_on(&mut self, byte: u8) -> bool {
        self.string = match (self.string, byte) {
            (Text::Outside, b'"') | (Text::Escaped, _) => Text::Inside,
            (Text::Outside, _) => Text::Outside,
            (Text::Inside, b'\\') => Text::Escaped,
            (Text::Inside, b'"') => Text::Outside,
            (Text::Inside, _) => Text::Inside,
        };
        self.string != Text::Outside
    }
}
