//! Where the adapters are chosen, once, for one machine: SQLite records, our engine, our object store, children of this
//! very binary.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use activities::child::Workbench;
use activities::ffmpeg::Ffmpeg;
use activities::notices::Notices;
use activities::ports::{Flags, Mailer};
use activities::webhook::Sender;
use activities::{Buckets, Clock, Ctx, Settings, Workers};
use jiff::SignedDuration;
use service::audit::Audit;
use service::people::{Invitation, NewUser, People, Role, UserChange};
use service::rates::Rates;
use service::serve::Limits;
use service::turns::Turns;
use service::{Changes, Meters, Service};
use states::State;
use states::recipe::RECIPES;
use strum::VariantArray;
use workflow::driver::{self, Engine, Ticks};
use workflow::journal::SqliteJournal;
use workflow::services::Services;

use crate::captioner::CommandCaptioner;
use crate::config::{Config, Issuer};
use crate::data_folder::DataFolder;
use crate::driver::EngineDriver;
use crate::flags::FileFlags;
use crate::notices::{self, SmtpMailer, SqliteNotifier};
use crate::page;
use crate::people::password::Hasher;
use crate::people::token::Tokens;
use crate::people::{Embedded, Issued, Keyring, S3Secrets, Store};
use crate::s3::{self, Inboxes, S3Config, S3Store};
use crate::sessions::{Census, SqliteSessions};
use crate::tasks::{self, Activities, Work};

/// Progress is shown as it happens; no more often than an eye can follow.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// Who is uploading when the server stops has so long. An upload that is cut off begins anew, and nothing is lost.
const LAST_UPLOADS: Duration = Duration::from_secs(5);

