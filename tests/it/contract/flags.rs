//! What a place for flags must do.

use activities::ports::Written;
use anyhow::{Result, ensure};
use serde_json::json;
use states::{FlagSet, Recipe};

use super::worlds::Flagpole;

suite!(
    [
        where_nobody_has_set_any_there_are_none,
        what_is_put_there_holds_for_everybody,
        who_has_not_seen_the_last_change_changes_nothing,
        what_cannot_be_read_changes_nothing_and_is_said,
    ]
    in file: file_of_flags, on_aws: parameter_of_flags,
);

fn off() -> Result<FlagSet> {
    Ok(serde_json::from_value(json!({ "recipes": { "flac": { "on": false, "reason": "Not today." } } }))?)
}

async fn where_nobody_has_set_any_there_are_none(pole: &Flagpole) -> Result<()> {
    let standing = pole.flags().now();
    ensure!(*standing.flags == FlagSet::default() && standing.trouble.is_none(), "{standing:?}");
    Ok(())
}

async fn what_is_put_there_holds_for_everybody(pole: &Flagpole) -> Result<()> {
    let before = pole.flags().now();
    ensure!(pole.flags().put(&off()?, &before.revision).await? == Written::Stored);
    let standing = pole.flags().now();
    ensure!(*standing.flags == off()? && standing.revision != before.revision, "{standing:?}");
    ensure!(standing.flags.refuses(Recipe::Flac).as_deref() == Some("Not today."), "{standing:?}");
    let elsewhere = pole.elsewhere().await?.flags().now();
    ensure!(elsewhere.flags == standing.flags && elsewhere.trouble.is_none(), "{elsewhere:?}");
    ensure!(elsewhere.revision == standing.revision, "{elsewhere:?} after {standing:?}");
    Ok(())
}

async fn who_has_not_seen_the_last_change_changes_nothing(pole: &Flagpole) -> Result<()> {
    let before = pole.flags().now().revision;
    ensure!(pole.flags().put(&off()?, &before).await? == Written::Stored);
    ensure!(pole.flags().put(&FlagSet::default(), &before).await? == Written::Refused);
    let elsewhere = pole.elsewhere().await?.flags().now();
    ensure!(*elsewhere.flags == off()?, "{elsewhere:?}");
    let standing = pole.flags().now();
    ensure!(pole.flags().put(&FlagSet::default(), &standing.revision).await? == Written::Stored);
    let elsewhere = pole.elsewhere().await?.flags().now();
    ensure!(*elsewhere.flags == FlagSet::default(), "{elsewhere:?}");
    Ok(())
}

async fn what_cannot_be_read_changes_nothing_and_is_said(pole: &Flagpole) -> Result<()> {
    let before = pole.flags().now().revision;
    ensure!(pole.flags().put(&off()?, &before).await? == Written::Stored);
    let good = pole.flags().now();
    pole.write("no flags at all").await?;
    // Whoever is refused looks again.
    ensure!(pole.flags().put(&FlagSet::default(), "nobody's").await? == Written::Refused);
    pole.look().await;
    let standing = pole.flags().now();
    ensure!(standing.flags == good.flags && standing.revision == good.revision, "{standing:?}");
    ensure!(standing.trouble.is_some(), "{standing:?}");
    // Who has never read any has none, and says so too.
    let elsewhere = pole.elsewhere().await?.flags().now();
    ensure!(*elsewhere.flags == FlagSet::default() && elsewhere.trouble.is_some(), "{elsewhere:?}");
    Ok(())
}
