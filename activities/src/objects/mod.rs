//! Objects: the S3 client every activity uses, on one machine against our own endpoint and on AWS against S3.
//!
//! The S3 protocol is the port, so this is a struct over the SDK and not a trait. One file per concern: [`presign`]
//! makes the URLs a browser may use, [`read`] reads ranges of one pinned object, [`mod@write`] streams an output out,
//! [`delete`] and [`list`] clean up, [`event`] is the notice that an object was created. Not here: keys and their
//! meaning (the activities choose them), the endpoint itself (`local/src/s3`).

pub mod delete;
mod error;
pub mod event;
pub mod list;
pub mod presign;
pub mod read;
pub mod write;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedHttpClient,
};

pub use delete::Deleted;
pub use error::Error;
pub use event::ObjectCreated;
pub use list::Listed;
pub use presign::Upload;
pub use read::{Head, Source};
pub use write::{Sink, Written};

/// The region our own endpoint is told; it ignores it, but a signature names one.
const LOCAL_REGION: &str = "us-east-1";

/// A handle on the object store. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    /// Signs URLs for the address browsers see. It never sends anything.
    signer: Client,
    /// Whether a network lies between, so that a checksum travels with what is stored.
    is_remote: bool,
}

/// Where our own endpoint is, and the key pair it was given.
#[derive(Clone)]
pub struct Endpoint {
    /// What requests are made for, as `http://127.0.0.1:9000`.
    pub url: String,
    /// What presigned URLs are made for: the same, or the address of the proxy in front.
    pub public_url: String,
    pub access: String,
    pub secret: String,
}

impl Objects {
    /// Over clients that somebody else configured: on AWS, both are the one made from the environment.
    pub fn new(client: Client, signer: Client) -> Self {
        Self { client, signer, is_remote: true }
    }

    /// Over our own endpoint, path style; `http` brings requests there.
    pub fn local(endpoint: &Endpoint, http: SharedHttpClient) -> Self {
        let signer = local_client(endpoint, &endpoint.public_url, http.clone());
        Self::new(local_client(endpoint, &endpoint.url, http), signer)
    }

    /// The same over an endpoint of this very process. It hashes what it stores; that nothing was lost on the way to it
    /// need not be shown.
    pub fn in_process(self) -> Self {
        Self { is_remote: false, ..self }
    }

    /// The SDK's client, for what has no method here.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

fn local_client(endpoint: &Endpoint, url: &str, http: SharedHttpClient) -> Client {
    let keys = Credentials::new(&endpoint.access, &endpoint.secret, None, None, "lockgate");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(LOCAL_REGION))
        .endpoint_url(url)
        .force_path_style(true)
        .credentials_provider(keys)
        .http_client(http)
        // Where a network lies between, the SHA-256 of a body is signed; a trailing CRC besides would only cost time.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Client::from_conf(config)
}
