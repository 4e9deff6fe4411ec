//! A user's own keys for the object store: through the real client, into the user's inbox and nowhere else.

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use local::people::audit::Chain;
use reqwest::Method;
use serde_json::{Value, json};
use service::audit::Row;
use service::people::Role;
use tests::flow::expect;
use tests::server::Setup;
use tests::sound::wav;
use tests::town::{Citizen, Town};

pub(super) struct S3Key {
    client: Client,
    id: String,
    pub(super) secret: String,
    endpoint: String,
    prefix: String,
}

pub(super) async fn key(town: &Town, citizen: &Citizen) -> Result<S3Key> {
    let wanted = json!({ "name": "uploads", "kind": "s3" });
    let made = town.request(Method::POST, "/api/keys", Some(&citizen.token)).json(&wanted).send().await?;
    let made = expect(made, 201).await?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a key says all of it");
    let (id, secret) = (text(&made["key"]["id"])?, text(&made["secret"])?);
    let (endpoint, prefix) = (text(&made["inbox"]["endpoint"])?, text(&made["inbox"]["prefix"])?);
    Ok(S3Key { client: client(&endpoint, &id, &secret), id, secret, endpoint, prefix })
}

fn client(endpoint: &str, id: &str, secret: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new(id, secret, None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

impl S3Key {
    pub(super) async fn put(&self, key: &str, body: Vec<u8>) -> u16 {
        let put = self.client.put_object().bucket("uploads").key(key).content_type("audio/wav");
        status(put.body(ByteStream::from(body)).send().await)
    }
}

/// The status that a call was refused with; 200 if it was not.
fn status<T, E>(called: Result<T, SdkError<E>>) -> u16 {
    match called {
        Ok(_) => 200,
        Err(error) => error.raw_response().map_or(0, |answer| answer.status().as_u16()),
    }
}

#[tokio::test]
async fn what_a_user_puts_into_the_inbox_becomes_theirs() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let (ada, bob) = (town.citizen("ada", Role::User).await?, town.citizen("bob", Role::User).await?);
    let adas = key(&town, &ada).await?;
    ensure!(adas.prefix == "inbox/ada/", "{}", adas.prefix);
    let put = async |key: &str| adas.put(key, wav(4410, 1)).await;
    ensure!(put("inbox/ada/a.wav").await == 200);
    let flow = town.flow(&ada);
    let id = flow.first_session().await?;
    let done = flow.until(&id, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done" && done["owner"] == "ada", "{done:#}");
    ensure!(town.get(&format!("/api/sessions/{id}"), &bob.token).await?.status() == 404);

    for key in
        ["inbox/bob/a.wav", "inbox/adam/a.wav", "inbox/a.wav", "a.wav", "inbox/ada/../bob/a.wav/../../x"]
    {
        let expected = if key.starts_with("inbox/ada/") { 200 } else { 403 };
        ensure!(put(key).await == expected, "{key}");
    }
    let bobs = town.get("/api/sessions", &bob.token).await?;
    let bobs = expect(bobs, 200).await?;
    ensure!(bobs["sessions"].as_array().is_some_and(Vec::is_empty), "a key is no path: {bobs:#}");
    Ok(())
}

#[tokio::test]
async fn a_quota_holds_there_too() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("flags.toml"), "[users.everyone]\nsessions = 1\nbytes = 100000\n")?;
    let town = Town::in_folder(folder, &Setup::default())?;
    let ada = town.citizen("ada", Role::User).await?;
    let adas = key(&town, &ada).await?;
    let put = async |key: &str, size: usize| adas.put(key, vec![0; size]).await;
    ensure!(put("inbox/ada/large.wav", 100_001).await == 403);
    ensure!(put("inbox/ada/a.wav", 1000).await == 200);
    town.flow(&ada).first_session().await?;
    ensure!(put("inbox/ada/b.wav", 1000).await == 403);
    Ok(())
}

#[tokio::test]
async fn a_users_key_reaches_nothing_else() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let (ada, bob) = (town.citizen("ada", Role::User).await?, town.citizen("bob", Role::User).await?);
    let (adas, bobs) = (key(&town, &ada).await?, key(&town, &bob).await?);
    let body = || ByteStream::from_static(b"bob's");
    ensure!(
        status(bobs.client.put_object().bucket("uploads").key("inbox/bob/n.txt").body(body()).send().await)
            == 200
    );
    let s3 = &adas.client;
    let own = || s3.get_object().bucket("uploads");
    ensure!(status(own().key("inbox/bob/n.txt").send().await) == 403);
    ensure!(status(own().key("inbox/bob/none.txt").send().await) == 403, "nor whether it is there");
    ensure!(status(s3.head_object().bucket("uploads").key("inbox/bob/n.txt").send().await) == 403);
    ensure!(status(s3.get_object().bucket("results").key("x").send().await) == 403);
    ensure!(status(s3.list_buckets().send().await) == 403);
    let list = |prefix: Option<&str>| {
        s3.list_objects_v2().bucket("uploads").set_prefix(prefix.map(str::to_owned)).send()
    };
    ensure!(status(list(None).await) == 403 && status(list(Some("inbox/")).await) == 403);
    ensure!(status(list(Some("inbox/bob/")).await) == 403 && status(list(Some("inbox/ada/")).await) == 200);
    ensure!(status(s3.delete_object().bucket("uploads").key("inbox/ada/a").send().await) == 403);
    ensure!(status(s3.create_bucket().bucket("mine").send().await) == 403);
    let copy =
        s3.copy_object().bucket("uploads").key("inbox/ada/stolen").copy_source("uploads/inbox/bob/n.txt");
    ensure!(status(copy.send().await) == 403);
    // It ends with the key, and with the user.
    ensure!(status(list(Some("inbox/ada/")).await) == 200);
    let revoke = format!("/api/keys/{}", adas.id);
    ensure!(town.request(Method::DELETE, &revoke, Some(&ada.token)).send().await?.status() == 204);
    ensure!(status(list(Some("inbox/ada/")).await) == 403);
    let disable = service::people::UserChange { disabled: Some(true), ..Default::default() };
    town.store()?.change("bob", disable).await?;
    let bobs = bobs.client.list_objects_v2().bucket("uploads").prefix("inbox/bob/").send().await;
    ensure!(status(bobs) == 403);
    Ok(())
}

