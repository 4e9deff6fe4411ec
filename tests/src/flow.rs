//! The main flow as a client goes through it: announce, upload, start, follow, fetch. By HTTP only.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// A client of one server.
#[derive(Clone)]
pub struct Flow {
    pub http: Client,
    pub url: String,
    /// Whose the sessions are, where that is asked.
    pub token: Option<String>,
    /// How long a session may take before it is given up.
    pub patience: Duration,
}

/// Far longer than any session of a test takes.
pub const PATIENCE: Duration = Duration::from_secs(120);

impl Flow {
    pub fn new(url: &str) -> Self {
        Self { http: Client::new(), url: url.to_owned(), token: None, patience: PATIENCE }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Announces `file`. The key makes it safe to ask again after a lost answer.
    pub async fn announce(&self, name: &str, file: &[u8], key: &str, more: Value) -> Result<Value> {
        let mut body = json!({ "fileName": name, "size": file.len(), "contentType": "audio/wav" });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let request = self.request(Method::POST, "/xfer").header("idempotency-key", key).json(&body);
        expect(request.send().await?, 201).await
    }

    /// Sends the file where the announcement said, with the headers it said.
    pub async fn upload(&self, announced: &Value, file: &[u8]) -> Result<Response> {
        let upload = &announced["upload"];
        let url = upload["url"].as_str().context("an upload has a URL")?;
        let mut request = self.http.put(url).body(file.to_vec());
        for (name, value) in upload["headers"].as_object().context("an upload has headers")? {
            if !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("host") {
                request = request.header(name, value.as_str().context("a header is text")?);
            }
        }
        Ok(request.send().await?)
    }

    pub async fn verb(&self, method: Method, path: &str, key: Option<&str>) -> Result<Response> {
        let mut request = self.request(method, path);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        Ok(request.send().await?)
    }

    pub async fn session(&self, id: &str) -> Result<Value> {
        expect(self.verb(Method::GET, &format!("/api/sessions/{id}"), None).await?, 200).await
    }

    /// Follows the session's events until it stands in one of `states`.
    pub async fn until(&self, id: &str, states: &[&str]) -> Result<Value> {
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            let session = self.session(id).await?;
            if states.iter().any(|state| session["state"] == *state) {
                return Ok(session);
            }
            ensure!(began.elapsed() < self.patience, "the session is still {session:#}");
            ticks.tick().await;
        }
    }

    /// The session's server-sent events to their end: each one's name and data.
    pub async fn events(&self, id: &str, mut each: impl FnMut(&str, &Value)) -> Result<()> {
        let answer = self.verb(Method::GET, &format!("/api/sessions/{id}/events"), None).await?;
        ensure!(answer.status() == 200, "the events answered {}", answer.status());
        let text = answer.text().await?;
        for block in text.split("\n\n") {
            let field = |name| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if let (Some(event), Some(data)) = (field("event:"), field("data:")) {
                each(event, &serde_json::from_str(data)?);
            }
        }
        Ok(())
    }

    pub async fn history(&self, id: &str) -> Result<Value> {
        expect(self.verb(Method::GET, &format!("/api/sessions/{id}/history"), None).await?, 200).await
    }

    /// The id of the newest session, once there is one.
    pub async fn first_session(&self) -> Result<String> {
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            let page = expect(self.verb(Method::GET, "/api/sessions", None).await?, 200).await?;
            if let Some(session) = page["sessions"].as_array().and_then(|sessions| sessions.first()) {
                return id(session);
            }
            ensure!(began.elapsed() < self.patience, "no session came");
            ticks.tick().await;
        }
    }

    /// The bytes of the session's first result.
    pub async fn fetch(&self, session: &Value) -> Result<Vec<u8>> {
        let url = session["outputs"][0]["url"].as_str().context("an output has a URL")?;
        let response = self.http.get(url).send().await?;
        ensure!(response.status() == 200, "fetching answered {}", response.status());
        Ok(response.bytes().await?.to_vec())
    }

    /// Announce and upload what starts by itself, and follow it until it has begun. Its name is its key.
    pub async fn begin(&self, name: &str, file: &[u8]) -> Result<Value> {
        let announced = self.announce(name, file, name, json!({ "start": "auto" })).await?;
        let uploaded = self.upload(&announced, file).await?;
        ensure!(uploaded.status() == 200, "the upload answered {}", uploaded.text().await?);
        self.until(&id(&announced)?, &["Transcoding", "Done", "Failed"]).await
    }

    /// Announce and upload, and wait until it may be started. It is answered as it was announced.
    pub async fn ready(&self, name: &str, file: &[u8], key: &str) -> Result<Value> {
        self.ready_as(name, file, key, json!({})).await
    }

    /// Announce and upload.
    pub async fn send(&self, name: &str, file: &[u8], key: &str, more: Value) -> Result<Value> {
        let announced = self.announce(name, file, key, more).await?;
        let uploaded = self.upload(&announced, file).await?;
        ensure!(uploaded.status() == 200, "the upload answered {}", uploaded.text().await?);
        Ok(announced)
    }

    /// [`Flow::ready`] of what more is said: a recipe, say.
    pub async fn ready_as(&self, name: &str, file: &[u8], key: &str, more: Value) -> Result<Value> {
        let announced = self.send(name, file, key, more).await?;
        self.until(&id(&announced)?, &["ReadyToXcode"]).await?;
        Ok(announced)
    }

    /// Announce, upload and start; its id.
    pub async fn start(&self, name: &str, file: &[u8], key: &str) -> Result<String> {
        self.start_as(name, file, key, json!({})).await
    }

    /// [`Flow::start`] of what more is said.
    pub async fn start_as(&self, name: &str, file: &[u8], key: &str, more: Value) -> Result<String> {
        let id = id(&self.ready_as(name, file, key, more).await?)?;
        expect(self.verb(Method::PUT, &format!("/xcode/{id}"), Some(key)).await?, 202).await?;
        Ok(id)
    }

    /// The session as it stands once it is cancelled.
    pub async fn cancel(&self, id: &str) -> Result<Value> {
        expect(self.verb(Method::POST, &format!("/xcode/{id}/cancel"), None).await?, 202).await
    }

    /// The session as it stands once another attempt has begun.
    pub async fn redrive(&self, id: &str) -> Result<Value> {
        expect(self.verb(Method::POST, &format!("/xcode/{id}/redrive"), None).await?, 202).await
    }

    /// Announce, upload, start, and follow to the end.
    pub async fn run(&self, name: &str, file: &[u8], key: &str) -> Result<Value> {
        let id = self.start(name, file, key).await?;
        self.until(&id, &["Done", "Failed"]).await
    }
}

pub fn id(session: &Value) -> Result<String> {
    Ok(session["sessionId"].as_str().context("a session has an id")?.to_owned())
}

/// The body of an answer that must have this status.
pub async fn expect(response: Response, status: u16) -> Result<Value> {
    let (found, text) = (response.status(), response.text().await?);
    if found != status {
        bail!("{status} is expected, not {found}: {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))
}
