//! Activities in memory.

use async_trait::async_trait;

use super::super::{Activities, Activity, Created, Error, NewActivity, Tagged};
use super::MemoryJournal;

#[async_trait]
impl Activities for MemoryJournal {
    async fn create_activity(&self, new: NewActivity) -> Result<Created<Activity>, Error> {
        let mut tables = self.tables();
        let NewActivity { activity, tags } = new;
        if let Some(standing) = tables.activities.get(&activity.name) {
            return Ok(Created::Existed(standing.clone()));
        }
        tables.activities.insert(activity.name.clone(), activity.clone());
        tables.set_tags(Tagged::Activity(activity.name.clone()), tags);
        Ok(Created::New(activity))
    }

    async fn delete_activity(&self, name: &str) -> Result<bool, Error> {
        let mut tables = self.tables();
        tables.tags.remove(&Tagged::Activity(name.to_owned()));
        Ok(tables.activities.remove(name).is_some())
    }

    fn activity(&self, name: &str) -> Result<Option<Activity>, Error> {
        Ok(self.tables().activities.get(name).cloned())
    }

    fn activities(&self, after: &str, limit: u32) -> Result<Vec<Activity>, Error> {
        let tables = self.tables();
        let later = tables.activities.values().filter(|activity| activity.name.as_str() > after);
        Ok(later.take(limit as usize).cloned().collect())
    }
}
