//! Where the items of a map run come from, and what the ItemSelector knows of that.

use std::io::Write;

use serde_json::{Value, json};

use crate::map_runs::{bare, output, shelved, start};
use crate::shelf::Shelf;

/// What the ItemSelector says of an item beside its value.
fn selector() -> Value {
    json!({"v.$": "$$.Map.Item.Value", "from.$": "$$.Map.Item.Source"})
}

fn get(key: &str, form: Value) -> Value {
    json!({
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": form,
        "Parameters": {"Bucket": "b", "Key": key},
    })
}

fn list(prefix: &str, form: Value) -> Value {
    json!({
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "ReaderConfig": form,
        "Parameters": {"Bucket": "b", "Prefix": prefix},
    })
}

/// What a Map with this more makes of the input, and of what is on the shelf.
async fn mapped(shelf: &std::sync::Arc<Shelf>, more: Value, input: &Value) -> Value {
    let rig = shelved(shelf).await;
    let arn = start(&rig, &bare("echo", more), &input.to_string()).await;
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert!(ended.failed.is_none(), "{:?}", ended.failed);
    output(&ended)
}

async fn read(shelf: &std::sync::Arc<Shelf>, reader: Value) -> Value {
    mapped(shelf, json!({"ItemReader": reader, "ItemSelector": selector()}), &json!({})).await
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn the_rows_of_an_inventory_are_items_with_or_without_an_input_type() {
    let shelf = Shelf::new();
    let manifest = json!({
        "sourceBucket": "source", "destinationBucket": "arn:aws:s3:::lists", "fileFormat": "CSV",
        "fileSchema": "Bucket, Key", "files": [{"key": "1.csv.gz"}, {"key": "2.csv"}],
    });
    shelf.put("manifest.json", manifest.to_string());
    shelf.put("1.csv.gz", packed("\"source\",\"x\"\n"));
    shelf.put("2.csv", "\"source\",\"y\"\n");
    for form in [json!({"InputType": "MANIFEST"}), json!({"ManifestType": "S3_INVENTORY"})] {
        let rows = json!([
            {"v": {"Bucket": "source", "Key": "x"}, "from": "s3://lists/1.csv.gz"},
            {"v": {"Bucket": "source", "Key": "y"}, "from": "s3://lists/2.csv"},
        ]);
        assert_eq!(read(&shelf, get("manifest.json", form)).await, rows);
    }
}

#[tokio::test]
async fn the_files_of_a_manifest_of_athena_are_read_in_their_form() {
    let shelf = Shelf::new();
    shelf.put("m.csv", "s3://b/out/1\ns3://other/out/2.gz\n");
    shelf.put("out/1", "{\"n\":1}\n{\"n\":2}\n");
    shelf.put("out/2.gz", packed("{\"n\":3}\n"));
    let form = json!({"ManifestType": "ATHENA_DATA", "InputType": "JSONL"});
    let expected = json!([
        {"v": {"n": 1}, "from": "s3://b/out/1"},
        {"v": {"n": 2}, "from": "s3://b/out/1"},
        {"v": {"n": 3}, "from": "s3://other/out/2.gz"},
    ]);
    assert_eq!(read(&shelf, get("m.csv", form)).await, expected);
}

#[tokio::test]
async fn what_a_listing_lists_is_an_item_or_is_loaded() {
    let shelf = Shelf::new();
    shelf.put("p/1.json", "[1,2]");
    shelf.put("p/2.json", "[3]");
    shelf.put("p/3.json.gz", packed("[4,5]"));
    let listed = read(&shelf, list("p/", json!({}))).await;
    let seen: Vec<(&str, &str)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["v"]["Key"].as_str().unwrap(), item["from"].as_str().unwrap()))
        .collect();
    assert_eq!(seen, [("p/1.json", "s3://b"), ("p/2.json", "s3://b"), ("p/3.json.gz", "s3://b")]);

    let loaded =
        |most: u32| json!({"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": most});
    let expected = json!([
        {"v": 1, "from": "s3://b/p/1.json"},
        {"v": 2, "from": "s3://b/p/1.json"},
        {"v": 3, "from": "s3://b/p/2.json"},
        {"v": 4, "from": "s3://b/p/3.json.gz"},
    ]);
    assert_eq!(read(&shelf, list("p/", loaded(4))).await, expected, "as many items, not as many objects");
    let all = read(&shelf, list("p/", loaded(0))).await;
    assert_eq!(all.as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn each_property_of_an_object_is_an_item_of_a_run() {
    let shelf = Shelf::new();
    shelf.put("k", r#"{"o":{"a":1,"b":[2]}}"#);
    let pairs = json!([{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]);
    let input = json!({"o": {"a": 1, "b": [2]}});
    assert_eq!(mapped(&shelf, json!({"ItemsPath": "$.o"}), &input).await, pairs);
    let queried = json!({"QueryLanguage": "JSONata", "Items": "{% $states.input.o %}"});
    assert_eq!(mapped(&shelf, queried, &input).await, pairs);
    let reader = get("k", json!({"InputType": "JSON", "ItemsPointer": "/o"}));
    assert_eq!(mapped(&shelf, json!({"ItemReader": reader.clone()}), &json!({})).await, pairs);

    let mut named = selector();
    named["k.$"] = json!("$$.Map.Item.Key");
    let of_input = mapped(&shelf, json!({"ItemsPath": "$.o", "ItemSelector": named.clone()}), &input).await;
    assert_eq!(
        of_input,
        json!([{"k": "a", "v": 1, "from": "STATE_DATA"}, {"k": "b", "v": [2], "from": "STATE_DATA"}])
    );
    let of_file = mapped(&shelf, json!({"ItemReader": reader, "ItemSelector": named}), &json!({})).await;
    assert_eq!(of_file[1], json!({"k": "b", "v": [2], "from": "s3://b/k"}));
}

#[tokio::test]
async fn an_item_may_be_large_as_long_as_little_is_selected_of_it() {
    let shelf = Shelf::new();
    let long = "x".repeat(2 << 20);
    shelf.put("k", json!([{"id": 7, "text": long}]).to_string());
    let reader = get("k", json!({"InputType": "JSON"}));
    let more = json!({"ItemReader": reader, "ItemSelector": {"id.$": "$$.Map.Item.Value.id"}});
    assert_eq!(mapped(&shelf, more, &json!({})).await, json!([{"id": 7}]));
}

#[tokio::test]
async fn the_items_of_an_inline_map_come_from_the_state() {
    let map = json!({"Type": "Map", "ItemSelector": {"item.$": "$$.Map.Item"}, "End": true, "ItemProcessor": {
        "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}},
    }});
    let rig = shelved(&Shelf::new()).await;
    let arn = start(&rig, &json!({"StartAt": "M", "States": {"M": map}}).to_string(), "[5]").await;
    let ended = rig.engine.closed(&arn).await.unwrap();
    assert_eq!(output(&ended), json!([{"item": {"Index": 0, "Value": 5, "Source": "STATE_DATA"}}]));
}
