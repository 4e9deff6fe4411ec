//! Signing in and out as a browser does it, and what another site's page can do about it.

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use service::people::{Role, UserChange};
use tests::flow::expect;
use tests::server::{Server, Setup};
use tests::town::{Citizen, PAGE, PASSWORD, Town, signed_in};

async fn refresh(town: &Town, citizen: &Citizen) -> Result<Response> {
    Ok(town.post("/api/sign-in/refresh").header("cookie", &citizen.cookie).send().await?)
}

async fn is_in(town: &Town, citizen: &Citizen) -> Result<bool> {
    Ok(town.get("/api/me", &citizen.token).await?.status() == 200)
}

async fn problem(answer: Response, status: u16, slug: &str) -> Result<()> {
    let told = expect(answer, status).await?;
    ensure!(told["type"] == format!("/problems/{slug}"), "{told:#}");
    Ok(())
}

#[tokio::test]
async fn the_first_admin_is_invited_until_there_is_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let invited = |setup: &Setup| -> Result<(Option<String>, Server)> {
        let (server, lines) = Server::start_and_hear(folder.path(), setup, 2)?;
        let line = lines.into_iter().find(|line| line.contains("/invitation#"));
        Ok((line.and_then(|line| line.split('#').nth(1).map(str::to_owned)), server))
    };
    let setup = Setup::default().flag("--accounts");
    let (first, server) = invited(&setup)?;
    let first = first.context("somebody is invited")?;
    server.kill()?;
    let (second, server) = invited(&setup)?;
    let second = second.context("nobody has come yet")?;
    let http = reqwest::Client::new();
    let accept = async |token: &str| -> Result<Response> {
        let body = json!({ "invitation": token, "password": PASSWORD });
        let url = format!("{}/api/sign-in/invitation", server.url);
        Ok(http.post(url).header(PAGE, "1").json(&body).send().await?)
    };
    problem(accept(&first).await?, 401, "wrong-credential").await?;
    let told = expect(accept(&second).await?, 200).await?;
    ensure!(told["user"]["name"] == "admin" && told["user"]["role"] == "admin", "{told:#}");
    problem(accept(&second).await?, 401, "wrong-credential").await?;
    server.kill()?;
    let (server, lines) = Server::start_and_hear(folder.path(), &setup, 1)?;
    ensure!(lines.len() == 1, "{lines:?}");
    drop(server);
    let log = std::fs::read_to_string(folder.path().join("test.log"))?;
    ensure!(!log.contains(&first) && !log.contains(&second), "what is printed once stands in no log");
    Ok(())
}

#[tokio::test]
async fn a_browser_stays_signed_in_until_it_signs_out() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    town.citizen("ada", Role::User).await?;
    problem(town.sign_in("ada", "a wrong password").await?, 401, "wrong-credential").await?;
    problem(town.sign_in("nobody", PASSWORD).await?, 401, "wrong-credential").await?;
    let answer = town.sign_in("ada", PASSWORD).await?;
    let cookie = answer.headers()["set-cookie"].to_str()?.to_owned();
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=12096"] {
        ensure!(cookie.contains(attribute), "{cookie}");
    }
    ensure!(!cookie.contains("Domain"), "{cookie}");
    ensure!(answer.headers()["cache-control"] == "no-store");
    let first = signed_in(answer).await?;
    let me = expect(town.get("/api/me", &first.token).await?, 200).await?;
    ensure!(me["user"] == "ada" && me["role"] == "user" && me["accounts"] == true, "{me:#}");
    let second = signed_in(refresh(&town, &first).await?).await?;
    ensure!(second.cookie != first.cookie && is_in(&town, &first).await? && is_in(&town, &second).await?);
    let out = town.post("/api/sign-out").header("cookie", &second.cookie).send().await?;
    ensure!(out.status() == 204 && out.headers()["set-cookie"].to_str()?.contains("Max-Age=0"));
    ensure!(!is_in(&town, &second).await? && !is_in(&town, &first).await?, "at once");
    problem(refresh(&town, &second).await?, 401, "wrong-credential").await
}

