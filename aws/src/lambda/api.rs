//! The HTTP API behind an HTTP API of API Gateway. Who asks, the gateway has verified; a request that it lets through
//! without a token reaches only what is for everybody.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::body::Body;
use http::Request;
use lambda_http::request::RequestContext;
use lambda_http::{RequestExt, service_fn};
use lambda_runtime::Error;
use service::serve::Peer;
use service::{Identity, Service};
use tower::ServiceExt;

use crate::emf::Meters;
use crate::flags::ParameterFlags;
use crate::people;

pub(super) async fn serve(service: Service, flags: &ParameterFlags, meters: Meters) -> Result<(), Error> {
    let (router, meters) = (service::router(service), &meters);
    let handle = |request| {
        let answer = router.clone().oneshot(told(request));
        async move {
            flags.look().await;
            let answer = answer.await;
            meters.write();
            answer
        }
    };
    lambda_http::run(service_fn(handle)).await
}

/// The request, with what the gateway says of it.
fn told(request: lambda_http::Request) -> Request<Body> {
    let context = request.request_context_ref().cloned();
    let mut request = request.map(Body::new);
    if let Some(RequestContext::ApiGatewayV2(context)) = context {
        let claims = context.authorizer.and_then(|authorizer| authorizer.jwt).map(|jwt| jwt.claims);
        if let Some(identity) = claims.and_then(|claims| identity(&claims)) {
            request.extensions_mut().insert(identity);
        }
        if let Some(address) = context.http.source_ip.and_then(|address| address.parse().ok()) {
            request.extensions_mut().insert(Peer(SocketAddr::new(address, 0)));
        }
    }
    request
}

/// In the claims of a token, the groups of its subject; the gateway writes a list as `[a b]`.
const GROUPS: &str = "cognito:groups";

/// Whose token has these claims.
fn identity(claims: &HashMap<String, String>) -> Option<Identity> {
    let user = claims.get("sub")?;
    let groups = claims.get(GROUPS).map_or("", String::as_str);
    let is_separator = |char: char| char == '[' || char == ']' || char == ',' || char.is_whitespace();
    Some(people::identity(user, |wanted| groups.split(is_separator).any(|group| group == wanted)))
}

#[cfg(test)]
mod tests {
    use service::people::{Role, Scope, Scopes};

    use super::*;

    fn asks(groups: Option<&str>) -> (Role, Scopes) {
        let mut claims = HashMap::from([("sub".to_owned(), "s-1".to_owned())]);
        claims.extend(groups.map(|groups| (GROUPS.to_owned(), groups.to_owned())));
        let Identity { user, role, scopes } = identity(&claims).unwrap();
        assert_eq!(user, "s-1");
        (role, scopes)
    }

    #[test]
    fn what_a_group_s_members_may_is_theirs_and_nobody_else_s() {
        for admin in ["[admin]", "[viewer admin]", "admin,b"] {
            assert_eq!(asks(Some(admin)), (Role::Admin, Scopes::ALL), "{admin}");
        }
        for user in [None, Some(""), Some("[admins]"), Some("[not-admin]"), Some("[editor viewer]")] {
            assert_eq!(asks(user), (Role::User, Scopes::ALL), "{user:?}");
        }
        assert_eq!(asks(Some("[viewer]")), (Role::User, Scopes::of(&[Scope::Read])));
        assert_eq!(identity(&HashMap::new()), None);
    }
}
