//! `lockgate serve`: bind, assemble, serve until told to stop, drain.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use activities::confinement::Given;
use activities::{Ctx, confirm_upload, sweep, worker};
use futures::FutureExt;
use service::serve::{Limits, serve};
use tokio::net::TcpListener;
use tokio::sync::watch;
use workflow::driver::Ticks;
use workflow::services::Services;

use super::Failure;
use super::asl::read_mocks;
use super::serving::{DRAIN, bind, start_logging, told_to_stop};
use crate::assemble::{Assembled, Bound, assemble};
use crate::config::{Config, Told};
use crate::data_folder::DataFolder;
use crate::driver::{EngineDriver, worked};
use crate::engine_api;
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
    let config = Config::settle(args.told)?;
    let mocks = read_mocks(config.services.mock_config.as_deref())?;
    start_logging();
    let services = Services::new(config.services.services(mocks), Ticks::system())?;
    let folder = DataFolder::open(&config.data)?;
    let api = bind(config.listen).await?;
    let s3 = bind(config.s3_listen).await?;
    let engine = match config.engine_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let bound = Bound { api: api.local_addr()?, s3: s3.local_addr()? };
    let assembled = assemble(&config, services, folder, bound).await?;

    say_what_is_lacking();
    let (stop, stopping) = watch::channel(false);
    let stopped = move || {
        let mut stopping = stopping.clone();
        async move { drop(stopping.wait_for(|stopping| *stopping).await) }
    };
    let engine_at = engine.as_ref().map(TcpListener::local_addr).transpose()?;
    // In one piece: whoever started us may read the first line and close the pipe.
    print!("{}", ready(&assembled.service.config.public_url, engine_at, args.json));
    let Assembled { service, engine: own_engine, store, folder: _held } = assembled;
    let ctx = service.ctx.clone();
    let engine_api = async {
        if let Some((listener, address)) = engine.zip(engine_at) {
            serve(
                listener,
                engine_api::router(&own_engine, address, EngineDriver::read_only()),
                Limits::default(),
                stopped(),
            )
            .await;
        }
    };
    let deliveries = store.deliver(confirmations(&ctx), Retry::default(), stopped());
    let everything = async {
        // The engine ends before the object store does: its last steps still write there.
        let engine_first = async {
            stopped().await;
            own_engine.shutdown(DRAIN).await;
        }
        .shared();
        tokio::join!(
            serve(api, service::router(service), Limits::default(), stopped()),
            deliveries,
            store.serve(s3, engine_first.clone()),
            engine_api,
            sweeps(&ctx, config.sweep_every, stopped()),
            workers(&ctx, stopped()),
            engine_first,
        );
    };
    let told_to_stop = async {
        told_to_stop().await?;
        stop.send_replace(true);
        Ok::<_, std::io::Error>(())
    };
    let ((), told) = tokio::join!(everything, told_to_stop);
    told?;
    Ok(ExitCode::SUCCESS)
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

/// A line with the URL, and one with the engine's where that is served.
fn ready(url: &str, engine: Option<SocketAddr>, json: bool) -> String {
    let engine = engine.map(|address| format!("http://{address}"));
    match (json, engine) {
        (true, engine) => format!("{}\n", serde_json::json!({ "url": url, "engine": engine })),
        (false, Some(engine)) => format!("Lockgate is ready at {url}\nEngine at {engine}\n"),
        (false, None) => format!("Lockgate is ready at {url}\n"),
    }
}

/// Every upload that comes is confirmed; the store tells again of what could not be.
fn confirmations(ctx: &Ctx) -> Handler {
    let ctx = ctx.clone();
    Arc::new(move |event| {
        let ctx = ctx.clone();
        async move { confirm_upload::run(&ctx, &event).await.map_err(Into::into) }.boxed()
    })
}

/// One worker for each activity that is a worker's; what it does takes all processors.
async fn workers(ctx: &Ctx, stopped: impl Future<Output = ()>) {
    let all = futures::future::join_all(worked().map(|activity| worker::work(ctx, activity)));
    tokio::select! {
        _ended = all => {}
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
