//! `/api/webhooks/{id}/deliveries`: what was told there, what came of it, and telling it again. Under the id `mail` stand
//! the letters. Admins look at what others were told, and tell nothing of it again.

use activities::notices::replay::{self, Range};
use activities::notices::{Delivery, LogQuery, MAIL, Notices, Standing, Topic, Try};
use activities::ports::Cursor;
use axum::extract::{FromRequestParts, Path, State};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use states::Timestamp;
use utoipa::IntoParams;

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{IdempotencyKey, Json, NoBody, Parameters};
use super::sessions::{limit, not_a_cursor, seal, unseal, word};
use super::vocabulary::{StandingName, TopicName};
use super::webhooks::{WebhookId, known, notices};

const LIMIT_DEFAULT: usize = 20;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DeliveryList {
    deliveries: Vec<View>,
    /// To be given as `cursor` for the next page; not there on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Delivery)]
struct View {
    delivery_id: String,
    /// The `webhook-id` that it is sent under, each time the same.
    message_id: String,
    #[schema(value_type = TopicName)]
    event: Topic,
    #[schema(value_type = StandingName)]
    state: Standing,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    next_attempt_at: Option<Timestamp>,
    /// The delivery that it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    replay_of: Option<String>,
    attempts: Vec<AttemptView>,
    /// What is told, as it is sent.
    #[schema(value_type = Object)]
    payload: Value,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliveryAttempt)]
struct AttemptView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    duration_ms: u64,
    /// Of the receiver's answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<u16>,
    /// Why it did not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// The beginning of the answer.
    response: String,
}

#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    #[param(value_type = Option<StandingName>)]
    state: Option<Standing>,
    /// Whose webhook, for admins: a user's name. One's own, unless said.
    owner: Option<String>,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
    /// Deliveries on a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
}

/// Deliveries to be repeated: those made in this time, the newest thousand at most.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReplayRange {
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Only those that stand so; the dead ones, unless said.
    #[serde(default)]
    #[schema(value_type = Option<StandingName>)]
    state: Option<Standing>,
    /// Those that were delivered, too.
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TestEvent {
    /// What the message shall look like: `session.done`, unless said.
    #[schema(value_type = Option<TopicName>)]
    event: Option<Topic>,
}

/// Deliveries that have begun.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Begun {
    deliveries: Vec<String>,
}

/// A webhook and one of its deliveries, as they stand in the path.
pub(crate) struct Entry {
    webhook: String,
    delivery: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Entry {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((webhook, delivery)) = path.map_err(|_| Error::UnknownDelivery)?;
        Ok(Self { webhook, delivery })
    }
}

/// List what was told
#[utoipa::path(
    get,
    path = "/api/webhooks/{id}/deliveries",
    operation_id = "listDeliveries",
    tag = "webhooks",
    params(("id" = String, Path), Filter),
    responses(
        (status = 200, body = DeliveryList),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(service): State<App>,
    caller: Caller,
    WebhookId(id): WebhookId,
    parameters: Parameters,
) -> Result<axum::Json<DeliveryList>, Error> {
    let filter = Filter::parse(&parameters)?;
    let notices = notices(&service)?;
    let owner = caller.looks_at_one(&service, filter.owner)?;
    admit(notices, &owner, &id).await?;
    let limit = filter.limit.unwrap_or(LIMIT_DEFAULT);
    let query = LogQuery {
        owner,
        endpoint: id,
        standing: filter.state,
        since: None,
        before: filter.cursor.map(|cursor| (cursor.created_at, Some(cursor.id))),
        limit: limit + 1, // one more tells whether there is a next page
    };
    let mut deliveries = notices.book.deliveries(&query).await?;
    let more = deliveries.len() > limit;
    deliveries.truncate(limit);
    let last = deliveries.last().filter(|_| more);
    let next = last.map(|last| seal(&Cursor { created_at: last.made_at, id: last.id.clone() }));
    Ok(axum::Json(DeliveryList { deliveries: deliveries.into_iter().map(View::of).collect(), next }))
}

