//! What opens an object or signs a message stands in no log, however much is logged.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;
use service::people::Role;
use tests::flow::expect;
use tests::server::Setup;
use tests::sound::wav;
use tests::town::Town;

use super::inbox::key;

/// The signature of a presigned URL, which is as good as what it opens.
fn signature(url: &str) -> Result<String> {
    let rest = url.split_once("X-Amz-Signature=").context("it is signed")?.1;
    Ok(rest.split('&').next().unwrap_or(rest).to_owned())
}

#[tokio::test]
async fn a_whole_session_is_logged_without_what_opens_it() -> Result<()> {
    let town = Town::open(&Setup::default().with("LOCKGATE_LOG", "trace"))?;
    let ada = town.citizen("ada", Role::User).await?;
    let (flow, file) = (town.flow(&ada), wav(44_100, 1));
    let announced = flow.announce("a.wav", &file, "a-key", json!({ "start": "auto" })).await?;
    let upload = announced["upload"]["url"].as_str().context("somewhere to upload to")?.to_owned();
    let mut forged = announced.clone();
    let last = if upload.ends_with('0') { '1' } else { '0' };
    forged["upload"]["url"] = json!(format!("{}{last}", &upload[..upload.len() - 1]));
    ensure!(flow.upload(&forged, &file).await?.status() == 403, "a signature that is wrong by one digit");
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    let done = flow.until(&tests::flow::id(&announced)?, &["Done", "Failed"]).await?;
    ensure!(!flow.fetch(&done).await?.is_empty());
    let download = done["outputs"][0]["url"].as_str().context("something to fetch")?;

    let machines = key(&town, &ada).await?;
    ensure!(machines.put("inbox/ada/b.wav", wav(4410, 1)).await == 200);
    let hook = json!({ "url": "https://hooks.example/ada" });
    let hook = town.request(Method::POST, "/api/webhooks", Some(&ada.token)).json(&hook).send().await?;
    let hook = expect(hook, 201).await?;
    let hook = hook["secret"].as_str().context("the secret is shown once")?;

    let log = town.log();
    ensure!(log.contains("\"TRACE\""), "all that is logged is looked at");
    for secret in [&signature(&upload)?, &signature(download)?, &machines.secret, hook] {
        ensure!(!log.contains(secret), "{secret} stands in the log");
    }
    Ok(())
}
