//! Captions by Transcribe, which is moto's: its jobs are known by their names and end when they are asked for, and listen to
//! nothing. What a real one writes and tells, the test puts and sends in its place, where the stack gets it from.

use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_transcribe::types::TranscriptionJobStatus;
use serde_json::{Value, json};
use tests::flow::{Flow, id};
use tests::rig::sqs::Queue;
use tests::rig::stage::{Stage, history};
use tests::rig::{self, Rig};
use tests::sound::wav;

const SECOND: u32 = 44_100;

const VTT: &str =
    "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n2\n00:00:01.500 --> 00:00:03.000\nBye.\n";

/// Sends speech and waits until Transcribe has been asked. Answers with the session's id and the job's name.
async fn asked(stage: &Stage, flow: &Flow) -> Result<(String, String)> {
    let speech = wav(3 * SECOND, 1);
    let announced =
        flow.announce("Talk.wav", &speech, "k", json!({ "recipe": "captions", "start": "auto" })).await?;
    ensure!(flow.upload(&announced, &speech).await?.status() == 200);
    let id = id(&announced)?;
    let job = format!("lockgate-rig-{id}-1");
    let transcribe = Connection::new(&stage.rig.account())?.transcribe();
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    for _ in 0..1200 {
        ticks.tick().await;
        let listed = transcribe.list_transcription_jobs().job_name_contains(&job).send().await?;
        if !listed.transcription_job_summaries().is_empty() {
            return Ok((id, job));
        }
    }
    anyhow::bail!("Transcribe is never asked: {:#}", flow.session(&id).await?)
}

/// Writes what Transcribe would.
async fn transcribed(stage: &Stage, job: &str) -> Result<()> {
    let client = s3(&stage.rig)?;
    let key = format!("transcripts/{job}.vtt");
    let put = client.put_object().bucket(stage.rig.output("Uploads")?).key(key);
    put.body(ByteStream::from_static(VTT.as_bytes())).send().await?;
    Ok(())
}

fn s3(rig: &Rig) -> Result<aws_sdk_s3::Client> {
    Ok(Connection::new(&rig.account())?.objects().client().clone())
}

/// What EventBridge brings to the queue.
fn word(job: &str) -> Value {
    let detail = json!({ "TranscriptionJobName": job, "TranscriptionJobStatus": "COMPLETED" });
    json!({ "source": "aws.transcribe", "detail-type": "Transcribe Job State Change", "detail": detail })
}

/// What the queue brings to the function.
fn told(job: &str) -> Value {
    json!({ "Records": [{ "messageId": "one", "body": word(job).to_string() }] })
}

async fn call_back(stage: &Stage, event: &Value) -> Result<Value> {
    stage.invoke("TranscribeCallbackFunction", event).await
}

/// moto's jobs take a step each time that they are asked for.
async fn ended(stage: &Stage, job: &str) -> Result<()> {
    let transcribe = Connection::new(&stage.rig.account())?.transcribe();
    for _ in 0..5 {
        let answer = transcribe.get_transcription_job().transcription_job_name(job).send().await?;
        let found = answer.transcription_job.context("it is there")?;
        if found.transcription_job_status == Some(TranscriptionJobStatus::Completed) {
            return Ok(());
        }
    }
    anyhow::bail!("{job} never ends")
}

/// As [`asked`], and Transcribe has done it.
async fn heard(stage: &Stage, flow: &Flow) -> Result<(String, String)> {
    let (id, job) = asked(stage, flow).await?;
    transcribed(stage, &job).await?;
    ended(stage, &job).await?;
    Ok((id, job))
}

