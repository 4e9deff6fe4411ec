//! The formats of items, batches and results, by example.

use super::batch::{Batcher, Portion, TooLarge};
use super::manifest::{Inventory, athena};
use super::results::{Finished, Results, Written, manifest};
use super::{Item, LONGEST, Splitter};
use crate::history::{Batch, Form, Transformation};
use serde_json::{Value, json};

fn split(form: &Form, pieces: &[&[u8]]) -> Result<Vec<String>, String> {
    let mut splitter = Splitter::of(form).unwrap();
    let mut items = Vec::new();
    pieces
        .iter()
        .try_for_each(|piece| splitter.push(piece, &mut items))
        .map_err(|error| error.to_string())?;
    splitter.end(&mut items).map_err(|error| error.to_string())?;
    Ok(items.iter().map(|item: &Item| item.seen(0, "").whole()).collect())
}

/// Split whole and byte by byte, which must be the same.
fn both(form: &Form, text: &str) -> Result<Vec<String>, String> {
    let whole = split(form, &[text.as_bytes()]);
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(split(form, &bytes), whole, "{text}");
    whole
}

fn csv(headers: Option<&[&str]>, delimiter: u8) -> Form {
    let headers = headers.map(|headers| headers.iter().map(|&header| header.into()).collect());
    Form::Csv { headers, delimiter }
}

fn json(pointer: Option<&str>) -> Form {
    Form::Json { pointer: pointer.map(Into::into) }
}

fn strings(items: &[&str]) -> Result<Vec<String>, String> {
    Ok(items.iter().map(ToString::to_string).collect())
}

