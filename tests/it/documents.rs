//! What `docs/` and README say of recipes, configuration and the environment is so, and their links lead somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use local::config::{Config, Told};
use states::Recipe;
use states::options::{
    CHANNELS, DEPTHS, FRAME_WIDTHS, INTERVALS, MOST_FRAMES, MOST_TRACKS, RATES, Spread, Thumbnails,
};
use states::recipe::RECIPES;
use states::session::Deadlines;
use tests::cost::FLAC;
use tests::generated::root;

fn document(name: &str) -> Result<String> {
    let path = root().join("docs").join(name);
    std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))
}

/// On one line, so that nothing depends on where lines are broken.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn list(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        bytes => format!("{} MB", bytes / 1_000_000),
    }
}

fn time(seconds: u32) -> String {
    if seconds.is_multiple_of(3600) {
        format!("{} h", seconds / 3600)
    } else {
        format!("{} min", seconds / 60)
    }
}

/// What stands under the heading of that name, on one line.
fn section(text: &str, heading: &str) -> Result<String> {
    let (_, from) = text.split_once(&format!("\n## {heading}\n")).with_context(|| heading.to_owned())?;
    Ok(in_one_line(from.split("\n## ").next().unwrap_or_default()))
}

#[test]
fn recipes_are_described_as_they_are() -> Result<()> {
    let text = document("recipes.md")?;
    for row in RECIPES {
        let (most, patience) = (size(row.max_bytes), time(row.timeout_seconds));
        let line = format!("| `{}` | {} | {most} | {patience} |", row.recipe, row.title);
        ensure!(text.contains(&line), "recipes.md lacks {line}");
        let about = section(&text, &row.recipe.to_string())?;
        let same =
            row.endings == Recipe::Thumbnails.row().endings && about.contains("From the same as thumbnails");
        ensure!(
            same || about.contains(&format!(" {}.", row.endings.join(", "))),
            "endings of {}",
            row.recipe
        );
    }
    let Thumbnails { spread, width, .. } = Thumbnails::default();
    let Spread::Count(count) = spread else { anyhow::bail!("so many frames, unless said") };
    let said = [
        (Recipe::Flac, format!("| `bits` | {} |", list(DEPTHS))),
        (Recipe::Flac, format!("| `rate` | {} |", list(RATES))),
        (Recipe::Flac, format!("| `channels` | {} |", list(CHANNELS))),
        (Recipe::Flac, format!("| `track` | 1 to {MOST_TRACKS} |")),
        (
            Recipe::Thumbnails,
            format!("1 to {MOST_FRAMES} frames, each from the middle of its part | {count} |"),
        ),
        (Recipe::Thumbnails, format!("{} to {} seconds", INTERVALS.start(), INTERVALS.end())),
        (
            Recipe::Thumbnails,
            format!("{} to {} pixels at most | {width} |", FRAME_WIDTHS.start(), FRAME_WIDTHS.end()),
        ),
    ];
    for (recipe, words) in said {
        ensure!(section(&text, &recipe.to_string())?.contains(&words), "recipes.md lacks: {words}");
    }
    Ok(())
}

/// The examples of the page on configuration, as one file; keys that stand behind a # are said, too.
fn configuration() -> Result<String> {
    let text = document("configuration.md")?;
    let blocks = text.split("```toml\n").skip(1).filter_map(|block| block.split("```").next());
    let said = |line: &str| match line.strip_prefix("# ").filter(|rest| rest.contains(" = ")) {
        Some(rest) => format!("{rest}\n"),
        None => format!("{line}\n"),
    };
    Ok(blocks.flat_map(str::lines).map(said).collect())
}

/// The examples of README, as one file: what is set off and begins with the name of a table.
fn configuration_of_readme() -> Result<String> {
    let text = std::fs::read_to_string(root().join("README.md"))?;
    let tables = text.split("\n\n").filter(|paragraph| paragraph.starts_with("    ["));
    Ok(tables.map(|table| format!("{table}\n")).collect())
}

/// What a server makes of such a file.
fn settled(text: &str) -> Result<Config> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("lockgate.toml"), text)?;
    Ok(Config::checked(Told { data: Some(folder.path().to_owned()), ..Told::default() })?)
}

