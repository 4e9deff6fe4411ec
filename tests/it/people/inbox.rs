//! A user's own keys for the object store: through the real client, into the user's inbox and nowhere else.

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use reqwest::Method;
use serde_json::{Value, json};
use service::people::Role;
use tests::flow::expect;
use tests::server::Setup;
use tests::sound::wav;
use tests::town::{Citizen, Town};

struct S3Key {
    client: Client,
    id: String,
    prefix: String,
}

async fn key(town: &Town, citizen: &Citizen) -> Result<S3Key> {
    let wanted = json!({ "name": "uploads", "kind": "s3" });
    let made = town.request(Method::POST, "/api/keys", Some(&citizen.token)).json(&wanted).send().await?;
    let made = expect(made, 201).await?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a key says all of it");
    let (id, secret) = (text(&made["key"]["id"])?, text(&made["secret"])?);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(text(&made["inbox"]["endpoint"])?)
        .force_path_style(true)
        .credentials_provider(Credentials::new(&id, secret, None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Ok(S3Key { client: Client::from_conf(config), id, prefix: text(&made["inbox"]["prefix"])? })
}

impl S3Key {
    async fn put(&self, key: &str, body: Vec<u8>) -> u16 {
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
