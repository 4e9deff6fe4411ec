//! Whose a request is: the credential in its header, as whoever knows the people says. What came of it is an
//! [`Identity`](crate::people::Identity) of the request, or nothing; a route that needs one refuses then. And whether its
//! sender, or its address when nobody knows the sender, has asked too much.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

use super::App;
use super::edge::Origin;
use super::error::Error;
use crate::Service;
use crate::audit::Trail;
use crate::people::{Refused, Secret};
use crate::rates::Of;

/// No credential of ours is longer, nor is any of an issuer that is sane.
const LONGEST: usize = 8 << 10;

/// By what a request has shown who sends it: an answer that goes on for long asks again whether it is good.
#[derive(Clone, Debug)]
pub(super) struct Credential(Secret);

impl Credential {
    /// A fault is no reason to send anybody away.
    pub(super) async fn is_good(&self, service: &Service) -> bool {
        let Some(people) = &service.people else { return true };
        !matches!(people.verifier.verify(&self.0.0).await, Err(Refused::Credential))
    }
}

pub(super) async fn identify(State(service): State<App>, mut request: Request, next: Next) -> Response {
    let Some(people) = service.people.as_ref().filter(|_| service.config.accounts) else {
        return next.run(request).await;
    };
    let origin = request.extensions().get::<Origin>().map(|origin| origin.0);
    let mut sender = origin.map(Of::Address);
    if let Some(credential) = bearer(request.headers()) {
        match people.verifier.verify(credential).await {
            Ok(identity) => {
                sender = Some(Of::User(identity.user.clone()));
                let credential = Credential(Secret(credential.to_owned()));
                request.extensions_mut().insert(identity);
                request.extensions_mut().insert(credential);
            }
            Err(Refused::Fault(fault)) => return Error::from(fault).into_response(),
            Err(_) => {}
        }
    }
    let trail = request.extensions().get::<Trail>().cloned().unwrap_or_default();
    if let Some(sender) = sender
        && let Err(error) = not_too_much(&service, sender, &trail)
    {
        return error.into_response();
    }
    next.run(request).await
}

/// Takes a token from this bucket.
pub(super) fn not_too_much(service: &Service, of: Of, trail: &Trail) -> Result<(), Error> {
    service.rates.take(of, service.ctx.clock.now()).map_err(|empty| {
        trail.note(|known| known.is_repeated = !empty.is_news);
        Error::TooMany { wait: empty.wait }
    })
}

/// The one bearer's token of a request. Of two, neither is believed.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let plausible = scheme.eq_ignore_ascii_case("bearer") && (1..=LONGEST).contains(&token.len());
    plausible.then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn found(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn one_token_of_a_bearer_is_taken_and_nothing_else() {
        assert_eq!(found(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(found(&["bearer  abc"]).as_deref(), Some("abc"));
        for nothing in
            [&[][..], &["abc"], &["Basic abc"], &["Bearer "], &["Bearer"], &["Bearer a", "Bearer b"]]
        {
            assert_eq!(found(nothing), None, "{nothing:?}");
        }
    }
}
