//! Whatever was written is read back, in whatever pieces it comes; and no text, however odd, does harm.

use super::{Item, Splitter};
use crate::history::Form;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn split(form: &Form, text: &[u8], piece: usize) -> Result<Vec<String>, String> {
    let mut splitter = Splitter::of(form).expect("it is no manifest");
    let mut items = Vec::new();
    for piece in text.chunks(piece) {
        splitter.push(piece, &mut items).map_err(|error| error.to_string())?;
    }
    splitter.end(&mut items).map_err(|error| error.to_string())?;
    Ok(items.iter().map(|item: &Item| item.seen(0, "").whole()).collect())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c/~\"\\]]{0,2}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The items of every array and object of a document, with the pointer to it.
fn collections(document: &Value, pointer: &str, found: &mut Vec<(String, Vec<Value>)>) {
    match document {
        Value::Array(values) => {
            found.push((pointer.to_owned(), values.clone()));
            for (index, value) in values.iter().enumerate() {
                collections(value, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(name, value)| json!({"Key": name, "Value": value}));
            found.push((pointer.to_owned(), pairs.collect()));
            for (name, value) in fields {
                let token = name.replace('~', "~0").replace('/', "~1");
                collections(value, &format!("{pointer}/{token}"), found);
            }
        }
        _ => {}
    }
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('\\', "\\\\").replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows(rows in prop::collection::vec(prop::collection::vec(any::<String>(), 2), 0..6), piece in 1..40_usize) {
        let form = Form::Csv { headers: Some(vec!["a".into(), "b".into()]), delimiter: b';' };
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.into_iter().map(|it| it.replace('\u{feff}', "")).collect()).collect();
        let text: String = rows.iter().map(|row| format!("{};{}\r\n", quoted(&row[0]), quoted(&row[1]))).collect();
        let expected: Vec<String> =
            rows.iter().map(|row| json!({"a": row[0], "b": row[1]}).to_string()).collect();
        prop_assert_eq!(split(&form, text.as_bytes(), piece), Ok(expected));
    }

    #[test]
    fn lines(values in prop::collection::vec(value(), 0..6), piece in 1..40_usize) {
        let text: String = values.iter().map(|value| format!("{value}\n")).collect();
        let expected: Vec<String> = values.iter().map(ToString::to_string).collect();
        prop_assert_eq!(split(&Form::Lines, text.as_bytes(), piece), Ok(expected));
    }

    #[test]
    fn elements(document in value(), piece in 1..40_usize, pretty in any::<bool>()) {
        let mut found = Vec::new();
        collections(&document, "", &mut found);
        let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
        for (pointer, values) in found {
            let form = Form::Json { pointer: Some(pointer.as_str().into()) };
            let items = split(&form, text.as_ref().expect("it is JSON").as_bytes(), piece);
            let read: Result<Vec<Value>, String> = items.map(|items| {
                items.iter().map(|item| serde_json::from_str(item).expect("an item is JSON")).collect()
            });
            prop_assert_eq!(read, Ok(values), "{}", pointer);
        }
    }

    #[test]
    fn noise(text in any::<Vec<u8>>(), piece in 1..40_usize, pointer in "(/[a-c0-2]){0,2}") {
        let forms = [
            Form::Json { pointer: Some(pointer.as_str().into()) },
            Form::Lines,
            Form::Csv { headers: None, delimiter: b',' },
        ];
        for form in forms {
            prop_assert_eq!(split(&form, &text, piece), split(&form, &text, text.len().max(1)));
        }
    }
}
