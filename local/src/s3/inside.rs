//! The endpoint as this process itself reaches it: what its S3 client asks is handed to the protocol as it is, and no
//! socket stands between, where every byte would be copied four times. A request is signed like any other, and the keyring
//! asks who signed it.
//!
//! Not here: the `gate`, which stands between the network and the protocol. What it keeps out does not come from within.

use std::error::Error;
use std::fmt;

use activities::objects::{Endpoint, Objects};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::header::{HOST, HeaderValue};
use s3s::Body;
use s3s::service::S3Service;

use super::{Keys, S3Store};

/// What the client calls the endpoint: a name that is signed, and that nobody looks up.
const NAME: &str = "http://lockgate";

impl S3Store {
    /// The store for who works on objects in this process. What browsers are given is signed for `public_url`.
    pub fn objects(&self, keys: Keys, public_url: String) -> Objects {
        let Keys { access, secret } = keys;
        let endpoint = Endpoint { url: NAME.to_owned(), public_url, access, secret };
        let inside = SharedHttpConnector::new(Inside(self.service.clone()));
        Objects::local(&endpoint, http_client_fn(move |_, _| inside.clone())).in_process()
    }
}

/// On a request that came by no network.
#[derive(Clone, Copy)]
pub(super) struct FromWithin;

struct Inside(S3Service);

impl fmt::Debug for Inside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Inside")
    }
}

impl HttpConnector for Inside {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(answer(self.0.clone(), request))
    }
}

async fn answer(service: S3Service, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let mut request = request.try_into_http1x().map_err(broken)?;
    // It is signed; on a socket, who writes the request adds it.
    let host = request.uri().authority().and_then(|name| HeaderValue::from_str(name.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    request.extensions_mut().insert(FromWithin);
    let response = service.call(request.map(Body::http_body)).await.map_err(broken)?;
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x)).map_err(broken)
}

fn broken(error: impl Into<Box<dyn Error + Send + Sync>>) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}
