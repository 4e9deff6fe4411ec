//! `GET` and `PUT /api/flags`: what whoever looks after this server allows. For admins.

use activities::ports::{Flags, StandingFlags, Written};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use states::FlagSet;

use super::App;
use super::caller::Admin;
use super::error::Error;
use super::extract::{Json, pointer_to};
use super::trail::Noted;
use crate::Service;

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Flags)]
pub(crate) struct View {
    #[schema(value_type = FlagSetSchema)]
    flags: Value,
    /// Of what they were read from; to be given back with a change.
    revision: String,
    /// Why what is there now could not be read; the flags are then those that were read before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trouble: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewFlags)]
pub(crate) struct Request {
    /// All flags: what is not among them is as if there were none.
    #[schema(value_type = FlagSetSchema)]
    flags: FlagSet,
    /// Nothing is changed when the flags are no more those of this revision.
    revision: String,
}

/// A FlagSet, for the document.
#[derive(utoipa::ToSchema)]
#[schema(as = FlagSet)]
#[expect(dead_code, reason = "it says what `states::FlagSet` looks like, which knows no OpenAPI")]
struct FlagSetSchema {
    maintenance: Option<MaintenanceSchema>,
    /// By the recipe's name.
    recipes: Option<std::collections::BTreeMap<String, RecipeFlagsSchema>>,
    users: Option<UserFlagsSchema>,
}

#[derive(utoipa::ToSchema)]
#[schema(as = Maintenance)]
#[expect(dead_code, reason = "as FlagSetSchema")]
struct MaintenanceSchema {
    /// Nothing new is taken; what has begun goes on.
    on: Option<bool>,
    reason: Option<String>,
    /// Seconds after which to try again.
    retry: Option<u32>,
}

#[derive(utoipa::ToSchema)]
#[schema(as = RecipeFlags)]
#[expect(dead_code, reason = "as FlagSetSchema")]
struct RecipeFlagsSchema {
    on: Option<bool>,
    reason: Option<String>,
    /// A file may have so many.
    bytes: Option<u64>,
    /// Of sessions that do not say otherwise.
    #[schema(value_type = Option<Object>)]
    options: Option<Value>,
}

#[derive(utoipa::ToSchema)]
#[schema(as = UserFlags)]
#[expect(dead_code, reason = "as FlagSetSchema")]
struct UserFlagsSchema {
    everyone: Option<AllowanceSchema>,
    /// By the user's name.
    named: Option<std::collections::BTreeMap<String, AllowanceSchema>>,
}

#[derive(utoipa::ToSchema)]
#[schema(as = Allowance)]
#[expect(dead_code, reason = "as FlagSetSchema")]
struct AllowanceSchema {
    /// Sessions that are worked on at a time.
    concurrent: Option<u32>,
    /// Sessions that there are.
    sessions: Option<u64>,
    /// Bytes that are kept.
    bytes: Option<u64>,
}

/// Show the flags
#[utoipa::path(
    get,
    path = "/api/flags",
    operation_id = "showFlags",
    tag = "operations",
    responses(
        (status = 200, body = View),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(State(service): State<App>, _: Admin) -> Result<axum::Json<View>, Error> {
    Ok(axum::Json(View::of(port(&service)?.now())))
}

/// Change the flags
///
/// They hold at once, for whatever comes from then on.
#[utoipa::path(
    put,
    path = "/api/flags",
    operation_id = "changeFlags",
    tag = "operations",
    request_body = Request,
    responses(
        (status = 200, body = View),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(service): State<App>,
    Admin(caller): Admin,
    noted: Noted,
    Json(Request { flags, revision }): Json<Request>,
) -> Result<axum::Json<View>, Error> {
    let port = port(&service)?;
    flags.check().map_err(|refused| Error::Body {
        pointer: format!("/flags{}", refused.place.iter().map(|name| pointer_to(name)).collect::<String>()),
        detail: refused.why,
    })?;
    let changes = port.now().flags.differences(&flags);
    match port.put(&flags, &revision).await? {
        Written::Refused => return Err(Error::FlagsChanged),
        Written::Stored => {
            tracing::warn!(target: "audit", who = caller.owner, ?changes, "the flags were changed");
            noted.what_changes(changes);
        }
    }
    Ok(axum::Json(View::of(port.now())))
}

/// The flags of this server, if it has some.
fn port(service: &Service) -> Result<&dyn Flags, Error> {
    service.ctx.flags.as_deref().ok_or(Error::NoFlags)
}

impl View {
    fn of(StandingFlags { flags, revision, trouble }: StandingFlags) -> Self {
        let flags = serde_json::to_value(&*flags).expect("flags are plain data");
        Self { flags, revision, trouble }
    }
}
