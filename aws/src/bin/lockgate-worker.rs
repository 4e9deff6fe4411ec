//! What runs in a container: a worker, or with `lockgate-worker api` the HTTP API; told by its environment what the stack's
//! functions are told. `lockgate-worker check URL` asks one whether it is well. Started by itself, it is the media child, or
//! confines itself and becomes ffmpeg.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use activities::{child, ffmpeg};
use aws::container::{self, api};
use aws::environment::Environment;
use aws::worker;
use service::forwarded::{Network, TrustedProxies};
use tracing_subscriber::EnvFilter;

/// Nobody else reaches it there, unless it is told otherwise.
const LISTEN: SocketAddr = here(9000);
const API_LISTEN: SocketAddr = here(8080);

const fn here(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(child::ARGUMENT) => return child::child_main(),
        Some(ffmpeg::ARGUMENT) => return ffmpeg::confined_main(std::env::args_os().skip(2)),
        _ => {}
    }
    log();
    match serve() {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error, "the worker cannot work");
            ExitCode::FAILURE
        }
    }
}

type Failed = Box<dyn std::error::Error>;

#[tokio::main]
async fn serve() -> Result<ExitCode, Failed> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["check", url] => {
            let well = container::check(url).await;
            return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        ["api"] => api::run(&Environment::read(std::env::vars())?, api_post()?).await?,
        [] => worker::run(&Environment::read(std::env::vars())?, worker_post()?).await?,
        _ => return Err("it is started as it is, with `api`, or with `check URL`".into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn told(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn listens(name: &str, unless_told: SocketAddr) -> Result<SocketAddr, Failed> {
    Ok(told(name).map(|listen| listen.parse()).transpose()?.unwrap_or(unless_told))
}

fn worker_post() -> Result<worker::Post, Failed> {
    Ok(worker::Post {
        listen: listens("LOCKGATE_LISTEN", LISTEN)?,
        scratch: told("LOCKGATE_SCRATCH").map_or_else(std::env::temp_dir, PathBuf::from),
        ecs_agent: told("ECS_AGENT_URI"),
    })
}

fn api_post() -> Result<api::Post, Failed> {
    let must = |name: &str| told(name).ok_or_else(|| format!("{name} is not in the environment"));
    let trusted = told("LOCKGATE_TRUSTED_PROXIES").unwrap_or_default();
    let trusted = trusted.split(',').filter(|proxy| !proxy.is_empty()).map(str::parse);
    Ok(api::Post {
        listen: listens("LOCKGATE_API_LISTEN", API_LISTEN)?,
        watch: listens("LOCKGATE_LISTEN", LISTEN)?,
        trusted: TrustedProxies(trusted.collect::<Result<Vec<Network>, _>>()?),
        pool: must("LOCKGATE_USER_POOL")?,
        client: must("LOCKGATE_CLIENT")?,
    })
}

fn log() {
    let told = std::env::var("LOCKGATE_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::new(format!("{told},{}", service::LOG_CEILING));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}
