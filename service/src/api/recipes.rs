//! `GET /api/recipes`: what can be made here, of what, within which limits.

use activities::recipes::availability;
use axum::extract::State;
use serde::Serialize;
use states::recipe::{RECIPES, Row};
use states::{FlagSet, Recipe};
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::App;
use super::options;
use super::vocabulary::RecipeName;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecipeList {
    recipes: Vec<RecipeView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecipeDescription)]
struct RecipeView {
    #[schema(value_type = RecipeName)]
    name: Recipe,
    title: &'static str,
    /// Media types it takes: a type, or a family ending in `/*`.
    takes: &'static [&'static str],
    /// File name endings it takes whatever the type is.
    endings: &'static [&'static str],
    max_bytes: u64,
    /// One try may take so long.
    timeout_seconds: u32,
    available: bool,
    /// Why it cannot be had here, if it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    unavailable_because: Option<String>,
    /// What it lets one choose, as a JSON Schema.
    #[schema(value_type = Object)]
    options: Schema,
}

/// List what can be made of a file
#[utoipa::path(get, path = "/api/recipes", operation_id = "listRecipes", tag = "recipes", security(()), responses((status = 200, body = RecipeList)))]
pub(crate) async fn list(State(service): State<App>) -> axum::Json<RecipeList> {
    let flags = service.ctx.flags();
    let view = |row| RecipeView::of(row, &flags, availability::lacks(&service.ctx, row.recipe));
    axum::Json(RecipeList { recipes: RECIPES.iter().map(view).collect() })
}

impl RecipeView {
    fn of(row: &Row, flags: &FlagSet, unavailable_because: Option<String>) -> Self {
        Self {
            name: row.recipe,
            title: row.title,
            takes: row.takes,
            endings: row.endings,
            max_bytes: flags.max_bytes(row.recipe),
            timeout_seconds: row.timeout_seconds,
            available: unavailable_because.is_none(),
            unavailable_because,
            options: options::of(row.recipe),
        }
    }
}
