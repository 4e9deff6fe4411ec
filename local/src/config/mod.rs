//! What `lockgate serve` is told, and by whom: flags before environment before the file before the defaults.
//!
//! Whatever has a flag or stands in the file is read here, once, into one plain [`Config`]. What would open the service to
//! others is refused in [`listening`].
//!
//! Not here, though read from the environment: how much is logged (`cli/serving.rs`), where traces go (`traces`), what services
//! of others are called with (`endpoints`), and what the commands of a client are told (`cli/client.rs`).

mod captions;
mod fairness;
mod issuer;
mod limits;
mod listening;
mod notices;
mod proxies;
mod retention;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use activities::child::RecipeLimits;
use activities::objects::presign::MAX_LIFETIME;
use activities::recipes::proxies::Wanted;
use clap::Args;
use jiff::SignedDuration;
use serde::Deserialize;
use service::forwarded::Network;
use states::session::{Deadlines, Retention};
use url::Url;

use crate::endpoints;
use crate::notices::Letterbox;

pub use captions::{Captions, Command};
pub use fairness::Fairness;
pub use issuer::Issuer;
pub use listening::{Openness, Tls};
pub use notices::{Mail, Sending, Webhooks};
pub use proxies::Proxies;
pub use retention::Days;

/// The flags of `serve`, and the file's fields: the same names, `listen` as `--listen` and as `listen = "…"`.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Told {
    /// Where the page and the API are served [default: 127.0.0.1:8080]
    #[arg(long, env = "LOCKGATE_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,

    /// Where the S3 endpoint for uploads and downloads is served [default: 127.0.0.1:9000]
    #[arg(long, env = "LOCKGATE_S3_LISTEN", value_name = "ADDR")]
    pub s3_listen: Option<SocketAddr>,

    /// Where the engine's Step Functions endpoint is served; off unless given
    #[arg(long, env = "LOCKGATE_ENGINE_LISTEN", value_name = "ADDR")]
    pub engine_listen: Option<SocketAddr>,

    /// The folder that holds everything [default: ~/.local/share/lockgate]
    #[arg(long, env = "LOCKGATE_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// How browsers reach the API when a proxy stands in front of it
    #[arg(long, env = "LOCKGATE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<Url>,

    /// How browsers reach the S3 endpoint when a proxy stands in front of it
    #[arg(long, env = "LOCKGATE_S3_PUBLIC_URL", value_name = "URL")]
    pub s3_public_url: Option<Url>,

    /// Keep users, who sign in; needed on any address but loopback
    #[arg(long, env = "LOCKGATE_ACCOUNTS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub accounts: Option<bool>,

    /// Serve other addresses than loopback although everybody who reaches them may do everything
    #[arg(long)]
    #[serde(skip)]
    pub no_accounts_i_know: bool,

    /// The certificate, and those that it leans on, as PEM: serves HTTPS
    #[arg(long, env = "LOCKGATE_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Its private key, as PEM
    #[arg(long, env = "LOCKGATE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// A proxy whose X-Forwarded-For is believed: an address, or a network as 10.0.0.0/8; may be said several times
    #[arg(long, env = "LOCKGATE_TRUSTED_PROXY", value_name = "ADDR", value_delimiter = ',')]
    pub trusted_proxy: Vec<Network>,

    /// Media children at work at the same time [default: two more than there are cores]
    #[arg(long, env = "LOCKGATE_WORKERS", value_name = "N")]
    pub workers: Option<usize>,

    /// What state machines that others bring to the engine's endpoint call: told by flags or the environment only.
    #[command(flatten)]
    #[serde(skip)]
    pub services: endpoints::Told,
    /// The folder that ffmpeg and ffprobe lie in, which decode what Lockgate does not itself [default: the first of PATH]
    #[arg(long, env = "LOCKGATE_FFMPEG", value_name = "DIR")]
    pub ffmpeg: Option<PathBuf>,

    /// In the file only: `[patience]`
    #[arg(skip)]
    pub patience: Patience,

    /// In the file only: `[proxies]`
    #[arg(skip)]
    pub proxies: Proxies,

    /// In the file only: `[limits.RECIPE]`
    #[arg(skip)]
    pub limits: limits::Told,

    /// In the file only: `[captions]`
    #[arg(skip)]
    pub captions: Captions,

    /// In the file only: `[fairness]`
    #[arg(skip)]
    pub fairness: fairness::Told,

    /// In the file only: `[issuer]`
    #[arg(skip)]
    pub issuer: Option<Issuer>,
    /// In the file only: `[retention]`
    #[arg(skip)]
    pub retention: Days,

    /// In the file only: `[webhooks]`
    #[arg(skip)]
    pub webhooks: Webhooks,

    /// In the file only: `[mail]`
    #[arg(skip)]
    pub mail: Mail,
}

