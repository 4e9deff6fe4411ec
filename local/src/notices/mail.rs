//! Letters by SMTP: to a server that is named in the configuration, over TLS unless it says otherwise.

use std::collections::BTreeSet;
use std::time::Duration;

use activities::notices::{Letter, Topic};
use activities::ports::{Fault, Mailer, Undelivered};
use async_trait::async_trait;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};

use crate::cause::innermost;
use crate::people::Store;

/// From the connection to the server's last word.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the configuration says of letters.
#[derive(Clone, Debug)]
pub struct Letterbox {
    /// `smtps://user:password@host:465`, `smtp://user:password@host:587?tls=required`, `smtp://127.0.0.1:25`.
    pub server: String,
    pub from: Mailbox,
    /// Where the owner of a server without accounts is written to; with accounts, users say where they are.
    pub to: Option<Mailbox>,
    /// What is told by letter; all there is, if empty.
    pub topics: BTreeSet<Topic>,
}

pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    letterbox: Letterbox,
    /// None where the server keeps no users.
    users: Option<Store>,
}

impl SmtpMailer {
    pub fn new(letterbox: Letterbox, users: Option<Store>) -> Result<Self, lettre::transport::smtp::Error> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&letterbox.server)?;
        Ok(Self { transport: transport.timeout(Some(PATIENCE)).build(), letterbox, users })
    }

    fn message(&self, to: &str, letter: &Letter) -> Result<Message, String> {
        let to: Mailbox = to.parse().map_err(|error| format!("{to} is no address: {error}"))?;
        let domain = self.letterbox.from.email.domain();
        let parts = MultiPart::alternative()
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(letter.text.clone()))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(letter.html.clone()));
        Message::builder()
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .from(self.letterbox.from.clone())
            .to(to)
            .subject(letter.subject.clone())
            .multipart(parts)
            .map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn wants(&self, owner: &str, topic: Topic) -> Result<bool, Fault> {
        Ok(self.address(owner, topic).await?.is_some())
    }

    async fn address(&self, owner: &str, topic: Topic) -> Result<Option<String>, Fault> {
        let Letterbox { to, topics, .. } = &self.letterbox;
        if !topic.is_wanted(topics) {
            return Ok(None);
        }
        match &self.users {
            _ if owner == service::LOCAL => Ok(to.as_ref().map(ToString::to_string)),
            Some(users) => users
                .email_of(owner)
                .map_err(|refused| Fault::Unavailable { what: "people store", why: refused.to_string() }),
            None => Ok(None),
        }
    }

    async fn send(&self, to: &str, letter: &Letter) -> Result<String, Undelivered> {
        let message = self.message(to, letter).map_err(|why| Undelivered { why, for_good: true })?;
        match self.transport.send(message).await {
            Ok(said) => Ok(said.message().collect::<Vec<_>>().join(" ")),
            Err(error) => {
                let why = format!("The mail server failed: {}.", innermost(&error));
                Err(Undelivered { why, for_good: error.is_permanent() })
            }
        }
    }
}
