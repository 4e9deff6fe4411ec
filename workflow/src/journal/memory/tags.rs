//! Tags in memory.

use async_trait::async_trait;

use super::super::{Error, Tag, Tagged, Tagging, Tags};
use super::{MemoryJournal, Tables};

#[async_trait]
impl Tags for MemoryJournal {
    async fn tag(&self, resource: Tagged, tags: Vec<Tag>, most: usize) -> Result<Tagging, Error> {
        let mut tables = self.tables();
        let stands = match &resource {
            Tagged::Machine(id) => tables.current(*id).is_some(),
            Tagged::Activity(name) => tables.activities.contains_key(name),
        };
        if !stands {
            return Ok(Tagging::NotThere);
        }
        let standing = tables.tags.get(&resource).map_or(&[][..], Vec::as_slice);
        let new = tags.iter().filter(|tag| standing.iter().all(|standing| standing.key != tag.key));
        if standing.len() + new.count() > most {
            return Ok(Tagging::TooMany);
        }
        tables.set_tags(resource, tags);
        Ok(Tagging::Stored)
    }

    async fn untag(&self, resource: Tagged, keys: Vec<String>) -> Result<(), Error> {
        if let Some(tags) = self.tables().tags.get_mut(&resource) {
            tags.retain(|tag| !keys.contains(&tag.key));
        }
        Ok(())
    }

    fn tags(&self, resource: &Tagged) -> Result<Vec<Tag>, Error> {
        Ok(self.tables().tags.get(resource).cloned().unwrap_or_default())
    }
}

impl Tables {
    /// A key that stands already gets the new value and keeps its place.
    pub(super) fn set_tags(&mut self, resource: Tagged, tags: Vec<Tag>) {
        let standing = self.tags.entry(resource).or_default();
        for tag in tags {
            match standing.iter_mut().find(|standing| standing.key == tag.key) {
                Some(standing) => standing.value = tag.value,
                None => standing.push(tag),
            }
        }
    }
}
