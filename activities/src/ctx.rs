//! What an activity is given: the adapters that were chosen, and the settings.

use std::sync::Arc;
use std::time::Duration;

use states::FlagSet;
use states::session::Deadlines;

use crate::child::{RecipeLimits, Workbench};
use crate::clock::Clock;
use crate::notices::Notices;
use crate::objects::Objects;
use crate::ports::{Captioner, Driver, Flags, Sessions};
use crate::recipes::proxies;

#[derive(Clone)]
pub struct Ctx {
    pub sessions: Arc<dyn Sessions>,
    pub driver: Arc<dyn Driver>,
    pub objects: Objects,
    pub workbench: Workbench,
    /// None where captions are not to be had.
    pub captioner: Option<Arc<dyn Captioner>>,
    /// None where nobody can ask to be told.
    pub notices: Option<Arc<Notices>>,
    /// None where there are no flags: then nothing is switched off.
    pub flags: Option<Arc<dyn Flags>>,
    pub clock: Clock,
    pub settings: Arc<Settings>,
}

impl Ctx {
    /// What is allowed just now.
    pub fn flags(&self) -> Arc<FlagSet> {
        self.flags.as_ref().map_or_else(Arc::default, |flags| flags.now().flags)
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub buckets: Buckets,
    pub deadlines: Deadlines,
    pub proxies: proxies::Wanted,
    pub limits: RecipeLimits,
    pub workers: Workers,
    /// Progress is written at most this often.
    pub progress_interval: Duration,
}

/// Who takes the tasks that are workers'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workers {
    /// This process itself, with the ffmpeg that it has.
    #[default]
    Here,
    /// Others, which have all that it takes.
    Elsewhere,
    Nobody,
}

#[derive(Clone, Debug)]
pub struct Buckets {
    pub uploads: String,
    pub results: String,
}

impl Buckets {
    pub const UPLOADS: &str = "uploads";
    pub const RESULTS: &str = "results";
}

/// Where the object store is a server's own, which has no others.
impl Default for Buckets {
    fn default() -> Self {
        Self { uploads: Self::UPLOADS.to_owned(), results: Self::RESULTS.to_owned() }
    }
}
