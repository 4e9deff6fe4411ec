//! `GET /api/recipes`: what can be made here, of what, within which limits.

use serde::Serialize;
use states::Recipe;
use states::recipe::{RECIPES, Row};
use utoipa::ToSchema;
use utoipa::openapi::Schema;

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
#[utoipa::path(get, path = "/api/recipes", operation_id = "listRecipes", tag = "recipes", responses((status = 200, body = RecipeList)))]
pub(crate) async fn list() -> axum::Json<RecipeList> {
    axum::Json(RecipeList { recipes: RECIPES.iter().map(RecipeView::of).collect() })
}

impl RecipeView {
    fn of(row: &Row) -> Self {
        Self {
            name: row.recipe,
            title: row.title,
            takes: row.takes,
            endings: row.endings,
            max_bytes: row.max_bytes,
            timeout_seconds: row.timeout_seconds,
            available: true, // every recipe there is needs nothing but this program
            unavailable_because: None,
            options: options::of(row.recipe),
        }
    }
}
