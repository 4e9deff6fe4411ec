//! The port to a store of objects, as far as map runs need one: they read items from it and write results to it.
//!
//! What a store is asked with is what the definition says (`Bucket`, `Key`, …), evaluated.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde_json::{Map, Value};

#[async_trait]
pub trait Objects: Send + Sync + 'static {
    /// The object's content from its beginning. With `etag` only while it is the one that had that tag.
    async fn get(&self, object: &Address, etag: Option<&str>) -> Result<Object, ObjectError>;

    /// A page of what is in the bucket, in the order of the keys. `arguments` as for ListObjectsV2; `after` is where the
    /// page before ended.
    async fn list(&self, arguments: &Map<String, Value>, after: Option<&str>) -> Result<Page, ObjectError>;

    /// Writes an object, over the one that is there.
    async fn put(&self, object: &Address, content: Bytes) -> Result<(), ObjectError>;
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    pub bucket: String,
    pub key: String,
    pub version: Option<String>,
}

pub struct Object {
    /// By which the same content is known again, when the store has such a thing.
    pub etag: Option<String>,
    pub content: BoxStream<'static, Result<Bytes, ObjectError>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Each as ListObjectsV2 shows it: `Key`, `Size`, `ETag`, `LastModified`, `StorageClass`.
    pub objects: Vec<Value>,
    /// Where this page ended, if there is another one.
    pub next: Option<String>,
}

/// Why the store did not do what it was asked, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ObjectError(pub String);

/// For an engine that was given no store.
pub struct NoObjects;

#[async_trait]
impl Objects for NoObjects {
    async fn get(&self, _: &Address, _: Option<&str>) -> Result<Object, ObjectError> {
        Err(none())
    }

    async fn list(&self, _: &Map<String, Value>, _: Option<&str>) -> Result<Page, ObjectError> {
        Err(none())
    }

    async fn put(&self, _: &Address, _: Bytes) -> Result<(), ObjectError> {
        Err(none())
    }
}

fn none() -> ObjectError {
    ObjectError("This engine has no store of objects.".into())
}
