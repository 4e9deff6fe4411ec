//! `/api/users`: who may sign in, for admins. A user is never taken away, since what is theirs bears their name: they are
//! disabled. Nobody sets another's password: who is added, or has forgotten it, is invited to.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::Serialize;
use states::Timestamp;

use super::App;
use super::caller::Admin;
use super::error::Error;
use super::extract::{Json, UserName};
use super::sign_in::accounts;
use crate::Service;
use crate::people::{Invitation, NewUser, User, UserChange};

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct UserList {
    users: Vec<User>,
}

/// An invitation, shown now and never again.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation)]
pub(crate) struct InvitationView {
    /// Where a browser accepts it. Behind the `#` stands what `POST /api/sign-in/invitation` takes.
    url: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A user, and how they are invited.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct UserAndInvitation {
    user: User,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, required = false)]
    invitation: Option<InvitationView>,
}

impl InvitationView {
    fn of(service: &Service, Invitation { token, expires_at }: Invitation) -> Self {
        Self { url: invitation_url(&service.config.public_url, &token.0), expires_at }
    }
}

/// Where a browser accepts the invitation with this token. What stands behind a `#` is sent to no server and stands in
/// no log.
pub fn invitation_url(public_url: &str, token: &str) -> String {
    format!("{public_url}/invitation#{token}")
}

/// List the users
#[utoipa::path(
    get,
    path = "/api/users",
    operation_id = "listUsers",
    tag = "people",
    responses(
        (status = 200, body = UserList),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(service): State<App>, _: Admin) -> Result<axum::Json<UserList>, Error> {
    let users = accounts(&service)?.users().await?;
    Ok(axum::Json(UserList { users }))
}

/// Add a user
#[utoipa::path(
    post,
    path = "/api/users",
    operation_id = "addUser",
    tag = "people",
    request_body = NewUser,
    responses(
        (status = 201, body = UserAndInvitation),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(service): State<App>,
    Admin(caller): Admin,
    Json(new): Json<NewUser>,
) -> Result<impl IntoResponse, Error> {
    caller.note(&new.name, &new.name);
    let (user, invitation) = accounts(&service)?.add_user(new).await?;
    let invitation = Some(InvitationView::of(&service, invitation));
    Ok((StatusCode::CREATED, axum::Json(UserAndInvitation { user, invitation })))
}

/// Change a user
///
/// What is not said stays as it is.
#[utoipa::path(
    put,
    path = "/api/users/{name}",
    operation_id = "changeUser",
    tag = "people",
    params(("name" = String, Path)),
    request_body = UserChange,
    responses(
        (status = 200, body = UserAndInvitation),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(service): State<App>,
    Admin(caller): Admin,
    UserName(name): UserName,
    Json(change): Json<UserChange>,
) -> Result<axum::Json<UserAndInvitation>, Error> {
    caller.note(&name, &name);
    let (user, invitation) = accounts(&service)?.change_user(&name, change).await?;
    let invitation = invitation.map(|invitation| InvitationView::of(&service, invitation));
    Ok(axum::Json(UserAndInvitation { user, invitation }))
}
