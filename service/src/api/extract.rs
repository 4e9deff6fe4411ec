//! What a handler is given of a request: a JSON body that was read in full or refused with the place of its mistake, the
//! absence of a body, a session's id, an idempotency key.

use activities::clock::{derived_id, random_id};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::error::Error;
use crate::serve::BodyError;

/// A JSON body may have so many bytes.
pub(crate) const BODY_BYTES: usize = 256 << 10;

/// A body in JSON. Unknown fields and wrong types are told by their JSON pointer.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        if content_type(request.headers()) != ContentType::Json {
            return Err(Error::ContentType);
        }
        parse(&read(request).await?).map(Self)
    }
}

/// No body, or an empty one. What a form of another page would send is refused, though it be empty.
pub(crate) struct NoBody;

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}

        let content_type = content_type(request.headers());
        if content_type == ContentType::Other {
            return Err(Error::ContentType);
        }
        let body = read(request).await?;
        match content_type {
            _ if body.is_empty() => Ok(Self),
            ContentType::Json => parse::<Nothing>(&body).map(|Nothing {}| Self),
            ContentType::None | ContentType::Other => Err(Error::ContentType),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentType {
    None,
    Json,
    Other,
}

fn content_type(headers: &HeaderMap) -> ContentType {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return ContentType::None;
    };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") { ContentType::Json } else { ContentType::Other }
}

async fn read(request: Request) -> Result<Bytes, Error> {
    let body = Limited::new(request.into_body(), BODY_BYTES);
    let read = body.collect().await;
    read.map(|body| body.to_bytes()).map_err(|error| broken(error.as_ref()))
}

/// Why a body did not come to its end.
pub(crate) fn broken(error: &(dyn std::error::Error + 'static)) -> Error {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Error::TooLarge { what: "A body", limit: BODY_BYTES as u64 };
        }
        if matches!(error.downcast_ref(), Some(BodyError::TooSlow)) {
            return Error::TooSlow;
        }
        cause = error.source();
    }
    Error::BrokenBody
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let wrong = |pointer, error: &serde_json::Error| Error::Body { pointer, detail: error.to_string() };
    let parsed = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| wrong(pointer(error.path()), error.inner()))?;
    json.end().map_err(|error| wrong(String::new(), &error))?;
    Ok(parsed)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let segments = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    segments.map(|segment| pointer_to(&segment)).collect()
}

/// One step of a JSON pointer.
pub(crate) fn pointer_to(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A session's id, as it stands in the path. Whatever is not one is unknown.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(id) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::UnknownSession)?;
        let plausible = !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_graphic());
        if plausible { Ok(Self(id)) } else { Err(Error::UnknownSession) }
    }
}

/// A user's name, as it stands in the path. Whatever is not one is nobody's.
pub(crate) struct UserName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for UserName {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|_| Error::UnknownUser)
    }
}

/// The `Idempotency-Key` of a request, if it has one: a repeated request with the same key is the same request.
pub(crate) struct IdempotencyKey(Option<String>);

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const IDEMPOTENCY_KEY_LENGTH: usize = 255;

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let refuse = |detail| Err(Error::Header { name: IDEMPOTENCY_KEY, detail });
        let mut keys = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(key) = keys.next() else {
            return Ok(Self(None));
        };
        if keys.next().is_some() {
            return refuse("there is more than one");
        }
        let visible = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
        match key.to_str().ok().filter(visible) {
            Some(key) if (1..=IDEMPOTENCY_KEY_LENGTH).contains(&key.len()) => Ok(Self(Some(key.to_owned()))),
            _ => refuse("it is not 1 to 255 visible ASCII characters"),
        }
    }
}

impl IdempotencyKey {
    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// The id of what this request of `owner` to `route` makes: always the same under a key, else a fresh one.
    pub(crate) fn id(&self, owner: &str, route: &str, subject: &str) -> String {
        match &self.0 {
            Some(key) => derived_id(&[owner, key, route, subject]),
            None => random_id(),
        }
    }
}

/// The parameters of the query, as they came.
pub(crate) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        query.map(|Query(parameters)| Self(parameters)).map_err(|_| Error::Parameter {
            name: String::new(),
            detail: "the query cannot be read".to_owned(),
            allowed: Vec::new(),
        })
    }
}

impl<'a> IntoIterator for &'a Parameters {
    type Item = &'a (String, String);
    type IntoIter = std::slice::Iter<'a, (String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Parameters {
    /// The refusal of a parameter that is none of `known`.
    pub(crate) fn unknown(name: &str, known: &[&str]) -> Error {
        Error::Parameter {
            name: name.to_owned(),
            detail: "there is no such parameter".to_owned(),
            allowed: known.iter().map(|&known| known.to_owned()).collect(),
        }
    }
}
