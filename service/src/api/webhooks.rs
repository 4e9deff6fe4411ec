//! `/api/webhooks`: where an owner wants to be told. What was told there is in [`deliveries`](super::deliveries). Admins look
//! at those of whom they name, and change none but their own; a secret is told to nobody but whoever has drawn it.

use std::collections::BTreeSet;

use activities::notices::{Endpoint, Named, Notices, Topic};
use activities::ports::Written;
use activities::webhook::Secret;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::IntoResponse;
use http::request::Parts;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use states::Timestamp;
use utoipa::IntoParams;

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{IdempotencyKey, Json, NoBody, Parameters};
use super::vocabulary::TopicName;
use crate::Service;

const ROUTE: &str = "POST /api/webhooks";

/// Webhooks of one owner.
const MOST: usize = 20;

const ABOUT_CHARS: usize = 200;

/// Where to tell what.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewWebhook)]
pub(crate) struct Request {
    /// `https`, on port 443 or 8443 of a public address.
    #[schema(max_length = 2000, examples("https://example.org/lockgate"))]
    url: String,
    /// What is told there; everything, when none is named.
    #[serde(default)]
    #[schema(value_type = Vec<TopicName>)]
    events: BTreeSet<Topic>,
    /// For your own eyes; at most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200)]
    about: String,
    #[serde(default = "yes")]
    enabled: bool,
    /// `whsec_` and 24 to 64 bytes in Base64, if it is not to be drawn. Of a webhook that there is, it is left as it is.
    #[schema(value_type = Option<String>, pattern = "^whsec_")]
    secret: Option<Secret>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
pub(crate) struct View {
    webhook_id: String,
    url: String,
    #[schema(value_type = Vec<TopicName>)]
    events: BTreeSet<Topic>,
    about: String,
    enabled: bool,
    /// Why it was switched off, if not by its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    disabled_because: Option<String>,
    /// Since when nothing could be delivered there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    failing_since: Option<Timestamp>,
    /// It asked for a rest; nothing is sent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    rests_until: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What messages are signed with: only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    secret: Option<Secret>,
    /// Until when the secret before signs too, after a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    previous_secret_until: Option<Timestamp>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct WebhookList {
    webhooks: Vec<View>,
}

/// A webhook's id, as it stands in the path.
pub(crate) struct WebhookId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for WebhookId {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Error::UnknownWebhook)
    }
}

/// Whose, as the query says it.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Whose {
    /// Whose webhooks, for admins: a user's name. One's own, unless said.
    owner: Option<String>,
}

/// List webhooks
#[utoipa::path(
    get,
    path = "/api/webhooks",
    operation_id = "listWebhooks",
    tag = "webhooks",
    params(Whose),
    responses(
        (status = 200, body = WebhookList),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(service): State<App>,
    caller: Caller,
    parameters: Parameters,
) -> Result<axum::Json<WebhookList>, Error> {
    let owner = caller.looks_at_one(&service, Whose::parse(&parameters)?.owner)?;
    let endpoints = notices(&service)?.book.endpoints(&owner).await?;
    let now = service.ctx.clock.now();
    Ok(axum::Json(WebhookList { webhooks: endpoints.into_iter().map(|it| View::of(it, now)).collect() }))
}

