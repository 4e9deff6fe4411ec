//! To whom a server is open: what it refuses to start as, and signing in over TLS and through a proxy.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client, Url};
use serde_json::Value;
use service::people::Role;
use service::serve::{Limits, Listener, Peer, serve, tls};
use tempfile::TempDir;
use tests::server::{Setup, binary};
use tests::sound::wav;
use tests::town::{PASSWORD, Town, signed_in};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A certificate for these names, as files, and a client that believes it.
struct Certified {
    folder: TempDir,
    pem: String,
}

impl Certified {
    fn new(names: &[&str]) -> Result<Self> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("cert.pem"), cert.pem())?;
        std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem())?;
        Ok(Self { folder, pem: cert.pem() })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn client(&self) -> Result<reqwest::ClientBuilder> {
        Ok(Client::builder().tls_certs_only([Certificate::from_pem(self.pem.as_bytes())?]))
    }

    fn setup(&self) -> Setup {
        let flag =
            |setup: Setup, name: &str, file: &str| setup.flag(name).flag(&self.file(file).to_string_lossy());
        flag(flag(Setup::default(), "--tls-cert", "cert.pem"), "--tls-key", "key.pem")
    }
}

#[test]
fn what_would_be_open_to_others_does_not_start_and_says_what_to_add() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let refused = |flags: &[&str]| -> Result<String> {
        let mut command = Command::new(binary()?);
        command.args(["serve", "--data"]).arg(folder.path()).args(flags);
        let output = command.output()?;
        ensure!(output.status.code() == Some(2), "{flags:?}: {:?}", output.status);
        Ok(String::from_utf8(output.stderr)?)
    };
    for listen in ["--listen", "--s3-listen"] {
        let told = refused(&[listen, "0.0.0.0:0"])?;
        ensure!(told.contains("--accounts") && told.lines().count() == 1, "{told}");
        let told = refused(&[listen, "0.0.0.0:0", "--accounts"])?;
        ensure!(told.contains("--tls-cert") && told.contains("--trusted-proxy"), "{told}");
        let told = refused(&[listen, "0.0.0.0:0", "--no-accounts-i-know"])?;
        ensure!(told.contains("--tls-cert"), "{told}");
    }
    let told = refused(&["--engine-listen", "0.0.0.0:0", "--accounts"])?;
    ensure!(told.contains("loopback only"), "{told}");
    ensure!(refused(&["--tls-cert", "cert.pem"])?.contains("--tls-key"));
    ensure!(std::fs::read_dir(folder.path())?.next().is_none(), "nothing was begun");
    Ok(())
}

/// Signs in, and goes through the main flow.
async fn main_flow(town: &Town) -> Result<()> {
    let ada = town.citizen("ada", Role::User).await?;
    let again = town.sign_in("ada", PASSWORD).await?;
    let hsts = again.headers().get("strict-transport-security").context("it is to be asked over TLS only")?;
    ensure!(hsts.to_str()?.starts_with("max-age=63072000"), "{hsts:?}");
    let again = signed_in(again).await?;
    let next = town.post("/api/sign-in/refresh").header("cookie", &again.cookie).send().await?;
    ensure!(signed_in(next).await?.name == "ada");
    let mut flow = town.flow(&ada);
    flow.http = town.http.clone();
    let file = wav(4410, 1);
    let done = flow.run("a.wav", &file, "a-key").await?;
    ensure!(done["state"] == "Done", "{done:#}");
    ensure!(flow.fetch(&done).await?.starts_with(b"fLaC"));
    let result = done["outputs"][0]["url"].as_str().context("a result has an address")?;
    refusals_ask_for_tls_too(town, &Url::parse(result)?.origin().ascii_serialization()).await
}

/// Whoever refuses: the loop that has not looked at the request, the API, or the object store.
async fn refusals_ask_for_tls_too(town: &Town, objects: &str) -> Result<()> {
    let (api, long) = (&town.server.url, "q".repeat(9000));
    for (url, status) in [
        (format!("{api}/{long}"), 414),
        (format!("{api}/api/sessions"), 401),
        (format!("{objects}/{long}"), 414),
        (format!("{objects}/uploads/unsigned"), 403),
    ] {
        let answer = town.http.get(&url).send().await?;
        ensure!(answer.status() == status, "{url:.60}: {}", answer.status());
        let hsts = answer.headers().get("strict-transport-security");
        let hsts = hsts.with_context(|| format!("{url:.60} answers {status} without it"))?;
        ensure!(hsts.to_str()?.starts_with("max-age=63072000"), "{hsts:?}");
    }
    Ok(())
}

