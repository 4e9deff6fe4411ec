//! The end of a run: its children's results in the order of their items, as the state's output or as files in a store.
//! They are read from the journal one by one, and written in files of bounded size under names that follow from the run,
//! so that after a crash the same files are written again.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::supervisor::Break;
use super::{Tools, Waiting};
use crate::RunEnd;
use crate::driver::live;
use crate::errors::RESULT_WRITER_FAILED;
use crate::history::{Failure, Plan, Transformation, Writer};
use crate::items::results::{Finished, Results, Written, manifest};
use crate::journal::{MapRun, RunStatus, Which};
use crate::objects::Address;
use crate::state::MAX_PAYLOAD;

/// Children looked at between two turns of everybody else.
const PAGE: u32 = 64;
/// A file of results is full when it has this many bytes.
const FULL: usize = 8 << 20;

pub(super) struct Gathering<'a> {
    pub(super) tools: &'a Tools,
    pub(super) waiting: &'a Waiting,
    pub(super) run: &'a MapRun,
    pub(super) plan: &'a Plan,
}

impl Gathering<'_> {
    /// What the execution that waits is told.
    pub(super) async fn end(&self, failure: Option<Failure>) -> Result<RunEnd, Break> {
        let exported = match &self.plan.writer {
            Some(Writer { arguments: Some(arguments), transformation, lines }) => {
                Some(self.export(arguments, *transformation, *lines).await?)
            }
            _ => None,
        };
        Ok(match (failure, exported) {
            (Some(failure), _) | (None, Some(Err(failure))) => RunEnd::Failed(failure),
            (None, Some(Ok(output))) => RunEnd::Succeeded(Some(output.to_string().into())),
            (None, None) => RunEnd::Succeeded(self.output().await?.map(Into::into)),
        })
    }

    /// The output of the state; `None` when it is too large for one.
    async fn output(&self) -> Result<Option<String>, Break> {
        let (transformation, lines) = match &self.plan.writer {
            Some(writer) => (writer.transformation, writer.lines),
            None => (Transformation::Compact, false),
        };
        let mut results = Results::new(transformation, lines);
        let mut children = Children::new(self);
        while let Some(page) = children.next().await? {
            for child in &page {
                results.add(child);
                if results.len() > MAX_PAYLOAD {
                    return Ok(None);
                }
            }
        }
        let text = results.take();
        Ok(Some(if lines { Value::from(text).to_string() } else { text }))
    }

    async fn export(
        &self,
        arguments: &str,
        transformation: Transformation,
        lines: bool,
    ) -> Result<Result<Value, Failure>, Break> {
        let arguments: Map<String, Value> = serde_json::from_str(arguments).unwrap_or_default();
        let Some(bucket) = arguments.get("Bucket").and_then(Value::as_str) else {
            return Ok(Err(failed("The field 'Bucket' of the ResultWriter's Parameters is required")));
        };
        let prefix = arguments.get("Prefix").and_then(Value::as_str).unwrap_or_default();
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        let folder = format!("{prefix}{slash}{}", self.run.run);
        let ending = if lines { "jsonl" } else { "json" };
        let file = |of| File {
            gathering: self,
            bucket,
            stem: format!("{folder}/{of}"),
            ending,
            results: Results::new(transformation, lines),
            written: Vec::new(),
        };
        let (mut succeeded, mut others) = (file("SUCCEEDED"), file("FAILED"));
        let mut children = Children::new(self);
        while let Some(page) = children.next().await? {
            for child in &page {
                let file = if child.status == "SUCCEEDED" { &mut succeeded } else { &mut others };
                if let Err(failure) = file.add(child).await {
                    return Ok(Err(failure));
                }
            }
        }
        for file in [&mut succeeded, &mut others] {
            if let Err(failure) = file.finish().await {
                return Ok(Err(failure));
            }
        }
        let arn = self.waiting.execution.facts().map_run_arn(&self.label(), self.run.run);
        let key = format!("{folder}/manifest.json");
        let content = manifest(bucket, &arn, [&succeeded.written, &others.written, &[]]);
        if let Err(failure) = self.put(bucket, &key, content).await {
            return Ok(Err(failure));
        }
        Ok(Ok(json!({"MapRunArn": arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}})))
    }

    /// The label as the waiting execution calls it: without those of the runs around it.
    fn label(&self) -> String {
        let own = self.waiting.label.as_ref().and_then(|outer| self.run.label.strip_prefix(outer.as_str()));
        own.map_or(self.run.label.as_str(), |own| own.trim_start_matches('/')).to_owned()
    }

    async fn put(&self, bucket: &str, key: &str, content: String) -> Result<(), Failure> {
        let address = Address { bucket: bucket.to_owned(), key: key.to_owned(), version: None };
        let put = self.tools.objects.put(&address, Bytes::from(content)).await;
        put.map_err(|error| failed(&error.to_string()))
    }
}

