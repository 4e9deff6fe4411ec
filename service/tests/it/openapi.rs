//! The document that clients are made of.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use states::State;
use strum::VariantArray;

use crate::app::{App, session_in};

fn document() -> Value {
    serde_json::from_str(&service::document()).unwrap()
}

/// What `schema` is once its reference is followed.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

#[test]
fn the_committed_document_is_the_code_s() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == service::document(), "service/openapi.json is stale: the generator writes it anew");
}

#[tokio::test]
async fn it_is_served_and_is_of_openapi_3_1() {
    let served = App::new().get("/openapi.json").await;
    assert_eq!(served.headers["content-type"], "application/json");
    assert_eq!(served.text, service::document());
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, value: &Value) {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
        match value {
            Value::Object(fields) => fields.values().for_each(|field| walk(document, field)),
            Value::Array(items) => items.iter().for_each(|item| walk(document, item)),
            _ => {}
        }
    }
    walk(&document(), &document());
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let names: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn its_lists_are_those_of_the_table() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let states: Vec<String> = State::VARIANTS.iter().map(State::to_string).collect();
    assert_eq!(schemas["State"]["enum"], json!(states));
    for name in ["Event", "ProblemKind", "Stage", "Recipe", "StartMode"] {
        assert!(!schemas[name]["enum"].as_array().unwrap().is_empty(), "{name}");
    }
}

/// Whether the document says exactly which fields an answer has: none missing that it requires, none that it does not
/// know, in it or in what it holds.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolve(document, schema);
    if let Some(properties) = schema["properties"].as_object() {
        let fields = value.as_object().unwrap_or_else(|| panic!("{place} is no object: {value}"));
        let known: BTreeSet<&String> = properties.keys().collect();
        let there: BTreeSet<&String> = fields.keys().collect();
        assert!(there.is_subset(&known), "{place}: {there:?} of {known:?}");
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(fields.contains_key(required.as_str().unwrap()), "{place}: {required} is missing");
        }
        for (name, field) in fields {
            check(document, &properties[name], field, &format!("{place}/{name}"));
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} of {words:?}");
    }
    for item in value.as_array().into_iter().flatten() {
        check(document, &schema["items"], item, place);
    }
    if let Some(options) = schema["oneOf"].as_array() {
        check(document, &options[0], value, place);
    }
}

#[tokio::test]
async fn answers_are_what_it_says() {
    let app = App::new();
    let document = document();
    let answer_of = |method: &str, path: &str, status: &str| {
        let operation = &document["paths"][path][method];
        let content = operation["responses"][status]["content"].as_object().unwrap();
        content.values().next().unwrap()["schema"].clone()
    };
    for &state in State::VARIANTS {
        app.sessions.put(session_in("s", state));
        let schema = answer_of("get", "/api/sessions/{id}", "200");
        check(&document, &schema, &app.get("/api/sessions/s").await.json(), "session");
        let schema = answer_of("get", "/api/sessions", "200");
        check(&document, &schema, &app.get("/api/sessions").await.json(), "list");
        let schema = answer_of("put", "/xcode/{id}", "default");
        if state != State::ReadyToXcode {
            check(&document, &schema, &app.put("/xcode/s").await.json(), "problem");
        }
    }
    app.sessions.put(session_in("s", State::ReadyToXcode));
    app.put("/xcode/s").await.accepted();
    app.driver
        .events
        .lock()
        .unwrap()
        .push(json!({ "id": 1, "previousEventId": 0, "type": "TaskStateEntered",
        "stateEnteredEventDetails": { "name": "Begin" } }));
    let schema = answer_of("get", "/api/sessions/{id}/history", "200");
    check(&document, &schema, &app.get("/api/sessions/s/history").await.json(), "history");
    let schema = answer_of("get", "/api/recipes", "200");
    let recipes = app.get("/api/recipes").await.json();
    check(&document, &schema, &recipes, "recipes");
    let flac = recipes["recipes"].as_array().unwrap().iter().find(|recipe| recipe["name"] == "flac").unwrap();
    assert!(flac["options"]["properties"]["level"].is_object());
    let all = &document["components"]["schemas"]["RecipeOptions"]["properties"];
    for recipe in recipes["recipes"].as_array().unwrap() {
        for (name, option) in recipe["options"]["properties"].as_object().into_iter().flatten() {
            assert_eq!(option, &all[name], "{name}");
        }
    }
    let song = r#"{"fileName":"a.wav","size":1,"contentType":"audio/wav"}"#;
    let schema = answer_of("post", "/xfer", "201");
    check(&document, &schema, &app.xfer(&[], song).await.json(), "created");
}
