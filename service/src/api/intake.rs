//! What is asked of a new session, and what must hold of it before anything is written.

use std::collections::BTreeMap;

use activities::Ctx;
use activities::clock::random_id;
use activities::recipes::availability;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use states::flags::{FlagSet, Maintenance};
use states::options::{self, Refused};
use states::recipe::{RECIPES, Row};
use states::session::{Draft, Source, StartMode};
use states::{Recipe, Session};

use super::error::Error;
use super::extract::pointer_to;
use super::options::OptionsSchema;
use super::vocabulary::{RecipeName, StartModeName};
use crate::Service;

const FILE_NAME_CHARS: usize = 255;
const CONTENT_TYPE_BYTES: usize = 255;
const METADATA_ENTRIES: usize = 20;
const METADATA_KEY_CHARS: usize = 64;
const METADATA_VALUE_CHARS: usize = 512;

/// A file that is going to be uploaded, and what to make of it.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSession)]
pub(crate) struct Request {
    /// For display and for the names of the results; 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    file_name: String,
    /// Bytes, exactly.
    #[schema(minimum = 1)]
    size: u64,
    /// The media type the file is sent with.
    #[schema(max_length = 255, examples("audio/mpeg"))]
    content_type: String,
    /// In hexadecimal. When given, other bytes are refused at the upload.
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    sha256: Option<String>,
    /// Chosen by type and name when not given.
    #[schema(value_type = Option<RecipeName>)]
    recipe: Option<Recipe>,
    /// What the recipe lets one choose.
    #[serde(default)]
    #[schema(value_type = OptionsSchema)]
    options: Map<String, Value>,
    #[serde(default)]
    #[schema(value_type = StartModeName)]
    start: StartMode,
    /// Kept with the session and shown with it; at most 20 entries.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// A request that holds.
pub(crate) struct Intake {
    request: Request,
    recipe: Recipe,
}

impl Request {
    /// Once its file is uploaded, nobody need start it.
    pub(crate) fn starting_by_itself(
        recipe: Recipe,
        file_name: String,
        size: u64,
        content_type: String,
        sha256: Option<String>,
        metadata: BTreeMap<String, String>,
    ) -> Self {
        let (recipe, start) = (Some(recipe), StartMode::Auto);
        Self { file_name, size, content_type, sha256, recipe, options: Map::new(), start, metadata }
    }

    /// Tells this request from another one under the same idempotency key.
    pub(crate) fn digest(&self) -> String {
        let text = serde_json::to_vec(self).expect("a request that was JSON can be written as JSON");
        hex::encode(Sha256::digest(text))
    }

    pub(crate) fn check(mut self, ctx: &Ctx) -> Result<Intake, Error> {
        let flags = ctx.flags();
        refuse_under_maintenance(&flags)?;
        self.file_name = self.file_name.trim().to_owned();
        self.check_name()?;
        self.check_type()?;
        if let Some(sha256) = &mut self.sha256 {
            sha256.make_ascii_lowercase();
            if sha256.len() != 64 || hex::decode(&*sha256).is_err() {
                return Err(wrong("/sha256", "it is not 64 hexadecimal digits"));
            }
        }
        self.check_metadata()?;
        let recipe = self.choose()?;
        if let Some(why) = availability::lacks(ctx, recipe) {
            return Err(Error::RecipeUnavailable { recipe, why });
        }
        options::check(recipe, &self.options)
            .map_err(|Refused { option, why }| wrong(&format!("/options{}", pointer_to(&option)), &why))?;
        if self.size == 0 {
            return Err(wrong("/size", "a file has at least one byte"));
        }
        let limit = flags.max_bytes(recipe);
        if self.size > limit {
            return Err(Error::TooLarge { what: "A file for this recipe", limit });
        }
        self.options = flags.options(recipe, &self.options);
        Ok(Intake { request: self, recipe })
    }

    fn check_name(&self) -> Result<(), Error> {
        let length = self.file_name.chars().count();
        if !(1..=FILE_NAME_CHARS).contains(&length) {
            return Err(wrong("/fileName", "it is not 1 to 255 characters long"));
        }
        if self.file_name.chars().any(char::is_control) {
            return Err(wrong("/fileName", "it holds control characters"));
        }
        Ok(())
    }

    fn check_type(&self) -> Result<(), Error> {
        if self.content_type.len() <= CONTENT_TYPE_BYTES && is_media_type(&self.content_type) {
            Ok(())
        } else {
            Err(wrong("/contentType", "it is not a media type, such as audio/mpeg"))
        }
    }