#[tokio::test]
async fn a_cookie_that_comes_twice_ends_the_sign_in() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    town.citizen("ada", Role::User).await?;
    let elsewhere = signed_in(town.sign_in("ada", PASSWORD).await?).await?;
    let first = signed_in(town.sign_in("ada", PASSWORD).await?).await?;
    let second = signed_in(refresh(&town, &first).await?).await?;
    problem(refresh(&town, &first).await?, 401, "wrong-credential").await?;
    problem(refresh(&town, &second).await?, 401, "wrong-credential").await?;
    ensure!(!is_in(&town, &second).await? && is_in(&town, &elsewhere).await?);
    // Of many at once exactly one is the first.
    let first = signed_in(town.sign_in("ada", PASSWORD).await?).await?;
    let all = futures::future::try_join_all((0..8).map(|_| refresh(&town, &first))).await?;
    let well = all.iter().filter(|answer| answer.status() == 200).count();
    ensure!(well == 1, "{well} were let in with one cookie");
    Ok(())
}

#[tokio::test]
async fn another_sites_page_comes_to_nothing() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let ada = town.citizen("ada", Role::User).await?;
    let url = |path: &str| format!("{}{path}", town.server.url);
    for path in ["/api/sign-in/refresh", "/api/sign-out"] {
        // As a form sends it: no header of its own, the cookie though SameSite forbids it.
        for kind in ["text/plain", "application/x-www-form-urlencoded"] {
            let form = town.http.post(url(path)).header("cookie", &ada.cookie).header("content-type", kind);
            problem(form.body("a=b").send().await?, 403, "not-from-a-page").await?;
        }
        let bare = town.http.post(url(path)).header("cookie", &ada.cookie).send().await?;
        problem(bare, 403, "not-from-a-page").await?;
        let evil = town.post(path).header("cookie", &ada.cookie).header("origin", "https://evil.example");
        problem(evil.send().await?, 403, "cross-origin").await?;
        // The browser asks before it sends a header of the page's own, and is not told yes.
        let asked = town.http.request(Method::OPTIONS, url(path));
        let asked =
            asked.header("origin", "https://evil.example").header("access-control-request-method", "POST");
        let asked = asked.header("access-control-request-headers", PAGE).send().await?;
        ensure!(!asked.headers().contains_key("access-control-allow-origin"), "{:?}", asked.headers());
        let words =
            asked.headers().get("access-control-allow-headers").map(|words| words.to_str()).transpose()?;
        ensure!(!words.unwrap_or_default().contains(PAGE), "{words:?}");
    }
    let form = town.post("/api/sign-in").header("content-type", "text/plain");
    let form = form.body(json!({ "name": "ada", "password": PASSWORD }).to_string());
    problem(form.send().await?, 415, "wrong-content-type").await?;
    let bare = town.http.post(url("/api/sign-in")).json(&json!({ "name": "ada", "password": PASSWORD }));
    problem(bare.send().await?, 403, "not-from-a-page").await?;
    // The cookie opens nothing else.
    let me = town.http.get(url("/api/me")).header("cookie", &ada.cookie).header(PAGE, "1").send().await?;
    problem(me, 401, "signed-out").await?;
    let doubled = format!("{}; {}", ada.cookie, ada.cookie);
    let doubled = town.post("/api/sign-in/refresh").header("cookie", doubled).send().await?;
    problem(doubled, 401, "signed-out").await?;
    ensure!(refresh(&town, &ada).await?.status() == 200, "nothing has happened to her");
    Ok(())
}

