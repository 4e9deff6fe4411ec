//! The API's client: one request, one answer, and a problem document turned into a sentence. Server-sent events are in
//! [`events`](super::events).

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::Failure;
use super::screen::printable;
use crate::cause::innermost;
use crate::web_address::{self, is_this_machine};

/// Where the server is and how answers are printed; the same for every command that asks a server.
#[derive(clap::Args, Clone)]
pub(super) struct ServerArgs {
    /// The server to ask
    #[arg(
        long,
        env = "LOCKGATE_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        value_parser = server,
        global = true
    )]
    server: Url,
    /// A file that holds a key of yours, where the server has accounts; or LOCKGATE_KEY is the key itself
    #[arg(long, value_name = "FILE", global = true)]
    key: Option<PathBuf>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl ServerArgs {
    /// Asks this server instead.
    pub(super) fn ask(&mut self, server: Url) {
        self.server = server;
    }

    /// The key to ask with. It is no flag: everybody on the machine could read it.
    fn key(&self) -> Result<Option<HeaderValue>, Failure> {
        let told = match &self.key {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?,
            None => std::env::var("LOCKGATE_KEY").unwrap_or_default(),
        };
        let key = told.trim();
        if key.is_empty() {
            return Ok(None);
        }
        if self.server.scheme() != "https" && !is_this_machine(&self.server) {
            let why = format!(
                "{} is not asked with a key, which would be sent in the clear: use https",
                self.server
            );
            return Err(Failure::Usage(why));
        }
        let header = HeaderValue::from_str(&format!("Bearer {key}"));
        let mut header = header.map_err(|_| Failure::Usage("this is no key of Lockgate's".to_owned()))?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}

pub(super) fn server(text: &str) -> Result<Url, String> {
    web_address::parse(text, "http://127.0.0.1:8080")
}

const CONNECT: Duration = Duration::from_secs(10);

/// From asking to the last byte of an answer that is a document.
const ANSWER: Duration = Duration::from_secs(60);

/// The most entries of a list that the server gives at once.
const PAGE: u32 = 100;

pub(super) struct Client {
    http: reqwest::Client,
    server: Url,
    key: Option<HeaderValue>,
}

impl Client {
    pub(super) fn new(args: &ServerArgs) -> Result<Self, Failure> {
        let mut http = reqwest::Client::builder().connect_timeout(CONNECT);
        if is_this_machine(&args.server) {
            http = http.no_proxy(); // no proxy could reach it
        }
        let http = http.build().map_err(|error| Failure::Odd(innermost(&error)))?;
        Ok(Self { http, server: args.server.clone(), key: args.key()? })
    }

    /// The document that `method` on this path answers.
    pub(super) async fn ask(&self, method: Method, path: &[&str]) -> Result<Value, Failure> {
        self.document(self.request(method, path)).await
    }

    /// The entries of a list, which stand under `name` on each of its pages, until there are `limit` or no more. Answers how
    /// many there were.
    pub(super) async fn pages(
        &self,
        (path, name): (&[&str], &str),
        filters: &[(&str, String)],
        limit: u32,
        mut each: impl FnMut(&Value) -> Result<(), Failure>,
    ) -> Result<u32, Failure> {
        let (mut told, mut cursor) = (0, None::<String>);
        while told < limit {
            let mut query = filters.to_vec();
            query.push(("limit", (limit - told).min(PAGE).to_string()));
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page = self.page(path, &query).await?;
            for entry in page[name].as_array().into_iter().flatten() {
                each(entry)?;
                told += 1;
            }
            cursor = page["next"].as_str().map(ToOwned::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(told)
    }

    async fn page(&self, path: &[&str], query: &[(&str, String)]) -> Result<Value, Failure> {
        let mut url = self.address(path);
        url.query_pairs_mut().extend_pairs(query);
        self.document(self.with_key(self.http.get(url))).await
    }

    /// The same, of a request that carries a document.
    pub(super) async fn tell(
        &self,
        method: Method,
        path: &[&str],
        document: &Value,
    ) -> Result<Value, Failure> {
        self.document(self.request(method, path).json(document)).await
    }

    /// Announces a file. With the key it may be asked twice: a lost answer is no lost session.
    pub(super) async fn announce(&self, key: &str, announcement: &Value) -> Result<Value, Failure> {
        let request = || {
            let request = self.request(Method::POST, &["xfer"]);
            request.header("idempotency-key", key).json(announcement)
        };
        match self.document(request()).await {
            Err(Failure::NoAnswer { .. }) => self.document(request()).await,
            answered => answered,
        }
    }

    pub(super) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.with_key(self.http.request(method, self.address(path)))
    }

    /// The server is told the key, and nobody that it leads to.
    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.header(AUTHORIZATION, key.clone()),
            None => request,
        }
    }

    /// Segment by segment, so that no id can lead elsewhere.
    fn address(&self, path: &[&str]) -> Url {
        let mut url = self.server.clone();
        url.path_segments_mut().expect("a web address has a path").pop_if_empty().extend(path);
        url
    }

    /// A request to an address that the server gave out.
    pub(super) fn request_at(&self, method: Method, url: &Value) -> Result<RequestBuilder, Failure> {
        let url = url.as_str().and_then(|url| Url::parse(url).ok());
        let url = url.ok_or_else(|| Failure::Odd("the server gave no address".to_owned()))?;
        Ok(self.http.request(method, url))
    }

    /// Sends it, and takes the answer only when it is a good one.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| self.no_answer(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    async fn document(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let response = self.send(request.timeout(ANSWER)).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        let body = response.bytes().await.map_err(|error| self.no_answer(&error))?;
        serde_json::from_slice(&body)
            .map_err(|error| Failure::Odd(format!("{} does not speak as Lockgate: {error}", self.server)))
    }

    /// A server that holds the line and says nothing.
    pub(super) fn silent(&self) -> Failure {
        let server = self.server.origin().ascii_serialization();
        Failure::NoAnswer { server, why: "it has fallen silent".to_owned() }
    }

    pub(super) fn no_answer(&self, error: &reqwest::Error) -> Failure {
        let server = match error.url() {
            // An upload or download goes to an address of its own. Its query is a key, so it is not said.
            Some(url) => url.origin().ascii_serialization(),
            None => self.server.origin().ascii_serialization(),
        };
        let why = if error.is_timeout() { "it took too long".to_owned() } else { innermost(error) };
        Failure::NoAnswer { server, why }
    }
}