/// How long things may take before the sweep looks at them, in seconds; what is not said stays as it is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Patience {
    /// A round of the sweep comes so often.
    pub sweep_every: Option<f64>,
    /// An upload URL lives so long; a quarter of an hour at most.
    pub upload_url: Option<f64>,
    pub upload_grace: Option<f64>,
    pub start_within: Option<f64>,
    pub checkup: Option<f64>,
    pub debt: Option<f64>,
    pub upload_check: Option<f64>,
    pub not_found: Option<f64>,
    pub deletion_grace: Option<f64>,
    pub after_failure: Option<f64>,
    pub dead_execution: Option<f64>,
}

impl Patience {
    fn deadlines(&self, retention: Retention) -> Deadlines {
        let usual = Deadlines::default();
        let or = |said: Option<f64>, usual| said.map_or(usual, SignedDuration::from_secs_f64);
        Deadlines {
            upload_grace: or(self.upload_grace, usual.upload_grace),
            start_within: or(self.start_within, usual.start_within),
            checkup: or(self.checkup, usual.checkup),
            debt: or(self.debt, usual.debt),
            upload_check: or(self.upload_check, usual.upload_check),
            not_found: or(self.not_found, usual.not_found),
            deletion_grace: or(self.deletion_grace, usual.deletion_grace),
            after_failure: or(self.after_failure, usual.after_failure),
            dead_execution: or(self.dead_execution, usual.dead_execution),
            retention,
        }
    }

    fn upload_url(&self) -> Duration {
        let most = MAX_LIFETIME.as_secs_f64();
        Duration::from_secs_f64(self.upload_url.unwrap_or(most).clamp(1.0, most))
    }

    fn sweep_every(&self) -> Duration {
        Duration::from_secs_f64(self.sweep_every.unwrap_or(5.0).clamp(0.01, 3600.0))
    }
}

/// All that was told, checked, and what is usual for the rest.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub s3_listen: SocketAddr,
    pub engine_listen: Option<SocketAddr>,
    pub data: PathBuf,
    pub public_url: Option<Url>,
    pub s3_public_url: Option<Url>,
    pub openness: listening::Openness,
    /// Who has the users, if not this server.
    pub issuer: Option<Issuer>,
    pub workers: usize,
    pub services: endpoints::Told,
    pub ffmpeg: Option<PathBuf>,
    pub deadlines: Deadlines,
    pub sweep_every: Duration,
    pub upload_url: Duration,
    pub proxies: Wanted,
    /// What the workers of each recipe may take.
    pub limits: RecipeLimits,
    /// How much is each user's.
    pub fairness: Fairness,
    /// Who writes captions, if anybody.
    pub captioner: Option<Command>,
    pub webhooks: Sending,
    /// How letters are sent, if they are.
    pub mail: Option<Letterbox>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "--{flag} {address}: this is served on loopback only, since whoever reaches it may do everything there"
    )]
    NotLoopback { flag: &'static str, address: SocketAddr },
    #[error(transparent)]
    Open(#[from] listening::Refused),
    #[error("{path}: {why}")]
    File { path: PathBuf, why: String },
    #[error("there is no home folder; say where the data shall lie with --data DIR")]
    NoHome,
}

impl Config {
    /// What was told on the command line; for the rest what the file `lockgate.toml` in the data folder says, or a default.
    pub fn checked(told: Told) -> Result<Self, Error> {
        let data = data_folder(told.data.clone())?;
        let path = data.join("lockgate.toml");
        let file = read(&path)?.unwrap_or_default();
        let broken = |why| Error::File { path: path.clone(), why };
        let loopback = |port| SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port);
        let issuer = file.issuer.clone().map(Issuer::check).transpose().map_err(&broken)?;
        let openness = listening::checked(&told, &file)?;
        let retention = file.retention.checked().map_err(&broken)?;
        let config = Self {
            listen: told.listen.or(file.listen).unwrap_or_else(|| loopback(8080)),
            s3_listen: told.s3_listen.or(file.s3_listen).unwrap_or_else(|| loopback(9000)),
            engine_listen: told.engine_listen.or(file.engine_listen),
            data,
            public_url: told.public_url.or(file.public_url),
            s3_public_url: told.s3_public_url.or(file.s3_public_url),
            openness,
            issuer,
            workers: told.workers.or(file.workers).unwrap_or_else(usual_workers).max(1),
            services: told.services,
            ffmpeg: told.ffmpeg.or(file.ffmpeg),
            deadlines: file.patience.deadlines(retention),
            sweep_every: file.patience.sweep_every(),
            upload_url: file.patience.upload_url(),
            proxies: file.proxies.checked().map_err(&broken)?,
            limits: file.limits.checked().map_err(&broken)?,
            fairness: file.fairness.completed(),
            captioner: file.captions.checked().map_err(&broken)?,
            webhooks: file.webhooks.checked().map_err(&broken)?,
            mail: file.mail.checked().map_err(&broken)?,
        };
        if let Some(address) = config.engine_listen {
            loopback_only("engine-listen", address)?;
        }
        let listeners = [
            ("listen", config.listen, "public-url", config.public_url.as_ref()),
            ("s3-listen", config.s3_listen, "s3-public-url", config.s3_public_url.as_ref()),
        ];
        for (flag, address, public_flag, public_url) in listeners {
            config.openness.check(listening::Listener { flag, address, public_flag, public_url })?;
        }
        Ok(config)
    }

    /// What its listeners speak.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.openness.tls.is_some() { "https" } else { "http" }
    }

    /// Where others reach the listener at `address`: there, unless it was told otherwise. No slash at its end.
    pub(crate) fn url(&self, public: Option<&Url>, address: SocketAddr) -> String {
        let listens = || format!("{}://{address}", self.scheme());
        public.map_or_else(listens, |url| url.as_str().trim_end_matches('/').to_owned())
    }
}

