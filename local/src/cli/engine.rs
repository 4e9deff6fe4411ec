//! `lockgate engine`: the workflow engine alone, behind the API of AWS Step Functions.
//!
//! Its folder holds the journal `engine.db` and a lock. What `serve` keeps lies elsewhere even in the same folder, so that
//! neither runs the other's executions.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use service::serve::{Limits, serve};
use tokio::sync::watch;
use workflow::driver::{self, Engine, Ticks};
use workflow::journal::SqliteJournal;
use workflow::services::Services;

use super::Failure;
use super::asl::read_mocks;
use super::serving::{DRAIN, bind, start_logging, told_to_stop};
use crate::data_folder::Held;
use crate::{assemble, config, endpoints, engine_api};

const HELP: &str = "The aws CLI and every AWS SDK work with it by endpoint URL alone:\n\n  \
aws stepfunctions --endpoint-url http://127.0.0.1:8083 list-state-machines\n\n\
StartSyncExecution and TestState need the SDK's host prefix switched off. What is sent to services is signed with \
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or as \"test\". A service without an endpoint refuses \
its tasks.";

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// Where the engine is served [default: 127.0.0.1:8083]
    #[arg(long, env = "LOCKGATE_LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// The folder that holds the executions [default: ~/.local/share/lockgate-engine]
    #[arg(long, env = "LOCKGATE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    #[command(flatten)]
    told: endpoints::Told,
}

#[tokio::main]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let Args { listen, data, told } = args;
    let listen = listen.unwrap_or_else(|| SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 8083));
    config::loopback_only("listen", listen)?;
    let data = data.or_else(|| config::home("lockgate-engine")).ok_or(config::Error::NoHome)?;
    let mocks = read_mocks(told.mock_config.as_deref())?;
    let _traces = start_logging();
    let _held = Held::take(&data)?;
    let listener = bind(listen).await?;
    let address = listener.local_addr()?;

    let journal = SqliteJournal::open(&data.join("engine.db")).map_err(assemble::Error::Journal)?;
    let services = Arc::new(Services::new(told.services(mocks), Ticks::system())?);
    let config =
        driver::Config { place: told.place(), objects: services.clone(), ..driver::Config::default() };
    let engine = Engine::open(journal, services.clone(), Ticks::steady(), config)
        .await
        .map_err(assemble::Error::Engine)?;

    services.begin(engine.clone());

    let (stop, mut stopping) = watch::channel(false);
    println!("Lockgate's engine is ready at http://{address}");
    let stopped = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
    let serving = serve(listener, engine_api::router(engine.clone(), address), Limits::default(), stopped);
    let ending = async {
        let told = told_to_stop().await;
        stop.send_replace(true);
        engine.shutdown(DRAIN).await;
        told
    };
    let ((), told) = tokio::join!(serving, ending);
    told?;
    Ok(ExitCode::SUCCESS)
}
