//! A mail server that keeps what it is handed: just enough of SMTP for a client to believe it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::gates::PATIENCE;

#[derive(Default)]
struct Inner {
    letters: Mutex<Vec<String>>,
    arrived: Notify,
    /// Answered to the next recipients, instead of taking them.
    refusals: Mutex<VecDeque<&'static str>>,
}

/// It listens until it is dropped.
pub struct PostOffice {
    pub url: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

impl PostOffice {
    pub async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("smtp://{}", listener.local_addr()?);
        let inner = Arc::new(Inner::default());
        let serving = tokio::spawn({
            let inner = inner.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let _ = inner.serve(stream).await; // a client that leaves is none of its business
                }
            }
        });
        Ok(Self { url, inner, serving })
    }

    /// What was handed in: the letters as they came, with their headers.
    pub fn letters(&self) -> Vec<String> {
        self.inner.letters.lock().expect("nobody panics with it").clone()
    }

    /// Waits for a letter to this address.
    pub async fn letter_to(&self, address: &str) -> Result<String> {
        let header = format!("To: {address}\n");
        let came = async {
            loop {
                let next = self.inner.arrived.notified();
                if let Some(letter) = self.letters().into_iter().find(|letter| letter.contains(&header)) {
                    return letter;
                }
                next.await;
            }
        };
        timeout(PATIENCE, came).await.with_context(|| format!("no letter came to {address}"))
    }

    /// Refuses the next recipient with this line.
    pub fn refuse(&self, line: &'static str) {
        self.inner.refusals.lock().expect("nobody panics with it").push_back(line);
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Inner {
    async fn serve(&self, stream: TcpStream) -> Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 test ESMTP\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-test\r\n250 8BITMIME",
                "RCPT" => {
                    let refusal = self.refusals.lock().expect("nobody panics with it").pop_front();
                    refusal.unwrap_or("250 ok")
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await?;
                    let mut letter = String::new();
                    while let Some(line) = lines.next_line().await?
                        && line != "."
                    {
                        letter.push_str(&line);
                        letter.push('\n');
                    }
                    self.letters.lock().expect("nobody panics with it").push(letter);
                    self.arrived.notify_waiters();
                    "250 kept"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }
}