/// Rows of the audit log that are the object store's.
fn rows(town: &Town) -> Result<Vec<Row>> {
    let all = town.store()?.audited(10_000, None)?.into_iter().map(|entry| entry.row);
    Ok(all.filter(|row| row.what.ends_with(" s3")).collect())
}

fn row(who: &str, what: &str, subject: &str, whose: &str) -> Row {
    let text = str::to_owned;
    let (result, address, request_id) = (text("403"), text("127.0.0.1"), String::new());
    let (who, what, subject, whose) = (text(who), text(what), text(subject), text(whose));
    Row { who, what, subject, whose, result, address, request_id }
}

#[tokio::test]
async fn what_is_denied_is_in_the_audit_log_once_a_minute() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let ada = town.citizen("ada", Role::User).await?;
    town.citizen("bob", Role::User).await?;
    let adas = key(&town, &ada).await?;
    ensure!(adas.put("inbox/ada/a.wav", wav(4410, 1)).await == 200);
    ensure!(rows(&town)?.is_empty(), "what is let in leaves none");

    // Hers, and good for something else.
    for _ in 0..3 {
        ensure!(adas.put("inbox/bob/a.wav", wav(4410, 1)).await == 403);
    }
    // Nobody knows who sends these, only under whose key.
    let forged = client(&adas.endpoint, &adas.id, "a wrong secret");
    ensure!(status(forged.get_object().bucket("uploads").key("inbox/ada/a.wav").send().await) == 403);
    let stranger = client(&adas.endpoint, "LG0000000000000000000", "any secret");
    ensure!(status(stranger.delete_object().bucket("uploads").key("inbox/ada/a.wav").send().await) == 403);
    let revoke = format!("/api/keys/{}", adas.id);
    ensure!(town.request(Method::DELETE, &revoke, Some(&ada.token)).send().await?.status() == 204);
    ensure!(status(adas.client.head_object().bucket("uploads").key("inbox/ada/a.wav").send().await) == 403);

    let mut found = rows(&town)?;
    ensure!(found.iter().all(|row| !row.request_id.is_empty()), "{found:?}");
    found.iter_mut().for_each(|row| row.request_id.clear());
    let expected = [
        row("ada", "PUT s3", "uploads/inbox/bob/a.wav", "ada"),
        row("", "GET s3", "uploads/inbox/ada/a.wav", "ada"),
        row("", "DELETE s3", "uploads/inbox/ada/a.wav", ""),
        row("", "HEAD s3", "uploads/inbox/ada/a.wav", "ada"),
    ];
    ensure!(found == expected, "{found:#?}");
    ensure!(matches!(town.store()?.verify(None)?, Chain::Whole { .. }));
    Ok(())
}

#[tokio::test]
async fn a_denied_url_leaves_a_row_without_its_signature() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let ada = town.citizen("ada", Role::User).await?;
    let announced = town.flow(&ada).announce("a.wav", b"x", "k", json!({})).await?;
    let url = announced["upload"]["url"].as_str().context("an upload has a URL")?;
    let (_, signature) = url.split_once("X-Amz-Signature=").context("it is signed")?;
    let signature = signature.split('&').next().unwrap_or_default();
    let altered: String = signature.chars().rev().collect();
    let mut forged = announced.clone();
    forged["upload"]["url"] = url.replace(signature, &altered).into();
    let refused = town.flow(&ada).upload(&forged, b"x").await?;
    // And with the question mark quoted, as it comes out of some tools.
    let (place, query) = url.split_once('?').context("a signature stands in the query")?;
    let quoted = format!("{place}%3F{}", query.replace('&', "%26").replace('=', "%3D"));
    let garbled = town.http.post(quoted).send().await?;
    let mut ids = Vec::new();
    for answer in [refused, garbled] {
        ensure!(answer.status() == 403, "{}", answer.status());
        ids.push(answer.headers()["x-amz-request-id"].to_str()?.to_owned());
    }
    let rows = rows(&town)?;
    let whats: Vec<&str> = rows.iter().map(|row| row.what.as_str()).collect();
    ensure!(whats == ["PUT s3", "POST s3"], "{rows:?}");
    ensure!(rows.iter().map(|row| &row.request_id).eq(&ids), "{ids:?} are those of {rows:?}");
    let id = announced["sessionId"].as_str().context("a session has an id")?;
    ensure!(rows.iter().all(|row| row.subject.starts_with(&format!("uploads/{id}"))), "{rows:?}");
    let text = format!("{rows:?}");
    ensure!(signature.len() == 64 && !text.contains(signature) && !text.contains(&altered), "{text}");
    ensure!(!text.contains("X-Amz"), "{text}");
    Ok(())
}
