//! What goes wrong between the services: notices that come early, doubled, late or garbled, functions that are killed in the
//! middle, a start whose answer was lost.

use std::time::Duration;

use activities::objects::ObjectCreated;
use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use reqwest::Method;
use serde_json::{Value, json};
use states::State;
use tests::flow::{Flow, expect, id};
use tests::rig::cognito::Pool;
use tests::rig::sqs::Queue;
use tests::rig::stage::{Stage, history, until};
use tests::sound::{decoded, wav};

const SECOND: u32 = 44_100;

/// A batch of the queue with these bodies, numbered.
fn batch(bodies: &[&str]) -> Value {
    let message = |(n, body): (usize, &&str)| json!({ "messageId": n.to_string(), "body": body });
    json!({ "Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>() })
}

async fn uploaded(stage: &Stage, flow: &Flow, file: &[u8]) -> Result<(String, String)> {
    let announced = flow.ready("a.wav", file, "k").await?;
    Ok((id(&announced)?, key(stage, &announced)?))
}

/// Under which the file is to lie.
fn key(stage: &Stage, announced: &Value) -> Result<String> {
    let url = reqwest::Url::parse(announced["upload"]["url"].as_str().context("an upload has a URL")?)?;
    let bucket = stage.rig.output("Uploads")?;
    let key = url.path().strip_prefix(&format!("/{bucket}/")).context("the key follows the bucket")?;
    Ok(key.to_owned())
}

/// As S3 tells of an object; of what is in it, nobody believes a word.
fn notice(bucket: &str, key: &str) -> String {
    let created = ObjectCreated {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        size: 1,
        etag: "whatever".to_owned(),
        version_id: None,
        sequencer: "0".to_owned(),
    };
    created.to_notification().to_string()
}

/// Tells of an upload, twice at once, and demands that both are seen to.
async fn told_twice(stage: &Stage, key: &str) -> Result<()> {
    let notice = notice(stage.rig.output("Uploads")?, key);
    let answer = stage.invoke("ConfirmUploadFunction", &batch(&[&notice, &notice])).await?;
    ensure!(answer["batchItemFailures"] == json!([]), "{answer:#}");
    Ok(())
}

#[tokio::test]
async fn only_what_of_a_batch_was_not_seen_to_comes_again() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(SECOND / 10, 1);
    let (id, key) = uploaded(&stage, &flow, &file).await?;
    let uploads = stage.rig.output("Uploads")?;
    let before = flow.session(&id).await?;
    let again = notice(uploads, &key);
    let bodies = [
        again.as_str(),
        "{",
        &again,
        &notice(uploads, "nobody/x"),
        r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#,
        r#"{"Records":[{"eventVersion":"9.0"}]}"#,
        &notice("elsewhere", &key),
        &again,
    ];
    let answer = stage.invoke("ConfirmUploadFunction", &batch(&bodies)).await?;
    let failed = json!([{ "itemIdentifier": "1" }, { "itemIdentifier": "5" }]);
    ensure!(answer["batchItemFailures"] == failed, "{answer:#}");
    let after = flow.session(&id).await?;
    ensure!(after["trail"] == before["trail"] && after["state"] == "ReadyToXcode", "{after:#}");
    Ok(())
}

#[tokio::test]
async fn a_notice_that_is_early_or_comes_after_its_session_has_moved_on_moves_nothing() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(SECOND, 4);
    let announced = flow.announce("a.wav", &file, "k", json!({})).await?;
    let (id, key) = (id(&announced)?, key(&stage, &announced)?);
    told_twice(&stage, &key).await?;
    ensure!(flow.session(&id).await?["state"] == "NotUploaded", "nothing is there yet");

    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    flow.until(&id, &["ReadyToXcode"]).await?;
    expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), None).await?, 202).await?;
    told_twice(&stage, &key).await?;
    let done = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done" && done["attempt"] == 1, "{done:#}");
    told_twice(&stage, &key).await?;
    let after = flow.session(&id).await?;
    ensure!(after["state"] == "Done" && after["trail"] == done["trail"], "{after:#}");
    ensure!(decoded(&flow.fetch(&after).await?)? == file[44..], "the samples differ");

    let path = format!("/api/sessions/{id}");
    ensure!(flow.verb(Method::DELETE, &path, None).await?.status().is_success());
    told_twice(&stage, &key).await?;
    ensure!(flow.verb(Method::GET, &path, None).await?.status() == 410, "it comes back");
    Ok(())
}

