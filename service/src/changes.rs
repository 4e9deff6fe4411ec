//! Who is told that a session's record changed: the local store publishes its id here after each durable write, and the
//! event streams read the record again. Ids only: what is seen is always what is stored.

use std::sync::Arc;

use tokio::sync::broadcast;

/// Ids that a slow reader may be behind before it merely learns that something changed.
const BACKLOG: usize = 1024;

/// Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Changes(broadcast::Sender<Arc<str>>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }
}

impl Changes {
    /// Tells all who watch that the record of session `id` was written. Costs next to nothing when nobody does.
    pub fn publish(&self, id: &str) {
        if self.0.receiver_count() > 0 {
            // An error means that the last watcher has just left.
            let _ = self.0.send(id.into());
        }
    }

    /// Everything published after this call reaches the watch.
    pub(crate) fn watch(&self, id: &str) -> Watch {
        Watch { id: id.to_owned(), changes: self.0.subscribe() }
    }
}

/// One reader's wait for the changes of one session.
pub(crate) struct Watch {
    id: String,
    changes: broadcast::Receiver<Arc<str>>,
}

impl Watch {
    /// Returns when the session may have changed since the last call; false when nothing will be published any more.
    pub(crate) async fn changed(&mut self) -> bool {
        loop {
            match self.changes.recv().await {
                Ok(id) if *id == *self.id => return true,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return true,
                Err(broadcast::error::RecvError::Closed) => return false,
            }
        }
    }
}
