//! A backup that is taken while the server works, and what comes of it when it is put back.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use service::people::{Role, UserChange};
use tests::flow::{Flow, expect, id};
use tests::server::{Server, Setup, binary};
use tests::sound::wav;
use tests::stranger;
use tests::town::{Citizen, PASSWORD, Town, signed_in};

const SECOND: u32 = 44_100;

fn lockgate(arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(binary()?).args(arguments).env_remove("LOCKGATE_DATA").output()?)
}

fn back_up(data: &Path, file: &Path) -> Result<Value> {
    let output = lockgate(&["backup", &text(file)?, "--data", &text(data)?, "--json"])?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn restore(file: &Path, data: &Path) -> Result<Output> {
    lockgate(&["restore", &text(file)?, "--data", &text(data)?])
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().context("a path of a test is text")?.to_owned())
}

/// Announces, uploads, and leaves the rest to the server.
async fn begin(flow: &Flow, number: usize) -> Result<String> {
    let file = wav(SECOND * (1 + number as u32 % 5), 1);
    let announced = flow.announce("a.wav", &file, &number.to_string(), json!({ "start": "auto" })).await?;
    ensure!(flow.upload(&announced, &file).await?.status() == 200);
    id(&announced)
}

/// Every session of a server, at its end.
async fn ended(flow: &Flow) -> Result<Vec<Value>> {
    let page = expect(flow.verb(Method::GET, "/api/sessions?limit=100", None).await?, 200).await?;
    let sessions = page["sessions"].as_array().context("a page has sessions")?;
    let ids = sessions.iter().map(id).collect::<Result<Vec<_>>>()?;
    let ends = ids.iter().map(|id| flow.until(id, &["Done", "Failed"]));
    join_all(ends).await.into_iter().collect()
}

#[tokio::test]
async fn what_was_backed_up_in_the_midst_of_work_goes_on_where_it_is_put_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let server = Server::start_well(&data)?;
    let flow = Flow::new(&server.url);
    let mut acknowledged = Vec::new();
    for round in 0..3_usize {
        let more = join_all((0..8).map(|number| begin(&flow, round * 8 + number))).await;
        acknowledged.extend(more.into_iter().collect::<Result<Vec<_>>>()?);
        let file = folder.path().join(format!("{round}.tar"));
        back_up(&data, &file)?;
        let again = folder.path().join(format!("again-{round}"));
        let output = restore(&file, &again)?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

        let restored = Server::start_well(&again)?;
        let sessions = ended(&Flow::new(&restored.url)).await?;
        let found: Vec<String> = sessions.iter().map(id).collect::<Result<_>>()?;
        ensure!(acknowledged.iter().all(|id| found.contains(id)), "of {acknowledged:?} there is {found:?}");
        for session in &sessions {
            ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
            ensure!(Flow::new(&restored.url).fetch(session).await?.starts_with(b"fLaC"));
        }
    }
    ensure!(ended(&flow).await?.iter().all(|session| session["state"] == "Done"));
    ensure!(!data.join("backup").exists(), "second names of files were left");
    Ok(())
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_leaves_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let server = Server::start_well(&data)?;
    let flow = Flow::new(&server.url);
    let session = flow.run("a.wav", &wav(SECOND, 1), "k").await?;
    ensure!(session["state"] == "Done", "{session:#}");
    let file = folder.path().join("whole.tar");
    let told = back_up(&data, &file)?;
    ensure!(told["tally"]["missing"] == 0 && told["tally"]["objects"] == 3, "{told}");
    let whole = std::fs::read(&file)?;

    let (other, into) = (folder.path().join("other.tar"), folder.path().join("into"));
    let refused = |bytes: &[u8], what: &str| -> Result<()> {
        std::fs::write(&other, bytes)?;
        let output = restore(&other, &into)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success(), "{what}: it was put back");
        ensure!(said.starts_with("lockgate: ") && said.lines().count() == 1, "{what}: {said}");
        ensure!(std::fs::read_dir(&into)?.next().is_none(), "{what}: something was left");
        Ok(())
    };
    // The last two blocks are a tar's end, and hold nothing.
    for part in 0..16 {
        refused(&whole[..(whole.len() - 1024) * part / 16], "cut off")?;
    }
    for part in 0..16 {
        let mut flipped = whole.clone();
        // In the contents of the first entry, which is a database, and everywhere behind it.
        let at = out_of_padding(&whole, 600 + (whole.len() - 4096) * part / 16)?;
        flipped[at] ^= 0x40;
        refused(&flipped, &format!("byte {at}"))?;
    }
    refused(b"", "nothing")?;
    refused(&vec![b'x'; 10_000], "something else")
}

/// The place, or the one before it that is not of what fills a tar's blocks up and holds nothing.
fn out_of_padding(tar: &[u8], place: usize) -> Result<usize> {
    const BLOCK: usize = 512;
    let mut header = 0;
    loop {
        let size = std::str::from_utf8(&tar[header + 124..header + 135])?;
        let contents = header + BLOCK;
        let end = contents + usize::from_str_radix(size, 8)?;
        header = end.next_multiple_of(BLOCK);
        if place < header {
            return Ok(place.min(end - 1));
        }
    }
}

