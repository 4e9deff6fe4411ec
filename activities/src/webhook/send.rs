//! One message to one address: signed, without a redirect, a proxy or a second connection, within a time and with an end to
//! what is listened to.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, header};
use states::Timestamp;
use tokio::sync::Semaphore;

use super::guard::{Guard, Refused};
use super::resolve::{Guarded, Lookup, system};
use super::sign::Secret;

/// So much of an answer is listened to.
const ANSWER_BYTES: usize = 64 << 10;

/// So much of it is kept for the log.
const KEPT_BYTES: usize = 2 << 10;

/// So many are on their way at a time, so that receivers that hang do not take every file that may be open.
const AT_ONCE: usize = 256;

const CONNECT: Duration = Duration::from_secs(10);

const AGENT: &str = concat!("Lockgate/", env!("CARGO_PKG_VERSION"));

/// A message, ready to be sent.
pub struct Shipment<'a> {
    pub url: &'a str,
    pub id: &'a str,
    pub at: Timestamp,
    pub body: &'a str,
    pub secrets: Vec<&'a Secret>,
}

/// What the receiver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Seconds, as its `Retry-After` says.
    pub retry_after: Option<u64>,
    /// The beginning of its body.
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    #[error("the address is refused: {0}")]
    Forbidden(#[from] Refused),
    #[error("it did not answer in time")]
    Silent,
    #[error("it was not reached: {0}")]
    Unreached(String),
}

/// Sends, and guards what may be reached.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    turns: Arc<Semaphore>,
    pub guard: Guard,
}

impl Sender {
    /// What takes longer than `patience`, from the name to the end of the answer, is given up.
    pub fn new(guard: Guard, patience: Duration) -> Self {
        Self::resolving_by(system(), guard, patience)
    }

    pub fn resolving_by(lookup: Lookup, guard: Guard, patience: Duration) -> Self {
        let client = Client::builder()
            .dns_resolver(Arc::new(Guarded { guard, lookup }))
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0) // each message asks for the address anew
            .connect_timeout(CONNECT.min(patience))
            .timeout(patience)
            .user_agent(AGENT)
            .build()
            .expect("nothing here depends on the machine");
        Self { client, turns: Arc::new(Semaphore::new(AT_ONCE)), guard }
    }

    pub async fn send(&self, shipment: &Shipment<'_>) -> Result<Answer, Unsent> {
        let url = self.guard.check(shipment.url)?;
        let _turn = self.turns.acquire().await.expect("the turns are never closed");
        let at = shipment.at.as_second();
        let sign = |secret: &&Secret| secret.sign(shipment.id, at, shipment.body.as_bytes());
        let signatures: Vec<_> = shipment.secrets.iter().map(sign).collect();
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", shipment.id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signatures.join(" "))
            .body(shipment.body.to_owned());
        let response = request.send().await.map_err(|error| unsent(&error))?;
        let retry_after = retry_after(&response);
        Ok(Answer { status: response.status().as_u16(), retry_after, body: beginning(response).await })
    }
}

/// Seconds only: the form with a date would have us believe the receiver's clock.
fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// The status has decided; of a body that never ends or breaks off, what came of it is kept.
async fn beginning(mut response: Response) -> String {
    let (mut kept, mut heard) = (Vec::new(), 0);
    while heard < ANSWER_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        heard += chunk.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(KEPT_BYTES - kept.len())]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn unsent(error: &reqwest::Error) -> Unsent {
    let mut cause: &dyn std::error::Error = error;
    loop {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return Unsent::Forbidden(refused.clone());
        }
        match cause.source() {
            Some(source) => cause = source,
            None if error.is_timeout() => return Unsent::Silent,
            None => return Unsent::Unreached(cause.to_string()),
        }
    }
}
