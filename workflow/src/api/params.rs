//! The members of a request whose form has been checked.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::Failure;
use super::model::Operation;
use super::shape;
use crate::driver::Page;

pub(super) struct Params {
    operation: &'static str,
    fields: Map<String, Value>,
}

impl Params {
    /// Reads the request of this operation.
    pub(super) fn parse(operation: &Operation, body: &[u8]) -> Result<Self, Failure> {
        let fields = if body.is_empty() {
            Map::new()
        } else {
            match serde_json::from_slice(body) {
                Ok(Value::Object(fields)) => fields,
                Ok(_) => return Err(Failure::serialization("The request is not a JSON object")),
                Err(error) => return Err(Failure::serialization(&error.to_string())),
            }
        };
        shape::check(operation.1, &fields)?;
        Ok(Self { operation: operation.0, fields })
    }

    /// A member that the operation needs.
    pub(super) fn text(&self, name: &str) -> &str {
        self.optional(name).unwrap_or_default()
    }

    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.value(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Whether only what describes a thing is wanted, and not its data.
    pub(super) fn metadata_only(&self) -> bool {
        self.optional("includedData") == Some("METADATA_ONLY")
    }

    pub(super) fn page(&self) -> Page {
        let limit = self.number("maxResults").unwrap_or(0);
        Page {
            limit: u32::try_from(limit).unwrap_or(0),
            token: self.optional("nextToken").map(str::to_owned),
            list: self.list_name(),
        }
    }

    /// The operation and what its list is made by. A client may ask for another number of entries on each page.
    fn list_name(&self) -> String {
        let is_of_page = |name: &str| matches!(name, "nextToken" | "maxResults");
        let fields: BTreeMap<_, _> =
            self.fields.iter().filter(|(name, value)| !is_of_page(name) && !value.is_null()).collect();
        format!("{} {fields:?}", self.operation)
    }
}
