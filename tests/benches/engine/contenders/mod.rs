//! Who runs ten-step workflows here, and how each is asked to. One file each.

mod localstack;
mod lockgate;
mod moto;
mod restate;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use async_trait::async_trait;

use crate::cell::{Cell, repeat};
use crate::connection::Connection;

pub(crate) use lockgate::lockgate;

/// Somebody who runs ten-step workflows.
#[async_trait(?Send)]
pub(crate) trait Contender {
    fn name(&self) -> &'static str;
    /// What is run, and which versions run it.
    fn about(&self) -> String;
    /// Whether this number of workflows in flight is measured.
    fn takes_part(&self, in_flight: usize) -> bool;
    async fn measure(&self, in_flight: usize) -> Result<Cell>;
}

/// The peers that were asked for, started.
pub(crate) async fn peers() -> Result<Vec<Box<dyn Contender>>> {
    let only = std::env::var("BENCH_ONLY").ok();
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|only| only == name));
    let mut peers: Vec<Box<dyn Contender>> = Vec::new();
    if wanted("restate") {
        peers.push(Box::new(restate::start().await?));
    }
    if wanted("localstack") {
        peers.push(Box::new(localstack::start().await?));
    }
    if wanted("moto") {
        peers.push(Box::new(moto::start().await?));
    }
    Ok(peers)
}

/// Workflows that are one request each: it is answered when the workflow has ended.
struct Called {
    address: SocketAddr,
    /// The request for the workflow with this number.
    request: Box<dyn Fn(u64) -> Vec<u8>>,
    /// Whether its answer says that it ended well.
    is_well: fn(&str) -> bool,
    started: AtomicU64,
}

impl Called {
    fn new(
        address: SocketAddr,
        request: impl Fn(u64) -> Vec<u8> + 'static,
        is_well: fn(&str) -> bool,
    ) -> Self {
        Self { address, request: Box::new(request), is_well, started: AtomicU64::new(0) }
    }

    async fn measure(&self, in_flight: usize) -> Result<Cell> {
        let mut clients = Vec::new();
        for _ in 0..in_flight {
            clients.push(Connection::open(self.address).await?);
        }
        repeat(clients, async |client: &mut Connection| {
            let request = (self.request)(self.started.fetch_add(1, Ordering::Relaxed));
            let answer = String::from_utf8(client.call(&request).await?)?;
            anyhow::ensure!((self.is_well)(&answer), "{answer}");
            Ok(())
        })
        .await
    }
}