    fn check_metadata(&self) -> Result<(), Error> {
        if self.metadata.len() > METADATA_ENTRIES {
            return Err(wrong("/metadata", "there are more than 20 entries"));
        }
        for (key, value) in &self.metadata {
            let pointer = format!("/metadata{}", pointer_to(key));
            if !(1..=METADATA_KEY_CHARS).contains(&key.chars().count()) {
                return Err(wrong(&pointer, "its name is not 1 to 64 characters long"));
            }
            if value.chars().count() > METADATA_VALUE_CHARS {
                return Err(wrong(&pointer, "it is longer than 512 characters"));
            }
        }
        Ok(())
    }

    /// The recipe asked for, or the one for this kind of file, if it takes the file.
    fn choose(&self) -> Result<Recipe, Error> {
        let takes = |recipe: &Recipe| recipe.row().takes(&self.content_type, &self.file_name);
        let recipe = match self.recipe {
            Some(recipe) => Some(recipe).filter(takes),
            None => Recipe::default_for(&self.content_type, &self.file_name),
        };
        recipe.ok_or_else(|| {
            let rows = RECIPES.iter().filter(|row| self.recipe.is_none_or(|recipe| recipe == row.recipe));
            Error::UnsupportedMedia { content_type: self.content_type.clone(), takes: taken(rows) }
        })
    }
}

/// Nothing new is taken while the server is under maintenance.
pub(super) fn refuse_under_maintenance(flags: &FlagSet) -> Result<(), Error> {
    let Maintenance { on, reason, retry } = &flags.maintenance;
    if *on { Err(Error::Maintenance { reason: reason.clone(), retry: *retry }) } else { Ok(()) }
}

impl Intake {
    /// Of the file that is announced.
    pub(crate) fn size(&self) -> u64 {
        self.request.size
    }

    /// The session this request makes. Its file lies under a key of ours; its name stays a name.
    pub(crate) fn session(self, service: &Service, id: &str, owner: &str, digest: Option<String>) -> Session {
        let Self { request, recipe } = self;
        let now = service.ctx.clock.now();
        let draft = Draft {
            id: id.to_owned(),
            owner: owner.to_owned(),
            source: Source {
                bucket: service.ctx.settings.buckets.uploads.clone(),
                key: format!("{id}/{}", random_id()),
                file_name: request.file_name,
                size: request.size,
                content_type: request.content_type,
                sha256: request.sha256,
                etag: None,
            },
            recipe,
            options: request.options,
            start: request.start,
            metadata: request.metadata,
            upload_expires_at: now + service.config.upload_url_lifetime(),
            request_digest: digest,
        };
        Session::new(draft, now, service.deadlines())
    }
}

/// Media types and file name endings that these recipes take.
fn taken(rows: impl Iterator<Item = &'static Row>) -> Vec<String> {
    let mut takes = Vec::new();
    for row in rows {
        takes.extend(row.takes.iter().map(|&taken| taken.to_owned()));
        takes.extend(row.endings.iter().map(|ending| format!(".{ending}")));
    }
    takes
}

fn wrong(pointer: &str, detail: &str) -> Error {
    Error::Body { pointer: pointer.to_owned(), detail: detail.to_owned() }
}

/// `type/subtype` with parameters, of visible ASCII and spaces, so that it can stand in a header (RFC 9110, 8.3.1).
fn is_media_type(text: &str) -> bool {
    let is_token = |text: &str| {
        let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(of_token)
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, "a=b"));
    let named = essence.trim_end().split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    let is_parameter = |parameter: &str| {
        parameter.trim().split_once('=').is_some_and(|(name, value)| is_token(name) && !value.is_empty())
    };
    named
        && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && parameters.split(';').all(is_parameter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_can_stand_in_a_header() {
        for good in
            ["audio/mpeg", "application/ogg; codecs=\"opus\"", "audio/x-m4a;a=b; c=d", "audio/L16;rate=8"]
        {
            assert!(is_media_type(good), "{good}");
        }
        let bad = [
            "",
            "audio",
            "/",
            "audio/",
            "audio/mpeg;",
            "audio/mp eg",
            "audio/mpeg\r\nX: y",
            "audio/é",
            "a/b; c",
        ];
        for bad in bad {
            assert!(!is_media_type(bad), "{bad}");
        }
    }
}
