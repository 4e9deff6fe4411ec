//! The fields of a request, with AWS's words for what is wrong with them.

use serde_json::{Map, Value};

use super::error::Failure;
use crate::driver::Page;

/// Longest ARN and name of a worker that AWS's model allows.
const ARN: usize = 256;
/// Most entries of a page that AWS's model allows.
const PAGE: i64 = 1000;
const PAGE_TOKEN: usize = 1024;

pub(super) struct Params {
    fields: Map<String, Value>,
}

impl Params {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        if body.is_empty() {
            return Ok(Self { fields: Map::new() });
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self { fields }),
            Ok(_) => Err(Failure::serialization("The request is not a JSON object")),
            Err(error) => Err(Failure::serialization(&error.to_string())),
        }
    }

    /// A field that must be there, of `1..=longest` characters.
    pub(super) fn text(&self, name: &str, longest: usize) -> Result<&str, Failure> {
        let null = || Failure::validation(name, "Value null", "Member must not be null");
        let text = self.optional(name, longest)?.ok_or_else(null)?;
        if text.is_empty() {
            let rule = "Member must have length greater than or equal to 1";
            return Err(Failure::validation(name, "Value ''", rule));
        }
        Ok(text)
    }

    pub(super) fn arn(&self, name: &str) -> Result<&str, Failure> {
        self.text(name, ARN)
    }

    pub(super) fn optional(&self, name: &str, longest: usize) -> Result<Option<&str>, Failure> {
        let text = match self.fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(Failure::serialization(&format!("{name} is not a string"))),
        };
        if text.len() > longest && text.chars().count() > longest {
            let rule = format!("Member must have length less than or equal to {longest}");
            return Err(Failure::validation(name, "Value", &rule));
        }
        Ok(Some(text))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Failure::serialization(&format!("{name} is not a boolean"))),
        }
    }

    /// A field that is stored and shown as it came.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn page(&self) -> Result<Page, Failure> {
        let limit = match self.fields.get("maxResults") {
            None | Some(Value::Null) => 0,
            Some(value) => {
                let number =
                    value.as_i64().ok_or_else(|| Failure::serialization("maxResults is not an integer"))?;
                if !(0..=PAGE).contains(&number) {
                    let rule = format!("Member must have value less than or equal to {PAGE}");
                    return Err(Failure::validation("maxResults", &format!("Value '{number}'"), &rule));
                }
                number as u32
            }
        };
        let token = self.optional("nextToken", PAGE_TOKEN)?.map(str::to_owned);
        Ok(Page { limit, token })
    }
}
