//! SES, by moto: it takes letters of senders that are verified, and keeps of each what a mail program would show.

use anyhow::{Context, Result};
use aws::connection::Connection;
use serde_json::Value;

use super::Rig;

/// Whom the deployed stack writes as.
pub const SENDER: &str = "Lockgate <lockgate@example.org>";

/// Has a sender's address verified; it may have been before.
pub async fn verify(rig: &Rig, address: &str) -> Result<()> {
    let letters = Connection::new(&rig.account())?.letters();
    match letters.create_email_identity().email_identity(address).send().await {
        Err(error) if error.as_service_error().is_none() => Err(error.into()),
        _ => Ok(()),
    }
}

/// What was sent to this address, oldest first: each letter with its `source`, `subject` and HTML `body`.
pub async fn letters_to(rig: &Rig, address: &str) -> Result<Vec<Value>> {
    let kept = reqwest::get(format!("{}/moto-api/data.json", rig.moto)).await?.error_for_status()?;
    let mut kept: Value = kept.json().await?;
    let letters = kept["ses"]["Message"].take();
    let letters = letters.as_array().cloned().context("moto keeps letters")?;
    let is_theirs = |letter: &Value| letter["destinations"]["ToAddresses"][0] == address;
    Ok(letters.into_iter().filter(is_theirs).collect())
}
