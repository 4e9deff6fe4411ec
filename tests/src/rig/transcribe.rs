//! Transcribe, which is moto's: its jobs are known by their names and end when they are asked for, and listen to nothing.
//! What a real one writes and tells, a test puts and sends in its place, where the stack gets it from.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws::connection::Connection;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_transcribe::Client;
use aws_sdk_transcribe::types::TranscriptionJobStatus;
use serde_json::{Value, json};

use super::stage::{Stage, until};

const VTT: &str =
    "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n2\n00:00:01.500 --> 00:00:03.000\nBye.\n";

/// How long a session may take until its speech is with Transcribe.
const PATIENCE: Duration = Duration::from_secs(60);

/// The transcription that a session's first attempt asks for.
pub struct Job<'s> {
    pub name: String,
    stage: &'s Stage,
    transcribe: Client,
}

impl<'s> Job<'s> {
    /// That of the session `id`, whether or not it was asked for.
    pub fn of(stage: &'s Stage, id: &str) -> Result<Self> {
        let transcribe = Connection::new(&stage.rig.account())?.transcribe();
        Ok(Self { name: format!("lockgate-rig-{id}-1"), stage, transcribe })
    }

    /// Waits until Transcribe has been asked for it.
    pub async fn asked_for(&self) -> Result<()> {
        let is_there = async || -> Result<bool> {
            let listed =
                self.transcribe.list_transcription_jobs().job_name_contains(&self.name).send().await?;
            Ok(!listed.transcription_job_summaries().is_empty())
        };
        until(PATIENCE, is_there)
            .await
            .with_context(|| format!("Transcribe is never asked for {}", self.name))
    }

    /// Writes what Transcribe would, and has the job end: moto's take a step each time that they are asked for.
    pub async fn heard(&self) -> Result<()> {
        let objects = Connection::new(&self.stage.rig.account())?.objects();
        let bucket = self.stage.rig.output("Uploads")?;
        let put = objects.client().put_object().bucket(bucket).key(format!("transcripts/{}.vtt", self.name));
        put.body(ByteStream::from_static(VTT.as_bytes())).send().await?;
        for _ in 0..5 {
            let asked = self.transcribe.get_transcription_job().transcription_job_name(&self.name);
            let found = asked.send().await?.transcription_job.context("it is there")?;
            if found.transcription_job_status == Some(TranscriptionJobStatus::Completed) {
                return Ok(());
            }
        }
        bail!("{} never ends", self.name)
    }

    /// Transcribe loses it.
    pub async fn lose(&self) -> Result<()> {
        self.transcribe.delete_transcription_job().transcription_job_name(&self.name).send().await?;
        Ok(())
    }

    /// That it has ended, as EventBridge brings it to the queue.
    pub fn word(&self) -> Value {
        let detail = json!({ "TranscriptionJobName": self.name, "TranscriptionJobStatus": "COMPLETED" });
        json!({ "source": "aws.transcribe", "detail-type": "Transcribe Job State Change", "detail": detail })
    }

    /// The same as the queue brings it to the function. Answers what of it is to come again.
    pub async fn told(&self) -> Result<Value> {
        let batch = json!({ "Records": [{ "messageId": "one", "body": self.word().to_string() }] });
        let answer = self.stage.invoke("TranscribeCallbackFunction", &batch).await?;
        Ok(answer["batchItemFailures"].clone())
    }

    /// Waits until it is asked for, hears, and tells whoever waits.
    pub async fn done(&self) -> Result<()> {
        self.asked_for().await?;
        self.heard().await?;
        let again = self.told().await?;
        ensure!(again == json!([]), "nobody waits for {}: {again}", self.name);
        Ok(())
    }
}
