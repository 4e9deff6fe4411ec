//! The people on the command line, beside a server that runs; and the command line as one of its clients.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use serde_json::Value;
use service::people::Role;
use tests::server::{Setup, binary};
use tests::town::{PASSWORD, Town, signed_in};

struct Desk<'a>(&'a Town);

impl Desk<'_> {
    fn run(&self, arguments: &[&str], input: &str, key: Option<&str>) -> Result<Output> {
        let mut command = Command::new(binary()?);
        command
            .args(arguments)
            .env("LOCKGATE_DATA", self.0.folder.path())
            .env("LOCKGATE_SERVER", &self.0.server.url);
        command.env_remove("LOCKGATE_KEY").envs(key.map(|key| ("LOCKGATE_KEY", key)));
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn()?;
        child.stdin.take().context("its input is piped")?.write_all(input.as_bytes())?;
        Ok(child.wait_with_output()?)
    }

    /// What it said; it must have gone well.
    fn said(&self, arguments: &[&str], input: &str) -> Result<String> {
        let output = self.run(arguments, input, None)?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

#[tokio::test]
async fn users_are_looked_after_beside_a_server_that_runs() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    let desk = Desk(&town);
    let added = desk.said(&["user", "add", "ada"], "")?;
    ensure!(added.starts_with("ada ") && added.contains("/invitation#"), "{added}");
    desk.said(&["user", "passwd", "ada"], &format!("{PASSWORD}\n"))?;
    let ada = signed_in(town.sign_in("ada", PASSWORD).await?).await?;
    desk.said(&["user", "role", "ada", "admin"], "")?;
    let listed: Value =
        serde_json::from_str(desk.said(&["user", "list", "--json"], "")?.lines().next().context("a line")?)?;
    ensure!(listed["user"]["name"] == "ada" || listed["user"]["name"] == "admin", "{listed}");
    ensure!(town.get("/api/users", &ada.token).await?.status() == 200, "at once");
    for wrong in [
        &["user", "add", "ada"][..],
        &["user", "add", "A b"],
        &["user", "disable", "ada"],
        &["user", "enable", "eve"],
    ] {
        let output = desk.run(wrong, "", None)?;
        let told = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(1) && told.lines().count() == 1, "{wrong:?}: {told}");
    }
    let output = desk.run(&["user", "passwd", "ada"], "short\n", None)?;
    ensure!(output.status.code() == Some(1) && String::from_utf8(output.stderr)?.contains("12 to 256"));
    town.citizen("root", Role::Admin).await?;
    desk.said(&["user", "disable", "ada"], "")?;
    ensure!(town.get("/api/me", &ada.token).await?.status() == 401, "at once");
    let log = desk.said(&["audit", "list"], "")?;
    for what in ["user.add ada", "user.passwd ada", "user.role ada", "user.disable ada"] {
        ensure!(log.contains(what), "{what} is not in:\n{log}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_opens_the_server_to_the_command_line() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    town.citizen("ada", Role::User).await?;
    let desk = Desk(&town);
    let key = desk.said(&["key", "add", "ada", "--name", "a machine"], "")?;
    let key = key.trim();
    ensure!(key.starts_with("lgk_"), "{key}");
    let list = |key: Option<&str>| desk.run(&["session", "list", "--json"], "", key);
    let without = list(None)?;
    ensure!(without.status.code() == Some(4), "{:?}", without.status);
    ensure!(list(Some(key))?.status.success());
    let file = town.folder.path().join("a.wav");
    std::fs::write(&file, tests::sound::wav(4410, 1))?;
    let out = town.folder.path().join("out");
    std::fs::create_dir(&out)?;
    let (file, out) = (file.to_string_lossy(), out.to_string_lossy());
    let sent = desk.run(&["session", "new", &file, "-o", &out], "", Some(key))?;
    ensure!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let keys = desk.said(&["key", "list", "ada"], "")?;
    ensure!(keys.contains("a machine") && keys.contains("used 20") && !keys.contains("lgk_"), "{keys}");
    let id = keys.split_whitespace().next().context("a key has an id")?;
    desk.said(&["key", "revoke", "ada", id], "")?;
    let revoked = list(Some(key))?;
    ensure!(revoked.status.code() == Some(4), "{:?}", revoked.status);
    ensure!(!String::from_utf8_lossy(&revoked.stderr).contains(key) && !town.log().contains(key));
    Ok(())
}

#[tokio::test]
async fn a_log_that_was_changed_is_found_out() -> Result<()> {
    let town = Town::open(&Setup::default())?;
    town.citizen("ada", Role::User).await?;
    let desk = Desk(&town);
    for _ in 0..3 {
        town.sign_in("ada", "a wrong password").await?;
    }
    let whole = desk.said(&["audit", "verify"], "")?;
    let known = whole.trim().rsplit(' ').next().context("it says what to keep")?.to_owned();
    ensure!(whole.starts_with("4 rows"), "{whole}");
    desk.said(&["audit", "verify", "--known", &known], "")?;
    let database = Connection::open(town.folder.path().join("people.db"))?;
    database.execute_batch("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_cut;")?;
    database.execute("DELETE FROM audit WHERE number = 4", [])?;
    desk.said(&["audit", "verify"], "")?;
    let cut = desk.run(&["audit", "verify", "--known", &known], "", None)?;
    ensure!(cut.status.code() == Some(1) && String::from_utf8(cut.stdout)?.contains("Row 4"));
    database.execute("UPDATE audit SET address = '10.0.0.1' WHERE number = 2", [])?;
    let changed = desk.run(&["audit", "verify"], "", None)?;
    ensure!(changed.status.code() == Some(1) && String::from_utf8(changed.stdout)?.contains("Row 2"));
    Ok(())
}
