//! A letter of the deployed stack: to where the pool of people says that its owner is, by SES.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::flow::PATIENCE;
use tests::rig::cognito::Pool;
use tests::rig::stage::Stage;
use tests::rig::{self, ses};

#[tokio::test]
async fn who_has_a_failed_session_is_told_by_letter_why_and_where_to_look() -> Result<()> {
    let stage = Stage::open().await?;
    ses::verify(&stage.rig, "lockgate@example.org").await?;
    let name = rig::unique("ann");
    let tokens = Pool::shared(&stage.rig).await?.sign_in(&name).await?;
    let session = stage.flow_by(tokens.id).run("noise.wav", &[7; 5000], "k").await?;
    ensure!(session["state"] == "Failed", "{session:#}");

    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let letter = loop {
        ticks.tick().await;
        if let Some(letter) = ses::letters_to(&stage.rig, &Pool::address(&name)).await?.pop() {
            break letter;
        }
        ensure!(began.elapsed() < PATIENCE, "no letter comes");
    };
    ensure!(letter["subject"] == "Failed: noise.wav" && letter["source"] == ses::SENDER, "{letter:#}");
    let body = letter["body"].as_str().context("a letter has a body")?;
    let why = session["problem"]["detail"].as_str().context("it says why")?;
    let link = format!(
        "{}/sessions/{}",
        stage.rig.output("PageUrl")?,
        session["sessionId"].as_str().unwrap_or_default()
    );
    ensure!(body.contains(why) && body.contains(&format!("href=\"{link}\"")), "{body}");
    Ok(())
}
