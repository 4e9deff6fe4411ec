//! The document and the registry name the same activities.

use activities::registry;
use serde_json::{Value, json};
use states::Kind;
use states::render::asl::{self, BY_WORKER};
use states::render::notify;
use tests::desk;

fn resources(document: &Value) -> Vec<String> {
    match document {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value.as_str()) {
                // What is called with a callback stands beside it.
                ("Resource", Some(resource)) if resource.ends_with(".waitForTaskToken") => Vec::new(),
                ("Resource" | "FunctionName", Some(resource)) => vec![resource.to_owned()],
                _ => resources(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(resources).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_engine_and_the_table_call_a_lost_worker_the_same() {
    assert_eq!(workflow::step::WORKER_LOST, Kind::WorkerLost.error_name());
}

#[tokio::test]
async fn every_task_of_the_documents_is_an_activity_that_can_be_called() {
    let documents = [asl::document(), notify::document()];
    let folder = tempfile::tempdir().unwrap();
    let ctx = desk::ctx_on(&folder);
    let read = |text: &String| resources(&serde_json::from_str(text).unwrap());
    let resources: Vec<_> = documents.iter().flat_map(read).collect();
    assert!(resources.len() >= 5, "{resources:?}");
    for resource in resources {
        let name = resource.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap();
        let name = name.strip_suffix(BY_WORKER).unwrap_or(name);
        let refused = registry::call(&ctx, name.parse().unwrap(), json!("nothing it understands")).await;
        let detail = refused.unwrap_err().problem.detail;
        assert!(detail.contains("input is not understood"), "{name}: {detail}");
    }
}
