//! What nobody can see to, among notices that are in order, through the deployed queue.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::flow::id;
use tests::rig;
use tests::rig::sqs::Queue;
use tests::rig::stage::{Stage, until};
use tests::sound::wav;

const SECOND: u32 = 44_100;

/// Until what was not seen to comes again. In the stack that is minutes; a notice that comes again too early does no harm.
const AGAIN: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_message_that_can_never_be_seen_to_ends_in_the_dead_letters_and_those_beside_it_do_not()
-> Result<()> {
    let stage = Stage::open().await?;
    let flow = stage.flow_of("ann").await?;
    let (queue, dead) = (Queue::of(&stage.rig, "Uploaded")?, Queue::of(&stage.rig, "DeadLetters")?);
    let policy: Value = serde_json::from_str(&queue.attribute("RedrivePolicy").await?)?;
    ensure!(policy["deadLetterTargetArn"] == dead.attribute("QueueArn").await?, "{policy:#}");
    let tries: u32 = policy["maxReceiveCount"].to_string().trim_matches('"').parse()?;
    let usual = queue.attribute("VisibilityTimeout").await?;
    queue.set("VisibilityTimeout", &AGAIN.as_secs().to_string()).await?;

    let garbled = rig::unique("{ no notice");
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "RequestId": rig::unique("test") });
    let began = Instant::now();
    queue.send(&[&test.to_string(), &garbled, &test.to_string()]).await?;
    // Others go on while it comes again and again.
    let session = flow.run("a.wav", &wav(SECOND, 1), "k").await?;
    ensure!(session["state"] == "Done", "{session:#}");

    let buried = RefCell::new(Vec::new());
    until(flow.patience, async || {
        let letters = dead.receive().await?;
        buried.borrow_mut().extend(letters);
        Ok(buried.borrow().contains(&garbled))
    })
    .await?;
    ensure!(began.elapsed() >= AGAIN * (tries - 1), "it was not tried {tries} times");

    // By the time that another upload has come through, those beside it would have followed it.
    let file = wav(SECOND, 2);
    let announced = flow.announce("b.wav", &file, "l", json!({})).await?;
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    flow.until(&id(&announced)?, &["ReadyToXcode"]).await?;
    queue.set("VisibilityTimeout", &usual).await?;
    let buried = [buried.into_inner(), dead.receive().await?].concat();
    let request = test["RequestId"].as_str().unwrap_or_default();
    ensure!(!buried.iter().any(|letter| letter.contains(request)), "{buried:?}");
    Ok(())
}