#[tokio::test]
async fn a_notice_that_its_queue_brings_again_starts_nothing_again() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let queue = Queue::of(&stage.rig, "Uploaded")?;
    let file = wav(SECOND, 7);
    // It starts by itself: who takes a notice for news would start it a second time.
    let announced = flow.announce("a.wav", &file, "k", json!({ "start": "auto" })).await?;
    let (id, key) = (id(&announced)?, key(&stage, &announced)?);
    let notice = notice(stage.rig.output("Uploads")?, &key);
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    queue.send(&[&notice, &notice]).await?; // beside the bucket's own
    let done = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done" && done["attempt"] == 1, "{done:#}");

    let before = stage.record(&id).await?;
    queue.send(&[&notice, &notice]).await?;
    // What could not be seen to would be kept there for the next try.
    until(flow.patience, async || queue.is_empty().await).await.context("a notice is not seen to")?;
    let after = stage.record(&id).await?;
    ensure!(after.version == before.version && after.trail == before.trail, "{after:#?}");
    ensure!(after.state == State::Done && after.outputs == before.outputs, "{after:#?}");
    ensure!(stage.executions(&id).await? == [format!("{id}-1")]);
    Ok(())
}

#[tokio::test]
async fn a_file_that_comes_after_its_session_was_cancelled_is_removed() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(SECOND, 5);
    let announced = flow.announce("a.wav", &file, "k", json!({})).await?;
    let (id, key) = (id(&announced)?, key(&stage, &announced)?);
    let cancelled = flow.verb(Method::POST, &format!("/xcode/{id}/cancel"), None).await?;
    let cancelled = expect(cancelled, 202).await?;
    ensure!(flow.upload(&announced, &file).await?.status() == 200, "its URL is good still");
    let objects = Connection::new(&stage.rig.account())?.objects();
    let bucket = stage.rig.output("Uploads")?;
    until(flow.patience, async || Ok(objects.head(bucket, &key).await?.is_none())).await?;
    let after = flow.session(&id).await?;
    ensure!(after["state"] == "Failed" && after["trail"] == cancelled["trail"], "{after:#}");
    Ok(())
}

#[tokio::test]
async fn a_file_in_the_inbox_that_is_told_of_again_and_again_is_one_session() -> Result<()> {
    let stage = Stage::open().await?;
    let tokens = Pool::open(&stage.rig).await?.sign_in("ann").await?;
    let key = format!("inbox/{}/a song.wav", tokens.subject()?);
    let flow = stage.flow_by(tokens.id);
    let file = wav(SECOND, 6);
    let client = Connection::new(&stage.rig.account())?.objects().client().clone();
    let put = client.put_object().bucket(stage.rig.output("Uploads")?).key(&key).content_type("audio/wav");
    put.body(file.clone().into()).send().await?;
    told_twice(&stage, &key).await?;
    let id = flow.first_session().await?;
    let done = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done" && done["attempt"] == 1, "{done:#}");
    ensure!(decoded(&flow.fetch(&done).await?)? == file[44..], "the samples differ");

    told_twice(&stage, &key).await?;
    let listed = expect(flow.verb(Method::GET, "/api/sessions", None).await?, 200).await?;
    let sessions = listed["sessions"].as_array().context("a list")?;
    ensure!(sessions.len() == 1 && sessions[0]["state"] == "Done", "{listed:#}");
    ensure!(flow.session(&id).await?["trail"] == done["trail"], "it moved");
    Ok(())
}

#[tokio::test]
async fn a_function_that_is_killed_in_the_middle_is_begun_anew() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(240 * SECOND, 1);
    let (id, _) = uploaded(&stage, &flow, &file).await?;
    expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), None).await?, 202).await?;
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let mut killed = 0;
    for _ in 0..6000 {
        ticks.tick().await;
        killed = stage.kill("Stepflac").await?;
        if killed > 0 {
            break;
        }
    }
    ensure!(killed == 1, "no function was at work");
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    ensure!(decoded(&flow.fetch(&session).await?)? == file[44..], "the samples differ");
    let history = history(&flow, &id).await?.to_string();
    ensure!(history.contains("Runtime.ExitError"), "its history says nothing of it: {history}");
    Ok(())
}

#[tokio::test]
async fn who_asks_twice_at_once_starts_one_execution() -> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let file = wav(SECOND, 3);
    let (id, _) = uploaded(&stage, &flow, &file).await?;
    let path = format!("/xcode/{id}");
    let asked = (0..4).map(|_| flow.verb(Method::PUT, &path, Some("the-one-key")));
    for answer in futures::future::join_all(asked).await {
        expect(answer?, 202).await?;
    }
    let session = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    let history = history(&flow, &id).await?;
    ensure!(history["executions"].as_array().is_some_and(|executions| executions.len() == 1), "{history:#}");
    Ok(())
}
