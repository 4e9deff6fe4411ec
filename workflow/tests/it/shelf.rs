//! A store of objects in memory, whose objects a test changes while they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use serde_json::{Map, Value, json};
use workflow::objects::{Address, Object, ObjectError, Objects, Page};

#[derive(Default)]
pub(crate) struct Shelf {
    objects: Mutex<BTreeMap<String, Content>>,
    refused: Mutex<BTreeSet<String>>,
    served: Arc<AtomicUsize>,
}

#[derive(Clone)]
enum Content {
    Bytes {
        bytes: Vec<u8>,
        version: usize,
    },
    /// That many lines, each its number, made when they are asked for.
    Lines(usize),
}

/// Objects of a page of a listing.
const PAGE: usize = 2;

impl Shelf {
    pub(crate) fn new() -> Arc<Shelf> {
        Arc::default()
    }

    pub(crate) fn put(&self, key: &str, content: impl AsRef<[u8]>) {
        let mut objects = self.objects.lock().unwrap();
        let version = match objects.get(key) {
            Some(Content::Bytes { version, .. }) => version + 1,
            _ => 1,
        };
        objects.insert(key.to_owned(), Content::Bytes { bytes: content.as_ref().to_vec(), version });
    }

    pub(crate) fn remove(&self, key: &str) {
        self.objects.lock().unwrap().remove(key);
    }

    pub(crate) fn endless(&self, key: &str, lines: usize) {
        self.objects.lock().unwrap().insert(key.to_owned(), Content::Lines(lines));
    }

    /// Nothing may be written to this bucket.
    pub(crate) fn refuse(&self, bucket: &str) {
        self.refused.lock().unwrap().insert(bucket.to_owned());
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.objects.lock().unwrap().get(key)? {
            Content::Bytes { bytes, .. } => Some(String::from_utf8(bytes.clone()).unwrap()),
            Content::Lines(_) => None,
        }
    }

    /// How many made-up lines were asked for.
    pub(crate) fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Objects for Shelf {
    async fn get(&self, object: &Address, etag: Option<&str>) -> Result<Object, ObjectError> {
        let content = self.objects.lock().unwrap().get(&object.key).cloned();
        let no_such_key = || ObjectError("The specified key does not exist.".into());
        match content.ok_or_else(no_such_key)? {
            Content::Bytes { bytes, version } => {
                let tag = format!("\"{version}\"");
                if etag.is_some_and(|etag| etag != tag) {
                    return Err(ObjectError(
                        "At least one of the pre-conditions you specified did not hold".into(),
                    ));
                }
                let pieces: Vec<_> = bytes.chunks(5).map(|piece| Ok(piece.to_vec().into())).collect();
                Ok(Object { etag: Some(tag), content: futures::stream::iter(pieces).boxed() })
            }
            Content::Lines(count) => {
                let served = self.served.clone();
                let lines = (0..count).map(move |line| {
                    served.fetch_add(1, Ordering::SeqCst);
                    Ok(format!("{line}\n").into())
                });
                Ok(Object { etag: None, content: futures::stream::iter(lines).boxed() })
            }
        }
    }

    async fn list(&self, arguments: &Map<String, Value>, after: Option<&str>) -> Result<Page, ObjectError> {
        let prefix = arguments.get("Prefix").and_then(Value::as_str).unwrap_or_default();
        let objects = self.objects.lock().unwrap();
        let keys = objects.keys().filter(|key| key.starts_with(prefix));
        let keys: Vec<_> = keys.filter(|key| after.is_none_or(|after| key.as_str() > after)).collect();
        let objects =
            keys.iter().take(PAGE).map(|key| json!({"Key": key, "ETag": "\"1\"", "Size": 1})).collect();
        let next = (keys.len() > PAGE).then(|| keys[PAGE - 1].clone());
        Ok(Page { objects, next })
    }

    async fn put(&self, object: &Address, content: bytes::Bytes) -> Result<(), ObjectError> {
        if self.refused.lock().unwrap().contains(&object.bucket) {
            return Err(ObjectError("Access Denied".into()));
        }
        Shelf::put(self, &object.key, &content);
        Ok(())
    }
}
