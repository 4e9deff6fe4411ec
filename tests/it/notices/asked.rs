//! The API of webhooks and the commands that ask it, against the real binary.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests::flow::{Flow, expect};
use tests::lab::Lab;
use tests::server::{Setup, binary};
use tests::sound::wav;

const LOCAL: &str = "\n[webhooks]\nallow-local = true\n";

async fn tell(flow: &Flow, method: Method, path: &str, body: &Value, status: u16) -> Result<Value> {
    let request = flow.http.request(method, format!("{}{path}", flow.url)).json(body);
    expect(request.send().await?, status).await
}

#[tokio::test]
async fn a_webhook_is_made_shown_changed_rotated_and_removed() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    for (url, why) in [
        ("http://example.org/", "https"),
        ("https://127.1/", "not public"),
        ("https://ada:pw@example.org/", "password"),
        ("https://example.org:22/", "port"),
        ("nowhere", "address"),
    ] {
        let refused = tell(&flow, Method::POST, "/api/webhooks", &json!({ "url": url }), 400).await?;
        let detail = refused["detail"].as_str().unwrap_or_default();
        ensure!(refused["pointer"] == "/url" && detail.contains(why), "{url}: {refused}");
    }
    for body in [
        json!({ "url": "https://example.org/", "events": ["lunch"] }),
        json!({ "url": "https://example.org/", "secret": "whsec_c2hvcnQ=" }),
        json!({ "url": "https://example.org/", "abot": "x" }),
    ] {
        tell(&flow, Method::POST, "/api/webhooks", &body, 400).await?;
    }
    let wanted = json!({ "url": "https://example.org/a", "events": ["session.failed"], "about": "mine" });
    let made = tell(&flow, Method::POST, "/api/webhooks", &wanted, 201).await?;
    let id = made["webhookId"].as_str().context("it has an id")?;
    ensure!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{made}");
    let path = format!("/api/webhooks/{id}");
    let shown = expect(flow.verb(Method::GET, &path, None).await?, 200).await?;
    ensure!(shown["secret"].is_null() && shown["enabled"] == true && shown["about"] == "mine", "{shown}");
    let changed = json!({ "url": "https://example.org:8443/b", "enabled": false });
    let changed = tell(&flow, Method::PUT, &path, &changed, 200).await?;
    ensure!(changed["enabled"] == false && changed["events"] == json!([]), "{changed}");
    let rotated = expect(flow.verb(Method::POST, &format!("{path}/secret"), None).await?, 200).await?;
    ensure!(rotated["secret"] != made["secret"] && rotated["previousSecretUntil"].is_string(), "{rotated}");
    let listed = expect(flow.verb(Method::GET, "/api/webhooks", None).await?, 200).await?;
    ensure!(listed["webhooks"].as_array().is_some_and(|all| all.len() == 1), "{listed}");
    ensure!(!listed.to_string().contains("whsec_"), "{listed}");
    ensure!(flow.verb(Method::DELETE, &path, None).await?.status() == 204);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::GET, format!("{path}/deliveries")),
        (Method::POST, format!("{path}/deliveries/x/replay")),
        (Method::GET, "/api/webhooks/mail/deliveries".to_owned()),
    ] {
        let problem = expect(flow.verb(method, &path, None).await?, 404).await?;
        ensure!(problem["type"].as_str().is_some_and(|kind| kind.ends_with("unknown-webhook")), "{problem}");
    }
    for count in 0..21 {
        let status = if count < 20 { 201 } else { 409 };
        tell(&flow, Method::POST, "/api/webhooks", &json!({ "url": "https://example.org/" }), status).await?;
    }
    Ok(())
}

/// `lockgate`, of this lab's server.
fn lockgate(lab: &Lab, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(binary()?);
    command.args(arguments).env("LOCKGATE_SERVER", lab.flow()?.url).stdin(Stdio::null());
    Ok(command)
}

