//! The HTTP API behind an HTTP API of API Gateway. Who asks, the gateway has verified; a request that it lets through
//! without a token reaches only what is for everybody.

use std::net::SocketAddr;

use axum::body::Body;
use http::Request;
use lambda_http::request::RequestContext;
use lambda_http::{RequestExt, service_fn};
use lambda_runtime::Error;
use service::serve::Peer;
use service::{Owner, Service};
use tower::ServiceExt;

pub(super) async fn serve(service: Service) -> Result<(), Error> {
    let router = service::router(service);
    lambda_http::run(service_fn(|request| router.clone().oneshot(told(request)))).await
}

/// The request, with what the gateway says of it.
fn told(request: lambda_http::Request) -> Request<Body> {
    let context = request.request_context_ref().cloned();
    let mut request = request.map(Body::new);
    if let Some(RequestContext::ApiGatewayV2(context)) = context {
        let claims = context.authorizer.and_then(|authorizer| authorizer.jwt).map(|jwt| jwt.claims);
        // The subject is never given to another user, as a name may be.
        if let Some(subject) = claims.and_then(|mut claims| claims.remove("sub")) {
            request.extensions_mut().insert(Owner(subject));
        }
        if let Some(address) = context.http.source_ip.and_then(|address| address.parse().ok()) {
            request.extensions_mut().insert(Peer(SocketAddr::new(address, 0)));
        }
    }
    request
}
