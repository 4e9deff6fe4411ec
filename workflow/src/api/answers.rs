//! What services answer: by this, TestState looks at a mock. The table itself is `answers.txt`, which says how it is
//! written. Fields that it does not name may be anything, since services learn to say more.

use serde_json::{Map, Value};

const TABLE: &str = include_str!("answers.txt");

/// The lines of one service.
#[derive(Clone, Copy)]
struct Part(&'static str);

struct Field {
    name: &'static str,
    required: bool,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Text,
    Count,
    Number,
    Flag,
    Anything,
    /// Of what is written inside.
    List(&'static str),
    Map(&'static str),
    Record(&'static str),
}

/// What is wrong with the result of an action, in AWS's words, as far as the table knows it. Not `strict`: fields that
/// are always there may be missing.
pub(super) fn mismatch(service: &str, action: &str, result: &Value, strict: bool) -> Option<String> {
    let part = Part::of(service)?;
    Check { part, strict }.record(action, result.as_object()?).err()
}

impl Part {
    fn all() -> impl Iterator<Item = (&'static str, Part)> {
        let parts = TABLE.split("\n= ").skip(1);
        parts.filter_map(|part| part.split_once('\n').map(|(services, lines)| (services, Part(lines))))
    }

    fn of(service: &str) -> Option<Part> {
        let (_, part) = Part::all().find(|(services, _)| services.split(' ').any(|name| name == service))?;
        Some(part)
    }

    /// The fields of an action's answer, or of a record; none when there is no such line.
    fn fields(self, name: &str) -> Vec<Field> {
        let mut lines = self.0.lines().skip_while(|line| line.split(' ').next() != Some(name));
        let first = lines.next().unwrap_or_default();
        let more = lines.take_while(|line| line.starts_with(' '));
        let words = first.split_whitespace().skip(1).chain(more.flat_map(str::split_whitespace));
        words.map(Field::read).collect()
    }
}

impl Field {
    fn read(word: &'static str) -> Field {
        let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
        let (name, form) = word.split_at(end);
        let always = form.strip_prefix('!');
        Field { name, required: always.is_some(), form: Form::read(always.unwrap_or(form)) }
    }
}

impl Form {
    fn read(form: &'static str) -> Form {
        let inside =
            |open: char, close: char| form.strip_prefix(open).and_then(|inner| inner.strip_suffix(close));
        match form {
            "" => Form::Text,
            "#" => Form::Count,
            "~" => Form::Number,
            "?" => Form::Flag,
            "*" => Form::Anything,
            _ => inside('[', ']')
                .map(Form::List)
                .or_else(|| inside('{', '}').map(Form::Map))
                .unwrap_or_else(|| Form::Record(form.trim_start_matches(':'))),
        }
    }
}

struct Check {
    part: Part,
    strict: bool,
}

impl Check {
    fn record(&self, name: &str, record: &Map<String, Value>) -> Result<(), String> {
        let fields = self.part.fields(name);
        let missing = fields.iter().find(|field| field.required && !record.contains_key(field.name));
        if let Some(field) = missing.filter(|_| self.strict) {
            return Err(format!("Required field '{}' is missing", field.name));
        }
        for (name, value) in record {
            if let Some(field) = fields.iter().find(|field| field.name == name) {
                self.value(field.name, field.form, value)?;
            }
        }
        Ok(())
    }

    /// As AWS has it, what is wrong inside of a list or a map is said of the field that holds it.
    fn value(&self, field: &str, form: Form, value: &Value) -> Result<(), String> {
        let wanted = match (form, value) {
            (Form::Anything, _)
            | (Form::Text, Value::String(_))
            | (Form::Number, Value::Number(_))
            | (Form::Flag, Value::Bool(_)) => return Ok(()),
            (Form::Count, Value::Number(number)) if !number.is_f64() => return Ok(()),
            (Form::List(of), Value::Array(items)) => {
                return items.iter().try_for_each(|item| self.value(field, Form::read(of), item));
            }
            (Form::Map(of), Value::Object(entries)) => {
                return entries.values().try_for_each(|value| self.value(field, Form::read(of), value));
            }
            (Form::Record(name), Value::Object(record)) => return self.record(name, record),
            (Form::Text, _) => "a string",
            (Form::Count | Form::Number, _) => "a number",
            (Form::Flag, _) => "a boolean",
            (Form::List(_), _) => "an array",
            (Form::Map(_) | Form::Record(_), _) => "an object",
        };
        Err(format!("Field '{field}' must be {wanted}"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    /// What stands innermost in a form.
    fn innermost(form: Form) -> Form {
        match form {
            Form::List(of) | Form::Map(of) => innermost(Form::read(of)),
            other => other,
        }
    }

    fn names(part: Part) -> Vec<&'static str> {
        let lines = part.0.lines().filter(|line| !line.starts_with([' ', '#']) && !line.is_empty());
        lines.filter_map(|line| line.split(' ').next()).collect()
    }

    #[test]
    fn the_table_names_every_record_that_it_speaks_of() {
        for (services, part) in Part::all() {
            let names = names(part);
            let known: HashSet<_> = names.iter().copied().collect();
            assert_eq!(known.len(), names.len(), "{services} has a line twice");
            let mut spoken_of = HashSet::new();
            for name in &names {
                let fields = part.fields(name);
                assert!(!fields.is_empty(), "{services}: {name}");
                for field in fields {
                    assert!(
                        field.name.starts_with(|c: char| c.is_ascii_uppercase()),
                        "{name}: {}",
                        field.name
                    );
                    if let Form::Record(record) = innermost(field.form) {
                        assert!(known.contains(record), "{services}: {name} has a {record}");
                        spoken_of.insert(record);
                    }
                }
            }
            let is_record = |name: &&&str| name.starts_with(|c: char| c.is_ascii_uppercase());
            let idle: Vec<_> = names.iter().filter(is_record).filter(|it| !spoken_of.contains(*it)).collect();
            assert!(idle.is_empty(), "{services}: nobody has a {idle:?}");
        }
    }

    #[test]
    fn every_service_that_the_engine_calls_has_its_part() {
        for (service, action) in [
            ("lambda", "invoke"),
            ("aws-sdk:lambda", "invoke"),
            ("sqs", "sendMessage"),
            ("aws-sdk:sqs", "receiveMessage"),
            ("sns", "publish"),
            ("aws-sdk:sns", "publishBatch"),
            ("dynamodb", "updateItem"),
            ("aws-sdk:dynamodb", "query"),
            ("aws-sdk:s3", "listObjectsV2"),
            ("states", "startExecution"),
            ("states", "startExecution.sync"),
            ("aws-sdk:sfn", "describeExecution"),
        ] {
            let part = Part::of(service).unwrap_or_else(|| panic!("{service} has no part"));
            assert!(!part.fields(action).is_empty(), "{service}:{action}");
        }
    }

    #[test]
    fn an_answer_is_looked_at_at_every_depth() {
        let wrong = |service, action, result| mismatch(service, action, &result, true);
        let missing = |name: &str| Some(format!("Required field '{name}' is missing"));
        let must = |name: &str, what: &str| Some(format!("Field '{name}' must be {what}"));
        let items = json!({ "Items": [{ "id": { "S": "a" } }, { "id": "b" }] });
        assert_eq!(wrong("aws-sdk:dynamodb", "query", items), must("Items", "an object"));
        let nested = json!({ "Item": { "a": { "M": { "b": { "BOOL": "yes" } } } } });
        assert_eq!(wrong("dynamodb", "getItem", nested), must("BOOL", "a boolean"));
        let read = json!({ "ConsumedCapacity": { "CapacityUnits": 0.5 }, "Item": { "n": { "N": "1" } } });
        assert_eq!(wrong("dynamodb", "getItem", read), None);
        let listed = json!({ "IsTruncated": false, "Contents": [{ "Key": "k", "Size": 1.5 }] });
        assert_eq!(wrong("aws-sdk:s3", "listObjectsV2", listed), must("Size", "a number"));
        let sent = json!({ "Successful": [{ "Id": "1", "MessageId": "m" }], "Failed": [] });
        assert_eq!(wrong("aws-sdk:sqs", "sendMessageBatch", sent), missing("Md5OfMessageBody"));
        let deleted = json!({ "Successful": { "Id": "1" }, "Failed": [] });
        assert_eq!(wrong("aws-sdk:sqs", "deleteMessageBatch", deleted), must("Successful", "an array"));
    }

    #[test]
    fn what_the_table_does_not_know_may_be_anything() {
        assert_eq!(mismatch("sns", "publish", &json!({ "New": 1 }), true), None);
        assert_eq!(mismatch("sqs", "deleteMessage", &json!({ "MessageId": 1 }), true), None);
        assert_eq!(mismatch("ecs", "runTask", &json!({ "Tasks": 1 }), true), None);
    }
}