#[tokio::test]
async fn what_transcribe_wrote_becomes_captions_once_it_tells() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let (id, job) = heard(&stage, &flow).await?;
    let answer = call_back(&stage, &told(&job)).await?;
    ensure!(answer["batchItemFailures"] == json!([]), "{answer:#}");
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    let outputs = session["outputs"].as_array().context("outputs")?;
    let names: Vec<_> = outputs.iter().map(|output| &output["name"]).collect();
    ensure!(names == ["Talk.vtt", "Talk.srt"] && outputs[0]["media"]["cues"] == 2, "{session:#}");
    let vtt = String::from_utf8(flow.fetch(&session).await?)?;
    ensure!(vtt.contains("Hello there.") && vtt.contains("00:00:01.500 --> 00:00:03.000"), "{vtt}");

    // It is told twice, and the second time nobody waits: that comes again, and does nothing.
    let answer = call_back(&stage, &told(&job)).await?;
    ensure!(answer["batchItemFailures"] == json!([{ "itemIdentifier": "one" }]), "{answer:#}");
    let left = s3(&stage.rig)?.list_objects_v2().bucket(stage.rig.output("Uploads")?).prefix("transcripts/");
    let left = left.send().await?;
    ensure!(left.contents().iter().all(|object| !object.key().unwrap_or_default().contains(&id)), "{left:?}");
    let entered = history(&flow, &id).await?.to_string();
    ensure!(entered.contains("HeartbeatSeconds") || entered.contains("heartbeatInSeconds"), "{entered}");
    Ok(())
}

#[tokio::test]
async fn a_word_in_the_queue_reaches_the_function_by_itself() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let (id, job) = heard(&stage, &flow).await?;
    // With one that nobody waits for, which is not to keep it.
    let nobody = word(&format!("lockgate-rig-{}-1", rig::unique("x"))).to_string();
    Queue::of(&stage.rig, "Transcribed")?.send(&[&nobody, &word(&job).to_string()]).await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done", "{session:#}");
    Ok(())
}

#[tokio::test]
async fn a_word_that_overtakes_its_token_or_is_none_comes_again() -> Result<()> {
    let stage = Stage::open().await?;
    let nobody = told(&format!("lockgate-rig-{}-1", rig::unique("x")));
    let garbled = json!({ "Records": [{ "messageId": "one", "body": "{}" }] });
    for event in [nobody, garbled] {
        let answer = call_back(&stage, &event).await?;
        ensure!(answer["batchItemFailures"] == json!([{ "itemIdentifier": "one" }]), "{answer:#}");
    }
    Ok(())
}

#[tokio::test]
async fn a_job_that_says_nothing_is_asked_and_a_lost_one_begun_anew() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let (id, job) = asked(&stage, &flow).await?;
    // The stack's own table is reached where the stack was made.
    let records = Connection::new(&rig::account(&[("", &stage.rig.localstack)]))?.dynamodb();
    // Five minutes pass.
    let is_due = async || -> Result<()> {
        use aws_sdk_dynamodb::types::AttributeValue;
        let key = AttributeValue::S(format!("transcription:{job}"));
        let update = records.update_item().table_name(stage.rig.output("Table")?).key("id", key);
        let update =
            update.update_expression("SET dueAt = :now").condition_expression("attribute_exists(#token)");
        let update = update.expression_attribute_names("#token", "token");
        update.expression_attribute_values(":now", AttributeValue::N("1".to_owned())).send().await?;
        Ok(())
    };
    let transcribe = Connection::new(&stage.rig.account())?.transcribe();
    transcribe.delete_transcription_job().transcription_job_name(&job).send().await?;
    is_due().await?;
    call_back(&stage, &json!({ "source": "aws.events", "detail": {} })).await?;

    // The step is tried again, with another token, and asks for the same job.
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    let mut there = false;
    for _ in 0..1200 {
        ticks.tick().await;
        let listed = transcribe.list_transcription_jobs().job_name_contains(&job).send().await?;
        there = !listed.transcription_job_summaries().is_empty();
        if there {
            break;
        }
    }
    ensure!(there, "the lost job is not begun anew: {:#}", flow.session(&id).await?);
    transcribed(&stage, &job).await?;
    ended(&stage, &job).await?;
    is_due().await?;
    call_back(&stage, &json!({ "source": "aws.events", "detail": {} })).await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    Ok(())
}
