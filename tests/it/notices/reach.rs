//! What a webhook may reach: nothing that is not public, however it is spelt, whatever its name resolves to a moment later,
//! wherever a redirect points. A canary listens on this machine, and hears nothing.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use activities::notices::Standing;
use activities::webhook::guard::Refused;
use activities::webhook::resolve::Lookup;
use activities::webhook::{Guard, Secret, Sender, Shipment, Unsent};
use anyhow::{Result, ensure};
use states::Timestamp;
use tests::bell::Bell;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Counts connections, on both families.
struct Canary {
    port: u16,
    hits: Arc<AtomicUsize>,
}

impl Canary {
    async fn new() -> Result<Self> {
        let listener = TcpListener::bind("0.0.0.0:0").await?;
        let port = listener.local_addr()?.port();
        let hits = Arc::new(AtomicUsize::new(0));
        let counted = hits.clone();
        let six = TcpListener::bind(("::1", port)).await.ok(); // a machine may have none
        tokio::spawn(async move {
            loop {
                let six = async {
                    match &six {
                        Some(six) => drop(six.accept().await),
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    _hit = listener.accept() => {}
                    () = six => {}
                }
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self { port, hits })
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

/// Answers the next of these at each question, the last one for ever.
fn names(answers: &[&[&str]]) -> (Lookup, Arc<AtomicUsize>) {
    let answers: Vec<Vec<IpAddr>> =
        answers.iter().map(|answer| answer.iter().map(|it| it.parse().unwrap()).collect()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let lookup: Lookup = Arc::new(move |_name| {
        let at = counted.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        let answer = answers[at].clone();
        Box::pin(async move { Ok(answer) })
    });
    (lookup, asked)
}

const PATIENCE: Duration = Duration::from_millis(500);

async fn send(sender: &Sender, url: &str) -> Result<(), Unsent> {
    let secret = Secret::random();
    let shipment =
        Shipment { url, id: "msg_1", at: Timestamp::UNIX_EPOCH, body: "{}", secrets: vec![&secret] };
    sender.send(&shipment).await.map(drop)
}

/// Of this machine, where no name has to be resolved.
const SPELLINGS: [&str; 9] = [
    "127.0.0.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "127.1",
    "[::ffff:127.0.0.1]",
    "0.0.0.0",
    "①②⑦.0.0.1",
    "[::1]",
];

#[test]
fn every_spelling_of_this_machine_is_known() {
    for host in SPELLINGS {
        let said = Guard::Public.check(&format!("https://{host}/hook"));
        assert!(matches!(said, Err(Refused::NotPublic(_))), "{host}: {said:?}");
        assert!(Guard::Local.check(&format!("http://{host}:9/hook")).is_ok(), "{host}");
    }
}

#[tokio::test]
async fn no_spelling_of_this_machine_is_reached() -> Result<()> {
    let canary = Canary::new().await?;
    let sender = Sender::new(Guard::Public, PATIENCE);
    for host in SPELLINGS.into_iter().chain(["localhost"]) {
        for scheme in ["https", "http"] {
            for port in [canary.port, 443, 8443] {
                let outcome = send(&sender, &format!("{scheme}://{host}:{port}/")).await;
                ensure!(
                    matches!(outcome, Err(Unsent::Forbidden(_))),
                    "{scheme}://{host}:{port}: {outcome:?}"
                );
            }
        }
    }
    ensure!(canary.hits() == 0, "{} connections", canary.hits());
    // The canary does hear: where it is allowed, it is reached.
    let outcome = send(&Sender::new(Guard::Local, PATIENCE), &format!("http://127.1:{}/", canary.port)).await;
    ensure!(outcome.is_err() && canary.hits() == 1, "{outcome:?}, {} connections", canary.hits());
    Ok(())
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_a_moment_later_is_refused_then() -> Result<()> {
    let answers: [&[&str]; 3] = [&["127.0.0.1"], &["93.184.215.14", "127.0.0.1"], &["169.254.169.254"]];
    let (lookup, asked) = names(&answers);
    let sender = Sender::resolving_by(lookup, Guard::Public, PATIENCE);
    for count in 1..=answers.len() {
        let outcome = send(&sender, "https://rebinding.example:8443/").await;
        ensure!(matches!(outcome, Err(Unsent::Forbidden(_))), "{outcome:?}");
        ensure!(asked.load(Ordering::SeqCst) == count, "each message asks once, and goes where that led");
    }
    Ok(())
}

/// A name is asked for once: the connection goes to the very address that was admitted.
#[tokio::test]
async fn what_was_admitted_is_what_is_connected_to() -> Result<()> {
    let canary = Canary::new().await?;
    let (lookup, asked) = names(&[&["127.0.0.1"], &["127.0.0.9"]]);
    let sender = Sender::resolving_by(lookup, Guard::Local, PATIENCE);
    drop(send(&sender, &format!("http://receiver.example:{}/", canary.port)).await);
    ensure!((canary.hits(), asked.load(Ordering::SeqCst)) == (1, 1));
    Ok(())
}

#[tokio::test]
async fn neither_a_redirect_to_metadata_nor_an_endless_body_gets_anywhere() -> Result<()> {
    let canary = Canary::new().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let elsewhere = format!("http://127.0.0.1:{}/latest/meta-data/", canary.port);
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    tokio::spawn(async move {
        for head in [
            format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
        ] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while head.contains("200") && stream.write_all(&[b'x'; 4096]).await.is_ok() {
                counted.fetch_add(4096, Ordering::SeqCst);
            }
        }
    });
    let sender = Sender::new(Guard::Local, Duration::from_secs(30));
    let secret = Secret::random();
    let url = format!("http://{address}/");
    let shipment =
        || Shipment { url: &url, id: "msg_1", at: Timestamp::UNIX_EPOCH, body: "{}", secrets: vec![&secret] };
    let redirected = sender.send(&shipment()).await?;
    ensure!(redirected.status == 302 && canary.hits() == 0, "{redirected:?}");
    let began = Instant::now();
    let endless = sender.send(&shipment()).await?;
    ensure!(endless.status == 200 && endless.body.len() == 2048, "{}", endless.body.len());
    ensure!(began.elapsed() < Duration::from_secs(20), "it is not listened to until the patience ends");
    ensure!(sent.load(Ordering::SeqCst) < 32 << 20, "no more comes than what the sockets hold");
    Ok(())
}

/// The whole way: an endpoint that got into the book before the guard was as it is, or whose name has turned.
#[tokio::test]
async fn a_delivery_to_what_may_not_be_reached_fails_and_says_so() -> Result<()> {
    let canary = Canary::new().await?;
    let (lookup, _) = names(&[&["127.0.0.1"]]);
    let bell = Bell::with(Sender::resolving_by(lookup, Guard::Public, PATIENCE), None).await?;
    for url in [format!("https://127.0.0.1:{}/", canary.port), "https://turned.example/".to_owned()] {
        let endpoint = bell.endpoint(&url, &[]).await?;
        bell.done(&url).await?;
        let log = bell.until(&endpoint.id, |log| log.iter().any(|it| !it.tries.is_empty())).await?;
        let why = log[0].tries[0].why.clone().unwrap_or_default();
        ensure!(why.contains("The address is refused") && log[0].standing == Standing::Waiting, "{why}");
    }
    ensure!(canary.hits() == 0);
    Ok(())
}
