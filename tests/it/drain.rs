//! SIGTERM while much is under way: clients that announce, upload and start one file after the other, and long sounds that
//! are worked on. What was accepted is remembered, nobody is told of a fault, the process ends in time, and the next one
//! on the folder goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::flow::{Flow, PATIENCE, expect, id};
use tests::lab::{Lab, uploaded};
use tests::server::Setup;
use tests::sound::{long_wav, wav};

const CLIENTS: usize = 4;

/// So many starts are accepted before the server is told to stop.
const ENOUGH: usize = 24;

/// A server that is told to stop may take so long to end.
const AT_MOST: Duration = Duration::from_secs(30);

const GLANCE: Duration = Duration::from_millis(10);

/// What a server has answered well.
#[derive(Default)]
struct Accepted {
    /// The names of files, and the ids of their sessions.
    announced: Vec<(String, String)>,
    started: Vec<String>,
}

struct Client {
    flow: Flow,
    number: usize,
    file: Vec<u8>,
    /// Of all clients.
    starts: Arc<AtomicUsize>,
}

/// The body of an answer, which must have this status; none where nobody answers any more.
async fn told<E>(answer: Result<Response, E>, status: u16) -> Result<Option<Value>> {
    match answer {
        Ok(answer) => expect(answer, status).await.map(Some),
        Err(_gone) => Ok(None),
    }
}

impl Client {
    /// Sends one file after the other until nobody answers any more.
    async fn work(self) -> Result<Accepted> {
        let mut accepted = Accepted::default();
        for file in 0.. {
            let name = format!("{}-{file}.wav", self.number);
            if self.send(&name, &mut accepted).await.with_context(|| name.clone())?.is_none() {
                break;
            }
        }
        Ok(accepted)
    }

    /// Announces, uploads and starts. None when there was no answer.
    async fn send(&self, name: &str, accepted: &mut Accepted) -> Result<Option<()>> {
        let flow = &self.flow;
        let body = json!({ "fileName": name, "size": self.file.len(), "contentType": "audio/wav" });
        let request =
            flow.http.post(format!("{}/xfer", flow.url)).header("idempotency-key", name).json(&body);
        let Some(announced) = told(request.send().await, 201).await? else { return Ok(None) };
        let id = id(&announced)?;
        accepted.announced.push((name.to_owned(), id.clone()));
        ensure!(announced["upload"]["url"].is_string(), "its upload has no URL: {announced:#}");
        let Ok(upload) = flow.upload(&announced, &self.file).await else { return Ok(None) };
        ensure!(upload.status() == 200, "the upload answered {}", upload.status());

        let shown = format!("/api/sessions/{id}");
        let mut glances = tokio::time::interval(GLANCE);
        loop {
            let session = told(flow.verb(Method::GET, &shown, None).await, 200).await?;
            let Some(session) = session else { return Ok(None) };
            if session["state"] == "ReadyToXcode" {
                break;
            }
            glances.tick().await;
        }
        let start = flow.verb(Method::PUT, &format!("/xcode/{id}"), Some(&id)).await;
        if told(start, 202).await?.is_none() {
            return Ok(None);
        }
        accepted.started.push(id);
        self.starts.fetch_add(1, Ordering::SeqCst);
        Ok(Some(()))
    }
}

/// Takes up a session where its client was left alone, and sees to its end.
async fn see_through(flow: &Flow, name: &str, id: &str, file: &[u8]) -> Result<()> {
    if flow.session(id).await?["state"] == "NotUploaded" {
        let again = uploaded(flow, name, file).await?;
        ensure!(again["sessionId"] == id, "another session has its key: {again:#}");
    }
    let session = flow.until(id, &["ReadyToXcode", "Transcoding", "Done", "Failed"]).await?;
    if session["state"] == "ReadyToXcode" {
        expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), Some(id)).await?, 202).await?;
    }
    is_done(flow, id).await
}

async fn is_done(flow: &Flow, id: &str) -> Result<()> {
    let session = flow.until(id, &["Done", "Failed"]).await?;
    ensure!(session["state"] == "Done" && session["attempt"] == 1, "{session:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_forgets_nothing_that_was_accepted() -> Result<()> {
    let lab = Lab::new(&Setup::default())?;
    let (flow, starts) = (lab.flow()?, Arc::new(AtomicUsize::new(0)));
    let (file, began) = (wav(4410, 1), Instant::now());
    let clients = (0..CLIENTS).map(|number| {
        let client = Client { flow: flow.clone(), number, file: file.clone(), starts: starts.clone() };
        tokio::spawn(client.work())
    });
    let clients: Vec<_> = clients.collect();
    let mut glances = tokio::time::interval(GLANCE);
    while starts.load(Ordering::SeqCst) < ENOUGH {
        ensure!(began.elapsed() < PATIENCE, "too few starts are accepted:\n{}", lab.log());
        glances.tick().await;
    }
    let (mut at_work, long) = (Vec::new(), long_wav(600));
    for number in 0..3 {
        at_work.push(id(&flow.begin(&format!("long-{number}.wav"), &long).await?)?);
    }
    let last = flow.session(&at_work[2]).await?;
    ensure!(last["state"] == "Transcoding", "nothing is worked on any more: {last:#}");

    let asked = Instant::now();
    let status = tokio::task::block_in_place(|| lab.terminate())?;
    let took = asked.elapsed();
    ensure!(status.success() && took < AT_MOST, "it ended with {status} after {took:?}");
    let mut accepted = Accepted::default();
    for client in clients {
        let of_one = client.await??;
        accepted.announced.extend(of_one.announced);
        accepted.started.extend(of_one.started);
    }
    let (announced, started) = (accepted.announced.len(), accepted.started.len());
    println!("{announced} announced and {started} started; it ended after {took:.1?}");

    let flow = lab.flow()?;
    for id in accepted.started.iter().chain(&at_work) {
        let session = flow.session(id).await?;
        let begun = session["state"] == "Transcoding" || session["state"] == "Done";
        ensure!(begun && session["attempt"] == 1, "a start is forgotten: {session:#}");
    }
    for (name, id) in &accepted.announced {
        see_through(&flow, name, id, &file).await.with_context(|| name.clone())?;
    }
    for id in &at_work {
        is_done(&flow, id).await?;
    }
    Ok(())
}
