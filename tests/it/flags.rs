//! Flags through the real binary: a file that is edited, the API and the commands, and what heeds them.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::doomed::{self, Doomed};
use tests::flow::{Flow, expect, id};
use tests::lab::Lab;
use tests::server::{Setup, binary};
use tests::sound::wav;

pub(crate) const WRITING: Doomed = Doomed("flags::inside_a_doomed_process");

async fn announce(flow: &Flow, more: &Value) -> Result<Response> {
    let mut body = json!({ "fileName": "a.wav", "size": 1000, "contentType": "audio/wav" });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    Ok(flow.http.post(format!("{}/xfer", flow.url)).json(&body).send().await?)
}

fn write(lab: &Lab, text: &str) -> Result<()> {
    Ok(std::fs::write(lab.data().join("flags.toml"), text)?)
}

#[tokio::test]
async fn a_recipe_is_switched_off_capped_and_given_other_defaults_without_a_restart() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    expect(announce(&flow, &json!({})).await?, 201).await?;
    write(&lab, "[recipes.flac]\non = false\nreason = 'The decoder is being looked at.'")?;
    let refused = expect(announce(&flow, &json!({})).await?, 400).await?;
    ensure!(refused["detail"].as_str().is_some_and(|it| it.contains("being looked at")), "{refused}");
    let recipes = expect(flow.verb(Method::GET, "/api/recipes", None).await?, 200).await?;
    let flac = &recipes["recipes"][0];
    ensure!(flac["available"] == false && flac["unavailableBecause"].is_string(), "{flac}");

    write(&lab, "[recipes.flac]\nbytes = 999\noptions = { channels = 1, level = 'fast' }")?;
    let refused = expect(announce(&flow, &json!({})).await?, 413).await?;
    ensure!(refused["limit"] == 999, "{refused}");
    let wish = json!({ "size": 999, "options": { "level": "best" } });
    let made = expect(announce(&flow, &wish).await?, 201).await?;
    let session = flow.session(&id(&made)?).await?;
    ensure!(session["options"] == json!({ "channels": 1, "level": "best" }), "{session}");
    let recipes = expect(flow.verb(Method::GET, "/api/recipes", None).await?, 200).await?;
    ensure!(recipes["recipes"][0]["maxBytes"] == 999, "{recipes}");
    Ok(())
}

#[tokio::test]
async fn under_maintenance_nothing_new_is_taken_and_what_has_begun_goes_on() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    let file = wav(4410, 1);
    let announced = flow.announce("a.wav", &file, "k", json!({})).await?;
    write(&lab, "[maintenance]\non = true\nreason = 'New disks.'\nretry = 77")?;
    for path in ["/xfer", "/images", "/upload"] {
        let body = match path {
            "/upload" => {
                json!({ "userId": "a", "fileName": "a.mp4", "size": 1, "contentType": "video/mp4" })
            }
            _ => json!({ "fileName": "a.wav", "size": 1000, "contentType": "audio/wav" }),
        };
        let refused = flow.http.post(format!("{}{path}", flow.url)).json(&body).send().await?;
        let after = refused.headers().get("retry-after").cloned();
        let problem = expect(refused, 503).await?;
        ensure!(after.is_some_and(|after| after == "77"), "{path}: {problem}");
        ensure!(problem["type"].as_str().is_some_and(|kind| kind.ends_with("maintenance")), "{problem}");
        ensure!(problem["detail"] == "New disks.", "{problem}");
    }
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    let id = id(&announced)?;
    flow.until(&id, &["ReadyToXcode"]).await?;
    expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), None).await?, 202).await?;
    flow.until(&id, &["Done"]).await.map(drop)
}