fn failed(cause: &str) -> Failure {
    Failure::new(RESULT_WRITER_FAILED, cause)
}

/// Files with the results of one kind.
struct File<'a> {
    gathering: &'a Gathering<'a>,
    bucket: &'a str,
    stem: String,
    ending: &'static str,
    results: Results,
    written: Vec<Written>,
}

impl File<'_> {
    async fn add(&mut self, child: &Finished) -> Result<(), Failure> {
        self.results.add(child);
        if self.results.len() > FULL { self.finish().await } else { Ok(()) }
    }

    async fn finish(&mut self) -> Result<(), Failure> {
        if self.results.is_empty() {
            return Ok(());
        }
        let key = format!("{}_{}.{}", self.stem, self.written.len(), self.ending);
        let content = self.results.take();
        let size = content.len();
        self.gathering.put(self.bucket, &key, content).await?;
        self.written.push(Written { key, size });
        Ok(())
    }
}

/// The children of a run in the order of their items, as they ended.
struct Children<'a> {
    gathering: &'a Gathering<'a>,
    from: u32,
}

impl<'a> Children<'a> {
    fn new(gathering: &'a Gathering<'a>) -> Self {
        Self { gathering, from: 0 }
    }

    async fn next(&mut self) -> Result<Option<Vec<Finished>>, Break> {
        tokio::task::yield_now().await;
        let journal = self.gathering.tools.journal.as_ref();
        let page = journal.children(self.gathering.run.id, self.from, PAGE)?;
        let Some(last) = page.last() else { return Ok(None) };
        self.from = last.first + 1;
        let mut finished = Vec::with_capacity(page.len());
        for child in page {
            let row = journal.execution(Which::Id(child.execution))?.ok_or(Break::Closed)?;
            finished.push(self.finished(&row));
        }
        Ok(Some(finished))
    }

    /// A child whose history cannot be read has failed as far as anybody can know.
    fn finished(&self, row: &crate::journal::ExecutionRow) -> Finished {
        let Tools { journal, place, .. } = self.gathering.tools;
        let folded = live::fold(journal.as_ref(), &self.gathering.waiting.pinned, place, row).ok();
        let execution = folded.as_ref().map(|(execution, _)| execution);
        let failure = execution.and_then(|execution| execution.failure().cloned()).unwrap_or_default();
        let status = if row.status == RunStatus::Parked { RunStatus::Failed } else { row.status };
        Finished {
            arn: place.execution_of(row),
            machine_arn: place.machine_of(row),
            name: row.name.clone(),
            status: status.into(),
            started: row.started,
            stopped: row.stopped,
            redrives: row.redriven.map_or(0, |redriven| redriven.count),
            input: execution.map(|execution| execution.input().clone()),
            output: execution.and_then(|execution| execution.output().cloned()),
            error: failure.error,
            cause: failure.cause,
        }
    }
}
