//! What becomes of a job: asked of Transcribe itself, whoever tells that it has ended, and told to the task that waits.

use activities::Ctx;
use activities::child::AsyncSource;
use activities::child::objects::ObjectSource;
use activities::failure::Failure;
use activities::making::step::{Made, Step};
use activities::objects::Written;
use activities::ports::Awaited;
use activities::recipes::captions;
use aws_sdk_transcribe::operation::get_transcription_job::GetTranscriptionJobError;
use aws_sdk_transcribe::types::TranscriptionJobStatus;
use serde::Deserialize;
use serde_json::Value;
use states::Kind;

use super::jobs::Waiting;
use super::{LOOK, TRANSCRIPTS, Transcribe, by_transcribe, unavailable};

/// No captions are longer: of a day of speech there are some two megabytes.
const MOST_BYTES: u64 = 16 << 20;

/// Transcribe's word that a job has ended. It says of itself how; that is asked again, since an event may be late.
#[derive(Debug, Deserialize)]
pub struct Ended {
    detail: Detail,
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(rename = "TranscriptionJobName")]
    job: String,
}

impl Ended {
    pub fn job(&self) -> &str {
        &self.detail.job
    }
}

/// The event overtook the token, or its task has ended long since. Told again later, it finds the token or is a dead letter.
#[derive(Debug, thiserror::Error)]
#[error("nobody is known to wait for the transcription {0}")]
pub struct NobodyWaits(String);

/// How a job stands.
enum Standing {
    Running,
    Ended(Result<(), Failure>),
}

impl Transcribe {
    /// Sees to one job. False: nobody waits for it.
    pub async fn see_to(&self, ctx: &Ctx, job: &str) -> Result<Result<(), NobodyWaits>, Failure> {
        let Some(Waiting { token, step }) = self.jobs.waiting(job).await? else {
            return Ok(Err(NobodyWaits(job.to_owned())));
        };
        match self.standing(job).await? {
            Standing::Running => self.keep_waiting(ctx, job, &token).await?,
            Standing::Ended(ended) => {
                let work = match ended {
                    Ok(()) => Box::pin(self.work(ctx, &step, job)).await,
                    Err(failure) => Err(failure),
                };
                let work =
                    work.map(|work| serde_json::to_value(work).expect("an activity's output is plain data"));
                self.call_back(ctx, job, &token, work).await?;
            }
        }
        Ok(Ok(()))
    }

    /// Sees to the jobs that have said nothing for long: their event may be lost.
    pub async fn look_around(&self, ctx: &Ctx) -> Result<usize, Failure> {
        let due = self.jobs.due(ctx.clock.now()).await?;
        for job in &due {
            if let Err(failure) = self.see_to(ctx, job).await {
                tracing::warn!(job, %failure, "this transcription is looked at again");
            }
        }
        Ok(due.len())
    }

    async fn standing(&self, job: &str) -> Result<Standing, Failure> {
        let asked = self.client.get_transcription_job().transcription_job_name(job).send().await;
        let found = match asked.map_err(|error| error.into_service_error()) {
            Ok(answer) => answer.transcription_job,
            // It answers so of a job that is not there.
            Err(
                GetTranscriptionJobError::NotFoundException(_)
                | GetTranscriptionJobError::BadRequestException(_),
            ) => None,
            Err(error) => return Err(unavailable(error).into()),
        };
        let Some(found) = found else {
            let lost = Failure::new(Kind::WorkerLost, "The transcription is not to be found.");
            return Ok(Standing::Ended(Err(lost)));
        };
        Ok(match found.transcription_job_status {
            Some(TranscriptionJobStatus::Completed) => Standing::Ended(Ok(())),
            Some(TranscriptionJobStatus::Failed) => {
                let why = found.failure_reason.unwrap_or_else(|| "It does not say why.".to_owned());
                Standing::Ended(Err(Failure::new(Kind::MediaCorrupt, format!("Transcribe could not: {why}"))))
            }
            _ => Standing::Running,
        })
    }

    async fn keep_waiting(&self, ctx: &Ctx, job: &str, token: &str) -> Result<(), Failure> {
        match ctx.driver.beat(token).await? {
            Awaited::Yes => self.jobs.put_off(job, token, ctx.clock.now() + LOOK).await?,
            Awaited::NoMore => self.jobs.let_go(job, token).await?,
        }
        Ok(())
    }

    /// The captions as results of the step: what Transcribe wrote, stored and read back like any other.
    async fn work(&self, ctx: &Ctx, step: &Step, job: &str) -> Result<Made, Failure> {
        let ingredients = captions::ingredients(step, by_transcribe());
        if let Some(work) = captions::found(ctx, step, &ingredients).await? {
            return Ok(work);
        }
        let folder = tempfile::tempdir().map_err(|error| scratch(&error))?;
        let vtt = folder.path().join("captions.vtt");
        let written = fetch(ctx, &format!("{TRANSCRIPTS}{job}.vtt")).await?;
        std::fs::write(&vtt, written).map_err(|error| scratch(&error))?;
        // What decoding and storing hold is large.
        let kept = Box::pin(captions::keep(ctx, step, ingredients, (&*vtt, None)));
        captions::while_awaited(ctx, step, kept).await
    }

    /// What cannot be told now is tried again: the token stands until it was. What may pass is no end of the task.
    async fn call_back(
        &self,
        ctx: &Ctx,
        job: &str,
        token: &str,
        work: Result<Value, Failure>,
    ) -> Result<(), Failure> {
        match work {
            Err(failure) if failure.problem.kind == Kind::StorageUnavailable => return Err(failure),
            Ok(output) => ctx.driver.succeed(token, &output.to_string()).await?,
            Err(Failure { problem }) => {
                ctx.driver.fail(token, problem.kind.error_name(), &problem.detail).await?
            }
        };
        self.jobs.let_go(job, token).await?;
        for ending in ["json", "vtt"] {
            let key = format!("{TRANSCRIPTS}{job}.{ending}");
            ctx.objects.delete(&ctx.settings.buckets.uploads, &key).await?;
        }
        Ok(())
    }
}

async fn fetch(ctx: &Ctx, key: &str) -> Result<Vec<u8>, Failure> {
    let bucket = &ctx.settings.buckets.uploads;
    let missing = || Failure::new(Kind::OutputUnverified, "Transcribe wrote no captions.");
    let head = ctx.objects.head(bucket, key).await?.ok_or_else(missing)?;
    if head.size > MOST_BYTES {
        let why = format!("Transcribe wrote {} bytes of captions.", head.size);
        return Err(Failure::new(Kind::OutputUnverified, why));
    }
    let source =
        ObjectSource::new(ctx.objects.open(bucket, key, &Written { size: head.size, etag: head.etag }));
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < head.size {
        let rest = usize::try_from(head.size).expect("it was checked") - bytes.len();
        let part = source.read_at(bytes.len() as u64, rest).await.map_err(|error| scratch(&error))?;
        if part.is_empty() {
            return Err(missing());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn scratch(error: &std::io::Error) -> Failure {
    Failure::new(Kind::StorageUnavailable, format!("What Transcribe wrote cannot be read: {error}."))
}
