//! Who is told: a good receiver, one that fails every other time, one that always does, and one that is not there.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use tests::stand_in::{Reply, StandIn};

use super::users::{Told, User};

pub(super) struct Receivers {
    good: StandIn,
    moody: StandIn,
    broken: StandIn,
    nobody: String,
}

impl Receivers {
    pub(super) async fn open() -> Result<Self> {
        let asked = AtomicUsize::default();
        let moody = move || if asked.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { 503 } else { 204 };
        let gone = StandIn::start(|_| Reply::with(204, "")).await?;
        let nobody = gone.url.clone();
        gone.close().await;
        Ok(Self {
            good: StandIn::start(|_| Reply::with(204, "")).await?,
            moody: StandIn::start(move |_| Reply::with(moody(), "")).await?,
            broken: StandIn::start(|_| Reply::with(500, "")).await?,
            nobody,
        })
    }

    /// Where this user is told. Each has an address of their own there.
    pub(super) fn of(&self, user: usize) -> String {
        let receivers = [&self.good.url, &self.moody.url, &self.broken.url, &self.nobody];
        format!("{}/{user}", receivers[user % receivers.len()])
    }

    /// The good one has heard each of its users' notices, and of nobody else's.
    pub(super) fn heard_all_of(&self, users: &[User], told: &[Told]) -> Result<()> {
        let heard = self.good.heard();
        for (user, told) in users.iter().zip(told).filter(|(user, _)| user.hook.starts_with(&self.good.url)) {
            let path = user.hook.strip_prefix(&self.good.url).unwrap_or_default();
            let of_this = heard.iter().filter(|heard| heard.uri.path() == path);
            let ids = of_this.filter_map(|heard| heard.headers.get("webhook-id")?.to_str().ok());
            let ids: BTreeSet<_> = ids.map(ToOwned::to_owned).collect();
            ensure!(ids == told.messages, "{}: {} heard, {} told", user.name, ids.len(), told.messages.len());
            ensure!(told.dead == 0, "{}: a good receiver was given up", user.name);
        }
        Ok(())
    }
}
