//! Every route of the document, asked by nobody, by the wrong one, and by an admin. A route that is not in [`PLAN`] fails
//! the test, and so does one that is in it and not in the document.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use service::people::Role;
use tests::flow::{expect, id};
use tests::server::Setup;
use tests::sound::wav;
use tests::town::{Citizen, PAGE, Town};

/// What a route is about, and so what it must answer to whom.
#[derive(Clone, Copy, Debug, PartialEq)]
enum About {
    /// For everybody.
    All,
    /// Asked with a cookie, and not with a token: a page's way in and out.
    Page,
    /// The caller's own affairs: another's are not to be seen in the answer.
    Own,
    /// One session, or one key: another's is as one that is not there.
    One,
    /// For admins only.
    Admins,
}

/// By operation; with the body that it is asked with, where there is one.
const PLAN: [(&str, About, &str); 41] = [
    ("document", About::All, ""),
    ("health", About::All, ""),
    ("listRecipes", About::All, ""),
    ("explainProblem", About::All, ""),
    ("waysIn", About::All, ""),
    ("signIn", About::Page, r#"{"name":"nobody","password":"a wrong password"}"#),
    ("acceptInvitation", About::Page, r#"{"invitation":"nonsense","password":"a wrong password"}"#),
    ("refreshSignIn", About::Page, ""),
    ("signOut", About::Page, ""),
    ("signOutEverywhere", About::Own, ""),
    ("whoAmI", About::Own, ""),
    ("changePassword", About::Own, r#"{"current":"a wrong password","password":"another password"}"#),
    ("listKeys", About::Own, ""),
    ("addKey", About::Own, r#"{"name":"a key"}"#),
    ("revokeKey", About::One, ""),
    ("listUsers", About::Admins, ""),
    ("addUser", About::Admins, r#"{"name":"eve"}"#),
    ("changeUser", About::Admins, r#"{"disabled":false}"#),
    ("metrics", About::Admins, ""),
    ("showFlags", About::Admins, ""),
    ("changeFlags", About::Admins, r#"{"flags":{},"revision":""}"#),
    ("listWebhooks", About::Own, ""),
    ("createWebhook", About::Own, r#"{"url":"https://example.org/hook"}"#),
    ("showWebhook", About::One, ""),
    ("changeWebhook", About::One, r#"{"url":"https://example.org/hook"}"#),
    ("removeWebhook", About::One, ""),
    ("rotateWebhookSecret", About::One, ""),
    ("listDeliveries", About::One, ""),
    ("replayDelivery", About::One, ""),
    ("replayRange", About::One, r#"{"since":"2026-01-01T00:00:00Z"}"#),
    ("testWebhook", About::One, "{}"),
    ("createSession", About::Own, r#"{"fileName":"a.wav","size":1,"contentType":"audio/wav"}"#),
    ("sendImage", About::Own, "no picture"),
    ("createVideo", About::Own, r#"{"userId":"bob","fileName":"a.mp4","size":1,"contentType":"video/mp4"}"#),
    ("getVideo", About::One, ""),
    ("startSession", About::One, ""),
    ("cancelSession", About::One, ""),
    ("redriveSession", About::One, ""),
    ("listSessions", About::Own, ""),
    ("showSession", About::One, ""),
    ("deleteSession", About::One, ""),
];

/// More of the sessions' routes, all of them about one.
const MORE: [&str; 4] = ["refreshUpload", "watchSession", "showHistory", "fetchResult"];

struct Route {
    method: Method,
    path: String,
    about: About,
    body: &'static str,
}

/// The document's routes, each with what [`PLAN`] says of it.
fn routes() -> Result<Vec<Route>> {
    let document: Value = serde_json::from_str(&service::document())?;
    let mut plan: BTreeMap<&str, (About, &str)> =
        PLAN.iter().map(|&(operation, about, body)| (operation, (about, body))).collect();
    plan.extend(MORE.map(|operation| (operation, (About::One, ""))));
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().context("a document has paths")? {
        for (method, operation) in methods.as_object().context("a path has methods")? {
            let name = operation["operationId"].as_str().context("an operation has a name")?;
            let (about, body) =
                plan.remove(name).with_context(|| format!("{method} {path} ({name}) is in no plan"))?;
            let is_open = operation["security"] == json!([{}]);
            ensure!(
                is_open == matches!(about, About::All | About::Page),
                "{name} says otherwise: {}",
                operation["security"]
            );
            routes.push(Route { method: method.to_uppercase().parse()?, path: path.clone(), about, body });
        }
    }
    ensure!(plan.is_empty(), "in the plan, but not in the document: {:?}", plan.keys());
    Ok(routes)
}

/// What stands for the names in a path.
#[derive(Clone, Copy)]
struct Names<'a> {
    session: &'a str,
    key: &'a str,
    webhook: &'a str,
}

/// An id that nothing has.
const MISSING: &str = "00000000-0000-4000-8000-000000000000";

impl Route {
    fn ask(&self, town: &Town, names: &Names<'_>, token: Option<&str>) -> RequestBuilder {
        let id = match &self.path {
            path if path.starts_with("/api/keys") => names.key,
            path if path.starts_with("/api/webhooks") => names.webhook,
            _ => names.session,
        };
        let path = self.path.replace("{id}", id).replace("{name}", "bob").replace("{slug}", "wrong-state");
        let path = path.replace("{delivery}", MISSING);
        let request = town.request(self.method.clone(), &path, token);
        match self.body {
            "" => request,
            body => request.header("content-type", "application/json").body(body),
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An answer but for what no two have in common.
async fn told(answer: Response) -> Result<(u16, HeaderMap, Value)> {
    let (status, mut headers) = (answer.status().as_u16(), answer.headers().clone());
    for own in ["x-request-id", "date"] {
        headers.remove(own);
    }
    let text = answer.text().await?;
    let mut body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    if let Some(body) = body.as_object_mut() {
        body.remove("requestId");
    }
    Ok((status, headers, body))
}

async fn is_signed_out(answer: Response, what: &str) -> Result<()> {
    let (status, headers, body) = told(answer).await?;
    ensure!(status == 401 && body["type"] == "/problems/signed-out", "{what}: {status} {body}");
    ensure!(headers["content-type"] == "application/problem+json", "{what}: {headers:?}");
    ensure!(headers["www-authenticate"].to_str()?.starts_with("Bearer"), "{what}: {headers:?}");
    Ok(())
}

/// What Bob has.
struct Belongings {
    /// One is Done, and one waits.
    sessions: Vec<String>,
    key: String,
    webhook: String,
}

impl Belongings {
    fn names<'a>(&'a self, session: &'a str) -> Names<'a> {
        Names { session, key: &self.key, webhook: &self.webhook }
    }
}

/// A town in which Bob has all there is to have.
async fn town_of_bob() -> Result<(Town, Citizen, Belongings)> {
    let folder = tempfile::tempdir()?;
    let no_end = "[fairness]\nrequests-per-minute = 100000\nstrangers-per-minute = 100000\n";
    std::fs::write(folder.path().join("lockgate.toml"), no_end)?;
    let town = Town::in_folder(folder, &Setup::default())?;
    let bob = town.citizen("bob", Role::User).await?;
    let flow = town.flow(&bob);
    let done = flow.run("bobs.wav", &wav(4410, 1), "a-key").await?;
    let waits = flow.announce("waits.wav", b"x", "another-key", json!({})).await?;
    let key = town.request(Method::POST, "/api/keys", Some(&bob.token)).json(&json!({ "name": "bobs" }));
    let key = expect(key.send().await?, 201).await?;
    let key = key["key"]["id"].as_str().context("a key has an id")?.to_owned();
    let webhook = json!({ "url": "https://example.org/bobs-hook" });
    let webhook = town.request(Method::POST, "/api/webhooks", Some(&bob.token)).json(&webhook).send().await?;
    let webhook = expect(webhook, 201).await?["webhookId"].as_str().context("an id")?.to_owned();
    Ok((town, bob, Belongings { sessions: vec![id(&done)?, id(&waits)?], key, webhook }))
}

#[tokio::test]
async fn what_is_anothers_is_as_if_it_were_not_there() -> Result<()> {
    let (town, bob, bobs) = town_of_bob().await?;
    let sessions = &bobs.sessions;
    let ada = town.citizen("ada", Role::User).await?;
    let missing = Names { session: MISSING, key: "0000000000000000", webhook: MISSING };
    let mut walked = BTreeSet::new();
    for route in routes()? {
        let what = route.name();
        for session in sessions {
            let names = bobs.names(session);
            if !matches!(route.about, About::All | About::Page) {
                is_signed_out(route.ask(&town, &names, None).send().await?, &what).await?;
                for wrong in ["nonsense", &ada.cookie["__Host-lockgate=".len()..]] {
                    is_signed_out(route.ask(&town, &names, Some(wrong)).send().await?, &what).await?;
                }
            }
            match route.about {
                About::All => {
                    let answer = route.ask(&town, &names, None).send().await?;
                    ensure!(answer.status() == 200, "{what}: {}", answer.status());
                }
                About::Page => {
                    let (status, _, body) =
                        told(route.ask(&town, &names, Some(&ada.token)).send().await?).await?;
                    ensure!(
                        status == 403 && body["type"] == "/problems/not-from-a-page",
                        "{what}: {status} {body}"
                    );
                    let asked = route.ask(&town, &names, None).header(PAGE, "1").send().await?;
                    ensure!(asked.status() == 401, "{what}: {}", asked.status());
                }
                About::One => {
                    let others = told(route.ask(&town, &names, Some(&ada.token)).send().await?).await?;
                    ensure!(others.0 == 404, "{what}: {others:?}");
                    let none = told(route.ask(&town, &missing, Some(&ada.token)).send().await?).await?;
                    ensure!(others == none, "{what}: {others:?} and not {none:?}");
                }
                About::Admins => {
                    let (status, _, body) =
                        told(route.ask(&town, &names, Some(&ada.token)).send().await?).await?;
                    ensure!(
                        status == 403 && body["type"] == "/problems/not-an-admin",
                        "{what}: {status} {body}"
                    );
                }
                About::Own => {}
            }
        }
        walked.insert(what);
    }
    own_affairs(&town, &ada, &bobs).await?;
    rows_of(&town, &walked, &ada)?;
    let untouched = town.flow(&bob).session(&sessions[0]).await?;
    ensure!(untouched["state"] == "Done", "{untouched:#}");
    Ok(())
}

/// What is about the caller tells nothing of Bob; a film for Bob is refused; the keys of two users do not meet.
async fn own_affairs(town: &Town, ada: &Citizen, bobs: &Belongings) -> Result<()> {
    let sessions = &bobs.sessions;
    let names = bobs.names(&sessions[0]);
    // The last one signs her out.
    let (last, others): (Vec<_>, Vec<_>) = routes()?
        .into_iter()
        .filter(|route| route.about == About::Own)
        .partition(|route| route.path.ends_with("everywhere"));
    for route in others.iter().chain(&last) {
        let (status, _, body) = told(route.ask(town, &names, Some(&ada.token)).send().await?).await?;
        let text = body.to_string();
        ensure!(status < 500, "{}: {status} {text}", route.name());
        for secret in sessions.iter().map(String::as_str).chain([
            &*bobs.key,
            &*bobs.webhook,
            "bobs-hook",
            "bobs.wav",
            "\"bob\"",
        ]) {
            ensure!(!text.contains(secret), "{}: {text}", route.name());
        }
        match route.path.as_str() {
            "/upload" => ensure!(status == 403 && body["type"] == "/problems/not-yours", "{text}"),
            "/api/me/password" => ensure!(status == 401, "{text}"),
            _ => {}
        }
    }
    let again = town.sign_in("ada", tests::town::PASSWORD).await?;
    let ada = tests::town::signed_in(again).await?;
    let same_key = town.flow(&ada).announce("waits.wav", b"x", "another-key", json!({})).await?;
    ensure!(id(&same_key)? != sessions[1], "an idempotency key is its user's");
    let webhook = format!("/api/webhooks/{}", bobs.webhook);
    let deliveries = format!("{webhook}/deliveries");
    for path in ["/api/sessions", "/api/webhooks", &webhook, &deliveries] {
        for asked in ["bob", "*"] {
            let answer = town.get(&format!("{path}?owner={asked}"), &ada.token).await?;
            ensure!(answer.status() == 403, "{path} of {asked}: {}", answer.status());
        }
    }
    Ok(())
}

/// Each route that refused somebody, or that changes something, has left a row.
fn rows_of(town: &Town, walked: &BTreeSet<String>, ada: &Citizen) -> Result<()> {
    let rows = town.store()?.audited(10_000, None)?;
    let there: BTreeSet<&str> = rows.iter().map(|entry| entry.row.what.as_str()).collect();
    for what in walked.iter().filter(|what| {
        !["/openapi.json", "/healthz", "/api/recipes", "{slug}", "GET /api/sign-in"]
            .iter()
            .any(|open| what.ends_with(open))
    }) {
        ensure!(there.contains(what.as_str()), "{what} has left no row");
    }
    let shown = rows.iter().find(|entry| {
        entry.row.what == "GET /api/sessions/{id}" && entry.row.who == ada.name && entry.row.whose == "bob"
    });
    let shown = shown.context("who looked for whose session is written down")?;
    ensure!(
        shown.row.result == "404" && shown.row.address == "127.0.0.1" && !shown.row.request_id.is_empty()
    );
    Ok(())
}

#[tokio::test]
async fn an_admin_sees_everything() -> Result<()> {
    let (town, bob, bobs) = town_of_bob().await?;
    let sessions = &bobs.sessions;
    let admin = town.citizen("root", Role::Admin).await?;
    let session =
        expect(town.get(&format!("/api/sessions/{}", sessions[0]), &admin.token).await?, 200).await?;
    ensure!(session["owner"] == "bob", "{session:#}");
    let list = async |query: &str, citizen: &Citizen| -> Result<usize> {
        let list = expect(town.get(&format!("/api/sessions{query}"), &citizen.token).await?, 200).await?;
        Ok(list["sessions"].as_array().context("a list")?.len())
    };
    ensure!(list("", &admin).await? == 0 && list("?owner=bob", &admin).await? == 2);
    ensure!(list("?owner=*", &admin).await? == 2 && list("?owner=*&state=Done", &admin).await? == 1);
    ensure!(list("?owner=*&limit=1", &admin).await? == 1 && list("?owner=nobody", &admin).await? == 0);
    ensure!(list("?owner=bob", &bob).await? == 2, "one's own name may be said");
    let metrics = town.get("/metrics", &admin.token).await?;
    ensure!(metrics.status() == 200);
    // A key without the scope is that of a user.
    let key = json!({ "name": "weak" });
    let key = town.request(Method::POST, "/api/keys", Some(&admin.token)).json(&key).send().await?;
    let key = expect(key, 201).await?["secret"].as_str().context("a secret")?.to_owned();
    for (path, status) in [("/api/sessions?owner=*", 403), ("/api/users", 403), ("/api/sessions", 200)] {
        ensure!(town.get(path, &key).await?.status() == status, "{path}");
    }
    ensure!(town.get(&format!("/api/sessions/{}", sessions[0]), &key).await?.status() == 404);
    ensure!(town.get("/api/webhooks?owner=bob", &key).await?.status() == 403);
    Ok(())
}

/// Where others are told, and what: to be looked at, and no more.
#[tokio::test]
async fn an_admin_looks_at_everybodys_webhooks_and_changes_none() -> Result<()> {
    let (town, bob, bobs) = town_of_bob().await?;
    let admin = town.citizen("root", Role::Admin).await?;
    let webhook = format!("/api/webhooks/{}", bobs.webhook);
    // What is switched off is told nothing, which stands in its log at once.
    let off = json!({ "url": "https://example.org/bobs-hook", "enabled": false });
    expect(town.request(Method::PUT, &webhook, Some(&bob.token)).json(&off).send().await?, 200).await?;
    let (test, empty) = (format!("{webhook}/test"), json!({}));
    let begun = town.request(Method::POST, &test, Some(&bob.token)).json(&empty).send().await?;
    let begun = expect(begun, 202).await?;
    let looked =
        async |path: &str| expect(town.get(&format!("{path}?owner=bob"), &admin.token).await?, 200).await;

    let list = looked("/api/webhooks").await?;
    let listed = list["webhooks"].as_array().context("a list")?;
    ensure!(listed.len() == 1 && listed[0]["webhookId"] == bobs.webhook.as_str(), "{list:#}");
    let shown = looked(&webhook).await?;
    ensure!(shown["url"] == "https://example.org/bobs-hook", "{shown:#}");
    let deliveries = format!("{webhook}/deliveries");
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let log = loop {
        ticks.tick().await;
        let log = looked(&deliveries).await?;
        if log["deliveries"].as_array().is_some_and(|deliveries| !deliveries.is_empty()) {
            break log;
        }
    };
    ensure!(log["deliveries"][0]["deliveryId"] == begun["deliveries"][0], "{log:#} of {begun:#}");
    for told in [&list, &shown, &log] {
        ensure!(!told.to_string().contains("whsec_") && told.get("secret").is_none(), "{told:#}");
    }

    let delivery = begun["deliveries"][0].as_str().context("a delivery has an id")?;
    let changed = json!({ "url": "https://example.org/roots-hook" });
    let since = json!({ "since": "2026-01-01T00:00:00Z" });
    for (method, path, body) in [
        (Method::GET, webhook.clone(), None),
        (Method::GET, deliveries.clone(), None),
        (Method::PUT, format!("{webhook}?owner=bob"), Some(&changed)),
        (Method::DELETE, format!("{webhook}?owner=bob"), None),
        (Method::POST, format!("{webhook}/secret?owner=bob"), None),
        (Method::POST, format!("{webhook}/test?owner=bob"), Some(&empty)),
        (Method::POST, format!("{webhook}/replay?owner=bob"), Some(&since)),
        (Method::POST, format!("{deliveries}/{delivery}/replay?owner=bob"), None),
    ] {
        let request = town.request(method.clone(), &path, Some(&admin.token));
        let request = body.into_iter().fold(request, |request, body| request.json(body));
        let answer = request.send().await?;
        ensure!(answer.status() == 404, "{method} {path}: {}", answer.status());
    }
    ensure!(town.get("/api/webhooks?owner=*", &admin.token).await?.status() == 400);
    ensure!(town.get("/api/webhooks?owner=nobody", &admin.token).await?.status() == 200);
    ensure!(looked(&webhook).await? == shown, "it is as it was");
    Ok(())
}

#[tokio::test]
async fn a_key_is_good_for_its_scopes() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let ada = town.citizen("ada", Role::User).await?;
    let key = async |scopes: Value, token: &str| -> Result<Value> {
        let wanted = json!({ "name": "a key", "scopes": scopes });
        let made = town.request(Method::POST, "/api/keys", Some(token)).json(&wanted).send().await?;
        expect(made, 201).await
    };
    let song = json!({ "fileName": "a.wav", "size": 1, "contentType": "audio/wav" });
    let statuses = async |secret: &Value| -> Result<Vec<u16>> {
        let secret = secret.as_str().context("a secret")?;
        let write = town.request(Method::POST, "/xfer", Some(secret)).json(&song).send().await?;
        let wanted = json!({ "name": "another" });
        let make = town.request(Method::POST, "/api/keys", Some(secret)).json(&wanted).send().await?;
        let read = town.get("/api/sessions", secret).await?;
        Ok([read, write, make].iter().map(|answer| answer.status().as_u16()).collect())
    };
    let made = key(json!(["read"]), &ada.token).await?;
    ensure!(statuses(&made["secret"]).await? == [200, 403, 403]);
    ensure!(statuses(&key(json!(["write"]), &ada.token).await?["secret"]).await? == [403, 201, 403]);
    ensure!(statuses(&key(json!(["read", "write"]), &ada.token).await?["secret"]).await? == [200, 201, 403]);
    ensure!(
        statuses(&key(json!(["read", "write", "admin"]), &ada.token).await?["secret"]).await?
            == [200, 201, 201]
    );
    let revoke = format!("/api/keys/{}", made["key"]["id"].as_str().context("an id")?);
    let revoked = town.request(Method::DELETE, &revoke, Some(&ada.token)).send().await?;
    ensure!(revoked.status() == 204);
    ensure!(statuses(&made["secret"]).await? == [401, 401, 401]);
    let list = expect(town.get("/api/keys", &ada.token).await?, 200).await?;
    ensure!(list["keys"].as_array().is_some_and(|keys| keys.len() == 4), "{list:#}");
    ensure!(!list.to_string().contains("lgk_"), "shown once");
    Ok(())
}