/// Add a webhook
///
/// The answer holds the secret that messages are signed with; it is not shown again.
#[utoipa::path(
    post,
    path = "/api/webhooks",
    operation_id = "createWebhook",
    tag = "webhooks",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same one")),
    request_body = Request,
    responses(
        (status = 201, body = View, headers(("Location" = String, description = "The webhook"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(service): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Json(mut request): Json<Request>,
) -> Result<impl IntoResponse, Error> {
    let notices = notices(&service)?;
    let secret = request.secret.take().unwrap_or_else(Secret::random);
    let named = request.check(notices)?;
    let now = service.ctx.clock.now();
    let endpoint = Endpoint::new(&key.id(&caller.owner, ROUTE, ""), &caller.owner, named, secret, now);
    let others = notices.book.endpoints(&caller.owner).await?;
    let endpoint = match others.iter().find(|other| other.id == endpoint.id) {
        Some(before) => before.clone(), // by the same request
        None if others.len() >= MOST => return Err(Error::TooManyWebhooks { limit: MOST as u64 }),
        None => match notices.book.write_endpoint(&endpoint).await? {
            Written::Stored => endpoint,
            Written::Refused => known(notices, &caller.owner, &endpoint.id).await?,
        },
    };
    let location = format!("{}/api/webhooks/{}", service.config.public_url, endpoint.id);
    let secret = endpoint.keys.first().map(|key| key.secret.clone());
    let view = View { secret, ..View::of(endpoint, now) };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(view)))
}

/// Show a webhook
#[utoipa::path(
    get,
    path = "/api/webhooks/{id}",
    operation_id = "showWebhook",
    tag = "webhooks",
    params(("id" = String, Path), Whose),
    responses(
        (status = 200, body = View),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(service): State<App>,
    caller: Caller,
    WebhookId(id): WebhookId,
    parameters: Parameters,
) -> Result<axum::Json<View>, Error> {
    let owner = caller.looks_at_one(&service, Whose::parse(&parameters)?.owner)?;
    let endpoint = known(notices(&service)?, &owner, &id).await?;
    Ok(axum::Json(View::of(endpoint, service.ctx.clock.now())))
}

/// Change a webhook
///
/// It is from now on as the body says. Switching it on again forgets that it has failed.
#[utoipa::path(
    put,
    path = "/api/webhooks/{id}",
    operation_id = "changeWebhook",
    tag = "webhooks",
    params(("id" = String, Path)),
    request_body = Request,
    responses(
        (status = 200, body = View),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(service): State<App>,
    caller: Caller,
    WebhookId(id): WebhookId,
    Json(request): Json<Request>,
) -> Result<axum::Json<View>, Error> {
    let notices = notices(&service)?;
    let named = request.check(notices)?;
    let change = |endpoint: &mut Endpoint| {
        endpoint.rename(named.clone());
        true
    };
    let changed = notices.change(&caller.owner, &id, change).await?.ok_or(Error::UnknownWebhook)?;
    Ok(axum::Json(View::of(changed, service.ctx.clock.now())))
}

/// Remove a webhook
///
/// What was still to be delivered there is given up.
#[utoipa::path(
    delete,
    path = "/api/webhooks/{id}",
    operation_id = "removeWebhook",
    tag = "webhooks",
    params(("id" = String, Path)),
    responses(
        (status = 204),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(service): State<App>,
    caller: Caller,
    WebhookId(id): WebhookId,
) -> Result<StatusCode, Error> {
    let removed = notices(&service)?.book.remove_endpoint(&caller.owner, &id).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Error::UnknownWebhook) }
}

/// Draw a new secret
///
/// Messages are signed with both, the new one and the one before it, for a day.
#[utoipa::path(
    post,
    path = "/api/webhooks/{id}/secret",
    operation_id = "rotateWebhookSecret",
    tag = "webhooks",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = View),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rotate(
    State(service): State<App>,
    caller: Caller,
    WebhookId(id): WebhookId,
    _: NoBody,
) -> Result<axum::Json<View>, Error> {
    let (secret, now) = (Secret::random(), service.ctx.clock.now());
    let change = |endpoint: &mut Endpoint| {
        endpoint.rotate(secret.clone(), now);
        true
    };
    let changed = notices(&service)?.change(&caller.owner, &id, change).await?;
    let view = View::of(changed.ok_or(Error::UnknownWebhook)?, now);
    Ok(axum::Json(View { secret: Some(secret), ..view }))
}

/// What telling stands on, where anybody is told.
pub(super) fn notices(service: &Service) -> Result<&Notices, Error> {
    service.ctx.notices.as_deref().ok_or(Error::NoNotices)
}

/// The owner's; another's is as unknown as none.
pub(super) async fn known(notices: &Notices, owner: &str, id: &str) -> Result<Endpoint, Error> {
    notices.book.endpoint(owner, id).await?.ok_or(Error::UnknownWebhook)
}

impl Whose {
    fn parse(parameters: &Parameters) -> Result<Self, Error> {
        let mut whose = Self::default();
        for (name, value) in parameters {
            match name.as_str() {
                "owner" => whose.owner = Some(value.clone()),
                _ => return Err(Parameters::unknown(name, &["owner"])),
            }
        }
        Ok(whose)
    }
}

impl Request {
    fn check(self, notices: &Notices) -> Result<Named, Error> {
        let wrong = |pointer: &str, detail: String| Error::Body { pointer: pointer.to_owned(), detail };
        let url = notices.sender.guard.check(&self.url).map_err(|why| wrong("/url", why.to_string()))?;
        let about = self.about.trim().to_owned();
        if about.chars().count() > ABOUT_CHARS || about.chars().any(char::is_control) {
            return Err(wrong("/about", "it is longer than 200 characters, or holds others".to_owned()));
        }
        Ok(Named { url: url.into(), about, topics: self.events, enabled: self.enabled })
    }
}

impl View {
    fn of(endpoint: Endpoint, now: Timestamp) -> Self {
        let until = endpoint.keys.iter().filter_map(|key| key.until).find(|until| now < *until);
        Self {
            webhook_id: endpoint.id,
            url: endpoint.url,
            events: endpoint.topics,
            about: endpoint.about,
            enabled: endpoint.enabled,
            disabled_because: endpoint.disabled.map(|disabled| disabled.why),
            failing_since: endpoint.failing_since,
            rests_until: endpoint.rests_until.filter(|until| now < *until),
            created_at: endpoint.made_at,
            secret: None,
            previous_secret_until: until,
        }
    }
}
