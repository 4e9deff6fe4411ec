//! `POST /images`: a picture as the body itself, streamed into the inbox of who sends it, where it becomes a session as any
//! file does that lands there. What it is, its first bytes say; a picture that is refused leaves nothing behind.

use activities::inbox;
use activities::objects::{self, Sink};
use activities::proxies::Kind;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use http::{StatusCode, header};
use states::Recipe;

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{IdempotencyKey, Parameters, broken};
use super::view::SessionView;
use crate::Service;

const FILE_NAME: &str = "fileName";

/// As long as a name may be that becomes part of an object's key.
const FILE_NAME_BYTES: usize = 255;

/// Enough bytes to know a picture by.
const KNOWN_BY: usize = 8;

/// Send a picture
///
/// JPEG or PNG, whatever its header says; the proxies are made at once. A repeated request with the same
/// `Idempotency-Key` and the same picture answers with the session that the first one made.
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
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit()) {
        return Err(too_large());
    }
    // Each takes the memory of a part while it streams; the others wait, and so does what they send.
    let _turn = service.images.acquire().await.map_err(|_closed| Error::Busy)?;
    let mut picture = Incoming::begin(request.into_body()).await?;
    let (content_type, usual_name) = picture.kind()?;
    let object = format!(
        "{}{}/{}/{}",
        inbox::PREFIX,
        caller.owner,
        key.id(&caller.owner, "POST /images", ""),
        file_name.as_deref().unwrap_or(usual_name)
    );
    let bucket = &service.ctx.settings.buckets.uploads;
    let mut sink = service.ctx.objects.create(bucket, &object, content_type);
    picture.pour_into(&mut sink).await?;
    sink.finish().await.map_err(stored)?;
    answer(&service, &object).await
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

fn limit() -> u64 {
    Recipe::Proxies.row().max_bytes
}

fn too_large() -> Error {
    Error::PictureTooLarge { limit: limit() }
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
    fn kind(&self) -> Result<(&'static str, &'static str), Error> {
        match Kind::of(&self.head) {
            Some(Kind::Jpeg) => Ok(("image/jpeg", "image.jpg")),
            Some(Kind::Png) => Ok(("image/png", "image.png")),
            None => Err(Error::NotAPicture {
                limit: limit(),
                takes: Recipe::Proxies.row().takes.iter().map(|&taken| taken.to_owned()).collect(),
            }),
        }
    }

    async fn pour_into(&mut self, sink: &mut Sink) -> Result<(), Error> {
        let mut length = 0;
        let mut next = Some(std::mem::take(&mut self.head));
        while let Some(bytes) = next {
            length += bytes.len() as u64;
            if length > limit() {
                return Err(too_large());
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
