//! Why a session failed: a closed list of kinds, each with a sentence and whether trying again can help. Never a bare
//! string. The ASL error names in Retry and Catch are these kinds' names, so that every driver retries alike.

use crate::recipe::DRAINING;

/// A kind of failure. `unsupported-media` on the wire; `UnsupportedMedia` as an ASL error name.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    UploadExpired,
    UploadMismatch,
    NotStarted,
    Cancelled,
    UnsupportedMedia,
    MediaCorrupt,
    TooLarge,
    TooLong,
    /// The child that did the media work died; the next try may do better.
    WorkerCrashed,
    /// The work was begun anew after each restart of the server and never ended: the file may be what kills it.
    WorkerLost,
    OutOfMemory,
    TimedOut,
    SourceChanged,
    OutputUnverified,
    StorageUnavailable,
    StorageFull,
    /// A stored object does not read back as it was stored: the disk, not the file, is at fault.
    StorageDamaged,
    /// A program that the recipe needs is not there any more.
    RecipeUnavailable,
    WorkflowFailed,
}

impl Kind {
    /// One plain sentence for people, before any detail.
    pub fn title(self) -> &'static str {
        match self {
            Self::UploadExpired => "The file was not uploaded in time.",
            Self::UploadMismatch => "The uploaded file is not the one that was announced.",
            Self::NotStarted => "The file was uploaded, but the conversion was never started.",
            Self::Cancelled => "The session was cancelled.",
            Self::UnsupportedMedia => "This kind of file cannot be converted.",
            Self::MediaCorrupt => "The file is damaged or incomplete.",
            Self::TooLarge => "The file is too large.",
            Self::TooLong => "The recording is too long.",
            Self::WorkerCrashed => "The worker crashed on this file.",
            Self::WorkerLost => "The worker was lost on this file, again and again.",
            Self::OutOfMemory => "The file needs more memory than the worker may use.",
            Self::TimedOut => "The work took too long.",
            Self::SourceChanged => "The uploaded file changed or vanished while it was needed.",
            Self::OutputUnverified => "The result did not read back as it was written.",
            Self::StorageUnavailable => "The storage did not answer.",
            Self::StorageFull => "The storage is full.",
            Self::StorageDamaged => "The storage has damaged the file.",
            Self::RecipeUnavailable => "What this recipe needs is not installed here.",
            Self::WorkflowFailed => "The workflow failed.",
        }
    }

    /// Whether another attempt on the same upload can end otherwise.
    pub fn can_be_redriven(self) -> bool {
        match self {
            Self::UploadExpired | Self::UploadMismatch | Self::SourceChanged => false,
            Self::UnsupportedMedia | Self::MediaCorrupt | Self::TooLarge | Self::TooLong => false,
            Self::NotStarted | Self::Cancelled | Self::WorkerCrashed | Self::WorkerLost => true,
            Self::OutOfMemory | Self::TimedOut | Self::OutputUnverified => true,
            Self::StorageUnavailable | Self::StorageFull | Self::StorageDamaged => true,
            Self::RecipeUnavailable | Self::WorkflowFailed => true,
        }
    }

    /// Its name on the wire and in the address of its page.
    pub fn slug(self) -> String {
        let mut slug = String::new();
        for letter in self.error_name().chars() {
            if letter.is_ascii_uppercase() && !slug.is_empty() {
                slug.push('-');
            }
            slug.push(letter.to_ascii_lowercase());
        }
        slug
    }

    /// The name that ASL's `ErrorEquals` matches.
    pub fn error_name(self) -> &'static str {
        self.into()
    }

    /// The kind behind an error name: one of ours, one that ASL predefines, or what Step Functions says of a Lambda whose
    /// sandbox ended under it.
    pub fn of_error_name(name: &str) -> Self {
        match name {
            "States.Timeout" | "States.HeartbeatTimeout" | "Sandbox.Timedout" => Self::TimedOut,
            "Lambda.Unknown" | "Runtime.ExitError" => Self::WorkerCrashed,
            DRAINING => Self::WorkerLost,
            name => name.parse().unwrap_or(Self::WorkflowFailed),
        }
    }
}

/// One failure, as it stands on the record and in every answer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What was found in this very file or attempt.
    pub detail: String,
}

impl Problem {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn error_names_lead_back_to_their_kind() {
        for &kind in Kind::VARIANTS {
            assert_eq!(Kind::of_error_name(kind.error_name()), kind);
            assert!(kind.title().ends_with('.'));
            assert_eq!(serde_json::to_value(kind).expect("a name"), serde_json::Value::String(kind.slug()));
        }
        assert_eq!(Kind::of_error_name("States.Timeout"), Kind::TimedOut);
        assert_eq!(Kind::of_error_name("Runtime.ExitError"), Kind::WorkerCrashed);
        assert_eq!(Kind::of_error_name("Whatever"), Kind::WorkflowFailed);
    }
}