/// The folder that was told, or the usual one.
pub(crate) fn data_folder(told: Option<PathBuf>) -> Result<PathBuf, Error> {
    told.or_else(|| home("lockgate")).ok_or(Error::NoHome)
}

/// What a file says of the recipes, for whoever makes them without a server: the proxies that are wanted, and what each
/// recipe's worker may take.
pub(crate) fn recipes(path: Option<&Path>) -> Result<(Wanted, RecipeLimits), Error> {
    let Some(path) = path else { return Ok(Default::default()) };
    let broken = |why| Error::File { path: path.to_owned(), why };
    let file = read(path)?.ok_or_else(|| broken("there is no such file".to_owned()))?;
    let limits = file.limits.checked().map_err(broken)?;
    Ok((file.proxies.checked().map_err(broken)?, limits))
}

/// Refuses an address that others could reach.
pub(crate) fn loopback_only(flag: &'static str, address: SocketAddr) -> Result<(), Error> {
    if address.ip().is_loopback() { Ok(()) } else { Err(Error::NotLoopback { flag, address }) }
}

/// None where there is no such file.
fn read(path: &Path) -> Result<Option<Told>, Error> {
    let broken = |why: String| Error::File { path: path.to_owned(), why };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(broken(error.to_string())),
    };
    toml::from_str(&text).map(Some).map_err(|error| broken(error.to_string()))
}

/// Where this user's data of that name lies.
pub(crate) fn home(name: &str) -> Option<PathBuf> {
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty())?;
        Some(PathBuf::from(home).join(".local/share"))
    })?;
    Some(base.join(name))
}

/// While one waits for the disk, others work: two more than there are processors.
fn usual_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(data: &Path) -> Told {
        Told { data: Some(data.to_owned()), ..Told::default() }
    }

    #[test]
    fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("lockgate.toml"),
            "listen = '127.0.0.1:81'\ns3-listen = '127.0.0.1:82'",
        )
        .unwrap();
        let flags = Told { listen: Some("127.0.0.1:91".parse().unwrap()), ..told(folder.path()) };
        let config = Config::checked(flags).unwrap();
        assert_eq!((config.listen.port(), config.s3_listen.port()), (91, 82));
        assert_eq!(config.engine_listen, None);
    }

    #[test]
    fn no_address_but_loopback_is_served_unless_more_is_said() {
        let folder = tempfile::tempdir().unwrap();
        for address in ["0.0.0.0:8080", "192.168.1.4:8080", "[::]:8080"] {
            let flags = Told { engine_listen: Some(address.parse().unwrap()), ..told(folder.path()) };
            assert!(matches!(Config::checked(flags), Err(Error::NotLoopback { .. })), "{address}");
            for flags in [
                Told { listen: Some(address.parse().unwrap()), ..told(folder.path()) },
                Told { s3_listen: Some(address.parse().unwrap()), ..told(folder.path()) },
            ] {
                assert!(matches!(Config::checked(flags), Err(Error::Open(_))), "{address}");
            }
        }
    }

    #[test]
    fn an_unknown_field_in_the_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lockgate.toml"), "lisen = '127.0.0.1:81'").unwrap();
        let error = Config::checked(told(folder.path())).unwrap_err().to_string();
        assert!(error.contains("lisen"), "{error}");
    }
}
