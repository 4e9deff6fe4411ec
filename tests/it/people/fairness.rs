//! How much may be asked, from where, and by whom; and that one user's many files do not hold up another's one.

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Response};
use serde_json::json;
use service::people::Role;
use tests::flow::{expect, id};
use tests::server::Setup;
use tests::sound::wav;
use tests::town::{PASSWORD, Town};

fn town(fairness: &str, setup: &Setup) -> Result<Town> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("lockgate.toml"), format!("[fairness]\n{fairness}\n"))?;
    Town::in_folder(folder, setup)
}

async fn is_too_many(answer: Response) -> Result<()> {
    let wait =
        answer.headers().get("retry-after").context("it says when to ask again")?.to_str()?.parse::<u64>()?;
    let told = expect(answer, 429).await?;
    ensure!(told["type"] == "/problems/too-many-requests" && (1..=61).contains(&wait), "{told:#} {wait}");
    Ok(())
}

#[tokio::test]
async fn a_user_who_asks_too_much_waits_and_nobody_else() -> Result<()> {
    // Three at once, and one more every ten seconds.
    let town = town("requests-per-minute = 6", &Setup::default())?;
    let (ada, bob) = (town.citizen("ada", Role::User).await?, town.citizen("bob", Role::User).await?);
    for _ in 0..3 {
        ensure!(town.get("/api/me", &ada.token).await?.status() == 200);
    }
    let mut refused = 0;
    for _ in 0..20 {
        let answer = town.get("/api/me", &ada.token).await?;
        if answer.status() != 200 {
            is_too_many(answer).await?;
            refused += 1;
        }
    }
    ensure!(refused >= 15, "{refused} of 20 were refused");
    ensure!(town.get("/api/me", &bob.token).await?.status() == 200);
    let rows = town.store()?.audited(1000, Some("ada"))?;
    let rows = rows.iter().filter(|entry| entry.row.result == "429").count();
    ensure!(rows <= 1, "{rows} rows for one flood");
    Ok(())
}

/// One try, and one more every half a minute.
const ONE_TRY: &str = "sign-ins-per-minute = 2";

async fn attempt(town: &Town, name: &str, forwarded: &str) -> Result<Response> {
    let body = json!({ "name": name, "password": PASSWORD });
    Ok(town.post("/api/sign-in").header("x-forwarded-for", forwarded).json(&body).send().await?)
}

#[tokio::test]
async fn passwords_cannot_be_tried_fast_wherever_one_says_to_be() -> Result<()> {
    let town = town(ONE_TRY, &Setup::default())?;
    ensure!(attempt(&town, "somebody", "10.0.0.0").await?.status() == 401);
    for n in 1..8 {
        is_too_many(attempt(&town, &format!("other-{n}"), &format!("10.0.1.{n}")).await?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn behind_a_named_proxy_each_address_has_its_own() -> Result<()> {
    let setup = Setup::default().flag("--trusted-proxy").flag("127.0.0.1");
    let town = town(ONE_TRY, &setup)?;
    let status = async |name: &str, forwarded: &str| -> Result<u16> {
        Ok(attempt(&town, name, forwarded).await?.status().as_u16())
    };
    ensure!(status("a-0", "192.0.2.1").await? == 401);
    ensure!(status("a-1", "192.0.2.1").await? == 429);
    ensure!(status("b-0", "192.0.2.2").await? == 401, "another address is another's");
    ensure!(status("b-1", "192.0.2.3, 192.0.2.1").await? == 429, "what stands further left is made up");
    // Under one name, from wherever.
    ensure!(status("ada", "198.51.100.1").await? == 401);
    ensure!(status("ada", "198.51.100.2").await? == 429);
    let rows = town.store()?.audited(1000, None)?;
    ensure!(rows.iter().any(|entry| entry.row.address == "192.0.2.2"), "the row says from where it came");
    Ok(())
}

#[tokio::test]
async fn a_quota_is_the_users_own() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("flags.toml"), "[users.everyone]\nsessions = 2\nbytes = 1000\n")?;
    let town = Town::in_folder(folder, &Setup::default())?;
    let (ada, bob) = (town.citizen("ada", Role::User).await?, town.citizen("bob", Role::User).await?);
    let root = town.citizen("root", Role::Admin).await?;
    let announce = async |token: &str, size: u64, key: &str| -> Result<Response> {
        let body = json!({ "fileName": "a.wav", "size": size, "contentType": "audio/wav" });
        let request = town.request(Method::POST, "/xfer", Some(token)).header("idempotency-key", key);
        Ok(request.json(&body).send().await?)
    };
    let first = expect(announce(&ada.token, 900, "one").await?, 201).await?;
    let refused = expect(announce(&ada.token, 101, "two").await?, 403).await?;
    ensure!(refused["type"] == "/problems/quota-exceeded" && refused["limit"] == 1000, "{refused:#}");
    expect(announce(&ada.token, 100, "two").await?, 201).await?;
    let refused = expect(announce(&ada.token, 0, "three").await?, 400).await?;
    ensure!(refused["type"] == "/problems/invalid-body", "{refused:#}");
    let refused = expect(announce(&ada.token, 1, "three").await?, 403).await?;
    ensure!(refused["limit"] == 2, "{refused:#}");
    expect(announce(&ada.token, 900, "one").await?, 201).await?;
    expect(announce(&bob.token, 1000, "one").await?, 201).await?;
    for key in ["a", "b", "c"] {
        expect(announce(&root.token, 1000, key).await?, 201).await?;
    }
    let delete = format!("/api/sessions/{}", id(&first)?);
    ensure!(town.request(Method::DELETE, &delete, Some(&ada.token)).send().await?.status() == 204);
    expect(announce(&ada.token, 900, "three").await?, 201).await?;
    // A picture's key must not be a way around it.
    let picture =
        town.request(Method::POST, "/images", Some(&ada.token)).header("idempotency-key", "picture");
    let picture = picture.body(b"\xff\xd8\xff\xe0 and so on".to_vec()).send().await?;
    ensure!(expect(picture, 403).await?["type"] == "/problems/quota-exceeded");
    Ok(())
}

#[tokio::test]
async fn many_files_of_one_user_do_not_hold_up_another() -> Result<()> {
    const MANY: usize = 24;
    let setup = Setup::default().flag("--workers").flag("1");
    let town = Town::open(&setup)?;
    let (ada, bob) = (town.citizen("ada", Role::User).await?, town.citizen("bob", Role::User).await?);
    let send = async |who: &tests::town::Citizen, key: String| -> Result<String> {
        let flow = town.flow(who);
        let file = wav(22_050, 1);
        let announced = flow.announce("a.wav", &file, &key, json!({ "start": "auto" })).await?;
        ensure!(flow.upload(&announced, &file).await?.status() == 200);
        id(&announced)
    };
    for n in 0..MANY {
        send(&ada, format!("ada-{n}")).await?;
    }
    let bobs = send(&bob, "bob".to_owned()).await?;
    let done = town.flow(&bob).until(&bobs, &["Done", "Failed"]).await?;
    ensure!(done["state"] == "Done", "{done:#}");
    let adas = expect(town.get("/api/sessions?state=Done&limit=100", &ada.token).await?, 200).await?;
    let before = adas["sessions"].as_array().context("a list")?.len();
    println!("{before} of {MANY} of hers were done before his one");
    ensure!(before < MANY - 4, "{before} of {MANY} of hers were done before his one");
    Ok(())
}
