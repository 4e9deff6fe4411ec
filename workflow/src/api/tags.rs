//! Tags of state machines and activities.

use serde_json::{Value, json};

use super::error::Failure;
use super::params::Params;
use crate::driver::Engine;
use crate::journal::Tag;

pub(super) async fn tag(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    engine.tag_resource(params.text("resourceArn"), given(params)).await?;
    Ok(json!({}))
}

pub(super) async fn untag(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let keys = params.list("tagKeys").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    engine.untag_resource(params.text("resourceArn"), keys).await?;
    Ok(json!({}))
}

pub(super) async fn list(engine: &Engine, params: &Params) -> Result<Value, Failure> {
    let tags = engine.list_tags(params.text("resourceArn")).await?;
    let shown = tags.iter().map(|tag| json!({ "key": tag.key, "value": tag.value }));
    Ok(json!({ "tags": shown.collect::<Vec<_>>() }))
}

/// The tags of the request.
pub(super) fn given(params: &Params) -> Vec<Tag> {
    let text = |tag: &Value, name: &str| tag[name].as_str().unwrap_or_default().to_owned();
    let tag = |tag: &Value| Tag { key: text(tag, "key"), value: text(tag, "value") };
    params.list("tags").iter().map(tag).collect()
}
