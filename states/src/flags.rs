//! What whoever looks after a server allows, and may change while it runs: which recipes, how large their files may be, what
//! they do unless told otherwise, how much each user may do at a time, and whether anything new is taken at all.
//!
//! Not here: where flags are kept and how a change is noticed (the port `Flags`), and who heeds them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::options;
use crate::recipe::Recipe;

/// All flags. What is not said is as if there were no flags.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlagSet {
    pub maintenance: Maintenance,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub recipes: BTreeMap<Recipe, RecipeFlags>,
    pub users: UserFlags,
}

/// While it is on, nothing new is taken; what has begun goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Maintenance {
    pub on: bool,
    /// Told to whoever is refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// After so many seconds they are to try again.
    pub retry: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecipeFlags {
    pub on: bool,
    /// Why it is off; told to whoever asks for it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A file may have so many bytes, where that is less than the recipe's own limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Options of sessions that do not say otherwise.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserFlags {
    pub everyone: Allowance,
    /// Of these users, instead of everyone's; what is not said is everyone's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub named: BTreeMap<String, Allowance>,
}

/// What one user may do; what is not said is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Allowance {
    /// Sessions that are worked on at a time; the others wait for their turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u32>,
    /// Sessions that there are, whatever their state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    /// Bytes of files and results that are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What in a set of flags cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", .place.join("."))]
pub struct NoFlag {
    /// The names that lead there.
    pub place: Vec<String>,
    pub why: String,
}

/// Longer reasons are no sentences.
const REASON_CHARS: usize = 300;

const RETRY: std::ops::RangeInclusive<u32> = 1..=86_400;

impl Default for Maintenance {
    fn default() -> Self {
        Self { on: false, reason: String::new(), retry: 300 }
    }
}

impl Default for RecipeFlags {
    fn default() -> Self {
        Self { on: true, reason: String::new(), bytes: None, options: Map::new() }
    }
}

impl FlagSet {
    /// What must hold beyond the types.
    pub fn check(&self) -> Result<(), NoFlag> {
        let refuse = |place: &[&str], why: String| {
            Err(NoFlag { place: place.iter().map(|&name| name.to_owned()).collect(), why })
        };
        if !RETRY.contains(&self.maintenance.retry) {
            return refuse(&["maintenance", "retry"], "it is not 1 to 86400 seconds".to_owned());
        }
        if !is_sentence(&self.maintenance.reason) {
            return refuse(
                &["maintenance", "reason"],
                format!("it is not one line of {REASON_CHARS} characters"),
            );
        }
        for (recipe, flags) in &self.recipes {
            let name = recipe.to_string();
            if !is_sentence(&flags.reason) {
                let why = format!("it is not one line of {REASON_CHARS} characters");
                return refuse(&["recipes", &name, "reason"], why);
            }
            if let Err(refused) = options::check(*recipe, &flags.options) {
                return refuse(&["recipes", &name, "options", &refused.option], refused.why);
            }
        }
        Ok(())
    }

    pub fn recipe(&self, recipe: Recipe) -> RecipeFlags {
        self.recipes.get(&recipe).cloned().unwrap_or_default()
    }

    /// Why `recipe` is off, if it is, in a sentence.
    pub fn refuses(&self, recipe: Recipe) -> Option<String> {
        let flags = self.recipes.get(&recipe).filter(|flags| !flags.on)?;
        let reason = if flags.reason.is_empty() { "It is switched off for now." } else { &flags.reason };
        Some(reason.to_owned())
    }

    /// A file for `recipe` may have so many bytes.
    pub fn max_bytes(&self, recipe: Recipe) -> u64 {
        let own = recipe.row().max_bytes;
        self.recipes.get(&recipe).and_then(|flags| flags.bytes).map_or(own, |bytes| bytes.min(own))
    }

    /// `said`, and beside it what is not said and has a default here. What comes of it must hold as if it had been said; if
    /// it does not, what was said stands alone.
    pub fn options(&self, recipe: Recipe, said: &Map<String, Value>) -> Map<String, Value> {
        let Some(flags) = self.recipes.get(&recipe) else { return said.clone() };
        let mut options = flags.options.clone();
        options.extend(said.iter().map(|(name, value)| (name.clone(), value.clone())));
        if options::check(recipe, &options).is_ok() { options } else { said.clone() }
    }

    /// What `user` may do.
    pub fn allowance(&self, user: &str) -> Allowance {
        let everyone = self.users.everyone;
        let named = self.users.named.get(user).copied().unwrap_or_default();
        Allowance {
            concurrent: named.concurrent.or(everyone.concurrent),
            sessions: named.sessions.or(everyone.sessions),
            bytes: named.bytes.or(everyone.bytes),
        }
    }

