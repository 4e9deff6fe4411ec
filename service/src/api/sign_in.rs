//! Ways in and out, where the server keeps its users itself: `POST /api/sign-in` and what follows from it.
//!
//! Who signs in is given an access token for a quarter of an hour, which every other route takes, and a cookie that
//! fetches the next. The cookie's token is good once: whoever comes with one that was used signs everybody out who has
//! come from the same sign-in, since one of the two has stolen it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use states::Timestamp;

use super::App;
use super::caller::Caller;
use super::cookie::{self, FromPage, RefreshToken};
use super::error::Error;
use super::extract::{Json, NoBody};
use super::trail::Noted;
use crate::Service;
use crate::people::{Accounts, Proof, Scope, SignOut, SignedIn, User};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameAndPassword {
    name: String,
    #[schema(format = Password)]
    password: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationAndPassword {
    /// From the address that the invitation is.
    invitation: String,
    /// The password from now on; 12 to 256 characters.
    #[schema(format = Password, min_length = 12, max_length = 256)]
    password: String,
}

/// Somebody is signed in.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedIn)]
pub(crate) struct SignedInView {
    /// For the header `Authorization: Bearer …` of every other request.
    access_token: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    user: User,
}

/// Sign in
///
/// Where the server keeps its users itself. The answer sets a cookie that only `POST /api/sign-in/refresh` and `POST
/// /api/sign-out` take.
#[utoipa::path(
    post,
    path = "/api/sign-in",
    operation_id = "signIn",
    tag = "people",
    security(()),
    params(("X-Lockgate-Page" = String, Header, description = "Any text: says that a page asks, or a program")),
    request_body = NameAndPassword,
    responses(
        (status = 200, body = SignedInView, headers(("Set-Cookie" = String, description = "For the refresh"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn with_password(
    State(service): State<App>,
    noted: Noted,
    _: FromPage,
    Json(asked): Json<NameAndPassword>,
) -> Result<impl IntoResponse, Error> {
    let NameAndPassword { name, password } = asked;
    noted.who_says_to_be(&name);
    noted.tries(&service, Some(&name))?;
    enter(&service, &noted, Proof::Password { name, password }).await
}

/// Accept an invitation
///
/// Sets the password of whom it was made for, and signs them in.
#[utoipa::path(
    post,
    path = "/api/sign-in/invitation",
    operation_id = "acceptInvitation",
    tag = "people",
    security(()),
    params(("X-Lockgate-Page" = String, Header, description = "Any text: says that a page asks, or a program")),
    request_body = InvitationAndPassword,
    responses(
        (status = 200, body = SignedInView, headers(("Set-Cookie" = String, description = "For the refresh"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn with_invitation(
    State(service): State<App>,
    noted: Noted,
    _: FromPage,
    Json(asked): Json<InvitationAndPassword>,
) -> Result<impl IntoResponse, Error> {
    noted.tries(&service, None)?;
    let InvitationAndPassword { invitation, password } = asked;
    enter(&service, &noted, Proof::Invitation { token: invitation, password }).await
}

/// Fetch the next access token
///
/// By the cookie that the sign-in has set; the answer sets the next one.
#[utoipa::path(
    post,
    path = "/api/sign-in/refresh",
    operation_id = "refreshSignIn",
    tag = "people",
    security(()),
    params(("X-Lockgate-Page" = String, Header, description = "Any text: says that a page asks, or a program")),
    responses(
        (status = 200, body = SignedInView, headers(("Set-Cookie" = String, description = "For the next refresh"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refresh(
    State(service): State<App>,
    noted: Noted,
    RefreshToken(token): RefreshToken,
    _: NoBody,
) -> Result<impl IntoResponse, Error> {
    enter(&service, &noted, Proof::Refresh { token }).await
}

/// Sign out here
#[utoipa::path(
    post,
    path = "/api/sign-out",
    operation_id = "signOut",
    tag = "people",
    security(()),
    params(("X-Lockgate-Page" = String, Header, description = "Any text: says that a page asks, or a program")),
    responses(
        (status = 204, headers(("Set-Cookie" = String, description = "Forgets the cookie"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn here(
    State(service): State<App>,
    RefreshToken(token): RefreshToken,
    _: NoBody,
) -> Result<impl IntoResponse, Error> {
    accounts(&service)?.sign_out(SignOut::Here { token }).await?;
    Ok((StatusCode::NO_CONTENT, [cookie::forget()]))
}

/// Sign out everywhere
///
/// Every sign-in of who asks has ended; their keys stay.
#[utoipa::path(
    post,
    path = "/api/sign-out/everywhere",
    operation_id = "signOutEverywhere",
    tag = "people",
    responses(
        (status = 204, headers(("Set-Cookie" = String, description = "Forgets the cookie"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn everywhere(
    State(service): State<App>,
    caller: Caller,
    _: NoBody,
) -> Result<impl IntoResponse, Error> {
    caller.needs(Scope::Admin)?;
    accounts(&service)?.sign_out(SignOut::Everywhere { user: caller.owner }).await?;
    Ok((StatusCode::NO_CONTENT, [cookie::forget()]))
}

async fn enter(service: &Service, noted: &Noted, proof: Proof) -> Result<impl IntoResponse + use<>, Error> {
    let signed_in = accounts(service)?.sign_in(proof).await?;
    let SignedIn { user, access, access_expires_at, refresh, refresh_expires_at } = signed_in;
    noted.who_is(&user.name);
    let cookie = cookie::keep(&refresh, refresh_expires_at, service.ctx.clock.now());
    let view = SignedInView { access_token: access.0, expires_at: access_expires_at, user };
    Ok(([cookie], axum::Json(view)))
}

/// The users that this server keeps, if it does.
pub(super) fn accounts(service: &Service) -> Result<&Arc<dyn Accounts>, Error> {
    let people = service.people.as_ref().filter(|_| service.config.accounts);
    people.and_then(|people| people.accounts.as_ref()).ok_or(Error::NoAccounts)
}