#[tokio::test]
async fn neither_a_folder_that_holds_something_nor_a_backup_is_written_over() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let nothing = lockgate(&["backup", "never.tar", "--data", &text(folder.path())?])?;
    ensure!(String::from_utf8_lossy(&nothing.stderr).contains("nothing to back up"), "{nothing:?}");
    drop(Server::start_well(&data)?);
    let file = folder.path().join("a.tar");
    back_up(&data, &file)?;
    let before = std::fs::read(&file)?;
    let again = lockgate(&["backup", &text(&file)?, "--data", &text(&data)?])?;
    ensure!(String::from_utf8_lossy(&again.stderr).contains("--force"), "{again:?}");
    ensure!(std::fs::read(&file)? == before, "it was written over");
    let over = restore(&file, &data)?;
    ensure!(String::from_utf8_lossy(&over.stderr).contains("holds something already"), "{over:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file)?.permissions());
    ensure!(mode & 0o777 == 0o600, "{mode:o}");
    Ok(())
}

fn said(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("not text: {value}"))
}

/// A new key of this kind; its secret is only told here.
async fn key(town: &Town, citizen: &Citizen, kind: &str) -> Result<Value> {
    let wanted = json!({ "name": "a machine", "kind": kind });
    let made = town.request(Method::POST, "/api/keys", Some(&citizen.token)).json(&wanted).send().await?;
    expect(made, 201).await
}

/// Whether a key for the API is good.
async fn opens(town: &Town, key: &Value) -> Result<bool> {
    match town.get("/api/sessions", said(&key["secret"])?).await?.status().as_u16() {
        200 => Ok(true),
        401 => Ok(false),
        other => anyhow::bail!("a key was answered {other}"),
    }
}

/// Who and what there was before the backup.
struct Before {
    good: Value,
    revoked: Value,
    for_objects: Value,
    flags: Value,
}

/// An admin, a user with keys, and one who was shut out; and flags.
async fn settle(town: &Town) -> Result<Before> {
    let (root, ada) = (town.citizen("root", Role::Admin).await?, town.citizen("ada", Role::User).await?);
    town.citizen("bob", Role::User).await?;
    town.store()?.change("bob", UserChange { disabled: Some(true), ..UserChange::default() }).await?;
    let (good, revoked) = (key(town, &ada, "api").await?, key(town, &ada, "api").await?);
    let path = format!("/api/keys/{}", said(&revoked["key"]["id"])?);
    let answer = town.request(Method::DELETE, &path, Some(&ada.token)).send().await?;
    ensure!(answer.status() == 204 && opens(town, &good).await? && !opens(town, &revoked).await?);
    let stands = expect(town.get("/api/flags", &root.token).await?, 200).await?;
    let flags = json!({
        "recipes": { "proxies": { "on": false, "reason": "Not before noon." } },
        "users": { "named": { "ada": { "concurrent": 3 } } },
    });
    let wanted = json!({ "flags": flags, "revision": stands["revision"] });
    let request = town.request(Method::PUT, "/api/flags", Some(&root.token)).json(&wanted);
    let flags = expect(request.send().await?, 200).await?;
    Ok(Before { good, revoked, for_objects: key(town, &ada, "s3").await?, flags })
}

#[tokio::test]
async fn accounts_keys_and_flags_come_back_with_the_rest() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let before = settle(&town).await?;
    let (folder, again) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let file = folder.path().join("a.tar");
    back_up(town.folder.path(), &file)?;
    drop(town); // with its folder
    let output = restore(&file, again.path())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let town = Town::in_folder(again, &Setup::default())?;
    let root = signed_in(town.sign_in("root", PASSWORD).await?).await?;
    let ada = signed_in(town.sign_in("ada", PASSWORD).await?).await?;
    for (name, password) in [("ada", "a wrong password"), ("bob", PASSWORD), ("eve", PASSWORD)] {
        let status = town.sign_in(name, password).await?.status();
        ensure!(status == 401, "{name} was answered {status}");
    }
    let users = expect(town.get("/api/users", &root.token).await?, 200).await?;
    ensure!(town.get("/api/users", &ada.token).await?.status() == 403, "she was no admin");
    for name in ["root", "ada", "bob"] {
        ensure!(users.to_string().contains(&format!("\"name\":\"{name}\"")), "{name} is not among {users}");
    }
    ensure!(opens(&town, &before.good).await? && !opens(&town, &before.revoked).await?);
    let audit = lockgate(&["audit", "verify", "--data", &text(town.folder.path())?])?;
    ensure!(audit.status.success(), "{audit:?}");

    let flags = expect(town.get("/api/flags", &root.token).await?, 200).await?;
    ensure!(flags == before.flags, "{flags:#} were {:#}", before.flags);
    let picture = json!({ "fileName": "a.png", "size": 1, "contentType": "image/png" });
    let request = town.request(Method::POST, "/xfer", Some(&ada.token)).json(&picture);
    let refused = expect(request.send().await?, 400).await?;
    ensure!(said(&refused["detail"])?.contains("Not before noon."), "{refused}");
    drops_into_the_inbox(&town, &ada, &before.for_objects).await
}

/// A key for the object store is good for what it was, wherever the store is now.
async fn drops_into_the_inbox(town: &Town, citizen: &Citizen, of_before: &Value) -> Result<()> {
    let another = key(town, citizen, "s3").await?;
    let url = said(&another["inbox"]["endpoint"])?;
    let (access, secret) = (said(&of_before["key"]["id"])?, said(&of_before["secret"])?);
    let objects = stranger::objects(url, access, secret);
    let mut sink = objects.create("uploads", &format!("inbox/{}/a.wav", citizen.name), "audio/wav");
    sink.write(wav(SECOND, 3).into()).await?;
    sink.finish().await?;
    let flow = town.flow(citizen);
    let session = flow.until(&flow.first_session().await?, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["owner"] == citizen.name.as_str(), "{session:#}");
    Ok(())
}
