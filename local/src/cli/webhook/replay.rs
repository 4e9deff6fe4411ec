//! `lockgate webhook replay`: one delivery, or those of a time.

use clap::ArgGroup;
use reqwest::Method;
use serde_json::json;
use states::Timestamp;

use super::super::Failure;
use super::super::client::Client;
use super::{path, said};

#[derive(clap::Args)]
#[command(group(ArgGroup::new("which").required(true).args(["delivery", "since"])))]
pub(super) struct Args {
    /// The webhook's id, or mail for the letters
    id: String,
    /// This delivery, as log shows its id
    #[arg(long, value_name = "ID")]
    delivery: Option<String>,
    /// All that were given up since then, such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// and before then
    #[arg(long, value_name = "TIME", requires = "since")]
    until: Option<Timestamp>,
    /// Those that were delivered, too
    #[arg(long, requires = "since")]
    all: bool,
}

pub(super) async fn run(client: &Client, args: Args, json: bool) -> Result<(), Failure> {
    let begun = match &args.delivery {
        Some(delivery) => {
            client.ask(Method::POST, &path(&args.id, &["deliveries", delivery, "replay"])).await?
        }
        None => {
            let range = json!({ "since": args.since, "until": args.until, "all": args.all });
            client.tell(Method::POST, &path(&args.id, &["replay"]), &range).await?
        }
    };
    let count = begun["deliveries"].as_array().map_or(0, Vec::len);
    let deliveries = if count == 1 { "delivery is" } else { "deliveries are" };
    said(json, &begun, &format!("{count} {deliveries} under way; see lockgate webhook log {}", args.id))
}
