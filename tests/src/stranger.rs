//! The object store as whoever is not the server's own process reaches it: over a socket.

use activities::objects::{Endpoint, Objects};

/// The store at `url`, which is also what URLs are signed for.
pub fn objects(url: &str, access: &str, secret: &str) -> Objects {
    let endpoint = Endpoint {
        url: url.to_owned(),
        public_url: url.to_owned(),
        access: access.to_owned(),
        secret: secret.to_owned(),
    };
    Objects::local(&endpoint, aws_smithy_http_client::Builder::new().build_http())
}