#[test]
fn rows_become_objects_named_by_the_headers() {
    let first = csv(None, b',');
    let expected =
        strings(&[r#"{"a":"1","b":"x, y"}"#, r#"{"a":"2","b":""}"#, r#"{"a":"q\"q","b":"two\nlines"}"#]);
    let text = "\u{feff}a,b\r\n1,\"x, y\"\r\n\r\n2\r\n\"q\"\"q\",\"two\nlines\",more\n";
    assert_eq!(both(&first, text), expected);
    assert_eq!(both(&first, text.trim_end()), expected, "the last line needs no end");
    assert_eq!(both(&csv(Some(&["x"]), b'|'), "1|2\n"), strings(&[r#"{"x":"1"}"#]));
    assert_eq!(both(&first, ""), strings(&[]));
    assert_eq!(both(&first, "a\n\"\"\n"), strings(&[r#"{"a":""}"#]), "a quoted nothing is a row");
    let escaped = both(&csv(None, b'|'), "a|b\nC:\\\\x\\|y|\\\"z\\\"\n\"q\\\"|\\n\"|\\r\\\n");
    let expected = strings(&[r#"{"a":"C:\\x|y","b":"\"z\""}"#, r#"{"a":"q\"|n","b":"r"}"#]);
    assert_eq!(escaped, expected, "a backslash lets stand what has a meaning, and is nothing else");
    let duplicates = Err("CSV headers cannot contain duplicates.".to_owned());
    assert_eq!(both(&first, "a,a\n1,2\n"), duplicates);
    assert_eq!(both(&csv(Some(&["a", "a"]), b','), ""), duplicates);
    for open in ["a\n\"open", "a\n\"open\\\"", "a\n\"open\\"] {
        assert_eq!(both(&first, open), Err("A quoted field has no end.".to_owned()), "{open}");
    }
}

#[test]
fn lines_are_values() {
    assert_eq!(
        both(&Form::Lines, "\u{feff}{\"a\":1}\r\n\n[2]\n\"x\""),
        strings(&["{\"a\":1}", "[2]", "\"x\""])
    );
    assert!(both(&Form::Lines, "{\"a\":}\n").unwrap_err().starts_with("An item is not JSON"));
}

#[test]
fn an_array_is_taken_apart_wherever_it_is() {
    assert_eq!(both(&json(None), " [ ] "), strings(&[]));
    let nested = r#"[1, {"a": ["]", "\"]"]} ,"x,]", [2,[3]] ]"#;
    assert_eq!(both(&json(None), nested), strings(&["1", r#"{"a": ["]", "\"]"]}"#, "\"x,]\"", "[2,[3]]"]));
    let document = r#"{"a":{"b":[0,{"c":"]"}],"d/e":[[9],[7,8]]},"a2":1}"#;
    assert_eq!(both(&json(Some("/a/b")), document), strings(&["0", r#"{"c":"]"}"#]));
    assert_eq!(both(&json(Some("/a/d~1e/1")), document), strings(&["7", "8"]));
    assert_eq!(both(&json(Some("/a/d~1e/0")), document), strings(&["9"]));
    for pointer in ["/x", "/a/x", "/a2", "/a/b/5", "/a/b/1/c"] {
        let said = both(&json(Some(pointer)), document).unwrap_err();
        assert_eq!(said, format!("There is no array or object at the ItemsPointer {pointer}."));
    }
    for text in ["1", "", "\"x\""] {
        assert_eq!(
            both(&json(None), text).unwrap_err(),
            "Attempting to map over non-iterable node.",
            "{text}"
        );
    }
    assert_eq!(both(&json(None), "[1,").unwrap_err(), "The array or object of the items has no end.");
    assert!(both(&json(None), "[1,]").unwrap_err().starts_with("An item is not JSON"));
    let deep = format!("[{}{}]", "[".repeat(200), "]".repeat(200));
    assert_eq!(both(&json(None), &deep).unwrap_err(), "An item nests too deep.");
}

#[test]
fn each_property_of_an_object_is_an_item() {
    assert_eq!(both(&json(None), " { } "), strings(&[]));
    let document = r#"{"o":{"a,}" : [1, {"b":"}"}] ,"\u0062":"x"},"p":1}"#;
    let expected = strings(&[r#"{"Key":"a,}","Value":[1, {"b":"}"}]}"#, r#"{"Key":"b","Value":"x"}"#]);
    assert_eq!(both(&json(Some("/o")), document), expected);
    assert_eq!(both(&json(None), r#"{"a":1"#).unwrap_err(), "The array or object of the items has no end.");
    for text in [r#"{"a"}"#, r#"{"a":1,}"#, r#"{a:1}"#, r#"{"a":1]}"#] {
        assert!(both(&json(None), text).unwrap_err().starts_with("An item is not JSON"), "{text}");
    }
}

#[test]
fn an_item_without_end_is_given_up() {
    let piece = vec![b'x'; LONGEST / 2];
    for form in [json(None), Form::Lines, csv(Some(&["a"]), b',')] {
        let start: &[u8] = if form == json(None) { b"[\"" } else { b"" };
        let said = split(&form, &[start, &piece, &piece, &piece]).unwrap_err();
        assert!(said.starts_with("An item is longer than"), "{said}");
    }
}

#[test]
fn a_batch_is_full_by_number_or_by_bytes() {
    let gather = |batch: Option<Batch>, items: &[&str]| {
        let mut batcher = Batcher::new(batch);
        let mut portions = Vec::new();
        for (index, item) in (0..).zip(items) {
            portions.extend(batcher.push(index, item)?);
        }
        portions.extend(batcher.flush());
        Ok::<_, TooLarge>(portions.into_iter().map(|it| (it.first, it.count, it.input)).collect::<Vec<_>>())
    };
    let batch =
        |items, bytes, input: Option<&str>| Some(Batch { items, bytes, input: input.map(Into::into) });
    assert_eq!(gather(None, &["1", "2"]), Ok(vec![(0, 1, "1".into()), (1, 1, "2".into())]));
    assert_eq!(
        gather(batch(Some(2), None, Some("{}")), &["1", "2", "3"]),
        Ok(vec![
            (0, 2, r#"{"Items":[1,2],"BatchInput":{}}"#.into()),
            (2, 1, r#"{"Items":[3],"BatchInput":{}}"#.into()),
        ])
    );
    let bytes = r#"{"Items":["aa","bb"]}"#.len() as u32;
    let expected = vec![
        (0, 2, r#"{"Items":["aa","bb"]}"#.to_owned()),
        (2, 1, r#"{"Items":["cc"]}"#.to_owned()),
        (3, 1, r#"{"Items":["ddddddd"]}"#.to_owned()),
    ];
    let items = [r#""aa""#, r#""bb""#, r#""cc""#, r#""ddddddd""#];
    assert_eq!(gather(batch(None, Some(bytes), None), &items), Ok(expected));
    assert_eq!(gather(batch(None, Some(bytes), None), &[r#""12345678""#]), Err(TooLarge(0)));
    let _: Option<Portion> = Batcher::new(None).flush();
}

#[test]
fn manifests_name_objects() {
    let inventory = json!({
        "sourceBucket": "source", "destinationBucket": "arn:aws:s3:::lists", "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size", "files": [{"key": "a.csv.gz", "size": 9, "MD5checksum": "x"}],
    });
    let read = Inventory::parse(inventory.to_string().as_bytes()).unwrap();
    assert_eq!((read.bucket.as_str(), read.keys.as_slice()), ("lists", &["a.csv.gz".to_owned()][..]));
    assert_eq!(read.form(), csv(Some(&["Bucket", "Key", "Size"]), b','));
    assert!(Inventory::parse(b"{}").is_err());
    let named = athena(b"s3://b/c/d.csv\n\"s3://b/e\"\n").unwrap();
    assert_eq!(named, [("b".into(), "c/d.csv".into()), ("b".into(), "e".into())]);
    assert!(athena(b"http://b/c").is_err());
}

fn finished(output: Option<&str>) -> Finished {
    Finished {
        arn: "arn:child".into(),
        machine_arn: "arn:machine".into(),
        name: "child".into(),
        status: if output.is_some() { "SUCCEEDED" } else { "FAILED" },
        started: 1_738_633_790_099,
        stopped: Some(1_738_633_790_100),
        redrives: u32::from(output.is_none()),
        redriven: output.is_none().then_some(1_738_633_790_101),
        never_redrivable: output.map(|_| "Execution is SUCCEEDED and cannot be redriven"),
        input: Some("1".into()),
        output: output.map(Into::into),
        error: output.is_none().then(|| "Odd".into()),
        cause: None,
    }
}

#[test]
fn results_are_alone_or_with_everything_else() {
    let write = |transformation, lines, outputs: &[Option<&str>]| {
        let mut results = Results::new(transformation, lines);
        outputs.iter().for_each(|output| results.add(&finished(*output)));
        results.take()
    };
    assert_eq!(write(Transformation::Compact, false, &[]), "[]");
    assert_eq!(write(Transformation::Compact, false, &[Some("[1]"), Some("2")]), "[[1],2]");
    assert_eq!(
        write(Transformation::Flatten, false, &[Some("[1, [2]]"), Some("3"), Some("[]")]),
        "[1,[2],3]"
    );
    assert_eq!(write(Transformation::Compact, true, &[Some("[1,\n2]"), Some("3")]), "[1,2]\n3\n");
    let all: Value =
        serde_json::from_str(&write(Transformation::None, false, &[Some("\"x\""), None])).unwrap();
    let expected = json!([
        {
            "ExecutionArn": "arn:child", "Input": "1", "InputDetails": {"Included": true}, "Name": "child",
            "Output": "\"x\"", "OutputDetails": {"Included": true}, "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE", "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "StartDate": "2025-02-04T01:49:50.099Z", "StateMachineArn": "arn:machine", "Status": "SUCCEEDED",
            "StopDate": "2025-02-04T01:49:50.100Z",
        },
        {
            "Error": "Odd", "ExecutionArn": "arn:child", "Input": "1", "InputDetails": {"Included": true},
            "Name": "child", "OutputDetails": {"Included": true}, "RedriveCount": 1,
            "RedriveDate": "2025-02-04T01:49:50.101Z", "RedriveStatus": "REDRIVABLE_BY_MAP_RUN",
            "StartDate": "2025-02-04T01:49:50.099Z", "StateMachineArn": "arn:machine", "Status": "FAILED",
            "StopDate": "2025-02-04T01:49:50.100Z",
        },
    ]);
    assert_eq!(all, expected);
    let mut pending = Results::new(Transformation::Compact, true);
    pending.add_pending("{\"n\":1}");
    let said: Value = serde_json::from_str(&pending.take()).unwrap();
    let expected = json!({"Input": "{\"n\":1}", "InputDetails": {"Included": true}, "Status": "PENDING"});
    assert_eq!(said, expected, "there is nothing of it that could be left out");
    let file = [Written { key: "k".into(), size: 3 }];
    let said: Value = serde_json::from_str(&manifest("b", "arn", [&file, &[], &[]])).unwrap();
    let files = json!({"SUCCEEDED": [{"Key": "k", "Size": 3}], "FAILED": [], "PENDING": []});
    assert_eq!(said, json!({"DestinationBucket": "b", "MapRunArn": "arn", "ResultFiles": files}));
}
