//! A server with accounts, and people who have signed in to it.

use std::path::Path;

use activities::Clock;
use anyhow::{Context, Result, ensure};
use local::people::Store;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use service::people::{NewUser, Role};
use tempfile::TempDir;

use crate::flow::{Flow, expect};
use crate::server::{Server, Setup};

pub const PASSWORD: &str = "correct horse battery";

/// By which a page says that it is one.
pub const PAGE: &str = "x-lockgate-page";

pub struct Town {
    pub server: Server,
    pub folder: TempDir,
    pub http: Client,
}

/// Somebody who has signed in.
#[derive(Clone)]
pub struct Citizen {
    pub name: String,
    pub token: String,
    /// What the browser keeps, as it sends it.
    pub cookie: String,
}

impl Town {
    pub fn open(setup: &Setup) -> Result<Self> {
        Self::in_folder(tempfile::tempdir()?, setup)
    }

    pub fn in_folder(folder: TempDir, setup: &Setup) -> Result<Self> {
        let server = Server::start(folder.path(), &setup.clone().flag("--accounts"))?;
        let server = server.with_context(|| log(folder.path()))?;
        Ok(Self { server, folder, http: Client::new() })
    }

    pub fn store(&self) -> Result<Store> {
        Ok(Store::open(self.folder.path(), Clock::System)?)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        log(self.folder.path())
    }

    /// A new user who has accepted the invitation.
    pub async fn citizen(&self, name: &str, role: Role) -> Result<Citizen> {
        let (_, invitation) = self.store()?.add(NewUser::new(name, role)).await?;
        let body = json!({ "invitation": invitation.token.0, "password": PASSWORD });
        let answer = self.post("/api/sign-in/invitation").json(&body).send().await?;
        signed_in(answer).await
    }

    pub async fn sign_in(&self, name: &str, password: &str) -> Result<Response> {
        let body = json!({ "name": name, "password": password });
        Ok(self.post("/api/sign-in").json(&body).send().await?)
    }

    /// A request as a page sends it that has nobody signed in.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.server.url)).header(PAGE, "1")
    }

    pub fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.server.url));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str, token: &str) -> Result<Response> {
        Ok(self.request(Method::GET, path, Some(token)).send().await?)
    }

    /// The main flow, as this citizen goes through it.
    pub fn flow(&self, citizen: &Citizen) -> Flow {
        Flow { token: Some(citizen.token.clone()), ..Flow::new(&self.server.url) }
    }
}

/// Whom an answer has signed in.
pub async fn signed_in(answer: Response) -> Result<Citizen> {
    let cookie = answer.headers().get("set-cookie").map(|cookie| cookie.to_str().map(str::to_owned));
    let told: Value = expect(answer, 200).await?;
    let cookie = cookie.context("a sign-in sets a cookie")??;
    let (cookie, _) = cookie.split_once(';').context("a cookie has attributes")?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a sign-in says who and by what");
    let citizen = Citizen {
        name: text(&told["user"]["name"])?,
        token: text(&told["accessToken"])?,
        cookie: cookie.to_owned(),
    };
    ensure!(citizen.cookie.starts_with("__Host-lockgate="), "{cookie}");
    Ok(citizen)
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("test.log")).unwrap_or_default()
}
