//! What an activity is given: the adapters that were chosen, and the settings.

use std::sync::Arc;
use std::time::Duration;

use states::session::Deadlines;

use crate::child::{RecipeLimits, Workbench};
use crate::clock::Clock;
use crate::objects::Objects;
use crate::ports::{Captioner, Driver, Sessions};
use crate::proxies;

#[derive(Clone)]
pub struct Ctx {
    pub sessions: Arc<dyn Sessions>,
    pub driver: Arc<dyn Driver>,
    pub objects: Objects,
    pub workbench: Workbench,
    /// None where captions are not to be had.
    pub captioner: Option<Arc<dyn Captioner>>,
    pub clock: Clock,
    pub settings: Arc<Settings>,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub buckets: Buckets,
    pub deadlines: Deadlines,
    pub proxies: proxies::Wanted,
    pub limits: RecipeLimits,
    /// Progress is written at most this often.
    pub progress_interval: Duration,
}

#[derive(Clone, Debug)]
pub struct Buckets {
    pub uploads: String,
    pub results: String,
}

impl Default for Buckets {
    fn default() -> Self {
        Self { uploads: "uploads".to_owned(), results: "results".to_owned() }
    }
}