#[tokio::test]
async fn a_broken_file_keeps_the_last_good_one_and_says_so_everywhere() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    write(&lab, "[recipes.flac]\nbytes = 999")?;
    expect(announce(&flow, &json!({})).await?, 413).await?;
    write(&lab, "[recipes.flac]\nbites = 5")?;
    expect(announce(&flow, &json!({})).await?, 413).await?;
    let shown = expect(flow.verb(Method::GET, "/api/flags", None).await?, 200).await?;
    ensure!(shown["trouble"].as_str().is_some_and(|trouble| trouble.contains("bites")), "{shown}");
    ensure!(shown["flags"]["recipes"]["flac"]["bytes"] == 999, "{shown}");
    ensure!(lab.log().contains("the flags cannot be read"), "{}", lab.log());
    let data = lab.data().to_string_lossy().into_owned();
    let doctor = Command::new(binary()?).args(["doctor", "--data", &data]).output()?;
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    ensure!(said.contains("bad   flags") && said.contains("bites"), "{said}");
    Ok(())
}

#[tokio::test]
async fn flags_are_set_and_taken_back_by_command_and_wrong_ones_are_named() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let flow = lab.flow()?;
    let flag = |arguments: &[&str], code: i32| -> Result<String> {
        let mut command = Command::new(binary()?);
        let output = command.arg("flag").args(arguments).env("LOCKGATE_SERVER", &flow.url).output()?;
        ensure!(output.status.code() == Some(code), "{arguments:?}: {output:?}");
        Ok(String::from_utf8([output.stdout, output.stderr].concat())?)
    };
    flag(&["set", "recipes.video.on", "false"], 0)?;
    flag(&["set", "recipes.video.reason", "Later."], 0)?;
    let listed = flag(&["set", "users.named.ada.concurrent", "3"], 0)?;
    for word in
        ["recipes.video.on = false", "recipes.video.reason = \"Later.\"", "users.named.ada.concurrent = 3"]
    {
        ensure!(listed.contains(word), "{listed}");
    }
    ensure!(lab.log().contains("the flags were changed"), "a change is written down");
    let refused = flag(&["set", "recipes.flac.options.lvel", "1"], 4)?;
    ensure!(refused.contains("lvel") || refused.contains("no such option"), "{refused}");
    flag(&["set", "lunch", "1"], 4)?;
    flag(&["unset", "lunch"], 2)?;
    flag(&["unset", "recipes.video"], 0)?;
    ensure!(!flag(&["list"], 0)?.contains("video"));

    let stands = expect(flow.verb(Method::GET, "/api/flags", None).await?, 200).await?;
    let stale = json!({ "flags": {}, "revision": "0123456789abcdef" });
    let request = flow.http.put(format!("{}/api/flags", flow.url));
    expect(request.try_clone().context("it is small")?.json(&stale).send().await?, 409).await?;
    let wanted = json!({ "flags": {}, "revision": stands["revision"] });
    let all = expect(request.json(&wanted).send().await?, 200).await?;
    ensure!(all["flags"]["users"] == json!({ "everyone": {} }), "{all}");
    Ok(())
}

#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn inside_a_doomed_process() {
    put(&doomed::folder()).await;
}

async fn put(folder: &std::path::Path) {
    use activities::ports::Flags;
    let flags = local::flags::FileFlags::open(folder);
    let wanted = serde_json::from_value(json!({ "maintenance": { "on": true } })).unwrap();
    flags.put(&wanted, &flags.now().revision).await.unwrap();
}

#[tokio::test]
async fn a_file_of_flags_is_the_old_one_or_the_new_one_wherever_its_writer_was_killed() -> Result<()> {
    use activities::ports::Flags;
    let passes = WRITING.calm(tempfile::tempdir()?.path())?;
    ensure!(passes.len() == 3, "{passes:?}");
    for pass in passes {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("flags.toml"), "[maintenance]\nretry = 5")?;
        WRITING.killed(folder.path(), &pass)?;
        let standing = local::flags::FileFlags::open(folder.path()).now();
        ensure!(standing.trouble.is_none(), "{pass}: {standing:?}");
        ensure!(standing.flags.maintenance.on != (standing.flags.maintenance.retry == 5), "{pass}");
        put(folder.path()).await;
        ensure!(local::flags::FileFlags::open(folder.path()).now().flags.maintenance.on, "{pass}");
    }
    Ok(())
}
