//! Where the adapters are chosen, once, for one machine: SQLite records, our engine, our object store, children of this
//! very binary.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use activities::child::Workbench;
use activities::ffmpeg::Ffmpeg;
use activities::objects::{Endpoint, Objects};
use activities::{Buckets, Clock, Ctx, Settings};
use service::serve::Limits;
use service::{Changes, Meters, Service};
use tokio::sync::Semaphore;
use workflow::driver::{self, Engine, Ticks};
use workflow::journal::SqliteJournal;
use workflow::services::Services;

use crate::captioner::CommandCaptioner;
use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::driver::EngineDriver;
use crate::page;
use crate::s3::{self, S3Config, S3Store};
use crate::sessions::SqliteSessions;
use crate::tasks::{Activities, Work};

/// Progress is shown as it happens; no more often than an eye can follow.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// Everything that serves, put together and not yet serving.
pub struct Assembled {
    pub service: Service,
    pub engine: Engine,
    pub store: S3Store,
    /// Held for as long as anything is written in it.
    pub folder: DataFolder,
}

/// Where the listeners turned out to be bound.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    pub api: SocketAddr,
    pub s3: SocketAddr,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the session records cannot be opened: {0}")]
    Sessions(#[source] ledger::Error),
    #[error("the engine's journal cannot be opened: {0}")]
    Journal(#[source] workflow::journal::Error),
    #[error("the engine cannot start: {0}")]
    Engine(#[from] driver::Error),
    #[error("the object store cannot be opened: {0}")]
    Store(#[from] s3::Error),
    #[error("{0} holds no ffmpeg and ffprobe")]
    Ffmpeg(PathBuf),
    #[error("the folder for scratch files cannot be made: {0}")]
    Scratch(#[from] std::io::Error),
    #[error("this program's own file is not to be found: {0}")]
    Program(#[source] std::io::Error),
}

pub async fn assemble(
    config: &Config,
    services: Services,
    folder: DataFolder,
    bound: Bound,
) -> Result<Assembled, Error> {
    assemble_around(config, services, folder, bound, |ctx| ctx).await
}

/// As [`assemble`], with something put around what the activities stand on: another clock, a port that fails at will.
/// The engine's tasks and the API are both given what `around` answers.
pub async fn assemble_around(
    config: &Config,
    services: Services,
    folder: DataFolder,
    bound: Bound,
    around: impl FnOnce(Ctx) -> Ctx,
) -> Result<Assembled, Error> {
    let public_url = url(config.public_url.as_ref(), bound.api);
    let s3_public_url = url(config.s3_public_url.as_ref(), bound.s3);
    let localhost = format!("localhost:{}", bound.api.port());
    let store = S3Store::open(&S3Config {
        data_dir: folder.path.clone(),
        keys: s3::Keys { access: folder.keys.access.clone(), secret: folder.keys.secret.clone() },
        allowed_hosts: vec![bound.s3.to_string(), host(&s3_public_url)],
        // Whatever name of ours the page was opened under.
        cors_origins: vec![
            public_url.clone(),
            format!("http://{}", bound.api),
            format!("http://{localhost}"),
        ],
        limits: Limits::default(),
    })
    .await?;

    let changes = Changes::default();
    let sessions =
        SqliteSessions::open(&folder.path.join("sessions.db"), changes.clone()).map_err(Error::Sessions)?;
    let journal = SqliteJournal::open(&folder.path.join("journal.db")).map_err(Error::Journal)?;
    let activities = Arc::new(Activities::new(config.workers));
    let services = Arc::new(services);
    let tasks = Arc::new(Work { own: activities.clone(), services: services.clone() });
    let settings = driver::Config {
        place: config.services.place(),
        objects: services.clone(),
        ..driver::Config::default()
    };
    let engine = Engine::open(journal, tasks, Ticks::system(), settings).await?;
    services.begin(engine.clone());
    let objects = Objects::local(&Endpoint {
        url: format!("http://{}", bound.s3),
        public_url: s3_public_url.clone(),
        access: folder.keys.access.clone(),
        secret: folder.keys.secret.clone(),
    });
    let ctx = around(Ctx {
        sessions: Arc::new(sessions),
        driver: Arc::new(EngineDriver::open(engine.clone()).await?),
        objects,
        workbench: workbench(config.ffmpeg.as_deref(), &folder.scratch()?)?,
        captioner: config.captioner.clone().map(|command| Arc::new(CommandCaptioner::new(command)) as _),
        clock: Clock::System,
        settings: Arc::new(Settings {
            buckets: Buckets::default(),
            deadlines: config.deadlines,
            proxies: config.proxies.clone(),
            limits: config.limits.clone(),
            progress_interval: PROGRESS_INTERVAL,
        }),
    });
    activities.begin(ctx.clone());

    let meters = Meters::default();
    meters.install();
    let mut api = service::Config::at(&public_url);
    api.allowed_hosts.push(bound.api.to_string());
    api.allowed_hosts.push(localhost);
    api.upload_url_lifetime = config.upload_url;
    api.object_origins = vec![s3_public_url];
    let images = Arc::new(Semaphore::new(service::IMAGES_AT_ONCE));
    let service =
        Service { ctx, changes: Some(changes), meters, config: api, images, page: page::embedded() };
    Ok(Assembled { service, engine, store, folder })
}

/// Media work, in children of this very binary and, for what it does not decode, in ffmpeg: the one in the folder that
/// was told, or the first on the PATH. `scratch` is where it finds files that are none yet.
pub fn workbench(folder: Option<&Path>, scratch: &Path) -> Result<Workbench, Error> {
    let program = std::env::current_exe().map_err(Error::Program)?;
    let ffmpeg = match folder {
        Some(folder) => {
            let found = Ffmpeg::in_folder(folder, scratch);
            Some(found.ok_or_else(|| Error::Ffmpeg(folder.to_owned()))?)
        }
        None => std::env::var_os("PATH").and_then(|path| Ffmpeg::on_path(&path, scratch)),
    };
    Ok(Workbench { ffmpeg, ..Workbench::new(program) })
}

fn url(public: Option<&url::Url>, bound: SocketAddr) -> String {
    public.map_or_else(|| format!("http://{bound}"), |url| url.as_str().trim_end_matches('/').to_owned())
}

fn host(url: &str) -> String {
    url.split_once("://").map_or(url, |(_, host)| host).to_owned()
}
