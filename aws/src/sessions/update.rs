//! One conditional UpdateItem, put together. DynamoDB reserves hundreds of words, so that every attribute has its name
//! spelled `#name`; and it refuses names and values that no expression mentions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use states::Timestamp;

use super::item::{Attributes, name, number, shard};

#[derive(Default)]
pub(crate) struct Update {
    sets: Vec<&'static str>,
    removes: Vec<&'static str>,
    deletes: Vec<&'static str>,
    conditions: Vec<String>,
    values: HashMap<String, AttributeValue>,
}

/// Update, condition, names and values.
pub(crate) type Expressions = (String, String, HashMap<String, String>, HashMap<String, AttributeValue>);

impl Update {
    pub(crate) fn set(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.sets.push(name);
        self.value(&format!(":set_{name}"), value)
    }

    pub(crate) fn set_all(self, attributes: Attributes) -> Self {
        attributes.into_iter().fold(self, |update, (name, value)| update.set(name, value))
    }

    pub(crate) fn set_or_remove(mut self, name: &'static str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => {
                self.removes.push(name);
                self
            }
        }
    }

    /// Takes members out of a set; of nothing, there is nothing to take.
    pub(crate) fn delete(mut self, name: &'static str, members: Option<AttributeValue>) -> Self {
        let Some(members) = members else { return self };
        self.deletes.push(name);
        self.value(&format!(":delete_{name}"), members)
    }

    /// When the sweep must look at record `id`.
    pub(crate) fn due(self, id: &str, at: Option<Timestamp>) -> Self {
        self.set_or_remove(name::DUE_AT, at.map(|at| number(at.as_millisecond())))
            .set_or_remove(name::DUE_SHARD, at.map(|_| shard(id)))
    }

    pub(crate) fn and_if(mut self, condition: &str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    pub(crate) fn expressions(self) -> Expressions {
        let assign = |name: &&str| format!("#{name} = :set_{name}");
        let take = |name: &&str| format!("#{name} :delete_{name}");
        let clauses = [
            ("SET", self.sets.iter().map(assign).collect::<Vec<_>>()),
            ("REMOVE", self.removes.iter().map(|name| format!("#{name}")).collect()),
            ("DELETE", self.deletes.iter().map(take).collect()),
        ];
        let clauses = clauses.into_iter().filter(|(_, terms)| !terms.is_empty());
        let update: Vec<_> = clauses.map(|(verb, terms)| format!("{verb} {}", terms.join(", "))).collect();
        let (update, condition) = (update.join(" "), self.conditions.join(" AND "));
        let names = names_in(&format!("{update} {condition}"));
        (update, condition, names, self.values)
    }
}

/// What each `#name` of an expression is called.
pub(crate) fn names_in(expression: &str) -> HashMap<String, String> {
    let after_mark = expression.split('#').skip(1);
    let names =
        after_mark.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default());
    names.map(|name| (format!("#{name}"), name.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_named_that_is_not_mentioned() {
        let update = Update::default()
            .set("state", number(1))
            .set_or_remove("dueAt", None)
            .delete("owes", None)
            .and_if("#version = :version")
            .value(":version", number(2));
        let (update, condition, names, values) = update.expressions();
        assert_eq!(
            (update.as_str(), condition.as_str()),
            ("SET #state = :set_state REMOVE #dueAt", "#version = :version")
        );
        let mut names: Vec<_> = names.into_values().collect();
        names.sort();
        assert_eq!(names, ["dueAt", "state", "version"]);
        assert_eq!(values.len(), 2);
    }
}
