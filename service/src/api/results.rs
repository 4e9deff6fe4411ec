//! `GET /api/sessions/{id}/results/{name}`: where a result can be fetched from for as long as it is kept. A URL that lasts,
//! where those in a session's document do not.

use activities::objects;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::Redirect;
use http::request::Parts;
use states::session::{Holding, Output};

use super::App;
use super::caller::Caller;
use super::error::Error;
use crate::Service;

/// A session and one of its results, as they stand in the path.
pub(crate) struct Which {
    session: String,
    name: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Which {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((session, name)) = path.map_err(|_| Error::UnknownSession)?;
        Ok(Self { session, name })
    }
}

/// Fetch a result
///
/// It leads on to the store. One that is no longer kept answers 410.
#[utoipa::path(
    get,
    path = "/api/sessions/{id}/results/{name}",
    operation_id = "fetchResult",
    tag = "sessions",
    params(("id" = String, Path), ("name" = String, Path)),
    responses(
        (status = 307, headers(("Location" = String, description = "The result, for a quarter of an hour"))),
        (status = "default", body = super::error::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn fetch(
    State(service): State<App>,
    caller: Caller,
    Which { session, name }: Which,
) -> Result<Redirect, Error> {
    let session = caller.session(&service, &session).await?;
    let output = session.outputs.iter().find(|output| output.name == name).ok_or(Error::UnknownResult)?;
    if session.expired.contains(&Holding::Results) {
        return Err(Error::Expired { what: "The result is" });
    }
    Ok(Redirect::temporary(&url(&service, output).await?))
}

/// Where the store gives it out, for a while.
pub(super) async fn url(service: &Service, output: &Output) -> Result<String, objects::Error> {
    let Output { bucket, key, name, content_type, .. } = output;
    let lifetime = service.config.download_url_lifetime();
    service.ctx.objects.presign_get(bucket, key, name, content_type, lifetime).await
}

/// Where [`fetch`] gives it out, or says that it is gone.
pub(super) fn address(public_url: &str, session: &str, name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let name: String = name
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("{public_url}/api/sessions/{session}/results/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_to_another_address() {
        assert_eq!(
            address("http://h", "s", "a b/../ü?.flac"),
            "http://h/api/sessions/s/results/a%20b%2F..%2F%C3%BC%3F.flac"
        );
    }
}
