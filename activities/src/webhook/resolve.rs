//! Names to addresses, of which only those are answered that may be reached. The connection goes to what was answered here
//! and is not asked for again, so that a name cannot lead elsewhere a moment later.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::Guard;

/// What is asked for the addresses of a name: the system, or a test.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

pub fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

pub(super) struct Guarded {
    pub(super) guard: Guard,
    pub(super) lookup: Lookup,
}

impl Resolve for Guarded {
    /// One address that may not be reached spoils all: a name that leads to both is up to something.
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, lookup) = (self.guard, self.lookup.clone());
        Box::pin(async move {
            let found = lookup(name.as_str().to_owned()).await?;
            let mut admitted = Vec::with_capacity(found.len());
            for address in found {
                guard.admit(address)?;
                admitted.push(SocketAddr::new(address, 0));
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}
