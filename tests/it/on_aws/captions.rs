//! Captions by Transcribe, as the rig has it: [`tests::rig::transcribe`].

use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use serde_json::json;
use tests::flow::{Flow, id};
use tests::rig;
use tests::rig::sqs::Queue;
use tests::rig::stage::{Stage, history};
use tests::rig::transcribe::Job;
use tests::sound::wav;

const SECOND: u32 = 44_100;

/// Sends speech and waits until Transcribe has been asked. Answers with the session's id and the job.
async fn asked<'s>(stage: &'s Stage, flow: &Flow) -> Result<(String, Job<'s>)> {
    let speech = wav(3 * SECOND, 1);
    let announced =
        flow.announce("Talk.wav", &speech, "k", json!({ "recipe": "captions", "start": "auto" })).await?;
    ensure!(flow.upload(&announced, &speech).await?.status() == 200);
    let id = id(&announced)?;
    let job = Job::of(stage, &id)?;
    job.asked_for().await?;
    Ok((id, job))
}

/// One that nobody waits for.
fn nobodys(stage: &Stage) -> Result<Job<'_>> {
    Job::of(stage, &rig::unique("x"))
}

#[tokio::test]
async fn what_transcribe_wrote_becomes_captions_once_it_tells() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let (id, job) = asked(&stage, &flow).await?;
    job.done().await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    let outputs = session["outputs"].as_array().context("outputs")?;
    let names: Vec<_> = outputs.iter().map(|output| &output["name"]).collect();
    ensure!(names == ["Talk.vtt", "Talk.srt"] && outputs[0]["media"]["cues"] == 2, "{session:#}");
    let vtt = String::from_utf8(flow.fetch(&session).await?)?;
    ensure!(vtt.contains("Hello there.") && vtt.contains("00:00:01.500 --> 00:00:03.000"), "{vtt}");

    // It is told twice, and the second time nobody waits: that comes again, and does nothing.
    let again = job.told().await?;
    ensure!(again == json!([{ "itemIdentifier": "one" }]), "{again:#}");
    let client = Connection::new(&stage.rig.account())?.objects().client().clone();
    let left = client.list_objects_v2().bucket(stage.rig.output("Uploads")?).prefix("transcripts/");
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
    let (id, job) = asked(&stage, &flow).await?;
    job.heard().await?;
    // With one that nobody waits for, which is not to keep it.
    let nobody = nobodys(&stage)?.word().to_string();
    Queue::of(&stage.rig, "Transcribed")?.send(&[&nobody, &job.word().to_string()]).await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done", "{session:#}");
    Ok(())
}

#[tokio::test]
async fn a_word_that_overtakes_its_token_or_is_none_comes_again() -> Result<()> {
    let stage = Stage::open().await?;
    let again = nobodys(&stage)?.told().await?;
    ensure!(again == json!([{ "itemIdentifier": "one" }]), "{again:#}");
    let garbled = json!({ "Records": [{ "messageId": "one", "body": "{}" }] });
    let answer = stage.invoke("TranscribeCallbackFunction", &garbled).await?;
    ensure!(answer["batchItemFailures"] == json!([{ "itemIdentifier": "one" }]), "{answer:#}");
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
        let key = AttributeValue::S(format!("transcription:{}", job.name));
        let update = records.update_item().table_name(stage.rig.output("Table")?).key("id", key);
        let update =
            update.update_expression("SET dueAt = :now").condition_expression("attribute_exists(#token)");
        let update = update.expression_attribute_names("#token", "token");
        update.expression_attribute_values(":now", AttributeValue::N("1".to_owned())).send().await?;
        Ok(())
    };
    let look_around = async || {
        stage.invoke("TranscribeCallbackFunction", &json!({ "source": "aws.events", "detail": {} })).await
    };
    job.lose().await?;
    is_due().await?;
    look_around().await?;

    // The step is tried again, with another token, and asks for the same job.
    job.asked_for().await?;
    job.heard().await?;
    is_due().await?;
    look_around().await?;
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    Ok(())
}
