//! Where the adapters are chosen, once, for AWS: DynamoDB, Step Functions, S3, Transcribe, a parameter of
//! flags, children of this very binary.

use std::sync::Arc;
use std::time::Duration;

use activities::child::{RecipeLimits, Workbench};
use activities::ffmpeg::Ffmpeg;
use activities::notices::{Notices, Terms};
use activities::recipes::proxies;
use activities::webhook::{Guard, Sender};
use activities::{Buckets, Clock, Ctx, Settings, Workers};
use service::forwarded::TrustedProxies;
use service::people::{People, Verifier};
use service::rates::Rates;
use service::turns::Turns;
use service::{Meters, Service};
use states::limits;
use states::session::Deadlines;

use crate::audit::LogAudit;
use crate::captioner::Transcribe;
use crate::connection::Connection;
use crate::driver::StepFunctions;
use crate::environment::{Environment, Pool};
use crate::flags::ParameterFlags;
use crate::mailer::SesMailer;
use crate::notices::DynamoNotifier;
use crate::sessions::DynamoSessions;

/// Each is a write that is paid for.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

pub fn transcribe(environment: &Environment, connection: &Connection) -> Transcribe {
    let Environment { table, stage, .. } = environment;
    Transcribe::new(connection.transcribe(), connection.dynamodb(), table, stage)
}

/// Whoever is told takes no longer to answer.
const WEBHOOK_PATIENCE: Duration = Duration::from_secs(limits::WEBHOOK_ANSWER_SECONDS);

pub fn flags(environment: &Environment, connection: &Connection) -> Arc<ParameterFlags> {
    Arc::new(ParameterFlags::new(connection.parameters(), &environment.stage))
}

/// What the activities of a function stand on. It has no ffmpeg: what takes one is a worker's.
pub fn function(
    environment: &Environment,
    connection: &Connection,
    transcribe: Transcribe,
    flags: Arc<ParameterFlags>,
) -> std::io::Result<Ctx> {
    let workers = if environment.workers { Workers::Elsewhere } else { Workers::Nobody };
    let ctx = ctx(environment, connection, workers)?;
    Ok(Ctx { captioner: Some(Arc::new(transcribe)), flags: Some(flags), ..ctx })
}

/// What a worker's stand on.
pub fn worker(environment: &Environment, connection: &Connection, ffmpeg: Ffmpeg) -> std::io::Result<Ctx> {
    let ctx = ctx(environment, connection, Workers::Here)?;
    Ok(Ctx { workbench: Workbench { ffmpeg: Some(ffmpeg), ..ctx.workbench }, ..ctx })
}

fn ctx(environment: &Environment, connection: &Connection, workers: Workers) -> std::io::Result<Ctx> {
    let Environment { table, state_machine, uploads, results, .. } = environment;
    let deadlines = Deadlines::default();
    Ok(Ctx {
        sessions: Arc::new(DynamoSessions::new(connection.dynamodb(), table)),
        driver: Arc::new(StepFunctions::new(connection.step_functions(), state_machine)),
        objects: connection.objects(),
        workbench: Workbench::new(std::env::current_exe()?),
        clock: Clock::System,
        captioner: None,
        notices: Some(Arc::new(notices(environment, connection, &deadlines))),
        flags: None,
        settings: Arc::new(Settings {
            buckets: Buckets { uploads: uploads.clone(), results: results.clone() },
            deadlines,
            proxies: proxies::Wanted::default(),
            progress_interval: PROGRESS_INTERVAL,
            limits: RecipeLimits::default(),
            workers,
        }),
    })
}

fn notices(environment: &Environment, connection: &Connection, deadlines: &Deadlines) -> Notices {
    let kept = deadlines.retention.history;
    let mailer = |mail| SesMailer::new(connection.letters(), connection.people(), mail);
    Notices {
        book: Arc::new(DynamoNotifier::new(connection.dynamodb(), &environment.table, kept)),
        mailer: environment.mail.clone().map(|mail| Arc::new(mailer(mail)) as _),
        sender: Sender::new(Guard::Public, WEBHOOK_PATIENCE),
        terms: Terms::default(),
        page: environment.public_url.clone(),
    }
}

/// Each at its address below the pool's domain, as Cognito has them.
fn issuer(Pool { issuer, client, domain }: &Pool) -> service::Issuer {
    service::Issuer {
        url: issuer.clone(),
        client: client.clone(),
        authorize: format!("{domain}/oauth2/authorize"),
        token: format!("{domain}/oauth2/token"),
        sign_out: Some(format!("{domain}/logout")),
        scope: service::Issuer::SCOPE.to_owned(),
    }
}

/// The API in a function. Its answers do not stream there, and who asks is told by the gateway.
pub fn service(environment: &Environment, ctx: Ctx) -> Service {
    let mut config = config(environment);
    config.largest_image = Some(limits::BODY_BYTES);
    Service {
        ctx,
        changes: None,
        meters: Meters::default(),
        config,
        images: Turns::new(service::IMAGES_AT_ONCE),
        page: None,
        people: None,
        audit: Some(Arc::new(LogAudit)),
        // The gateway's business, and that of whoever pays for the account.
        rates: Rates::default(),
    }
}

/// The API in a container, which verifies itself who asks and takes bodies of any size. Nobody tells it of what others write,
/// so that its event streams do not go on.
pub fn service_of_its_own(
    environment: &Environment,
    ctx: Ctx,
    verifier: Arc<dyn Verifier>,
    meters: Meters,
    trusted: TrustedProxies,
) -> Service {
    let mut config = config(environment);
    config.trusted_proxies = trusted;
    Service {
        meters,
        config,
        images: Turns::shared(service::IMAGES_AT_ONCE, |_user| service::IMAGES_OF_EACH),
        people: Some(People { verifier, accounts: None, keys: None }),
        ..service(environment, ctx)
    }
}

fn config(environment: &Environment) -> service::Config {
    let mut config = service::Config::at(&environment.public_url);
    config.allowed_hosts.extend(environment.hosts.iter().cloned());
    config.cors_origins.clone_from(&environment.origins);
    config.accounts = true;
    config.issuer = environment.pool.as_ref().map(issuer);
    config.lists_everybody = false;
    config
}
