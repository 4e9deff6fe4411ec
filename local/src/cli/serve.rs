//! `lockgate serve`: bind, assemble, serve until told to stop, drain.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use activities::confinement::Given;
use activities::moves::{confirm_upload, sweep};
use activities::worker::Shift;
use activities::{Ctx, worker};
use futures::FutureExt;
use service::audit::Audit;
use service::serve::{Limits, Listener, Manner, serve, tls};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use workflow::driver::Ticks;
use workflow::services::Services;

use super::Failure;
use super::asl::read_mocks;
use super::serving::{DRAIN, bind, start_logging, told_to_stop};
use crate::assemble::{Assembled, Bound, assemble};
use crate::config::{Config, Tls, Told};
use crate::data_folder::DataFolder;
use crate::driver::worked;
use crate::engine_api;
use crate::flags::FileFlags;
use crate::housekeeping;
use crate::s3::{Handler, Retry};

const HELP: &str = "What is not said here is read from lockgate.toml in the data folder, under the same names: \
listen = \"127.0.0.1:8080\"; what concerns the services that tasks call is said here or by the environment alone. \
LOCKGATE_LOG says what is logged to standard error: warn, debug, …";

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    told: Told,
    /// Say where it is ready as JSON, one object on a line
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let config = Config::checked(args.told)?;
    let mocks = read_mocks(config.services.mock_config.as_deref())?;
    let traces = start_logging();
    let services = Services::new(config.services.services(mocks), Ticks::system())?;
    let folder = DataFolder::open(&config.data)?;
    let Bindings { api, s3, engine, bound } = bindings(&config).await?;
    let assembled = assemble(&config, services, folder, bound).await?;

    say_what_is_lacking();
    let (stop, stopping) = watch::channel(false);
    let stopped = move || {
        let mut stopping = stopping.clone();
        async move { drop(stopping.wait_for(|stopping| *stopping).await) }
    };
    let engine_at = engine.as_ref().map(TcpListener::local_addr).transpose()?;
    // In one piece: whoever started us may read the first line and close the pipe.
    let public_url = &assembled.service.config.public_url;
    let invitation = assembled.invitation.as_ref();
    let invitation = invitation.map(|invitation| service::invitation_url(public_url, &invitation.token.0));
    print!("{}", ready(public_url, engine_at, invitation.as_deref(), args.json));
    let Assembled { service, engine: own_engine, outward, store, invitation: _, flags, folder: _held } =
        assembled;
    let ctx = service.ctx.clone();
    let audit = service.audit.clone().filter(|_| service.config.accounts);
    let over_https = service.config.over_https();
    let engine_api = async {
        if let Some((listener, address)) = engine.zip(engine_at) {
            serve(listener, engine_api::router(outward, address), Limits::default(), stopped()).await;
        }
    };
    let deliveries = store.deliver(confirmations(&ctx), Retry::default(), stopped());
    let given_back = Notify::new();
    let everything = async {
        // Workers tell the engine what they give back before it ends.
        let engine_ends = async {
            given_back.notified().await;
            own_engine.shutdown(DRAIN).await;
        };
        tokio::join!(
            serve(api, service::router(service), Manner { limits: Limits::default(), over_https }, stopped()),
            deliveries,
            store.serve(s3, stopped()),
            engine_api,
            sweeps(&ctx, config.sweep_every, stopped()),
            housekeeping::run(&ctx, config.data.clone(), stopped()),
            edits_of_flags(&flags, audit, config.sweep_every, stopped()),
            workers(&ctx, stopped(), &given_back),
            engine_ends,
        );
    };
    let told_to_stop = async {
        told_to_stop().await?;
        stop.send_replace(true);
        Ok::<_, std::io::Error>(())
    };
    let ((), told) = tokio::join!(everything, told_to_stop);
    traces.flush().await;
    told?;
    Ok(ExitCode::SUCCESS)
}

/// What is listened on.
struct Bindings {
    api: Listener,
    s3: Listener,
    engine: Option<TcpListener>,
    bound: Bound,
}

