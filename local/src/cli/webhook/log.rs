//! `lockgate webhook log`: deliveries, and under each its attempts.

use activities::notices::Standing;
use clap::builder::PossibleValuesParser;
use serde_json::Value;
use strum::VariantArray;

use super::super::Failure;
use super::super::client::Client;
use super::super::screen::{line, printable};
use super::path;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The webhook's id, or mail for the letters
    id: String,
    /// Only those that stand so
    #[arg(long, value_parser = standings())]
    state: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

fn standings() -> PossibleValuesParser {
    PossibleValuesParser::new(Standing::VARIANTS.iter().map(|&standing| <&str>::from(standing)))
}

pub(super) async fn run(client: &Client, args: Args, json: bool) -> Result<(), Failure> {
    let filters: Vec<_> = args.state.into_iter().map(|state| ("state", state)).collect();
    let each = |delivery: &Value| if json { line(delivery) } else { shown(delivery) };
    let list = path(&args.id, &["deliveries"]);
    let printed = client.pages((&list, "deliveries"), &filters, args.limit, each).await?;
    if printed == 0 && !json {
        eprintln!("Nothing was told there.");
    }
    Ok(())
}

fn shown(delivery: &Value) -> Result<(), Failure> {
    let text = |value: &Value| value.as_str().map(printable).unwrap_or_default();
    let session = text(&delivery["payload"]["data"]["sessionId"]);
    line(format_args!(
        "{}  {:9}  {:17}  {}  {session}",
        text(&delivery["deliveryId"]),
        text(&delivery["state"]),
        text(&delivery["event"]),
        text(&delivery["createdAt"]),
    ))?;
    for attempt in delivery["attempts"].as_array().into_iter().flatten() {
        let status = attempt["status"].as_u64().map_or_else(|| "-".to_owned(), |status| status.to_string());
        let why = text(&attempt["error"]);
        let millis = &attempt["durationMs"];
        line(format_args!("    {}  {status:3}  {millis} ms  {why}", text(&attempt["at"])))?;
        let answer = text(&attempt["response"]);
        if !answer.is_empty() {
            line(format_args!("        {}", answer.chars().take(200).collect::<String>()))?;
        }
    }
    if let Some(next) = delivery["nextAttemptAt"].as_str() {
        line(format_args!("    {}  next attempt", printable(next)))?;
    }
    Ok(())
}
