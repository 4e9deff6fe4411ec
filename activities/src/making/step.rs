//! What the workflow hands to a step that works on the file: references only, pinned when the attempt began; and what
//! it gets back, to be named in the manifest.

use media::Order;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use states::session::{Ingredients, Output};
use states::{Activity, Kind, Recipe, Timestamp, options};

use super::sound;
use crate::child::Workbench;
use crate::child::objects::ObjectSource;
use crate::clock::random_id;
use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::objects::Written;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub session_id: String,
    pub attempt: u32,
    pub recipe: Recipe,
    /// When the attempt began: the move into Transcoding.
    pub started_at: Timestamp,
    pub options: Map<String, Value>,
    pub source: Pinned,
}

/// The uploaded object at the ETag it was confirmed with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pinned {
    pub bucket: String,
    pub key: String,
    pub etag: String,
    pub size: u64,
    pub content_type: String,
    pub file_name: String,
}

/// What a step has made and verified.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    pub outputs: Vec<Output>,
    /// When the last byte was stored; reading back came after. None when an earlier try has done the work.
    pub written_at: Option<Timestamp>,
}

impl Step {
    /// The file, to be read in ranges, as long as it is the one that was confirmed.
    pub fn open_source(&self, ctx: &Ctx) -> ObjectSource {
        let Pinned { bucket, key, etag, size, .. } = &self.source;
        let confirmed = Written { size: *size, etag: etag.clone() };
        ObjectSource::new(ctx.objects.open(bucket, key, &confirmed))
    }

    /// Where the recipe's work is done, within its limits.
    pub fn bench(&self, ctx: &Ctx) -> Workbench {
        ctx.workbench.within(ctx.settings.limits.of(self.recipe))
    }

    /// A key for a result, under this attempt's own.
    pub(crate) fn new_key(&self) -> String {
        format!("{}/{}/{}", self.session_id, self.attempt, random_id())
    }

    /// All that decides what `step` makes of the file.
    pub(crate) fn ingredients(&self, step: Activity, revision: u32) -> Ingredients {
        Ingredients { source_etag: self.source.etag.clone(), step, revision, options: self.options.clone() }
    }

    /// How the options say that a FLAC shall be made.
    pub(crate) fn order(&self) -> Result<Order, Failure> {
        self.read_options(options::Flac::read).map(|options| sound::order(&options))
    }

    /// They were checked when the session was made; a version of this program with fewer may run them now.
    pub(crate) fn read_options<T>(
        &self,
        read: impl FnOnce(&Map<String, Value>) -> Result<T, options::Refused>,
    ) -> Result<T, Failure> {
        read(&self.options)
            .map_err(|refused| Failure::new(Kind::WorkflowFailed, format!("Of the options, {refused}.")))
    }

    /// Why work ends that nobody waits for any more.
    pub(crate) fn is_over(&self) -> Failure {
        Failure::new(Kind::Cancelled, format!("Attempt {} is over.", self.attempt))
    }

    /// The file's name with another tail than its ending, for a result to be taken away under: `.flac`, `-1024.jpg`.
    pub(crate) fn name_with(&self, tail: &str) -> String {
        let name = &self.source.file_name;
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        format!("{}{tail}", if stem.is_empty() { "result" } else { stem })
    }
}