/// What a command printed, as JSON; its exit code must be this.
fn said(lab: &Lab, arguments: &[&str], code: i32) -> Result<Vec<Value>> {
    let output = lockgate(lab, arguments)?.arg("--json").output()?;
    ensure!(output.status.code() == Some(code), "{arguments:?}: {output:?}");
    let out = String::from_utf8(output.stdout)?;
    out.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// A command that goes on, killed when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn one_listens_triggers_looks_replays_and_verifies_by_command() -> Result<()> {
    let lab = Lab::with_patience(&Setup::default(), LOCAL)?;
    let saved = lab.data().join("saved");
    let folder = saved.to_string_lossy().into_owned();
    let mut listening = lockgate(&lab, &["webhook", "listen", "--json", "--save", &folder])?
        .stdout(Stdio::piped())
        .spawn()
        .map(Running)?;
    let mut lines = BufReader::new(listening.0.stdout.take().context("it is piped")?).lines();
    let mut next = || -> Result<Value> { Ok(serde_json::from_str(&lines.next().context("it says more")??)?) };
    let begun = next()?;
    let id = begun["webhookId"].as_str().context("it has added itself")?.to_owned();

    said(&lab, &["webhook", "trigger", &id, "--event", "session.failed"], 0)?;
    let test = next()?;
    ensure!(test["verified"] == true && test["payload"]["type"] == "session.failed", "{test}");
    ensure!(test["payload"]["data"]["test"] == true, "{test}");
    lab.convert("a.wav", &wav(4410, 1)).await?;
    let done = next()?;
    ensure!(done["verified"] == true && done["payload"]["type"] == "session.done", "{done}");

    let delivered = |count: usize| -> Result<Vec<Value>> {
        loop {
            let log = said(&lab, &["webhook", "log", &id, "--state", "delivered"], 0)?;
            if log.len() == count {
                return Ok(log);
            }
        }
    };
    let log = delivered(2)?;
    ensure!(log[0]["messageId"] == done["messageId"] && log[0]["attempts"][0]["status"] == 204, "{}", log[0]);
    let delivery = log[0]["deliveryId"].as_str().context("it has an id")?;
    said(&lab, &["webhook", "replay", &id, "--delivery", delivery], 0)?;
    ensure!(next()?["messageId"] == done["messageId"]);
    delivered(3)?;
    let all = ["webhook", "replay", &id, "--since", "2020-01-01T00:00:00Z", "--all"];
    ensure!(said(&lab, &all, 0)?[0]["deliveries"].as_array().is_some_and(|begun| begun.len() == 2));
    next()?;
    next()?;
    let message = done["messageId"].as_str().context("it has an id")?;
    let file = saved.join(format!("{message}.http")).to_string_lossy().into_owned();
    let wrong = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    said(&lab, &["webhook", "verify", &file, "--secret", wrong], 1)?;

    let interrupt = rustix::process::Pid::from_raw(listening.0.id() as i32).context("a process has an id")?;
    rustix::process::kill_process(interrupt, rustix::process::Signal::INT)?;
    listening.0.wait()?;
    ensure!(said(&lab, &["webhook", "list"], 0)?.is_empty(), "it has removed itself");
    Ok(())
}

#[tokio::test]
async fn a_webhook_is_added_with_a_secret_that_verifies_what_was_saved() -> Result<()> {
    let lab = Lab::with_patience(&Setup::default(), LOCAL)?;
    let added = said(&lab, &["webhook", "add", "https://example.org/", "--event", "session.done"], 0)?;
    let id = added[0]["webhookId"].as_str().context("it has an id")?;
    let secret = added[0]["secret"].as_str().context("the secret is shown")?;
    let file = lab.data().join("message.http");
    let body = r#"{"a":1}"#;
    let signature =
        secret.parse::<activities::webhook::Secret>()?.sign("msg_1", 1_700_000_000, body.as_bytes());
    let head = "POST / HTTP/1.1\r\nwebhook-id: msg_1\r\nwebhook-timestamp: 1700000000\r\n";
    std::fs::write(&file, format!("{head}webhook-signature: {signature}\r\n\r\n{body}"))?;
    let file = file.to_string_lossy();
    said(&lab, &["webhook", "verify", &file, "--secret", secret], 1)?;
    said(&lab, &["webhook", "verify", &file, "--secret", secret, "--any-age"], 0)?;
    ensure!(said(&lab, &["webhook", "disable", id], 0)?[0]["enabled"] == false);
    ensure!(said(&lab, &["webhook", "enable", id], 0)?[0]["enabled"] == true);
    ensure!(said(&lab, &["webhook", "rotate", id], 0)?[0]["secret"] != secret);
    said(&lab, &["webhook", "remove", id], 0)?;
    said(&lab, &["webhook", "remove", id], 4)?;
    said(&lab, &["webhook", "replay", id], 2)?;
    Ok(())
}
