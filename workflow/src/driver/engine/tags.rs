//! Tags of state machines and activities.

use super::super::Error;
use super::super::names::{self, Qualifier};
use super::Engine;
use crate::journal::{Tag, Tagged, Tagging};

/// Tags of one resource, as on AWS.
const TAGS: usize = 50;

impl Engine {
    pub async fn tag_resource(&self, arn: &str, tags: Vec<Tag>) -> Result<(), Error> {
        let resource = self.tagged(arn)?;
        self.guard_tags(arn)?;
        match self.journal.tag(resource, tags, TAGS).await? {
            Tagging::Stored => Ok(()),
            Tagging::TooMany => Err(Error::TooManyTags(arn.to_owned())),
            Tagging::NotThere => Err(Error::NoResource(arn.to_owned())),
        }
    }

    pub async fn untag_resource(&self, arn: &str, keys: Vec<String>) -> Result<(), Error> {
        let resource = self.tagged(arn)?;
        self.guard_tags(arn)?;
        Ok(self.journal.untag(resource, keys).await?)
    }

    /// In the order they were first set.
    pub async fn list_tags(&self, arn: &str) -> Result<Vec<Tag>, Error> {
        Ok(self.journal.tags(&self.tagged(arn)?)?)
    }

    fn tagged(&self, arn: &str) -> Result<Tagged, Error> {
        let missing = || Error::NoResource(arn.to_owned());
        if let Ok(name) = names::activity(arn) {
            let activity = self.journal.activity(name)?.ok_or_else(missing)?;
            return Ok(Tagged::Activity(activity.name));
        }
        let (name, Qualifier::None) = names::qualified(arn)? else { return Err(missing()) };
        Ok(Tagged::Machine(self.journal.machine(name)?.ok_or_else(missing)?.id))
    }

    fn guard_tags(&self, arn: &str) -> Result<(), Error> {
        names::machine(arn).map_or(Ok(()), |machine| self.guard.check(machine))
    }
}

/// Whether a new resource may have these.
pub(super) fn check(arn: &str, tags: &[Tag]) -> Result<(), Error> {
    if tags.len() > TAGS { Err(Error::TooManyTags(arn.to_owned())) } else { Ok(()) }
}