/// Everything that serves, put together and not yet serving.
pub struct Assembled {
    pub service: Service,
    pub engine: Engine,
    /// The same for all that is not the product, which may only look at the product's machines: who comes to the engine's
    /// own endpoint, and the tasks of the machines that they bring.
    pub outward: Engine,
    pub store: S3Store,
    /// For the first admin, as long as there is none.
    pub invitation: Option<Invitation>,
    /// Where the flags stand, which an editor may change.
    pub flags: Arc<FileFlags>,
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
    #[error("the people cannot be opened: {0}")]
    People(#[source] ledger::Error),
    #[error("the issuer cannot be asked: {0}")]
    Issuer(#[source] reqwest::Error),
    #[error("the first admin cannot be invited: {0}")]
    FirstAdmin(#[source] service::people::Refused),
    #[error("the store of notices cannot be opened: {0}")]
    Notices(#[from] notices::Error),
    #[error("the mail server of the configuration cannot be used: {0}")]
    Mail(#[source] lettre::transport::smtp::Error),
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
    let meters = meters();
    let public_url = config.url(config.public_url.as_ref(), bound.api);
    let s3_public_url = config.url(config.s3_public_url.as_ref(), bound.s3);
    let changes = Changes::default();
    let sessions = SqliteSessions::open(&folder.path.join("sessions.db"), changes.clone());
    let sessions = Arc::new(sessions.map_err(Error::Sessions)?);
    meters.look_up(census(sessions.clone()));
    let file_flags = Arc::new(FileFlags::open(&folder.path));
    let flags: Arc<dyn Flags> = file_flags.clone();
    let room = (sessions.clone(), flags.clone());
    let Arrivals { people, users, audit, inboxes, invitation } = arrivals(config, &folder, room).await?;
    let store = S3Store::open(&s3_config(config, &folder, bound, inboxes)).await?;

    let journal = SqliteJournal::open(&folder.path.join("journal.db")).map_err(Error::Journal)?;
    let activities = Arc::new(Activities::new(turns(config.workers, flags.clone()), sessions.clone()));
    let services = Arc::new(services);
    let tasks = Arc::new(Work { own: activities.clone(), services: services.clone() });
    let place = driver::Config {
        place: config.services.place(),
        objects: services.clone(),
        forget_after: config.deadlines.retention.history.map(SignedDuration::unsigned_abs),
        ..driver::Config::default()
    };
    let engine = Engine::open(journal, tasks, Ticks::steady(), place).await?;
    let outward = engine.read_only(EngineDriver::read_only());
    services.begin(outward.clone());
    let objects = store.objects(keys(&folder), s3_public_url.clone());
    let ctx = around(Ctx {
        sessions,
        driver: Arc::new(EngineDriver::open(engine.clone()).await?),
        objects,
        workbench: workbench(config.ffmpeg.as_deref(), &folder.scratch()?)?,
        captioner: config.captioner.clone().map(|command| Arc::new(CommandCaptioner::new(command)) as _),
        flags: Some(flags),
        notices: Some(Arc::new(notices(config, &folder.path, users, &public_url)?)),
        clock: Clock::System,
        settings: Arc::new(settings(config)),
    });
    activities.begin(ctx.clone());

    let api = api_config(config, &public_url, s3_public_url, bound);
    let images_of_each = if config.openness.accounts { service::IMAGES_OF_EACH } else { usize::MAX };
    let images = Turns::shared(service::IMAGES_AT_ONCE, move |_user| images_of_each);
    let (changes, page) = (Some(changes), page::embedded());
    let rates = Rates::new(config.fairness.allowed);
    let service =
        Service { ctx, changes, meters, config: api, images, page, people, audit: Some(audit), rates };
    Ok(Assembled { service, engine, outward, store, invitation, flags: file_flags, folder })
}

/// Before anything is opened: what is measured asks for its meters once.
fn meters() -> Meters {
    let meters = Meters::default();
    meters.install();
    ledger::describe();
    tasks::describe();
    meters
}

/// The object store: whose keys it takes, and who asks it under which name.
fn s3_config(config: &Config, folder: &DataFolder, bound: Bound, inboxes: Option<Inboxes>) -> S3Config {
    let scheme = config.scheme();
    let s3_public_url = config.url(config.s3_public_url.as_ref(), bound.s3);
    S3Config {
        data_dir: folder.path.clone(),
        keys: keys(folder),
        inboxes,
        allowed_hosts: vec![bound.s3.to_string(), host(&s3_public_url)],
        // Whatever name of ours the page was opened under.
        cors_origins: vec![
            config.url(config.public_url.as_ref(), bound.api),
            format!("{scheme}://{}", bound.api),
            format!("{scheme}://{}", localhost(bound)),
        ],
        over_https: s3_public_url.starts_with("https://"),
        limits: Limits { drain: LAST_UPLOADS, ..Limits::default() },
    }
}

fn keys(folder: &DataFolder) -> s3::Keys {
    s3::Keys { access: folder.keys.access.clone(), secret: folder.keys.secret.clone() }
}

fn settings(config: &Config) -> Settings {
    Settings {
        buckets: Buckets::default(),
        deadlines: config.deadlines,
        proxies: config.proxies.clone(),
        limits: config.limits.clone(),
        workers: Workers::default(),
        progress_interval: PROGRESS_INTERVAL,
    }
}

/// At the processors.
fn turns(workers: usize, flags: Arc<dyn Flags>) -> Turns {
    Turns::shared(workers, move |user| {
        let concurrent = flags.now().flags.allowance(user).concurrent;
        concurrent.map_or(usize::MAX, |most| most as usize)
    })
}

/// Under which names the API is asked, and what it says of where things are.
fn api_config(config: &Config, public_url: &str, s3_public_url: String, bound: Bound) -> service::Config {
    let mut api = service::Config::at(public_url);
    api.allowed_hosts.push(bound.api.to_string());
    api.allowed_hosts.push(localhost(bound));
    api.upload_url_lifetime = config.upload_url;
    api.object_origins = vec![s3_public_url];
    api.accounts = config.openness.accounts;
    api.issuer = config.issuer.as_ref().and_then(Issuer::for_the_page);
    api.trusted_proxies = config.openness.trusted.clone();
    api
}

fn localhost(bound: Bound) -> String {
    format!("localhost:{}", bound.api.port())
}

/// Those who may come, and what is written down of them.
struct Arrivals {
    people: Option<People>,
    /// None where the server keeps none itself.
    users: Option<Store>,
    audit: Arc<dyn Audit>,
    inboxes: Option<Inboxes>,
    invitation: Option<Invitation>,
}

async fn arrivals(
    config: &Config,
    folder: &DataFolder,
    (sessions, flags): (Arc<SqliteSessions>, Arc<dyn Flags>),
) -> Result<Arrivals, Error> {
    let store = Store::open(&folder.path, Clock::System).map_err(Error::People)?;
    let audit = Arc::new(store.clone());
    if !config.openness.accounts {
        return Ok(Arrivals { people: None, users: None, audit, inboxes: None, invitation: None });
    }
    let s3_secrets = S3Secrets::new(&folder.keys.secret);
    let inboxes = Some(Inboxes {
        people: store.clone(),
        secrets: s3_secrets.clone(),
        sessions,
        flags,
        trusted_proxies: config.openness.trusted.clone(),
    });
    let keys = Some(Arc::new(Keyring { store: store.clone(), s3_secrets }) as _);
    if let Some(issuer) = config.issuer.clone() {
        let verifier = Arc::new(Issued::new(store, issuer).map_err(Error::Issuer)?);
        let people = Some(People { verifier, accounts: None, keys });
        return Ok(Arrivals { people, users: None, audit, inboxes, invitation: None });
    }
    let invitation = first_admin(&store).await.map_err(Error::FirstAdmin)?;
    let (hasher, tokens) = (Hasher::new(), Tokens::new(&folder.token_key));
    let users = Some(store.clone());
    let embedded = Arc::new(Embedded { store, hasher, tokens });
    let people = Some(People { verifier: embedded.clone(), accounts: Some(embedded), keys });
    Ok(Arrivals { people, users, audit, inboxes, invitation })
}

/// What the first admin is called, until there is another.
const FIRST_ADMIN: &str = "admin";

/// As long as there is nobody who looks after the users, each start invites somebody to. Only whoever reads what this
/// program prints can accept.
async fn first_admin(people: &Store) -> Result<Option<Invitation>, service::people::Refused> {
    use service::people::Refused;
    if people.has_an_admin()? {
        return Ok(None);
    }
    match people.add(NewUser::new(FIRST_ADMIN, Role::Admin)).await {
        Ok((_, invitation)) => Ok(Some(invitation)),
        Err(Refused::Taken) => {
            let change = UserChange {
                role: Some(Role::Admin),
                disabled: Some(false),
                invite: true,
                ..UserChange::default()
            };
            Ok(people.change(FIRST_ADMIN, change).await?.1)
        }
        Err(refused) => Err(refused),
    }
}

/// How owners are told what became of their sessions.
fn notices(config: &Config, folder: &Path, users: Option<Store>, page: &str) -> Result<Notices, Error> {
    let mailer = config.mail.clone().map(|letterbox| SmtpMailer::new(letterbox, users));
    let mailer = mailer.transpose().map_err(Error::Mail)?;
    Ok(Notices {
        book: Arc::new(SqliteNotifier::open(&folder.join("notices.db"))?),
        mailer: mailer.map(|mailer| Arc::new(mailer) as Arc<dyn Mailer>),
        sender: Sender::new(config.webhooks.guard, config.webhooks.patience),
        terms: config.webhooks.terms.clone(),
        page: page.to_owned(),
    })
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

/// Looks up how many sessions stand where; a state that none is in any more is set to nothing.
fn census(sessions: Arc<SqliteSessions>) -> impl Fn() {
    const SESSIONS: &str = "lockgate_sessions";
    metrics::describe_gauge!(SESSIONS, "Sessions, by state and recipe.");
    let set = |state: &str, recipe: &str, count: u32| {
        metrics::gauge!(SESSIONS, "state" => state.to_owned(), "recipe" => recipe.to_owned()).set(count);
    };
    move || {
        let counted = match sessions.census() {
            Ok(counted) => counted,
            Err(error) => return tracing::warn!(%error, "the sessions could not be counted"),
        };
        for (state, row) in
            State::VARIANTS.iter().flat_map(|state| RECIPES.iter().map(move |row| (state, row)))
        {
            set(&state.to_string(), &row.recipe.to_string(), 0);
        }
        for Census { state, recipe, sessions } in counted {
            set(&state, &recipe, sessions);
        }
    }
}

fn host(url: &str) -> String {
    url.split_once("://").map_or(url, |(_, host)| host).to_owned()
}