#[tokio::test]
async fn over_tls() -> Result<()> {
    let certified = Certified::new(&["127.0.0.1", "localhost"])?;
    let mut town = Town::open(&certified.setup())?;
    town.http = certified.client()?.build()?;
    ensure!(town.server.url.starts_with("https://127.0.0.1:"), "{}", town.server.url);
    main_flow(&town).await?;
    let plain = town.server.url.replace("https://", "http://");
    ensure!(Client::new().get(format!("{plain}/healthz")).send().await.is_err(), "it speaks nothing else");
    ensure!(
        Client::new().get(format!("{}/healthz", town.server.url)).send().await.is_err(),
        "nobody vouches for it"
    );
    Ok(())
}

#[test]
fn a_certificate_that_is_none_is_named() -> Result<()> {
    let (certified, other) = (Certified::new(&["localhost"])?, Certified::new(&["localhost"])?);
    let folder = tempfile::tempdir()?;
    let refused = |cert: &PathBuf, key: &PathBuf| -> Result<String> {
        let mut command = Command::new(binary()?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0", "--data"]);
        let output =
            command.arg(folder.path()).arg("--tls-cert").arg(cert).arg("--tls-key").arg(key).output()?;
        ensure!(output.status.code() == Some(1), "{:?}", output.status);
        Ok(String::from_utf8(output.stderr)?)
    };
    let (cert, key) = (certified.file("cert.pem"), certified.file("key.pem"));
    ensure!(refused(&key, &key)?.contains("holds no certificate"));
    ensure!(refused(&cert, &cert)?.contains("holds no private key"));
    ensure!(refused(&certified.file("none.pem"), &key)?.contains("cannot be read"));
    ensure!(refused(&cert, &other.file("key.pem"))?.contains("do not go together"));
    Ok(())
}

/// A proxy that speaks TLS to the world and plain HTTP to one port, and says for whom it asks.
struct Proxy {
    address: SocketAddr,
    /// Which port it stands before.
    before: Arc<AtomicU16>,
    _serving: DropGuard,
}

type Passing = (Client, Arc<AtomicU16>);

impl Proxy {
    async fn open(certified: &Certified) -> Result<Self> {
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let address = tcp.local_addr()?;
        let tls = Some(tls::acceptor(&certified.file("cert.pem"), &certified.file("key.pem"))?);
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let before = Arc::<AtomicU16>::default();
        let app = Router::new().fallback(pass).with_state((http, before.clone()));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { serve(Listener { tcp, tls }, app, Limits::default(), stopped).await });
        Ok(Self { address, before, _serving: stop.drop_guard() })
    }

    /// How it is asked under this name.
    fn url(&self, name: &str) -> String {
        format!("https://{name}:{}", self.address.port())
    }
}

async fn pass(State((http, before)): State<Passing>, request: Request) -> Response {
    let port = before.load(Ordering::SeqCst);
    let (mut parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let url = format!("http://127.0.0.1:{port}{target}");
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_string()).unwrap_or_default();
    let forwarded = parts.headers.get("x-forwarded-for").and_then(|said| said.to_str().ok());
    let forwarded = forwarded.map_or_else(|| peer.clone(), |said| format!("{said}, {peer}"));
    if let Ok(forwarded) = HeaderValue::from_str(&forwarded) {
        parts.headers.insert("x-forwarded-for", forwarded);
    }
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let asked = http.request(parts.method, url).headers(parts.headers).body(body).send().await;
    let Ok(answer) = asked else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await.unwrap_or_default()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().remove("transfer-encoding");
    response
}

#[tokio::test]
async fn through_a_proxy() -> Result<()> {
    const API: &str = "lockgate.example";
    const OBJECTS: &str = "objects.example";
    let certified = Certified::new(&[API, OBJECTS])?;
    let (api, objects) = (Proxy::open(&certified).await?, Proxy::open(&certified).await?);
    let setup = Setup::default().flag("--trusted-proxy").flag("127.0.0.1");
    let setup = setup.flag("--public-url").flag(&api.url(API));
    let setup = setup.flag("--s3-public-url").flag(&objects.url(OBJECTS));
    let mut town = Town::open(&setup)?;
    ensure!(town.server.url == api.url(API), "{}", town.server.url);
    for port in town.server.ports()? {
        let health = Client::new().get(format!("http://127.0.0.1:{port}/healthz"));
        let health = health.header("host", format!("{API}:{}", api.address.port())).send().await?;
        let proxy = if health.status() == 200 { &api } else { &objects };
        proxy.before.store(port, Ordering::SeqCst);
    }
    town.http = certified.client()?.resolve(API, api.address).resolve(OBJECTS, objects.address).build()?;
    main_flow(&town).await?;
    let told = town.http.get(format!("{}/healthz", town.server.url)).header("x-forwarded-for", "203.0.113.9");
    ensure!(told.send().await?.json::<Value>().await?["status"] == "ok");
    ensure!(town.log().contains("\"peer\":\"127.0.0.1\""), "whom the proxy was asked by");
    Ok(())
}
