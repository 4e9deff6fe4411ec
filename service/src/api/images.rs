//! `POST /images`: a picture as the body itself, streamed into the inbox of who sends it, where it becomes a session as any
//! file does that lands there. What it is, its first bytes say; a picture that is refused leaves nothing behind.

use std::collections::BTreeMap;

use activities::moves::inbox;
use activities::objects::{self, Sink};
use activities::recipes::proxies::Kind;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use http::{StatusCode, header};
use http_body::Body as _;
use states::Recipe;

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{IdempotencyKey, Parameters, broken};
use super::intake::{self, refuse_under_maintenance};
use super::view::SessionView;
use super::xfer::announced;
use crate::Service;

const FILE_NAME: &str = "fileName";

/// The route of an idempotency key's id, of a picture that is uploaded instead.
const ROUTE_BY_UPLOAD: &str = "POST /images, by upload";

/// As long as a name may be that becomes part of an object's key.
const FILE_NAME_BYTES: usize = 255;

/// Enough bytes to know a picture by.
const KNOWN_BY: usize = 8;

/// Send a picture
///
/// JPEG or PNG, whatever its header says; the proxies are made at once. A repeated request with the same
/// `Idempotency-Key` and the same picture answers with the session that the first one made. Where bodies are taken of some
/// megabytes only, a larger one is refused as `upload-instead`, with the `upload` to send it by.
#[utoipa::path(
    post,
    path = "/images",
    operation_id = "sendImage",
    tag = "sessions",
    params(
        ("fileName" = Option<String>, Query, description = "What the picture is called, for the results' names"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same one"),
    ),
    request_body(content = Vec<u8>, content_type = "image/*", description = "The picture, 100 MB at most"),
    responses(
        (status = 202, body = SessionView, headers(("Location" = String, description = "The session"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(service): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    parameters: Parameters,
    request: Request,
) -> Result<impl IntoResponse, Error> {
    let file_name = file_name(&parameters)?;
    let flags = service.ctx.flags();
    refuse_under_maintenance(&flags)?;
    if let Some(why) = flags.refuses(Recipe::Proxies) {
        return Err(Error::RecipeUnavailable { recipe: Recipe::Proxies, why });
    }
    let limit = flags.max_bytes(Recipe::Proxies);
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let declared = declared.or_else(|| request.body().size_hint().exact());
    if declared.is_some_and(|length| length > limit) {
        return Err(Error::PictureTooLarge { limit });
    }
    // Each takes the memory of a part while it streams; the others wait, and so does what they send.
    let _turn = service.images.take(&caller.owner).await;
    let mut picture = Incoming::begin(request.into_body()).await?;
    let (content_type, usual_name) = picture.kind(limit)?;
    if let (Some(limit), Some(length)) = (service.config.largest_image, declared)
        && length > limit
    {
        let name = file_name.unwrap_or_else(|| usual_name.to_owned());
        return Err(upload_instead(&service, &caller, &key, (name, length, content_type), limit).await);
    }
    let object = format!(
        "{}{}/{}/{}",
        inbox::PREFIX,
        caller.owner,
        key.id(&caller.owner, "POST /images", ""),
        file_name.as_deref().unwrap_or(usual_name)
    );
    let bucket = &service.ctx.settings.buckets.uploads;
    // A repeated request asks for no more than there is.
    let is_there =
        key.is_given() && service.ctx.objects.head(bucket, &object).await.map_err(stored)?.is_some();
    if !is_there {
        caller.has_room(&service, declared.unwrap_or(0)).await?;
    }
    let mut sink = service.ctx.objects.create(bucket, &object, content_type);
    picture.pour_into(&mut sink, limit).await?;
    sink.finish().await.map_err(stored)?;
    answer(&service, &object).await
}

/// What takes bodies here takes none so large: the picture gets a session, and is to be uploaded to the store itself.
async fn upload_instead(
    service: &Service,
    caller: &Caller,
    key: &IdempotencyKey,
    (file_name, size, content_type): (String, u64, &str),
    limit: u64,
) -> Error {
    let request = intake::Request::starting_by_itself(
        Recipe::Proxies,
        file_name,
        size,
        content_type.to_owned(),
        None,
        BTreeMap::new(),
    );
    match announced(service, caller, key, ROUTE_BY_UPLOAD, request).await {
        Ok((session, upload)) => {
            Error::UploadInstead { limit, session_id: session.id, upload: upload.map(Box::new) }
        }
        Err(error) => error,
    }
}

async fn answer(service: &Service, object: &str) -> Result<impl IntoResponse + use<>, Error> {
    let bucket = &service.ctx.settings.buckets.uploads;
    let session = inbox::take(&service.ctx, bucket, object).await.map_err(|failure| {
        tracing::warn!(%failure, "a picture that has come becomes a session by its event only");
        Error::Busy
    })?;
    let session = session.ok_or(Error::Busy)?;
    let location = format!("{}/api/sessions/{}", service.config.public_url, session.id);
    let view = SessionView::of(service, session).await?;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], axum::Json(view)))
}

fn file_name(parameters: &Parameters) -> Result<Option<String>, Error> {
    let mut found = None;
    for (name, value) in parameters {
        if name != FILE_NAME {
            return Err(Parameters::unknown(name, &[FILE_NAME]));
        }
        let plain = |text: &str| !text.chars().any(|char| char.is_control() || char == '/');
        let value = value.trim();
        if !(1..=FILE_NAME_BYTES).contains(&value.len()) || !plain(value) {
            return Err(Error::Parameter {
                name: name.clone(),
                detail: "it is not 1 to 255 bytes long, or holds a slash or control characters".to_owned(),
                allowed: Vec::new(),
            });
        }
        found = Some(value.to_owned());
    }
    Ok(found)
}

/// A body whose first bytes are known.
struct Incoming {
    stream: BodyDataStream,
    head: Bytes,
}

impl Incoming {
    async fn begin(body: Body) -> Result<Self, Error> {
        let mut stream = body.into_data_stream();
        let mut head = BytesMut::new();
        while head.len() < KNOWN_BY {
            let Some(bytes) = stream.try_next().await.map_err(|error| broken(&error))? else { break };
            head.extend_from_slice(&bytes);
        }
        Ok(Self { stream, head: head.freeze() })
    }

    /// Its media type, and the name of one that has none.
    fn kind(&self, limit: u64) -> Result<(&'static str, &'static str), Error> {
        match Kind::of(&self.head) {
            Some(Kind::Jpeg) => Ok(("image/jpeg", "image.jpg")),
            Some(Kind::Png) => Ok(("image/png", "image.png")),
            None => Err(Error::NotAPicture {
                limit,
                takes: Recipe::Proxies.row().takes.iter().map(|&taken| taken.to_owned()).collect(),
            }),
        }
    }

    async fn pour_into(&mut self, sink: &mut Sink, limit: u64) -> Result<(), Error> {
        let mut length = 0;
        let mut next = Some(std::mem::take(&mut self.head));
        while let Some(bytes) = next {
            length += bytes.len() as u64;
            if length > limit {
                return Err(Error::PictureTooLarge { limit });
            }
            sink.write(bytes).await.map_err(stored)?;
            next = self.stream.try_next().await.map_err(|error| broken(&error))?;
        }
        Ok(())
    }
}

/// What went wrong in the store, as an answer.
fn stored(error: objects::Error) -> Error {
    match error {
        objects::Error::Full { .. } => Error::Full,
        // The key follows from the Idempotency-Key, and another picture lies there.
        objects::Error::Changed { .. } => Error::KeyReused,
        error => {
            tracing::warn!(%error, "a picture could not be stored");
            Error::Busy
        }
    }
}