/// The problem document as a sentence, with what is allowed where it says so.
async fn refusal(response: Response) -> Failure {
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    let Ok(problem) = serde_json::from_str::<Value>(&body) else {
        let sentence = match s3_message(&body) {
            Some(message) => format!("{status}: {}", printable(message)),
            None => format!("the server answered {status}"),
        };
        let problem = serde_json::json!({ "title": sentence, "status": status.as_u16() });
        return Failure::Refused { sentence, problem };
    };
    let text = |key: &str| problem[key].as_str().map(printable).filter(|text| !text.is_empty());
    let mut sentence = text("title").unwrap_or_else(|| status.to_string());
    if let Some(detail) = text("detail") {
        sentence = format!("{sentence}: {detail}");
    }
    if let Some(allowed) = problem["allowed"].as_array() {
        let allowed: Vec<_> = allowed.iter().filter_map(Value::as_str).map(printable).collect();
        let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        sentence = format!("{sentence} It takes {allowed}.");
    }
    Failure::Refused { sentence, problem }
}

/// What the object store says in its XML.
fn s3_message(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("<Message>")?;
    rest.split_once("</Message>").map(|(message, _)| message)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_cannot_lead_to_another_address() {
        let args = ServerArgs { server: server("http://127.0.0.1:1/base/").unwrap(), key: None, json: false };
        let client = Client::new(&args).unwrap();
        let asked =
            |id| client.request(Method::GET, &["api", "sessions", id]).build().unwrap().url().to_string();
        assert_eq!(asked("a/../?x#y"), "http://127.0.0.1:1/base/api/sessions/a%2F..%2F%3Fx%23y");
    }

    #[test]
    fn a_key_is_told_to_the_server_alone_and_never_in_the_clear() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "lgk_canary\n").unwrap();
        let args = |url: &str| ServerArgs {
            server: server(url).unwrap(),
            key: Some(file.path().to_owned()),
            json: false,
        };
        for safe in ["http://127.0.0.1:1", "https://lockgate.example"] {
            let client = Client::new(&args(safe)).unwrap();
            let asked = client.request(Method::GET, &["x"]).build().unwrap();
            assert_eq!(asked.headers()[AUTHORIZATION], "Bearer lgk_canary");
            assert!(!format!("{asked:?}").contains("canary"), "{asked:?}");
            let elsewhere = client.request_at(Method::PUT, &serde_json::json!("https://objects.example/a"));
            assert!(!elsewhere.unwrap().build().unwrap().headers().contains_key(AUTHORIZATION));
        }
        assert!(matches!(Client::new(&args("http://lockgate.example")), Err(Failure::Usage(_))));
    }

    /// Serves a list of so many entries, page by page; the cursor is how many stand before a page.
    async fn list(length: u32, asked: Arc<Mutex<Vec<String>>>) -> ServerArgs {
        let page = async move |uri: http::Uri| {
            let url = Url::parse("http://localhost").unwrap().join(&uri.to_string()).unwrap();
            let number = |wanted: &str| {
                let found = url.query_pairs().find(|(name, _)| name == wanted);
                found.map(|(_, value)| value.parse::<u32>().unwrap())
            };
            asked.lock().unwrap().push(url.query().unwrap_or_default().to_owned());
            let (from, limit) = (number("cursor").unwrap_or(0), number("limit").unwrap());
            let end = length.min(from + limit);
            let next = (end < length).then(|| end.to_string());
            axum::Json(json!({ "things": (from..end).collect::<Vec<_>>(), "next": next }))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/things", axum::routing::get(page));
        tokio::spawn(async move { axum::serve(listener, router).await });
        ServerArgs { server: server(&url).unwrap(), key: None, json: false }
    }

    #[tokio::test]
    async fn a_list_is_read_page_after_page_and_no_further_than_was_asked() {
        for (length, limit, expected, queries) in [
            (230, 250, 230, &["k=v&limit=100", "k=v&limit=100&cursor=100", "k=v&limit=50&cursor=200"][..]),
            (230, 120, 120, &["k=v&limit=100", "k=v&limit=20&cursor=100"]),
            (100, 100, 100, &["k=v&limit=100"]),
            (0, 20, 0, &["k=v&limit=20"]),
        ] {
            let asked = Arc::default();
            let client = Client::new(&list(length, Arc::clone(&asked)).await).unwrap();
            let mut seen = Vec::new();
            let each = |entry: &Value| {
                seen.push(entry.as_u64().unwrap());
                Ok(())
            };
            let filters = [("k", "v".to_owned())];
            let told = client.pages((&["things"], "things"), &filters, limit, each).await.unwrap();
            assert_eq!(told, expected);
            assert_eq!(seen, (0..u64::from(expected)).collect::<Vec<_>>());
            assert_eq!(*asked.lock().unwrap(), queries);
        }
    }
}