    /// What `other` says otherwise, flag by flag: `recipes.video.on: true → false`. A flag that stands on one side alone is
    /// nothing on the other.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        for (flags, said) in [(self, &mut before), (other, &mut after)] {
            flatten(&serde_json::to_value(flags).expect("flags are plain data"), "", said);
        }
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let word = |said: &BTreeMap<String, String>, name| {
            said.get(name).map_or_else(|| "–".to_owned(), Clone::clone)
        };
        let all = names.into_iter().map(|name| (name, word(&before, name), word(&after, name)));
        all.filter(|(_, was, is)| was != is).map(|(name, was, is)| format!("{name}: {was} → {is}")).collect()
    }
}

/// The values of a document by their names, with dots between.
fn flatten(document: &Value, name: &str, said: &mut BTreeMap<String, String>) {
    match document {
        Value::Object(members) => {
            for (member, value) in members {
                let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                flatten(value, &name, said);
            }
        }
        value => {
            said.insert(name.to_owned(), value.to_string());
        }
    }
}

fn is_sentence(text: &str) -> bool {
    text.chars().count() <= REASON_CHARS && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flags(document: Value) -> FlagSet {
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn without_a_word_everything_is_as_it_was() {
        let none = flags(json!({}));
        assert_eq!(none, FlagSet::default());
        assert_eq!(none.check(), Ok(()));
        let said = json!({ "level": "best" }).as_object().cloned().unwrap();
        assert_eq!(none.options(Recipe::Flac, &said), said);
        assert_eq!((none.refuses(Recipe::Flac), none.allowance("ada")), (None, Allowance::default()));
        assert_eq!(none.max_bytes(Recipe::Flac), Recipe::Flac.row().max_bytes);
    }

    #[test]
    fn a_recipe_is_off_for_a_reason_capped_and_has_other_defaults() {
        let flags = flags(json!({ "recipes": {
            "video": { "on": false, "reason": "The fan is loud." },
            "proxies": { "on": false },
            "flac": { "bytes": 1000, "options": { "level": "fast", "channels": 1 } },
            "captions": { "bytes": u64::MAX },
        } }));
        assert_eq!(flags.check(), Ok(()));
        assert_eq!(flags.refuses(Recipe::Video).as_deref(), Some("The fan is loud."));
        assert_eq!(flags.refuses(Recipe::Proxies).as_deref(), Some("It is switched off for now."));
        assert_eq!(flags.max_bytes(Recipe::Flac), 1000);
        assert_eq!(
            flags.max_bytes(Recipe::Captions),
            Recipe::Captions.row().max_bytes,
            "a cap is no licence"
        );
        let said = json!({ "level": "best" }).as_object().cloned().unwrap();
        let all = flags.options(Recipe::Flac, &said);
        assert_eq!(Value::Object(all), json!({ "level": "best", "channels": 1 }));
    }

    #[test]
    fn a_default_gives_way_to_what_it_cannot_stand_beside() {
        let flags = flags(json!({ "recipes": { "thumbnails": { "options": { "count": 5 } } } }));
        let said = json!({ "interval": 2.0 }).as_object().cloned().unwrap();
        assert_eq!(flags.options(Recipe::Thumbnails, &said), said);
    }

    #[test]
    fn a_named_user_has_what_is_said_and_else_what_everyone_has() {
        let flags = flags(json!({ "users": {
            "everyone": { "concurrent": 2, "bytes": 100 },
            "named": { "ada": { "concurrent": 8 } },
        } }));
        let allowance =
            |concurrent| Allowance { concurrent: Some(concurrent), sessions: None, bytes: Some(100) };
        assert_eq!((flags.allowance("bob"), flags.allowance("ada")), (allowance(2), allowance(8)));
    }

    #[test]
    fn a_change_is_told_flag_by_flag() {
        let before = flags(json!({ "recipes": { "video": { "bytes": 5 }, "flac": { "on": false } } }));
        let after = flags(json!({
            "maintenance": { "on": true },
            "recipes": { "video": { "bytes": 7 }, "flac": { "on": false } },
            "users": { "named": { "ada": { "sessions": 1 } } },
        }));
        let told =
            ["maintenance.on: false → true", "recipes.video.bytes: 5 → 7", "users.named.ada.sessions: – → 1"];
        assert_eq!(before.differences(&after), told);
        assert_eq!(before.differences(&before), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_is_named_by_its_place() {
        for (document, place) in [
            (json!({ "maintenance": { "retry": 0 } }), "maintenance.retry"),
            (json!({ "maintenance": { "reason": "a\nb" } }), "maintenance.reason"),
            (json!({ "recipes": { "flac": { "options": { "lvel": 1 } } } }), "recipes.flac.options.lvel"),
        ] {
            let refused = flags(document).check().unwrap_err().to_string();
            assert!(refused.starts_with(place), "{refused}");
        }
        assert!(serde_json::from_value::<FlagSet>(json!({ "recipes": { "lunch": {} } })).is_err());
        assert!(
            serde_json::from_value::<FlagSet>(json!({ "recipes": { "flac": { "of": false } } })).is_err()
        );
    }
}
