//! Behind a proxy: what is told to clients names the public addresses, and both listeners answer for them.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, Url};
use serde_json::{Value, json};
use tests::server::{Server, Setup};
use tests::sound::wav;

const API: &str = "https://lockgate.example";
const OBJECTS: &str = "https://objects.example";

/// What the proxy in front of `port` would pass on of a request to `url`.
fn passed_on(http: &Client, method: Method, url: &str, port: u16) -> Result<reqwest::RequestBuilder> {
    let mut inside = Url::parse(url)?;
    let host = inside.host_str().context("a URL has a host")?.to_owned();
    inside = Url::parse(&format!("http://127.0.0.1:{port}{}", &inside[url::Position::BeforePath..]))?;
    Ok(http.request(method, inside).header("host", host))
}

#[tokio::test]
async fn clients_are_told_the_public_addresses_and_served_by_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let setup = ["--public-url", API, "--s3-public-url", OBJECTS]
        .iter()
        .fold(Setup::default(), |setup, flag| setup.flag(flag));
    let server = Server::start(folder.path(), &setup)?.context("it comes up")?;
    ensure!(server.url == API, "it says that it is ready at {}", server.url);
    let http = Client::new();
    let file = wav(4410, 1);
    let announcement =
        json!({ "fileName": "a.wav", "size": file.len(), "contentType": "audio/wav", "start": "auto" });
    let (mut api, mut s3) = (0, 0);
    let mut announced = None;
    for port in server.ports()? {
        let asked =
            passed_on(&http, Method::POST, &format!("{API}/xfer"), port)?.json(&announcement).send().await?;
        if asked.status() == 201 {
            let location = asked.headers()["location"].to_str()?.to_owned();
            announced = Some((location, asked.json::<Value>().await?));
            api = port;
        } else {
            s3 = port;
        }
    }
    let (location, announced) = announced.context("one of them is the API")?;
    ensure!(location.starts_with(&format!("{API}/api/sessions/")), "{location}");

    let upload = announced["upload"]["url"].as_str().context("an upload has a URL")?;
    ensure!(upload.starts_with(&format!("{OBJECTS}/uploads/")), "{upload}");
    let mut put = passed_on(&http, Method::PUT, upload, s3)?.body(file);
    for (name, value) in announced["upload"]["headers"].as_object().context("an upload has headers")? {
        if !["content-length", "host"].contains(&name.as_str()) {
            put = put.header(name, value.as_str().context("a header is text")?);
        }
    }
    let put = put.send().await?;
    ensure!(put.status() == 200, "the upload answered {}", put.text().await?);

    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    let done = loop {
        ticks.tick().await;
        let session: Value = passed_on(&http, Method::GET, &location, api)?.send().await?.json().await?;
        ensure!(session["state"] != "Failed", "{session:#}");
        if session["state"] == "Done" {
            break session;
        }
    };
    let result = done["outputs"][0]["url"].as_str().context("an output has a URL")?;
    ensure!(result.starts_with(&format!("{OBJECTS}/results/")), "{result}");
    let fetched = passed_on(&http, Method::GET, result, s3)?.send().await?;
    ensure!(fetched.status() == 200 && fetched.bytes().await?.starts_with(b"fLaC"));
    let stranger = passed_on(&http, Method::GET, "https://stranger.example/healthz", api)?.send().await?;
    ensure!(stranger.status() == 421, "a stranger's host was answered {}", stranger.status());
    Ok(())
}
