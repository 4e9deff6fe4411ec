//! `lockgate session list`.

use clap::builder::PossibleValuesParser;
use serde_json::Value;
use states::{Kind, Recipe, State};
use strum::VariantArray;

use super::super::Failure;
use super::super::client::Client;
use super::super::screen::line;
use super::card::{percent, problem, text};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only those in this state
    #[arg(long, value_parser = one_of::<State>())]
    state: Option<String>,
    /// Only those that failed of this, such as media-corrupt
    #[arg(long, value_parser = problem_kind)]
    problem: Option<String>,
    /// Only those of this recipe
    #[arg(long, value_parser = one_of::<Recipe>())]
    recipe: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// One of the words of a closed list, which help and completions then know.
fn one_of<W: VariantArray + Into<&'static str> + Copy>() -> PossibleValuesParser {
    PossibleValuesParser::new(W::VARIANTS.iter().map(|&word| word.into()))
}

fn problem_kind(text: &str) -> Result<String, String> {
    let known = Kind::VARIANTS.iter().any(|kind| kind.slug() == text);
    let all = || Kind::VARIANTS.iter().map(|kind| kind.slug()).collect::<Vec<_>>().join(", ");
    if known { Ok(text.to_owned()) } else { Err(format!("sessions fail of {}", all())) }
}

pub(super) async fn run(client: &Client, args: Args, json: bool) -> Result<(), Failure> {
    let filters = [("state", args.state), ("problem", args.problem), ("recipe", args.recipe)];
    let filters: Vec<_> = filters.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let mut is_first = true;
    let each = |session: &Value| {
        if json {
            return line(session);
        }
        if std::mem::take(&mut is_first) {
            line(format_args!("{:36}  {:12}  {:>6}  {:10}  FILE", "SESSION", "STATE", "DONE", "RECIPE"))?;
        }
        row(session)
    };
    let printed = client.pages((&["api", "sessions"], "sessions"), &filters, args.limit, each).await?;
    if printed == 0 && !json {
        eprintln!("There are no such sessions.");
    }
    Ok(())
}

fn row(session: &Value) -> Result<(), Failure> {
    line(format_args!(
        "{:36}  {:12}  {:>6}  {:10}  {}",
        text(&session["sessionId"]),
        text(&session["state"]),
        percent(session),
        text(&session["recipe"]),
        text(&session["source"]["fileName"]),
    ))?;
    match problem(session) {
        Some(problem) => line(format_args!("{:36}  {problem}", "")),
        None => Ok(()),
    }
}
