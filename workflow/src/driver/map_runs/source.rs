//! Reading the items of a run from where they are, piece by piece. The content of an object is pinned by its tag when it
//! is first read, so that it is the same after a restart or the run fails; a listing is kept page by page.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Map, Value};

use super::feed::{Feed, Halt};
use crate::data::context::STATE_DATA;
use crate::errors::ITEM_READER_FAILED;
use crate::history::{Failure, Form, ManifestOf, Source};
use crate::items::manifest::{self, Inventory};
use crate::items::{Item, Splitter, Unreadable, uri};
use crate::journal::{self, ItemPage, MapRun, MapRunChange};
use crate::objects::{Address, ObjectError};

/// Reads the items of a run.
pub(super) struct Reader {
    run: MapRun,
    pins: BTreeMap<String, String>,
}

impl Reader {
    pub(super) fn new(run: MapRun) -> Reader {
        let pins = serde_json::from_str(&run.pins).unwrap_or_default();
        Reader { run, pins }
    }

    /// Gives all items to the feed. `items` is the array, or the object, of those that stand in the history.
    pub(super) async fn read(
        &mut self,
        source: &Source,
        items: Option<&str>,
        feed: &mut Feed,
    ) -> Result<(), Halt> {
        match source {
            Source::Items(_) => {
                let form = Form::Json { pointer: None };
                let mut splitter = splitter(&form)?;
                let mut taken = Vec::new();
                splitter.push(items.unwrap_or("[]").as_bytes(), &mut taken).map_err(unreadable)?;
                feed.take(taken, STATE_DATA).await
            }
            Source::Object { arguments, form, most } => {
                feed.stop_after(*most);
                let arguments = parsed(arguments);
                let address = address(&arguments)?;
                self.object(&address, form, feed).await
            }
            Source::Listing { arguments, form, most } => {
                feed.stop_after(*most);
                self.listing(&parsed(arguments), form.as_ref(), feed).await
            }
        }
    }

    async fn object(&mut self, address: &Address, form: &Form, feed: &mut Feed) -> Result<(), Halt> {
        let Form::Manifest { of } = form else { return self.content(address, form, feed).await };
        let content = self.whole(address, feed).await?;
        match of {
            ManifestOf::Inventory => {
                let inventory = Inventory::parse(&content).map_err(unreadable)?;
                let form = inventory.form();
                for key in inventory.keys {
                    let list = Address { bucket: inventory.bucket.clone(), key, version: None };
                    self.content(&list, &form, feed).await?;
                }
            }
            ManifestOf::Athena(form) => {
                for (bucket, key) in manifest::athena(&content).map_err(unreadable)? {
                    self.content(&Address { bucket, key, version: None }, form, feed).await?;
                }
            }
        }
        Ok(())
    }

    /// An object in this form, as it comes.
    async fn content(&mut self, address: &Address, form: &Form, feed: &mut Feed) -> Result<(), Halt> {
        let mut splitter = splitter(form)?;
        let mut pieces = self.open(address, feed).await?;
        let source = uri(&address.bucket, Some(&address.key));
        let mut items = Vec::new();
        while let Some(piece) = pieces.next().await {
            splitter.push(&piece?, &mut items).map_err(unreadable)?;
            feed.take(std::mem::take(&mut items), &source).await?;
        }
        splitter.end(&mut items).map_err(unreadable)?;
        feed.take(items, &source).await
    }

    /// A small object.
    async fn whole(&mut self, address: &Address, feed: &Feed) -> Result<Vec<u8>, Halt> {
        let mut pieces = self.open(address, feed).await?;
        let mut content = Vec::new();
        while let Some(piece) = pieces.next().await {
            content.extend_from_slice(&piece?);
            if content.len() > manifest::LONGEST {
                let message = format!("The manifest is larger than {} bytes.", manifest::LONGEST);
                return Err(failed(&message));
            }
        }
        Ok(content)
    }

