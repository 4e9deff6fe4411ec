//! S3 as the store that map runs read from and write to. An object's content is handed on as it comes, however long it is.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Map, Value, json};

use super::{ACTIONS, NAME, Parameters, refused, request, sdk};
use crate::objects::{Address, Object, ObjectError, Objects, Page};
use crate::services::Services;
use crate::services::failure::{nowhere, unreachable};
use crate::tasks::TaskError;

#[async_trait]
impl Objects for Services {
    async fn get(&self, object: &Address, etag: Option<&str>) -> Result<Object, ObjectError> {
        let mut parameters = named(object);
        if let Some(etag) = etag {
            parameters.insert("IfMatch".to_owned(), etag.into());
        }
        self.open(Parameters(parameters)).await.map_err(told)
    }

    async fn list(&self, arguments: &Map<String, Value>, after: Option<&str>) -> Result<Page, ObjectError> {
        let mut arguments = arguments.clone();
        if let Some(after) = after {
            arguments.insert("ContinuationToken".to_owned(), after.into());
        }
        let listed = sdk(self, "listObjectsV2", &Value::from(arguments).to_string()).await.map_err(told)?;
        let mut listed: Value = serde_json::from_str(&listed).unwrap_or_default();
        let objects = match listed["Contents"].take() {
            Value::Array(objects) => objects,
            _ => Vec::new(),
        };
        Ok(Page { objects, next: listed["NextContinuationToken"].as_str().map(str::to_owned) })
    }

    async fn put(&self, object: &Address, content: Bytes) -> Result<(), ObjectError> {
        let mut parameters = named(object);
        let content = std::str::from_utf8(&content).map_err(|error| ObjectError(error.to_string()))?;
        parameters.insert("Body".to_owned(), content.into());
        parameters.insert("ContentType".to_owned(), "application/json".into());
        sdk(self, "putObject", &Value::from(parameters).to_string()).await.map(drop).map_err(told)
    }
}

impl Services {
    async fn open(&self, parameters: Parameters) -> Result<Object, TaskError> {
        let action = ACTIONS.iter().find(|action| action.name == "getObject");
        let action = action.ok_or_else(|| parameters.unusable("The action is not supported"))?;
        let endpoint = self.endpoints.s3.as_ref().ok_or_else(|| nowhere(NAME, "--s3-endpoint"))?;
        let mut request = request(action, endpoint, &parameters)?;
        self.sign(&mut request, "s3");
        let silent = |silence| unreachable(NAME, &silence);
        let opened = self.http.open(request, self.patience.answer).await.map_err(silent)?;
        if !opened.is_success() {
            return Err(refused(action, &opened.whole().await.map_err(silent)?));
        }
        let etag = opened.header("etag").map(str::to_owned);
        let content = opened.content().map(|piece| piece.map_err(|silence| ObjectError(silence.to_string())));
        Ok(Object { etag, content: content.boxed() })
    }
}

fn named(object: &Address) -> Map<String, Value> {
    let mut parameters = Map::new();
    parameters.insert("Bucket".to_owned(), object.bucket.as_str().into());
    parameters.insert("Key".to_owned(), object.key.as_str().into());
    if let Some(version) = &object.version {
        parameters.insert("VersionId".to_owned(), json!(version));
    }
    parameters
}

/// A run says which of its parts failed; what the service said is the cause.
fn told(error: TaskError) -> ObjectError {
    ObjectError(error.cause)
}
