//! The library of films with captions: `POST /upload` announces one, `GET /video/{id}` shows it. A film of it is a session of
//! the recipe `captions` that starts by itself.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use states::session::{Holding, Output};
use states::{Recipe, Session, State as Lifecycle, Timestamp};

use super::App;
use super::caller::Caller;
use super::error::Error;
use super::extract::{Id, IdempotencyKey, Json};
use super::intake::Request;
use super::upload::UploadView;
use super::vocabulary::StateName;
use super::xfer;
use crate::Service;

/// The route of an idempotency key's id.
const ROUTE: &str = "POST /upload";

/// Under which of a session's metadata it stands whose film it is.
const USER_ID: &str = "userId";

const USER_ID_CHARS: usize = 128;

/// A film that is going to be uploaded, and whose it is.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewVideo {
    /// Whose film it is; 1 to 128 characters. With accounts, who asks.
    #[schema(min_length = 1, max_length = 128)]
    user_id: String,
    /// 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    file_name: String,
    /// Bytes, exactly.
    #[schema(minimum = 1)]
    size: u64,
    #[schema(max_length = 255, examples("video/mp4"))]
    content_type: String,
    /// In hexadecimal. When given, other bytes are refused at the upload.
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    sha256: Option<String>,
    /// Kept with the film and shown with it; at most 19 entries.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// A film of the library that was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VideoCreated {
    video_id: String,
    session_id: String,
    #[schema(value_type = StateName)]
    state: Lifecycle,
    /// Not there when a repeated request finds its file uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    upload: Option<UploadView>,
}

/// Announce a film to the library
///
/// Its captions are made as soon as it is uploaded, by a PUT to the URL of the answer with exactly its headers.
#[utoipa::path(
    post,
    path = "/upload",
    operation_id = "createVideo",
    tag = "library",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request the same one")),
    request_body = NewVideo,
    responses(
        (status = 201, body = VideoCreated, headers(("Location" = String, description = "The film"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(service): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    Json(video): Json<NewVideo>,
) -> Result<impl IntoResponse, Error> {
    // Without accounts everything is one user's, who may sort it by whatever names they like.
    if service.config.accounts && video.user_id != caller.owner {
        return Err(Error::NotYours);
    }
    let request = video.request()?;
    let (session, upload) = xfer::announced(&service, &caller, &key, ROUTE, request).await?;
    let location = format!("{}/video/{}", service.config.public_url, session.id);
    let Session { id, state, .. } = session;
    let created = VideoCreated { video_id: id.clone(), session_id: id, state, upload };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(created)))
}

impl NewVideo {
    fn request(self) -> Result<Request, Error> {
        let Self { user_id, file_name, size, content_type, sha256, mut metadata } = self;
        let wrong = |pointer: &str, detail: &str| Error::Body {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        };
        if !(1..=USER_ID_CHARS).contains(&user_id.chars().count()) || user_id.chars().any(char::is_control) {
            return Err(wrong("/userId", "it is not 1 to 128 characters long, or holds control characters"));
        }
        if metadata.insert(USER_ID.to_owned(), user_id).is_some() {
            return Err(wrong("/metadata/userId", "it stands beside the metadata"));
        }
        Ok(Request::starting_by_itself(Recipe::Captions, file_name, size, content_type, sha256, metadata))
    }
}

/// A film of the library.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Video)]
pub(crate) struct VideoView {
    video_id: String,
    user_id: String,
    file_name: String,
    size: u64,
    content_type: String,
    metadata: BTreeMap<String, String>,
    #[schema(value_type = StateName)]
    state: Lifecycle,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Where the film itself is fetched from, for a quarter of an hour; once it is uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    video_url: Option<String>,
    /// Once they are made.
    captions: Vec<CaptionsView>,
    /// The key of the WebVTT in the store, once it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    caption_file_key: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoCaptions)]
struct CaptionsView {
    /// `vtt` or `srt`
    format: String,
    /// Where they are fetched from, for a quarter of an hour.
    url: String,
}

/// Show a film of the library
#[utoipa::path(
    get,
    path = "/video/{id}",
    operation_id = "getVideo",
    tag = "library",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = VideoView),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(service): State<App>,
    caller: Caller,
    Id(id): Id,
) -> Result<axum::Json<VideoView>, Error> {
    let session = caller.session(&service, &id).await?;
    if session.recipe != Recipe::Captions || !session.metadata.contains_key(USER_ID) {
        return Err(Error::UnknownSession);
    }
    VideoView::of(&service, session).await.map(axum::Json)
}

impl VideoView {
    async fn of(service: &Service, session: Session) -> Result<Self, Error> {
        let lifetime = service.config.download_url_lifetime();
        let source = &session.source;
        let objects = &service.ctx.objects;
        let has_expired = |held| session.expired.contains(&held);
        let video_url = match &source.etag {
            Some(_) if !has_expired(Holding::Input) => {
                let states::session::Source { bucket, key, file_name, content_type, .. } = source;
                Some(objects.presign_get(bucket, key, file_name, content_type, lifetime).await?)
            }
            _ => None,
        };
        let outputs = if has_expired(Holding::Results) { &[] } else { session.outputs.as_slice() };
        let mut captions = Vec::new();
        for Output { bucket, key, name, content_type, .. } in outputs {
            let url = objects.presign_get(bucket, key, name, content_type, lifetime).await?;
            let format = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_owned();
            captions.push(CaptionsView { format, url });
        }
        let caption_file_key = outputs.first().map(|output| output.key.clone());
        let mut metadata = session.metadata;
        Ok(Self {
            user_id: metadata.remove(USER_ID).unwrap_or_default(),
            video_id: session.id,
            file_name: session.source.file_name,
            size: session.source.size,
            content_type: session.source.content_type,
            metadata,
            state: session.state,
            created_at: session.created_at,
            video_url,
            captions,
            caption_file_key,
        })
    }
}
