//! The HTTP API, and what it needs to be served.
//!
//! [`api`] is one file per resource; its `mod.rs` is the contents page of all routes. [`serve`] is the loop that every
//! listener of the program runs, [`hosts`] whom each of them answers for, [`forwarded`] which proxies it believes,
//! [`people`] who may ask, [`rates`] and [`quota`] how much, [`turns`] who is next, and [`audit`] what is written down of it,
//! [`changes`] how the event streams learn of writes, [`meters`] what `/metrics` reads, [`page`] how the files of the page
//! are served.
//!
//! Not here: which move is legal (`states/`), what a move does (`activities/`), where records and objects are kept and how
//! the program is put together (`local/`, `aws/`).

pub mod api;
pub mod audit;
pub mod changes;
pub mod forwarded;
pub mod hosts;
pub mod meters;
pub mod page;
pub mod people;
pub mod quota;
pub mod rates;
pub mod serve;
pub mod turns;

use activities::Ctx;
use std::sync::Arc;
use std::time::Duration;

use activities::objects::presign::MAX_LIFETIME;
use states::session::Deadlines;

use crate::audit::Audit;
use crate::forwarded::TrustedProxies;
use crate::rates::Rates;
use crate::turns::Turns;

pub use api::openapi::document;
pub use api::{LOCAL, invitation_url, router};
pub use changes::Changes;
pub use meters::Meters;
pub use page::Page;
pub use people::{Identity, Issuer, People};

/// To be appended to whatever log filter is asked for: at their finest, these crates write what they sign or check, and a
/// signature is as good as the object it opens.
pub const LOG_CEILING: &str =
    "aws_sigv4=info,aws_smithy_runtime=info,aws_smithy_runtime_api=info,aws_sdk_s3=info,s3s=error";

/// What the API stands on. [`router`] makes the routes of it.
#[derive(Clone)]
pub struct Service {
    pub ctx: Ctx,
    /// None where answers cannot stream: an event stream is then the snapshot and a word when to ask again.
    pub changes: Option<Changes>,
    pub meters: Meters,
    pub config: Config,
    /// Turns of pictures that are being sent to the API itself.
    pub images: Turns,
    /// None where the page is served by somebody else, or was not built.
    pub page: Option<Page>,
    /// None without accounts, and where whoever stands before the API says who asks.
    pub people: Option<People>,
    pub audit: Option<Arc<dyn Audit>>,
    /// How much may be asked of the API; where it has accounts.
    pub rates: Rates,
}

/// So many pictures are taken in at a time; each holds the memory of a part.
pub const IMAGES_AT_ONCE: usize = 8;

/// So many of them one user's, where there are several users.
pub const IMAGES_OF_EACH: usize = 4;

#[derive(Clone, Debug)]
pub struct Config {
    /// Where people reach this API, without a slash at the end: `https://media.example.org`.
    pub public_url: String,
    /// `host` or `host:port` of requests that are answered; without a port, any port.
    pub allowed_hosts: Vec<String>,
    /// Pages of these origins may use the API. None but our own, unless configured.
    pub cors_origins: Vec<String>,
    /// The object store's origins, which the page fetches from.
    pub object_origins: Vec<String>,
    /// Every request must say whose it is, and comes to have an [`Identity`]; else everything is the one owner's of this
    /// machine.
    pub accounts: bool,
    /// Who has the users, where the page can send people to them to sign in.
    pub issuer: Option<Issuer>,
    /// Whose word for where a request comes from is believed.
    pub trusted_proxies: TrustedProxies,
    /// Whether the store can list everybody's sessions to an admin: DynamoDB has no index for that.
    pub lists_everybody: bool,
    /// The most bytes of a picture that `POST /images` is given, where something before it takes no more; what is larger is
    /// told where to be uploaded to.
    pub largest_image: Option<u64>,
    /// How long a URL to upload to lives; a quarter of an hour at most.
    pub upload_url_lifetime: Duration,
    /// How long a URL to fetch a result from lives; a quarter of an hour at most.
    pub download_url_lifetime: Duration,
}

impl Config {
    /// Whether people reach it over TLS, if only as far as a proxy: then every answer tells them never to do without.
    pub fn over_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The configuration of a server that is reached at `public_url` and under no other name.
    pub fn at(public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        let host = public_url.split_once("://").map_or(public_url.as_str(), |(_, host)| host);
        Self {
            allowed_hosts: vec![host.to_owned()],
            public_url,
            cors_origins: Vec::new(),
            object_origins: Vec::new(),
            accounts: false,
            issuer: None,
            trusted_proxies: TrustedProxies::default(),
            lists_everybody: true,
            largest_image: None,
            upload_url_lifetime: MAX_LIFETIME,
            download_url_lifetime: MAX_LIFETIME,
        }
    }
}

impl Config {
    fn upload_url_lifetime(&self) -> Duration {
        self.upload_url_lifetime.min(MAX_LIFETIME)
    }

    fn download_url_lifetime(&self) -> Duration {
        self.download_url_lifetime.min(MAX_LIFETIME)
    }
}

impl Service {
    fn deadlines(&self) -> &Deadlines {
        &self.ctx.settings.deadlines
    }
}
