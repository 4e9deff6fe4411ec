//! The HTTP API in a container, `lockgate-worker api`: for bodies that a function cannot be handed, such as pictures of a
//! hundred megabytes. It is the function `api` otherwise, and both may serve one stage.
//!
//! No gateway has asked whose a request is: here the pool's access tokens are read, and requests counted. Who stands before
//! it – a balancer, an ingress – has taken TLS off, and is believed where requests come from if its network is named.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;
use service::forwarded::TrustedProxies;
use service::serve::{Limits, Manner, serve};

use super::{Error, bind, connection, io, told_to_end, watch};
use crate::assemble;
use crate::environment::Environment;
use crate::flags::ParameterFlags;
use crate::people::PoolTokens;

/// What it is told besides what the stack's functions are told.
#[derive(Clone, Debug)]
pub struct Post {
    pub listen: SocketAddr,
    /// Where it says how it is.
    pub watch: SocketAddr,
    pub trusted: TrustedProxies,
    /// Whose tokens are believed, and the client of it that they must be given to.
    pub pool: String,
    pub client: String,
}

/// Serves until it is told to end, and lets what is under way come to its end.
pub async fn run(environment: &Environment, post: Post) -> Result<(), Error> {
    let connection = connection(environment).await?;
    let transcribe = assemble::transcribe(environment, &connection);
    let flags = assemble::flags(environment, &connection);
    let ctx = assemble::function(environment, &connection, transcribe, flags.clone());
    let ctx = ctx.map_err(io("this program's own file"))?;
    let meters = service::Meters::default();
    meters.install();
    let verifier = Arc::new(PoolTokens::new(environment, &post.pool, &post.client)?);
    let service = assemble::service_of_its_own(environment, ctx, verifier, meters.clone(), post.trusted);

    let (listener, watched_at) = (bind(post.listen).await?, bind(post.watch).await?);
    let is_ending = Arc::new(AtomicBool::new(false));
    let health = {
        let is_ending = is_ending.clone();
        move || health(is_ending.load(Ordering::Relaxed))
    };
    let watched = tokio::spawn(watch::serve(watched_at, meters, health));
    flags.look().await;
    let heeded = tokio::spawn(heed(flags));
    let told = told_to_end()?;
    let ended = async move {
        told.await;
        tracing::info!("told to end; what is under way comes to its end");
        is_ending.store(true, Ordering::Relaxed);
    };
    let over_https = service.config.over_https();
    let manner = Manner { limits: Limits::default(), over_https };
    serve(listener, service::router(service), manner, ended).await;
    heeded.abort();
    watched.abort();
    Ok(())
}

/// Not by asking the table: where that does not answer, a new container would do no better.
fn health(is_ending: bool) -> (StatusCode, &'static str) {
    if is_ending { (StatusCode::SERVICE_UNAVAILABLE, "it is ending\n") } else { (StatusCode::OK, "well\n") }
}

/// Nothing comes from outside that would have the flags looked at.
async fn heed(flags: Arc<ParameterFlags>) {
    let mut ticks = tokio::time::interval(crate::flags::FRESH);
    loop {
        ticks.tick().await;
        flags.look().await;
    }
}