/// Tell something again
///
/// It is sent under the same `webhook-id`.
#[utoipa::path(
    post,
    path = "/api/webhooks/{id}/deliveries/{delivery}/replay",
    operation_id = "replayDelivery",
    tag = "webhooks",
    params(
        ("id" = String, Path),
        ("delivery" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same one"),
    ),
    responses(
        (status = 202, body = Begun),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replay(
    State(service): State<App>,
    caller: Caller,
    Entry { webhook, delivery }: Entry,
    key: IdempotencyKey,
    _: NoBody,
) -> Result<(StatusCode, axum::Json<Begun>), Error> {
    let notices = notices(&service)?;
    admit(notices, &caller.owner, &webhook).await?;
    let told = notices.book.delivery(&caller.owner, &delivery).await?;
    let told = told.filter(|told| told.endpoint == webhook).ok_or(Error::UnknownDelivery)?;
    let id = key.id(&caller.owner, "POST replay", &delivery);
    replay::one(&service.ctx, &told, &id).await?;
    Ok(begun(vec![id]))
}

/// Tell again what was told in a time
#[utoipa::path(
    post,
    path = "/api/webhooks/{id}/replay",
    operation_id = "replayRange",
    tag = "webhooks",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same one"),
    ),
    request_body = ReplayRange,
    responses(
        (status = 202, body = Begun),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replay_range(
    State(service): State<App>,
    caller: Caller,
    WebhookId(id): WebhookId,
    key: IdempotencyKey,
    Json(asked): Json<ReplayRange>,
) -> Result<(StatusCode, axum::Json<Begun>), Error> {
    let notices = notices(&service)?;
    admit(notices, &caller.owner, &id).await?;
    let standing = if asked.all { None } else { Some(asked.state.unwrap_or(Standing::Dead)) };
    let range = Range { since: asked.since, until: asked.until, standing };
    let seed = key.id(&caller.owner, "POST replay of a range", &id);
    Ok(begun(replay::range(&service.ctx, notices, &caller.owner, &id, &range, &seed).await?))
}

/// Send a test
#[utoipa::path(
    post,
    path = "/api/webhooks/{id}/test",
    operation_id = "testWebhook",
    tag = "webhooks",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same one"),
    ),
    request_body = TestEvent,
    responses(
        (status = 202, body = Begun),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn test(
    State(service): State<App>,
    caller: Caller,
    WebhookId(id): WebhookId,
    key: IdempotencyKey,
    Json(asked): Json<TestEvent>,
) -> Result<(StatusCode, axum::Json<Begun>), Error> {
    let notices = notices(&service)?;
    admit(notices, &caller.owner, &id).await?;
    let topic = asked.event.unwrap_or(Topic::SessionDone);
    let delivery = key.id(&caller.owner, "POST test", &id);
    replay::test(&service.ctx, notices, &caller.owner, &id, topic, &delivery).await?;
    Ok(begun(vec![delivery]))
}

/// The owner's webhook, or their letters.
async fn admit(notices: &Notices, owner: &str, id: &str) -> Result<(), Error> {
    if id == MAIL && notices.mailer.is_some() { Ok(()) } else { known(notices, owner, id).await.map(drop) }
}

fn begun(deliveries: Vec<String>) -> (StatusCode, axum::Json<Begun>) {
    (StatusCode::ACCEPTED, axum::Json(Begun { deliveries }))
}

impl Filter {
    fn parse(parameters: &Parameters) -> Result<Self, Error> {
        let mut filter = Self::default();
        for (name, value) in parameters {
            match name.as_str() {
                "state" => filter.state = Some(word(name, value)?),
                "owner" => filter.owner = Some(value.clone()),
                "cursor" => filter.cursor = Some(unseal(value).ok_or_else(|| not_a_cursor(name))?),
                "limit" => filter.limit = Some(limit(name, value)?),
                _ => return Err(Parameters::unknown(name, &["state", "owner", "cursor", "limit"])),
            }
        }
        Ok(filter)
    }
}

impl View {
    fn of(delivery: Delivery) -> Self {
        let payload = serde_json::from_str(&delivery.notice.body()).expect("a notice's body is JSON");
        Self {
            delivery_id: delivery.id,
            message_id: delivery.notice.id,
            event: delivery.notice.topic,
            state: delivery.standing,
            created_at: delivery.made_at,
            next_attempt_at: delivery.next_at,
            replay_of: delivery.replay_of,
            attempts: delivery.tries.into_iter().map(AttemptView::of).collect(),
            payload,
        }
    }
}

impl AttemptView {
    fn of(tried: Try) -> Self {
        let Try { at, millis, status, why, answer } = tried;
        Self { at, duration_ms: millis, status, error: why, response: answer }
    }
}
