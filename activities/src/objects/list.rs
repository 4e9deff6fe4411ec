//! Listing what lies under a prefix.

use super::{Error, Objects};

/// One listed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
}

impl Objects {
    /// Every object whose key begins with `prefix`, in the order of their keys, however many pages that takes.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Listed>, Error> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(bucket)
                .prefix(prefix)
                .set_continuation_token(after)
                .send()
                .await
                .map_err(|error| Error::sort(&format!("{bucket}/{prefix}"), error))?;
            found.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| {
                Some(Listed {
                    key: object.key?,
                    size: u64::try_from(object.size.unwrap_or_default()).unwrap_or_default(),
                    etag: object.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
                })
            }));
            after = page.next_continuation_token;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}
