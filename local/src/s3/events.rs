//! Delivering object-created events: at least once, in order per key, until the handler has acknowledged each.
//!
//! An event's row was written with the object's. It goes when its handler answered Ok, so a crash in between delivers it
//! again. One owner loop; different keys are delivered side by side.

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use activities::objects::ObjectCreated;
use futures::future::{BoxFuture, FutureExt};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::backend::Backend;
use super::error::Error;
use super::rows;

/// Why a handler did not take an event. It is logged, and the event comes again.
pub type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// Takes one event. It may come again, and must then do no harm.
pub type Handler = Arc<dyn Fn(ObjectCreated) -> BoxFuture<'static, Result<(), Refusal>> + Send + Sync>;

/// How long a refused event waits: doubled each time, up to the most.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    pub first: Duration,
    pub most: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), most: Duration::from_secs(30) }
    }
}

/// Events being handled at once.
const IN_FLIGHT: usize = 16;

/// Keys looked at for one that may be delivered. More waiting keys than this are reached as these go.
const LOOK: i64 = 1024;

/// The oldest event of a key.
struct Waiting {
    id: i64,
    event: ObjectCreated,
}

/// A key whose oldest event was refused.
struct Refused {
    times: u32,
    until: Instant,
}

type Key = (String, String);

struct Delivery {
    backend: Backend,
    handler: Handler,
    retry: Retry,
    /// The oldest events of keys that may be delivered, as they were last looked up.
    queue: VecDeque<Waiting>,
    running: JoinSet<(Waiting, Result<(), Error>)>,
    busy: HashSet<Key>,
    refused: HashMap<Key, Refused>,
}

/// Runs until `shutdown`; handlers still running then are dropped, and their events come again.
pub(super) async fn deliver(
    backend: Backend,
    handler: Handler,
    retry: Retry,
    shutdown: impl Future<Output = ()>,
) {
    let mut delivery = Delivery {
        backend,
        handler,
        retry,
        queue: VecDeque::new(),
        running: JoinSet::new(),
        busy: HashSet::new(),
        refused: HashMap::new(),
    };
    tokio::select! {
        () = shutdown => {}
        () = delivery.run() => {}
    }
}

impl Delivery {
    async fn run(&mut self) {
        let created = self.backend.created.clone();
        loop {
            let now = Instant::now();
            let due = match self.begin(now) {
                Ok(()) => self.next_due(now),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "events cannot be read");
                    Some(now + self.retry.most)
                }
            };
            tokio::select! {
                () = created.notified() => {}
                Some(done) = self.running.join_next() => match done {
                    Ok((waiting, result)) => self.end(&waiting, result),
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                },
                () = at(due) => {}
            }
        }
    }

    /// When the next refused event may be tried again. What was due before waits for room and not for time.
    fn next_due(&self, now: Instant) -> Option<Instant> {
        self.refused.values().map(|refused| refused.until).filter(|until| *until > now).min()
    }

    /// Starts handlers as far as there is room; looks into the table when the queue is empty.
    fn begin(&mut self, now: Instant) -> Result<(), Error> {
        if self.queue.is_empty() && self.running.len() < IN_FLIGHT {
            let rests = |key: &Key| self.refused.get(key).is_some_and(|refused| refused.until > now);
            let mut waiting = oldest(&self.backend)?;
            waiting.retain(|waiting| !self.busy.contains(&waiting.key()) && !rests(&waiting.key()));
            self.queue = waiting.into();
        }
        while self.running.len() < IN_FLIGHT
            && let Some(waiting) = self.queue.pop_front()
        {
            self.busy.insert(waiting.key());
            let handling = (self.handler)(waiting.event.clone());
            let backend = self.backend.clone();
            self.running.spawn(async move {
                let result = handle(&backend, waiting.id, handling).await;
                (waiting, result)
            });
        }
        Ok(())
    }

    fn end(&mut self, waiting: &Waiting, result: Result<(), Error>) {
        let key = waiting.key();
        self.busy.remove(&key);
        let Err(error) = result else {
            self.refused.remove(&key);
            return;
        };
        let times = self.refused.get(&key).map_or(0, |refused| refused.times);
        let pause = self.retry.first.saturating_mul(2_u32.saturating_pow(times)).min(self.retry.most);
        tracing::warn!(
            bucket = waiting.event.bucket,
            key = waiting.event.key,
            tries = times + 1,
            error = &error as &dyn std::error::Error,
            "an object-created event was not taken; it comes again"
        );
        let refused = Refused { times: times.saturating_add(1), until: Instant::now() + pause };
        self.refused.insert(key, refused);
    }
}

impl Waiting {
    fn key(&self) -> Key {
        (self.event.bucket.clone(), self.event.key.clone())
    }
}

/// A handler that panics has refused, like one that answers an error. Acknowledging is a durable write.
async fn handle(
    backend: &Backend,
    id: i64,
    handling: BoxFuture<'static, Result<(), Refusal>>,
) -> Result<(), Error> {
    match AssertUnwindSafe(handling).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(refusal)) => return Err(Error::Handler(refusal)),
        Err(_panic) => return Err(Error::Handler("the handler panicked".into())),
    }
    backend
        .ledger
        .write("delivered", move |connection| {
            connection.prepare_cached("DELETE FROM events WHERE id = ?1")?.execute([id])?;
            Ok(())
        })
        .await
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn oldest(backend: &Backend) -> Result<Vec<Waiting>, Error> {
    backend.ledger.read(|connection| {
        let mut statement = connection.prepare_cached(
            "SELECT min(id), bucket, key, version, etag, size FROM events
             GROUP BY bucket, key ORDER BY min(id) LIMIT ?1",
        )?;
        let waiting = statement.query_map([LOOK], |row| {
            let id: i64 = row.get(0)?;
            Ok(Waiting {
                id,
                event: ObjectCreated {
                    bucket: row.get(1)?,
                    key: row.get(2)?,
                    version_id: Some(row.get(3)?),
                    etag: row.get(4)?,
                    size: rows::size(row, 5)?,
                    sequencer: format!("{id:016X}"),
                },
            })
        })?;
        Ok(waiting.collect::<Result<_, _>>()?)
    })
}
