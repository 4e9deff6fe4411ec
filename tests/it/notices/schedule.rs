//! The whole schedule on a clock of the test's own: three days in a moment.

use activities::notices::{Standing, Terms, Verdict};
use anyhow::{Result, ensure};
use jiff::SignedDuration;
use serde_json::json;
use states::State;
use tests::bell::Bell;
use tests::stand_in::{Reply, StandIn};

use super::checked;

const HOUR: f64 = 3600.0;
const PAUSES: [f64; 10] =
    [0.0, 5.0, 300.0, 1800.0, 2.0 * HOUR, 5.0 * HOUR, 10.0 * HOUR, 14.0 * HOUR, 20.0 * HOUR, 24.0 * HOUR];

#[tokio::test]
async fn a_receiver_that_is_down_for_days_is_tried_ten_times_and_no_session_waits() -> Result<()> {
    let bell = Bell::new().await?;
    let receiver = StandIn::start(|_| Reply::with(500, "not today")).await?;
    let endpoint = bell.endpoint(&receiver.url, &[]).await?;
    let session = bell.done("s").await?;
    ensure!(session.state == State::Done, "{session:?}");
    let begin = bell.now();
    for count in 1..=10 {
        let delivery = bell.tried(&endpoint.id, count).await?;
        let last = &delivery.tries[count - 1];
        ensure!(last.at == bell.now() && last.status == Some(500) && last.answer == "not today", "{last:?}");
        let heard = receiver.heard();
        ensure!(heard.len() == count, "{} messages at the {count}. try", heard.len());
        let secrets = [&endpoint.keys[0].secret];
        let (id, body) = checked(&heard[count - 1], &secrets, bell.now())?;
        ensure!(id == delivery.notice.id, "{id}");
        ensure!(heard[count - 1].header("webhook-timestamp") == bell.now().as_second().to_string());
        ensure!(heard[count - 1].body == heard[0].body, "the body is the same each time");
        ensure!(body["type"] == "session.done" && body["data"]["sessionId"] == "s", "{body}");
        if let Some(next) = delivery.next_at {
            let pause = next.duration_since(bell.now()).as_secs_f64();
            ensure!((PAUSES[count]..=PAUSES[count] * 1.1).contains(&pause), "{count}: {pause}");
            bell.set(next - SignedDuration::from_millis(1)); // a try that came early would say so in its record
            bell.set(next);
        }
    }
    let dead = bell.ended_as(&endpoint.id, Standing::Dead).await?;
    ensure!(dead.outcome().verdict == Verdict::Dead && dead.next_at.is_none(), "{dead:?}");
    let days = bell.now().duration_since(begin).as_secs_f64() / 86_400.0;
    ensure!((3.1..3.5).contains(&days), "{days}");
    let endpoint = bell.stands(&endpoint).await?;
    ensure!(endpoint.enabled && endpoint.failing_since == Some(begin), "{endpoint:?}");
    bell.advance(SignedDuration::from_hours(1000));
    ensure!(receiver.heard().len() == 10, "it is given up");
    Ok(())
}

#[tokio::test]
async fn what_was_told_is_thin_and_holds_nothing_that_opens_anything() -> Result<()> {
    let bell = Bell::new().await?;
    let receiver = StandIn::start(|_| Reply::with(204, "")).await?;
    let endpoint = bell.endpoint(&receiver.url, &[]).await?;
    bell.failed("s", &"it is long ".repeat(10_000)).await?;
    let delivery = bell.ended_as(&endpoint.id, Standing::Delivered).await?;
    let (_, mut body) = checked(&receiver.heard()[0], &[&endpoint.keys[0].secret], bell.now())?;
    let detail = body["data"]["problem"]["detail"].take();
    ensure!(detail.as_str().is_some_and(|detail| detail.chars().count() == 500), "{detail}");
    let expected = json!({
        "type": "session.failed",
        "timestamp": delivery.notice.at,
        "data": {
            "sessionId": "s", "state": "Failed", "recipe": "flac", "attempt": 1,
            "url": "http://127.0.0.1:8080/sessions/s",
            "problem": { "type": "media-corrupt", "title": "The file is damaged or incomplete.", "detail": null },
        },
    });
    ensure!(body == expected, "{body:#}");
    Ok(())
}

#[test]
fn the_schedule_is_the_published_one() {
    let pauses = Terms::default().pauses;
    assert_eq!(pauses.iter().map(SignedDuration::as_secs_f64).collect::<Vec<_>>(), PAUSES);
}
