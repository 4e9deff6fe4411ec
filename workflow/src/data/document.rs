//! A JSON document that is parsed when something first looks into it.

use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// `None` for a value that was never text.
    text: Option<Arc<str>>,
    value: OnceCell<Value>,
}

impl Document {
    /// The text must have been checked: what is no JSON reads as `null`.
    pub(crate) fn of_text(text: Arc<str>) -> Document {
        Document { text: Some(text), value: OnceCell::new() }
    }

    pub(crate) fn of_value(value: Value) -> Document {
        Document { text: None, value: OnceCell::from(value) }
    }

    pub(crate) fn value(&self) -> &Value {
        self.value.get_or_init(|| {
            self.text.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
        })
    }

    pub(crate) fn text(&self) -> Cow<'_, str> {
        match &self.text {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.value().to_string()),
        }
    }
}