    /// Opens an object: the very one that was opened before, if one was. What is packed is unpacked.
    async fn open(
        &mut self,
        address: &Address,
        feed: &Feed,
    ) -> Result<futures::stream::BoxStream<'static, Result<Bytes, Halt>>, Halt> {
        let name = format!("{}/{}", address.bucket, address.key);
        let pin = self.pins.get(&name);
        let object = feed.tools.objects.get(address, pin.map(String::as_str)).await.map_err(refused)?;
        if pin.is_none()
            && let Some(etag) = object.etag
        {
            self.pins.insert(name, etag);
            let pins = serde_json::to_string(&self.pins).unwrap_or_default();
            self.keep(MapRunChange::Pins(pins), feed).await?;
        }
        let pieces = object.content.map(|piece| piece.map_err(refused));
        Ok(if address.key.ends_with(".gz") { unpacked(pieces.boxed()).boxed() } else { pieces.boxed() })
    }

    async fn listing(
        &mut self,
        arguments: &Map<String, Value>,
        form: Option<&Form>,
        feed: &mut Feed,
    ) -> Result<(), Halt> {
        let mut first = 0;
        let mut after: Option<String> = None;
        loop {
            let page = self.page(arguments, first, after.as_deref(), feed).await?;
            let objects: Vec<Value> = serde_json::from_str(&page.items).unwrap_or_default();
            first += objects.len() as u32;
            match form {
                None => {
                    let items = objects.iter().map(|object| Item::alone(object.to_string())).collect();
                    feed.take(items, &uri(bucket(arguments)?, None)).await?;
                }
                Some(form) => {
                    for object in &objects {
                        let address = listed(arguments, object)?;
                        self.content(&address, form, feed).await?;
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// A page of the listing: as it was when it was first read.
    async fn page(
        &self,
        arguments: &Map<String, Value>,
        first: u32,
        after: Option<&str>,
        feed: &Feed,
    ) -> Result<ItemPage, Halt> {
        let kept =
            feed.tools.journal.map_run_page(self.run.id, first).map_err(|error| journal_failed(&error))?;
        if let Some(page) = kept {
            return Ok(page);
        }
        bucket(arguments)?;
        let page = feed.tools.objects.list(arguments, after).await.map_err(refused)?;
        let items = Value::Array(page.objects.into_iter().map(as_item).collect()).to_string();
        let page = ItemPage { first, items, next: page.next };
        self.keep(MapRunChange::Page(page.clone()), feed).await?;
        Ok(page)
    }

    async fn keep(&self, change: MapRunChange, feed: &Feed) -> Result<(), Halt> {
        let kept = feed.tools.journal.change_map_run(self.run.id, change).await;
        kept.map_err(|error| journal_failed(&error))
    }
}

fn splitter(form: &Form) -> Result<Splitter, Halt> {
    Splitter::of(form).ok_or_else(|| failed("A manifest cannot name manifests."))
}

fn parsed(arguments: &str) -> Map<String, Value> {
    serde_json::from_str(arguments).unwrap_or_default()
}

fn address(arguments: &Map<String, Value>) -> Result<Address, Halt> {
    let key = needed(arguments, "Key")?.to_owned();
    let version = arguments.get("VersionId").and_then(Value::as_str).map(str::to_owned);
    Ok(Address { bucket: bucket(arguments)?.to_owned(), key, version })
}

fn bucket(arguments: &Map<String, Value>) -> Result<&str, Halt> {
    needed(arguments, "Bucket")
}

fn needed<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<&'a str, Halt> {
    let missing = || failed(&format!("The field '{name}' of the ItemReader's Parameters is required"));
    arguments.get(name).and_then(Value::as_str).ok_or_else(missing)
}

fn listed(arguments: &Map<String, Value>, object: &Value) -> Result<Address, Halt> {
    let bucket = bucket(arguments)?.to_owned();
    let key = object["Key"].as_str().ok_or_else(|| failed("An object of the listing has no key."))?;
    Ok(Address { bucket, key: key.to_owned(), version: None })
}

/// An object of a listing as an item shows it: its tag under another name, its time in seconds.
fn as_item(object: Value) -> Value {
    let Value::Object(fields) = object else { return object };
    let renamed = fields.into_iter().map(|(name, value)| match (name.as_str(), &value) {
        ("ETag", _) => ("Etag".to_owned(), value),
        ("LastModified", Value::String(at)) => {
            let seconds = crate::data::time::parse(at).map(|at| Value::from(at / 1000));
            (name, seconds.unwrap_or(value))
        }
        _ => (name, value),
    });
    Value::Object(renamed.collect())
}

fn unpacked(
    pieces: futures::stream::BoxStream<'static, Result<Bytes, Halt>>,
) -> impl futures::Stream<Item = Result<Bytes, Halt>> + Send + 'static {
    let decoder = flate2::write::MultiGzDecoder::new(Vec::new());
    futures::stream::unfold(Some((pieces, decoder)), |state| async move {
        let (mut pieces, mut decoder) = state?;
        let packed = |error: std::io::Error| failed(&format!("The content cannot be unpacked: {error}"));
        match pieces.next().await {
            Some(Ok(piece)) => {
                use std::io::Write;
                match decoder.write_all(&piece) {
                    Ok(()) => {
                        let out = Bytes::from(std::mem::take(decoder.get_mut()));
                        Some((Ok(out), Some((pieces, decoder))))
                    }
                    Err(error) => Some((Err(packed(error)), None)),
                }
            }
            Some(Err(halt)) => Some((Err(halt), None)),
            None => Some((decoder.finish().map(Bytes::from).map_err(packed), None)),
        }
    })
}

fn failed(cause: &str) -> Halt {
    Halt::Failed(Failure::new(ITEM_READER_FAILED, cause))
}

fn unreadable(why: Unreadable) -> Halt {
    failed(&why.to_string())
}

fn refused(error: ObjectError) -> Halt {
    failed(&error.to_string())
}

/// The journal does not work. The run cannot go on here, and goes on after the next start.
fn journal_failed(error: &journal::Error) -> Halt {
    tracing::error!(%error, "a map run can read no further: the journal failed");
    Halt::Gone
}
