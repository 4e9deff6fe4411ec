//! A session's server-sent events, followed to where one wants to get, over ends and new beginnings of the stream.

use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::Failure;
use super::client::Client;

/// The server says at least a comment every 15 seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// When to come back after a stream that ended before its session.
const AGAIN: Duration = Duration::from_secs(1);

/// Follows session `id` until `each`, told of every snapshot, breaks. A snapshot is the whole session with the progress
/// of the events that came after it. The last one is returned.
pub(super) async fn follow(
    client: &Client,
    id: &str,
    mut each: impl FnMut(&Value) -> Result<ControlFlow<()>, Failure>,
) -> Result<Value, Failure> {
    let mut session = Value::Null;
    let mut last_id = None;
    loop {
        let mut stream = Stream::open(client, id, last_id.as_deref()).await?;
        while let Some(event) = stream.next().await? {
            last_id = event.id.or(last_id);
            match (event.name.as_str(), event.data) {
                ("session", data) => session = data,
                ("progress", Value::Object(data)) => {
                    data.into_iter().for_each(|(key, value)| session[key] = value)
                }
                _ => continue,
            }
            if each(&session)?.is_break() {
                return Ok(session);
            }
        }
        sleep(AGAIN).await;
    }
}

struct Stream<'a> {
    client: &'a Client,
    chunks: BoxStream<'a, Result<Bytes, Failure>>,
    waiting: Vec<u8>,
}

impl<'a> Stream<'a> {
    async fn open(client: &'a Client, id: &str, last_id: Option<&str>) -> Result<Self, Failure> {
        let mut request = client.request(Method::GET, &["api", "sessions", id, "events"]);
        if let Some(last_id) = last_id {
            request = request.header("last-event-id", last_id);
        }
        let opened = timeout(SILENCE, client.send(request)).await;
        let response = opened.map_err(|_elapsed| client.silent())??;
        if response.status() == StatusCode::NO_CONTENT {
            return Err(Failure::Odd("the server says that the end was told already".to_owned()));
        }
        let chunks = response.bytes_stream().map_err(|error| client.no_answer(&error)).boxed();
        Ok(Self { client, chunks, waiting: Vec::new() })
    }

    async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            while let Some(end) = self.waiting.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.waiting.drain(..end + 2).collect();
                if let Some(event) = Event::parse(&String::from_utf8_lossy(&block)) {
                    return Ok(Some(event));
                }
            }
            let chunk =
                timeout(SILENCE, self.chunks.next()).await.map_err(|_elapsed| self.client.silent())?;
            match chunk {
                Some(bytes) => self.waiting.extend_from_slice(&bytes?),
                None => return Ok(None),
            }
        }
    }
}

struct Event {
    name: String,
    id: Option<String>,
    data: Value,
}

impl Event {
    fn parse(block: &str) -> Option<Self> {
        let field = |name: &str| {
            block
                .lines()
                .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim_start().to_owned()))
        };
        let data = serde_json::from_str(&field("data")?).ok()?;
        Some(Self { name: field("event").unwrap_or_else(|| "message".to_owned()), id: field("id"), data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_name_and_data_and_a_comment_is_none() {
        let event = Event::parse("event: session\nid: 3.10\ndata: {\"state\":\"Done\"}\n\n").unwrap();
        assert_eq!((event.name.as_str(), event.id.as_deref()), ("session", Some("3.10")));
        assert_eq!(event.data["state"], "Done");
        assert!(Event::parse(": still here\n\n").is_none());
    }
}
