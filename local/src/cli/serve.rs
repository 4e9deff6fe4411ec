//! `lockgate serve`: bind, assemble, serve until told to stop, drain.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use activities::{Ctx, confirm_upload, sweep};
use futures::FutureExt;
use service::serve::{Limits, serve};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Failure;
use super::serving::{DRAIN, bind, start_logging, told_to_stop};
use crate::assemble::{Assembled, Bound, assemble};
use crate::config::{Config, Told};
use crate::data_folder::DataFolder;
use crate::driver::EngineDriver;
use crate::engine_api;
use crate::s3::{Handler, Retry};

#[tokio::main]
pub(super) async fn run(told: Told) -> Result<ExitCode, Failure> {
    let config = Config::settle(told)?;
    start_logging();
    let folder = DataFolder::open(&config.data)?;
    let api = bind(config.listen).await?;
    let s3 = bind(config.s3_listen).await?;
    let engine = match config.engine_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let bound = Bound { api: api.local_addr()?, s3: s3.local_addr()? };
    let assembled = assemble(&config, folder, bound).await?;

    let (stop, stopping) = watch::channel(false);
    let stopped = move || {
        let mut stopping = stopping.clone();
        async move { drop(stopping.wait_for(|stopping| *stopping).await) }
    };
    // In one piece: whoever started us may read the first line and close the pipe.
    let engine_at = engine.as_ref().map(TcpListener::local_addr).transpose()?;
    let second = engine_at.map(|address| format!("Engine at http://{address}\n")).unwrap_or_default();
    print!("Lockgate is ready at {}\n{second}", assembled.service.config.public_url);
    let Assembled { service, engine: own_engine, store, folder: _held } = assembled;
    let ctx = service.ctx.clone();
    let engine_api = async {
        if let Some((listener, address)) = engine.zip(engine_at) {
            serve(
                listener,
                engine_api::router(&own_engine, address, [EngineDriver::READ_ONLY.to_owned()]),
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

/// Every upload that comes is confirmed; the store tells again of what could not be.
fn confirmations(ctx: &Ctx) -> Handler {
    let ctx = ctx.clone();
    Arc::new(move |event| {
        let ctx = ctx.clone();
        async move { confirm_upload::run(&ctx, &event).await.map_err(Into::into) }.boxed()
    })
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
