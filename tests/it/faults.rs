//! The disk fails: the n-th system call of a kind answers an error, for n = 1, 2, 3, 5, 8, … until a run meets none. A
//! tracer makes the calls of the real binary fail, so that every layer is in it.
//!
//! What was acknowledged stands, whatever failed: the session ends as it would have, or says a typed problem of the
//! storage and ends well when it is redriven.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use tests::flow::{Flow, expect, id};
use tests::lab::{Lab, uploaded};
use tests::server::Setup;
use tests::sound::{decoded, wav};

/// Calls of one kind, and the error they answer.
///
/// Not `write`: it wakes threads and fills sockets as well as files, and those do not fail as disks do. That an object's
/// file cannot be written is tested in `objects/full.rs`.
const FAULTS: [(&str, &str); 3] = [("fsync,fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC")];

/// Tries of a request that a failing disk may refuse. A client that gives up after so many is a patient one.
const TRIES: usize = 50;

#[tokio::test]
async fn whichever_call_fails_nothing_acknowledged_is_lost() -> Result<()> {
    let file = wav(20_000, 1);
    for (calls, error) in FAULTS {
        let (mut nth, mut next, mut met) = (1, 2, 0);
        while meets_a_failure(&file, calls, error, nth)
            .await
            .with_context(|| format!("{calls} {error} {nth}"))?
        {
            met += 1;
            (nth, next) = (next, nth + next);
        }
        println!("{calls}: {error} was met in {met} runs");
        ensure!(met >= 2, "{calls} never failed: the fault is not injected");
    }
    Ok(())
}

/// A whole flow under failing calls. Answers whether any call failed.
async fn meets_a_failure(file: &[u8], calls: &str, error: &str, nth: u64) -> Result<bool> {
    let trace = tempfile::NamedTempFile::new()?;
    let setup = Setup {
        under: [
            "strace".into(),
            "--follow-forks".into(),
            format!("--trace={calls}").into(),
            format!("--inject={calls}:error={error}:when={nth}").into(),
            "--output".into(),
            trace.path().as_os_str().to_owned(),
        ]
        .into(),
        ..Setup::default()
    };
    let lab = Lab::new(&setup)?;
    convert(&lab, file).await.with_context(|| lab.log())?;
    lab.kill()?;
    Ok(std::fs::read_to_string(trace.path())?.contains("(INJECTED)"))
}

async fn convert(lab: &Lab, file: &[u8]) -> Result<()> {
    let session = patiently(lab, async |flow| uploaded(flow, "a.wav", file).await).await?;
    let id = id(&session)?;
    let past = ["ReadyToXcode", "Transcoding", "Done"];
    patiently(lab, async |flow| flow.until(&id, &past).await).await?;
    patiently(lab, async |flow| {
        expect(flow.verb(Method::PUT, &format!("/xcode/{id}"), Some(&id)).await?, 202).await
    })
    .await?;
    let mut session = patiently(lab, async |flow| flow.until(&id, &["Done", "Failed"]).await).await?;
    if session["state"] == "Failed" {
        ensure!(session["problem"]["redrivable"] == true, "{session:#}");
        let redrive = format!("/xcode/{id}/redrive");
        patiently(lab, async |flow| {
            expect(flow.verb(Method::POST, &redrive, Some("again")).await?, 202).await
        })
        .await?;
        session = patiently(lab, async |flow| flow.until(&id, &["Done", "Failed"]).await).await?;
    }
    ensure!(session["state"] == "Done", "{session:#}");
    let flac = patiently(lab, async |flow| flow.fetch(&flow.session(&id).await?).await).await?;
    ensure!(decoded(&flac)? == file[44..], "the samples are not those of the file");
    Ok(())
}

/// Asks again what a server refused because its disk failed, or what it died over.
async fn patiently<T>(lab: &Lab, ask: impl AsyncFn(&Flow) -> Result<T>) -> Result<T> {
    let mut last = None;
    for _ in 0..TRIES {
        match ask(&lab.flow()?).await {
            Ok(answer) => return Ok(answer),
            Err(error) => last = Some(error),
        }
    }
    Err(last.context("there was a try")?)
}