#[test]
fn a_server_takes_every_example_of_its_configuration() -> Result<()> {
    for (page, text) in [("configuration.md", configuration()?), ("README.md", configuration_of_readme()?)] {
        let said: toml::Table = toml::from_str(&text).with_context(|| page)?;
        ensure!(said.len() >= 8, "{page} says {said:?}");
        settled(&text).with_context(|| page)?;
    }
    Ok(())
}

/// What a session costs is reckoned with as many for every recipe.
#[test]
fn the_workflow_leads_every_recipe_through_as_many_states() -> Result<()> {
    let text = std::fs::read_to_string(root().join("states/session.asl.json"))?;
    let document: serde_json::Value = serde_json::from_str(&text)?;
    let states = &document["States"];
    // What the document begins with, the choice of the recipe included, and then what each choice leads to.
    let before = ["Begin", "HasBegun", "Probe", "Recipe"];
    ensure!(document["StartAt"] == before[0], "{document:#}");
    ensure!(states["Begin"]["Next"] == "HasBegun" && states["HasBegun"]["Default"] == "Probe", "{states:#}");
    ensure!(states["Probe"]["Next"] == "Recipe", "{states:#}");
    let choices = states["Recipe"]["Choices"].as_array().context("there is a choice")?;
    ensure!(choices.len() >= RECIPES.len(), "{choices:#?}");
    for choice in choices {
        let (mut entered, mut next) = (before.len() as u32, &choice["Next"]);
        while let Some(name) = next.as_str() {
            (entered, next) = (entered + 1, &states[name]["Next"]);
        }
        ensure!(entered == FLAC.transitions, "{choice:#}");
    }
    Ok(())
}

#[test]
fn patience_is_described_as_it_is() -> Result<()> {
    let said: toml::Table = toml::from_str(&configuration()?)?;
    let usual = Deadlines::default();
    for (name, deadline) in [
        ("upload-grace", usual.upload_grace),
        ("start-within", usual.start_within),
        ("checkup", usual.checkup),
        ("debt", usual.debt),
        ("upload-check", usual.upload_check),
        ("not-found", usual.not_found),
        ("deletion-grace", usual.deletion_grace),
        ("after-failure", usual.after_failure),
        ("dead-execution", usual.dead_execution),
    ] {
        ensure!(said["patience"][name].as_integer() == Some(deadline.as_secs()), "{name} is {deadline:?}");
    }
    Ok(())
}

/// Files below `folder` whose names end so.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Variables of ours that the sources below `folder` name.
fn variables(folder: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for file in files(&root().join(folder), ".rs")? {
        let text = std::fs::read_to_string(file)?;
        let found = text.split("\"LOCKGATE_").skip(1).filter_map(|rest| rest.split('"').next());
        // A test may put a name together.
        let whole = found.filter(|name| {
            name.bytes().all(|byte| byte.is_ascii_uppercase() || b"_0123456789".contains(&byte))
        });
        names.extend(whole.map(|name| format!("LOCKGATE_{name}")));
    }
    Ok(names)
}

#[test]
fn every_variable_of_the_environment_is_described() -> Result<()> {
    let pages =
        [("configuration.md", &["local/src", "workflow/ledger/src"][..]), ("aws.md", &["aws/src"][..])];
    for (page, folders) in pages {
        let mut names = BTreeSet::new();
        for folder in folders {
            names.extend(variables(folder)?);
        }
        ensure!(names.len() > 10, "{folders:?}: {names:?}");
        let text = document(page)?;
        let missing: Vec<_> = names.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
        ensure!(missing.is_empty(), "{page} lacks {missing:?}");
    }
    Ok(())
}

/// What leads to the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
        kept.map(|char| if char == ' ' { '-' } else { char }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_somewhere() -> Result<()> {
    let mut pages = files(&root().join("docs"), ".md")?;
    pages.extend(["README.md", "ARCHITECTURE.md"].map(|name| root().join(name)));
    for page in pages {
        let text = std::fs::read_to_string(&page)?;
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = page.parent().context("a page lies in a folder")?;
            let target = if path.is_empty() { page.clone() } else { folder.join(path) };
            ensure!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let there = anchors(&std::fs::read_to_string(&target)?);
                ensure!(there.contains(anchor), "{}: {link} of {there:?}", page.display());
            }
        }
    }
    Ok(())
}
