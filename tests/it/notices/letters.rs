//! Letters, to a mail server of the test's own.

use std::sync::Arc;
use std::time::Duration;

use activities::notices::{MAIL, Standing, Topic};
use activities::ports::Mailer;
use activities::webhook::{Guard, Sender};
use anyhow::{Result, ensure};
use jiff::SignedDuration;
use local::notices::{Letterbox, SmtpMailer};
use service::people::Role;
use tests::bell::Bell;
use tests::post_office::PostOffice;
use tests::server::Setup;
use tests::sound::wav;
use tests::stand_in::{Reply, StandIn};
use tests::town::Town;

async fn bell(office: &PostOffice, topics: &[Topic]) -> Result<Bell> {
    let mailer = SmtpMailer::new(
        Letterbox {
            server: office.url.clone(),
            from: "Lockgate <lockgate@example.org>".parse()?,
            to: Some("Ada <ada@example.org>".parse()?),
            topics: topics.iter().copied().collect(),
        },
        None,
    )?;
    let sender = Sender::new(Guard::Local, Duration::from_millis(200));
    Bell::with(sender, Some(Arc::new(mailer) as Arc<dyn Mailer>)).await
}

#[tokio::test]
async fn done_and_failed_are_told_in_plain_words_and_in_html() -> Result<()> {
    let office = PostOffice::open().await?;
    let bell = bell(&office, &[]).await?;
    bell.done("d").await?;
    let done = bell.ended_as(MAIL, Standing::Delivered).await?;
    ensure!(done.tries[0].answer.contains("kept"), "{done:?}");
    bell.failed("f", "<b>frame 7</b> & more").await?;
    bell.until(MAIL, |log| log.len() == 2 && log.iter().all(|it| it.standing == Standing::Delivered)).await?;
    let letters = office.letters();
    ensure!(letters.len() == 2, "{letters:?}");
    for (letter, words) in letters.iter().zip([
        ["Subject: Done: a.wav", "a.wav was converted (flac)", "http://127.0.0.1:8080/sessions/d"],
        ["Subject: Failed: a.wav", "<b>frame 7</b> & more", "http://127.0.0.1:8080/sessions/f"],
    ]) {
        for word in words {
            ensure!(letter.contains(word), "{word}: {letter}");
        }
        for header in
            ["From: Lockgate <lockgate@example.org>", "To: Ada <ada@example.org>", "Message-ID: <msg_"]
        {
            ensure!(letter.contains(header), "{header}: {letter}");
        }
        ensure!(letter.contains("multipart/alternative") && letter.contains("text/plain"), "{letter}");
        ensure!(letter.contains("text/html") && letter.contains("<a href="), "{letter}");
    }
    ensure!(letters[1].contains("&lt;b&gt;frame 7&lt;/b&gt; &amp; more"), "{}", letters[1]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_cannot_now_is_asked_again_and_one_that_will_not_is_not() -> Result<()> {
    let office = PostOffice::open().await?;
    let bell = bell(&office, &[Topic::SessionFailed]).await?;
    bell.done("d").await?;
    office.refuse("451 later");
    bell.failed("f", "x").await?;
    let first = bell.tried(MAIL, 1).await?;
    ensure!(first.standing == Standing::Waiting && first.notice.topic == Topic::SessionFailed, "{first:?}");
    office.refuse("550 nobody here");
    bell.advance(SignedDuration::from_secs(6));
    let dead = bell.ended_as(MAIL, Standing::Dead).await?;
    let why = dead.tries[1].why.clone().unwrap_or_default();
    ensure!(dead.tries.len() == 2 && why.contains("nobody here"), "{dead:?}");
    ensure!(office.letters().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_was_switched_off_is_told_by_letter() -> Result<()> {
    let office = PostOffice::open().await?;
    let bell = bell(&office, &[Topic::EndpointDisabled]).await?;
    let gone = StandIn::start(|_| Reply::with(410, "")).await?;
    bell.endpoint(&format!("{}/hook?token=hidden", gone.url), &[]).await?;
    bell.done("s").await?;
    bell.ended_as(MAIL, Standing::Delivered).await?;
    let letter = office.letters().concat();
    ensure!(letter.contains("Subject: A webhook was switched off") && letter.contains("/hook"), "{letter}");
    ensure!(letter.contains("410") && !letter.contains("hidden"), "{letter}");
    Ok(())
}

#[tokio::test]
async fn users_are_written_to_where_they_are_and_nobody_else_is() -> Result<()> {
    let office = PostOffice::open().await?;
    let folder = tempfile::tempdir()?;
    let mail = format!("[mail]\nserver = '{}'\nfrom = 'lockgate@example.org'\n", office.url);
    std::fs::write(folder.path().join("lockgate.toml"), mail)?;
    let town = Town::in_folder(folder, &Setup::default())?;
    for name in ["bob", "eve@example.org", "ada@example.org"] {
        let citizen = town.citizen(name, Role::User).await?;
        town.flow(&citizen).run("a.wav", &wav(4410, 1), "one").await?;
    }
    let letter = office.letter_to("ada@example.org").await?;
    ensure!(letter.contains("Subject: Done: a.wav"), "{letter}");
    office.letter_to("eve@example.org").await?;
    ensure!(office.letters().len() == 2, "nobody knows where bob is: {:?}", office.letters());
    Ok(())
}