async fn bindings(config: &Config) -> Result<Bindings, Failure> {
    let tls = match &config.openness.tls {
        Some(Tls { cert, key }) => Some(tls::acceptor(cert, key)?),
        None => None,
    };
    let (api, s3) = (bind(config.listen).await?, bind(config.s3_listen).await?);
    let engine = match config.engine_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let bound = Bound { api: api.local_addr()?, s3: s3.local_addr()? };
    let (api, s3) = (Listener { tcp: api, tls: tls.clone() }, Listener { tcp: s3, tls });
    Ok(Bindings { api, s3, engine, bound })
}

/// Media workers are confined as far as this kernel can; what it cannot is said once.
fn say_what_is_lacking() {
    let given = std::env::current_exe().and_then(|program| Given::to(&program, activities::ffmpeg::ARGUMENT));
    match given.map(Given::lacks) {
        Ok(lacking) if lacking.is_empty() => {}
        Ok(lacking) => {
            tracing::warn!(lacks = lacking.join(", "), "media workers are confined less than they could be")
        }
        Err(error) => tracing::warn!(%error, "how media workers are confined cannot be said"),
    }
}

/// A line with the URL, one with the engine's where that is served, and one with where the first admin sets a password.
fn ready(url: &str, engine: Option<SocketAddr>, invitation: Option<&str>, json: bool) -> String {
    let engine = engine.map(|address| format!("http://{address}"));
    if json {
        let ready = serde_json::json!({ "url": url, "engine": engine, "invitation": invitation });
        return format!("{ready}\n");
    }
    let engine = engine.map(|engine| format!("Engine at {engine}\n")).unwrap_or_default();
    let invitation = invitation.map(|url| format!("There is no admin yet; become it at {url}\n"));
    format!("Lockgate is ready at {url}\n{engine}{}", invitation.unwrap_or_default())
}

/// Every upload that comes is confirmed; the store tells again of what could not be.
fn confirmations(ctx: &Ctx) -> Handler {
    let ctx = ctx.clone();
    Arc::new(move |event| {
        let ctx = ctx.clone();
        async move { confirm_upload::run(&ctx, &event).await.map_err(Into::into) }.boxed()
    })
}

/// Workers may take so long to give back what they have begun. What is not given back by then is missed by its heartbeat.
const GIVING_BACK: Duration = Duration::from_secs(2);

/// One worker for each activity that is a worker's; what it does takes all processors. What is under way when the server stops
/// is given back, so that it begins again at its next start, and tells so.
async fn workers(ctx: &Ctx, stopped: impl Future<Output = ()>, given_back: &Notify) {
    let shift = Shift::default();
    let all = futures::future::join_all(worked().map(|activity| worker::work(ctx, activity, &shift)));
    let ended = async {
        stopped.await;
        shift.end();
        // Who only waits for a task is not waited for.
        let _late = tokio::time::timeout(GIVING_BACK, shift.idle()).await;
    };
    tokio::select! {
        // A task that has just come is taken before it is looked whether there is any.
        biased;
        _ended = all => {}
        () = ended => {}
    }
    given_back.notify_one();
}

/// Without accounts there is no log that they could be written down in.
async fn edits_of_flags(
    flags: &FileFlags,
    audit: Option<Arc<dyn Audit>>,
    every: Duration,
    stopped: impl Future<Output = ()>,
) {
    let Some(audit) = audit else { return };
    tokio::select! {
        () = flags.audit(&*audit, every) => {}
        () = stopped => {}
    }
}

/// The sweep's timer. The first round looks a little ahead: what the process before this one owed need not wait.
async fn sweeps(ctx: &Ctx, every: Duration, stopped: impl Future<Output = ()>) {
    let rounds = async {
        let mut timer = tokio::time::interval(every);
        let mut ahead = ctx.settings.deadlines.debt;
        loop {
            timer.tick().await;
            if let Err(failure) = sweep::run(ctx, ahead).await {
                tracing::warn!(%failure, "a sweep failed; the next one tries again");
            }
            ahead = jiff::SignedDuration::ZERO;
        }
    };
    tokio::select! {
        () = rounds => {}
        () = stopped => {}
    }
}
