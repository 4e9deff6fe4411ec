//! The API's client: one request, one answer, and a problem document turned into a sentence.

use futures::StreamExt;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::Failure;

/// Where the server is and how answers are printed; the same for every command that asks a server.
#[derive(clap::Args, Clone)]
pub(super) struct ServerArgs {
    /// The server to ask
    #[arg(
        long,
        env = "LOCKGATE_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        global = true
    )]
    server: Url,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub(super) json: bool,
}

pub(super) struct Client {
    http: reqwest::Client,
    server: Url,
}

impl Client {
    pub(super) fn new(args: &ServerArgs) -> Self {
        Self { http: reqwest::Client::new(), server: args.server.clone() }
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        json(self.send(Method::GET, path, query).await?).await
    }

    pub(super) async fn request(&self, method: Method, path: &str) -> Result<Value, Failure> {
        json(self.send(method, path, &[]).await?).await
    }

    /// The server-sent events of `path`: each one's name and data, as they come.
    pub(super) async fn events(&self, path: &str, mut each: impl FnMut(&str, &Value)) -> Result<(), Failure> {
        let response = self.send(Method::GET, path, &[]).await?;
        let mut chunks = response.bytes_stream();
        let mut waiting = Vec::new();
        while let Some(chunk) = chunks.next().await {
            waiting.extend_from_slice(&chunk.map_err(|error| self.no_answer(&error))?);
            while let Some(end) = waiting.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = waiting.drain(..end + 2).collect();
                if let Some((name, data)) = parse_event(&String::from_utf8_lossy(&block)) {
                    each(&name, &data);
                }
            }
        }
        Ok(())
    }

    async fn send(&self, method: Method, path: &str, query: &[(&str, String)]) -> Result<Response, Failure> {
        let mut url = self.server.join(path).map_err(|error| Failure::Usage(error.to_string()))?;
        url.query_pairs_mut().extend_pairs(query).finish();
        if url.query() == Some("") {
            url.set_query(None);
        }
        let response = self.http.request(method, url).send().await.map_err(|error| self.no_answer(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    fn no_answer(&self, error: &reqwest::Error) -> Failure {
        let mut why: &dyn std::error::Error = error;
        while let Some(source) = why.source() {
            why = source;
        }
        Failure::NoAnswer { server: self.server.to_string(), why: why.to_string() }
    }
}

async fn json(response: Response) -> Result<Value, Failure> {
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    response.json().await.map_err(|error| Failure::Refused(format!("the answer is not JSON: {error}")))
}

/// The problem document as a sentence, with what is allowed where it says so.
async fn refusal(response: Response) -> Failure {
    let status = response.status();
    let Ok(problem) = response.json::<Value>().await else {
        return Failure::Refused(format!("the server answered {status}"));
    };
    let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    let mut sentence = format!("{status}: {}", text("title"));
    if !text("detail").is_empty() {
        sentence.push_str(&format!(": {}", text("detail")));
    }
    if let Some(allowed) = problem["allowed"].as_array() {
        let allowed: Vec<_> = allowed.iter().filter_map(Value::as_str).collect();
        sentence.push_str(&format!(" (in {}; allowed: {})", text("state"), allowed.join(", ")));
    }
    Failure::Refused(sentence)
}

fn parse_event(block: &str) -> Option<(String, Value)> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim_start().to_owned()))
    };
    let data = serde_json::from_str(&field("data")?).ok()?;
    Some((field("event").unwrap_or_else(|| "message".to_owned()), data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_name_and_data_and_a_comment_is_none() {
        let (name, data) = parse_event("event: session\nid: 3.10\ndata: {\"state\":\"Done\"}\n\n").unwrap();
        assert_eq!((name.as_str(), &data["state"]), ("session", &Value::from("Done")));
        assert!(parse_event(": still here\n\n").is_none());
    }
}