#[tokio::test]
async fn what_an_admin_changes_holds_at_once() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let (root, ada) = (town.citizen("root", Role::Admin).await?, town.citizen("ada", Role::User).await?);
    let change = async |name: &str, change: Value| -> Result<Response> {
        let path = format!("/api/users/{name}");
        Ok(town.request(Method::PUT, &path, Some(&root.token)).json(&change).send().await?)
    };
    expect(change("ada", json!({ "disabled": true })).await?, 200).await?;
    ensure!(!is_in(&town, &ada).await?);
    problem(town.sign_in("ada", PASSWORD).await?, 401, "wrong-credential").await?;
    problem(refresh(&town, &ada).await?, 401, "wrong-credential").await?;
    expect(change("ada", json!({ "disabled": false })).await?, 200).await?;
    let told = expect(change("ada", json!({ "invite": true })).await?, 200).await?;
    let url = told["invitation"]["url"].as_str().context("an invitation has a URL")?;
    let (page, token) = url.split_once('#').context("its token is behind a #")?;
    ensure!(page == format!("{}/invitation", town.server.url), "{url}");
    let body = json!({ "invitation": token, "password": "a password of her own" });
    signed_in(town.post("/api/sign-in/invitation").json(&body).send().await?).await?;
    problem(change("root", json!({ "role": "user" })).await?, 409, "last-admin").await?;
    problem(change("nobody", json!({})).await?, 404, "unknown-user").await?;
    problem(change("no%2Fbody", json!({})).await?, 404, "unknown-user").await?;
    let add = async |name: &str| -> Result<Response> {
        let new = json!({ "name": name });
        Ok(town.request(Method::POST, "/api/users", Some(&root.token)).json(&new).send().await?)
    };
    expect(add("eve").await?, 201).await?;
    problem(add("eve").await?, 409, "name-taken").await?;
    problem(add("../eve").await?, 400, "invalid-body").await?;
    let users = expect(town.get("/api/users", &root.token).await?, 200).await?;
    ensure!(users["users"].as_array().is_some_and(|users| users.len() == 4), "{users:#}");
    ensure!(!users.to_string().contains("argon2"), "{users:#}");
    // So does what the command line changes beside the running server.
    town.store()?
        .change("root", UserChange { role: Some(Role::User), ..UserChange::default() })
        .await
        .unwrap_err();
    let everywhere = town.request(Method::POST, "/api/sign-out/everywhere", Some(&root.token)).send().await?;
    ensure!(everywhere.status() == 204 && !is_in(&town, &root).await?);
    Ok(())
}

#[tokio::test]
async fn nothing_secret_stands_in_the_log_however_much_is_logged() -> Result<()> {
    let town = Town::open(&Setup::default().with("LOCKGATE_LOG", "trace"))?;
    let ada = town.citizen("ada", Role::User).await?;
    let wrong = "a wrong password that is a canary";
    town.sign_in("ada", wrong).await?;
    let again = signed_in(refresh(&town, &ada).await?).await?;
    let key = town.request(Method::POST, "/api/keys", Some(&again.token)).json(&json!({ "name": "a key" }));
    let key = expect(key.send().await?, 201).await?;
    let secret = key["secret"].as_str().context("a secret")?;
    town.get("/api/me", secret).await?;
    refresh(&town, &ada).await?;
    let change = json!({ "current": PASSWORD, "password": "a new one, a canary too" });
    town.request(Method::PUT, "/api/me/password", Some(&again.token)).json(&change).send().await?;
    let log = town.log();
    ensure!(log.contains("/api/me/password"), "the log is that of this server");
    let cookies = [&ada, &again].map(|citizen| citizen.cookie.trim_start_matches("__Host-lockgate="));
    let tokens = [&ada.token, &again.token].map(String::as_str);
    for secret in [PASSWORD, wrong, "a new one, a canary too", secret].iter().chain(&cookies).chain(&tokens) {
        ensure!(!log.contains(secret), "{secret} stands in the log");
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_with_the_sign_in() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let (root, ada) = (town.citizen("root", Role::Admin).await?, town.citizen("ada", Role::User).await?);
    let announced = town.flow(&ada).announce("a.wav", b"x", "a-key", json!({})).await?;
    let id = tests::flow::id(&announced)?;
    let path = format!("/api/sessions/{id}/events");
    let watched = town.get(&path, &ada.token).await?;
    let seen = town.get(&path, &root.token).await?;
    ensure!(watched.status() == 200 && seen.status() == 200);
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    town.store()?.change("ada", disable).await?;
    let cancel = format!("/xcode/{id}/cancel");
    expect(town.request(Method::POST, &cancel, Some(&root.token)).send().await?, 202).await?;
    ensure!(seen.text().await?.contains("\"state\":\"Failed\""), "an admin is told the end of it");
    ensure!(!watched.text().await?.contains("\"state\":\"Failed\""), "who is out is told nothing more");
    Ok(())
}
