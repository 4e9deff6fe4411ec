//! The results of a run as files in a store: those of the children that succeeded, those of the others, and the inputs
//! that no child was begun with. A manifest names them all. The files are of bounded size, and their names follow from the
//! run, so that after a crash the same files are written again.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::feed::{AHEAD, Feed, Last};
use super::gather::{Children, Gathering};
use super::standing::Standing;
use super::supervisor::{Break, read};
use crate::errors::RESULT_WRITER_FAILED;
use crate::history::{Failure, Transformation, Writer};
use crate::items::results::{Results, Written, manifest};
use crate::objects::Address;

/// A file of results is full when it has this many bytes.
const FULL: usize = 8 << 20;

pub(super) struct Export<'a> {
    gathering: &'a Gathering<'a>,
    bucket: String,
    folder: String,
    transformation: Transformation,
    lines: bool,
}

/// Why results were not written.
pub(super) enum Unwritten {
    /// The store took none, or it is not said where they go.
    Refused(Failure),
    Broken(Break),
}

impl From<Failure> for Unwritten {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl From<Break> for Unwritten {
    fn from(broken: Break) -> Self {
        Self::Broken(broken)
    }
}

impl From<crate::journal::Error> for Unwritten {
    fn from(error: crate::journal::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl<'a> Export<'a> {
    /// `None` when the results go nowhere.
    pub(super) fn of(gathering: &'a Gathering<'a>) -> Option<Result<Self, Unwritten>> {
        let Writer { arguments, transformation, lines } = gathering.plan.writer.as_ref()?;
        let arguments: Map<String, Value> = serde_json::from_str(arguments.as_ref()?).unwrap_or_default();
        let Some(bucket) = arguments.get("Bucket").and_then(Value::as_str) else {
            let failure = failed("The field 'Bucket' of the ResultWriter's Parameters is required");
            return Some(Err(failure.into()));
        };
        let prefix = arguments.get("Prefix").and_then(Value::as_str).unwrap_or_default();
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        Some(Ok(Self {
            bucket: bucket.to_owned(),
            folder: format!("{prefix}{slash}{}", gathering.run.run),
            transformation: *transformation,
            lines: *lines,
            gathering,
        }))
    }

    /// Writes all files; what the state puts out then.
    pub(super) async fn write(&self) -> Result<Value, Unwritten> {
        let [mut succeeded, mut others, mut pending] =
            ["SUCCEEDED", "FAILED", "PENDING"].map(|of| self.file(of));
        let mut children = Children::new(self.gathering);
        while let Some(page) = children.next().await? {
            for child in &page {
                let file = if child.status == "SUCCEEDED" { &mut succeeded } else { &mut others };
                file.add(|results| results.add(child)).await?;
            }
        }
        self.add_pending(&mut pending).await?;
        for file in [&mut succeeded, &mut others, &mut pending] {
            file.finish().await?;
        }
        let arn = self.gathering.waiting.execution.facts().map_run_arn(&self.label(), self.gathering.run.run);
        let key = format!("{}/manifest.json", self.folder);
        let content = manifest(&self.bucket, &arn, [&succeeded.written, &others.written, &pending.written]);
        self.put(&key, content).await?;
        Ok(json!({"MapRunArn": arn, "ResultWriterDetails": {"Bucket": self.bucket, "Key": key}}))
    }

    /// Items that have no child are read once more. What cannot be read is not told of.
    async fn add_pending(&self, file: &mut File<'_>) -> Result<(), Unwritten> {
        let Gathering { tools, waiting, run, plan, items } = *self.gathering;
        let row = tools.journal.map_run(run.run)?.ok_or(Break::Closed)?;
        let covered = Standing::read(tools.journal.as_ref(), &row)?.covered;
        let all = row.items.map(|all| 0..all);
        if all.is_some_and(|all| all.is_empty() || covered == [all]) {
            return Ok(());
        }
        let (out, mut portions) = mpsc::channel(AHEAD);
        let feed = Feed::new(tools.clone(), waiting.clone(), plan.batch.clone(), covered, out);
        let mut reading = JoinSet::new();
        reading.spawn(read(row, plan.clone(), items.cloned(), feed));
        while let Some(portion) = portions.recv().await {
            file.add(|results| results.add_pending(&portion.input)).await?;
        }
        match reading.join_next().await {
            Some(Ok(Last::BrokeOff)) => Err(Break::off().into()),
            _ => Ok(()),
        }
    }

    fn file(&self, of: &str) -> File<'_> {
        File {
            export: self,
            stem: format!("{}/{of}", self.folder),
            results: Results::new(self.transformation, self.lines),
            written: Vec::new(),
        }
    }

    /// The label as the waiting execution calls it: without those of the runs around it.
    fn label(&self) -> String {
        let Gathering { waiting, run, .. } = self.gathering;
        let own = waiting.label.as_ref().and_then(|outer| run.label.strip_prefix(outer.as_str()));
        own.map_or(run.label.as_str(), |own| own.trim_start_matches('/')).to_owned()
    }

    async fn put(&self, key: &str, content: String) -> Result<(), Failure> {
        let address = Address { bucket: self.bucket.clone(), key: key.to_owned(), version: None };
        let put = self.gathering.tools.objects.put(&address, Bytes::from(content)).await;
        put.map_err(|error| failed(&error.to_string()))
    }
}

fn failed(cause: &str) -> Failure {
    Failure::new(RESULT_WRITER_FAILED, cause)
}

/// Files with the results of one kind.
struct File<'a> {
    export: &'a Export<'a>,
    stem: String,
    results: Results,
    written: Vec<Written>,
}

impl File<'_> {
    async fn add(&mut self, add: impl FnOnce(&mut Results)) -> Result<(), Failure> {
        add(&mut self.results);
        if self.results.len() > FULL { self.finish().await } else { Ok(()) }
    }

    async fn finish(&mut self) -> Result<(), Failure> {
        if self.results.is_empty() {
            return Ok(());
        }
        let ending = if self.export.lines { "jsonl" } else { "json" };
        let key = format!("{}_{}.{ending}", self.stem, self.written.len());
        let content = self.results.take();
        let size = content.len();
        self.export.put(&key, content).await?;
        self.written.push(Written { key, size });
        Ok(())
    }
}
