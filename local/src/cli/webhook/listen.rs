//! `lockgate webhook listen`: a receiver on this machine. Unless it is told a secret, it adds itself to the server's webhooks
//! for as long as it runs.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use activities::webhook::Secret;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use http::{HeaderMap, StatusCode};
use reqwest::Method;
use serde_json::{Value, json};
use states::Timestamp;
use tokio::net::TcpListener;

use super::super::Failure;
use super::super::client::Client;
use super::super::interrupt::unless_interrupted;
use super::super::screen::{line, printable};
use super::message::Message;
use super::{WEBHOOKS, path};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The port on this machine; any, unless said
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Verify with this secret, and leave the server's webhooks as they are
    #[arg(long, env = "LOCKGATE_WEBHOOK_SECRET", hide_env_values = true, value_name = "WHSEC")]
    secret: Option<Secret>,
    /// What is answered
    #[arg(long, default_value_t = 204, value_parser = clap::value_parser!(u16).range(200..600))]
    status: u16,
    /// Save each message in this folder, as verify reads it
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

/// Messages of ours have less than 20 kB.
const BODY_BYTES: usize = 64 << 10;

struct Receiver {
    secret: Secret,
    status: StatusCode,
    save: Option<PathBuf>,
    json: bool,
}

pub(super) async fn run(client: &Client, args: Args, json: bool) -> Result<ExitCode, Failure> {
    let address = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), args.port);
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|source| Failure::Bind { address, source })?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (secret, added) = match args.secret {
        Some(secret) => (secret, None),
        None => {
            let (secret, id) = add(client, &url).await?;
            (secret, Some(id))
        }
    };
    if json {
        line(json!({ "listening": url, "webhookId": added }))?;
    } else {
        line(format_args!("Listening at {url}; end with Ctrl-C"))?;
    }
    let status = StatusCode::from_u16(args.status).unwrap_or(StatusCode::NO_CONTENT);
    let receiver = Receiver { secret, status, save: args.save, json };
    let outcome = unless_interrupted(receive(listener, receiver)).await;
    if let Some(id) = added {
        client.ask(Method::DELETE, &path(&id, &[])).await?;
    }
    outcome
}

async fn add(client: &Client, url: &str) -> Result<(Secret, String), Failure> {
    let wanted = json!({ "url": url, "about": "lockgate webhook listen" });
    let added = client.tell(Method::POST, &WEBHOOKS, &wanted).await.map_err(|failure| match failure {
        Failure::Refused { sentence, problem } if problem["pointer"] == "/url" => {
            let advice = "let the server reach this machine by allow-local = true under [webhooks]";
            Failure::Refused { sentence: format!("{sentence} ({advice})"), problem }
        }
        other => other,
    })?;
    let secret = added["secret"].as_str().and_then(|secret| secret.parse().ok());
    let id = added["webhookId"].as_str().map(ToOwned::to_owned);
    secret.zip(id).ok_or_else(|| Failure::Odd("the server gave no secret".to_owned()))
}

async fn receive(listener: TcpListener, receiver: Receiver) -> Result<ExitCode, Failure> {
    let router =
        Router::new().fallback(heard).layer(DefaultBodyLimit::max(BODY_BYTES)).with_state(Arc::new(receiver));
    axum::serve(listener, router).await?;
    Ok(ExitCode::SUCCESS)
}

async fn heard(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match Message::of(get, body.to_vec()) {
        Ok(message) => receiver.take(&message),
        Err(missing) => {
            eprintln!("lockgate: something came without the header {missing}");
            StatusCode::BAD_REQUEST
        }
    }
}

impl Receiver {
    fn take(&self, message: &Message) -> StatusCode {
        let verified = message.verify(&self.secret, Timestamp::now());
        let body = String::from_utf8_lossy(&message.body);
        let told = if self.json {
            let payload = serde_json::from_str(&body).unwrap_or(Value::Null);
            line(json!({ "messageId": message.id, "verified": verified.is_ok(), "payload": payload }))
        } else {
            let verdict = verified
                .as_ref()
                .map_or_else(|forged| format!("FORGED: {forged}"), |()| "genuine".to_owned());
            line(format_args!("{}  {verdict}\n    {}", printable(&message.id), printable(&body)))
        };
        if let Err(failure) = told.and_then(|()| self.save(message)) {
            eprintln!("lockgate: {failure}");
        }
        if verified.is_ok() { self.status } else { StatusCode::UNAUTHORIZED }
    }

    fn save(&self, message: &Message) -> Result<(), Failure> {
        let Some(folder) = &self.save else { return Ok(()) };
        // Only an id that is a plain name becomes one.
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        let name: String = message.id.chars().filter(|letter| plain(*letter)).take(80).collect();
        std::fs::create_dir_all(folder)?;
        Ok(std::fs::write(folder.join(format!("{name}.http")), message.saved())?)
    }
}
