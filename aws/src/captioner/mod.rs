//! The captioner on AWS: Amazon Transcribe, which listens to the uploaded file itself. Locally the same port is a command.
//!
//! A job is named after its attempt, so that a second start of it finds the first. Before it is started, the task's token
//! is written down ([`jobs`]), always the latest one: a step that is tried again waits by another token for the same job.
//! When Transcribe tells that a job has ended, or has not for a while, [`callback`] asks it how the job stands, and calls
//! back by the token that stands there then.

mod callback;
mod jobs;

use std::time::Duration;

use activities::failure::Failure;
use activities::making::step::Step;
use activities::ports::{Captioner, Fault};
use activities::recipes::captions;
use activities::{Ctx, worker};
use async_trait::async_trait;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_transcribe::Client;
use aws_sdk_transcribe::operation::start_transcription_job::StartTranscriptionJobError;
use aws_sdk_transcribe::types::{Media, SubtitleFormat, Subtitles};
use jiff::SignedDuration;
use serde_json::{Map, Value};
use states::{Kind, limits};

use jobs::Jobs;

pub use callback::{Ended, NobodyWaits};

/// A job that has said nothing for so long is asked how it stands. Its task is told then that it is being worked on.
const LOOK: SignedDuration = SignedDuration::from_secs(limits::TRANSCRIPTION_LOOK_SECONDS.cast_signed());

/// Two looks may be lost before a job is given up.
const SILENCE: Duration = Duration::from_secs(15 * 60);

/// Where Transcribe writes, in the bucket of the uploads; the bucket's policy knows it.
const TRANSCRIPTS: &str = "transcripts/";

#[derive(Clone)]
pub struct Transcribe {
    client: Client,
    jobs: Jobs,
    /// What the names of this stage's jobs begin with: an account has one list of them.
    prefix: String,
}

impl Transcribe {
    /// Of this stage, with the tokens in `table`.
    pub fn new(client: Client, records: aws_sdk_dynamodb::Client, table: &str, stage: &str) -> Self {
        Self { client, jobs: Jobs::new(records, table), prefix: format!("lockgate-{stage}-") }
    }

    fn job_of(&self, step: &Step) -> String {
        format!("{}{}-{}", self.prefix, step.session_id, step.attempt)
    }

    /// A job of this name that is there already is this one.
    async fn start(&self, ctx: &Ctx, step: &Step, job: &str) -> Result<(), Failure> {
        let source = format!("s3://{}/{}", step.source.bucket, step.source.key);
        let subtitles = Subtitles::builder().formats(SubtitleFormat::Vtt).output_start_index(1).build();
        let start = self
            .client
            .start_transcription_job()
            .transcription_job_name(job)
            .media(Media::builder().media_file_uri(source).build())
            .identify_language(true)
            .subtitles(subtitles)
            .output_bucket_name(&ctx.settings.buckets.uploads)
            .output_key(format!("{TRANSCRIPTS}{job}.json"));
        match start.send().await.map_err(|error| error.into_service_error()) {
            Ok(_) | Err(StartTranscriptionJobError::ConflictException(_)) => Ok(()),
            Err(StartTranscriptionJobError::BadRequestException(refused)) => {
                let why = refused.message.unwrap_or_default();
                Err(Failure::new(Kind::UnsupportedMedia, format!("Transcribe does not take it: {why}")))
            }
            Err(error) => Err(unavailable(error).into()),
        }
    }
}

#[async_trait]
impl Captioner for Transcribe {
    async fn begin(&self, ctx: &Ctx, step: Step, token: String) -> Result<(), Failure> {
        if let Some(work) =
            captions::found(ctx, &step, &captions::ingredients(&step, by_transcribe())).await?
        {
            let work = serde_json::to_value(work).expect("an activity's output is plain data");
            worker::report(ctx, &token, Ok(work)).await;
            return Ok(());
        }
        let job = self.job_of(&step);
        self.jobs.await_by(&job, &step, &token, ctx.clock.now() + LOOK).await?;
        self.start(ctx, &step, &job).await
    }

    fn silence(&self) -> Duration {
        SILENCE
    }

    fn lacks(&self, _ctx: &Ctx) -> Option<String> {
        None
    }
}

/// What of the captioner decides the captions.
fn by_transcribe() -> Map<String, Value> {
    [("captioner".to_owned(), "transcribe".into())].into_iter().collect()
}

fn unavailable(error: impl std::error::Error) -> Fault {
    Fault::Unavailable { what: "captioner", why: DisplayErrorContext(error).to_string() }
}
