//! Work on all processors: whoever calls reads and writes, workers do what can be done of each batch by itself, and
//! another thread takes the MD5. A worker that is free takes the next batch that waits, so that none idles while another is
//! behind; they are taken back in their order, so that what comes out does not depend on how many workers there are. There
//! are never more than a few batches.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};

use crate::Problem;

use super::md5::Md5;

/// What a thread of ours needs of a stack, and some more.
const STACK: usize = 256 * 1024;
/// Batches under way for each worker: one that is worked on, one that waits to be, and one that waits to be taken back.
const EACH: usize = 3;
/// Batches that wait for their MD5.
const UNHASHED: usize = 2;

/// Where batches come from and go to.
pub(super) trait Ends<B> {
    /// The next batch, in the room of one that is done with, if there is any. None at the end.
    fn next(&mut self, spare: Option<B>) -> Result<Option<B>, Problem>;

    /// Takes a batch that was worked on, in their order. Leaves the bytes that the MD5 counts in `packed`, and its room to
    /// the batch.
    fn made(&mut self, batch: &mut B, packed: &mut Vec<u8>) -> Result<(), Problem>;
}

/// What is done with a batch on one processor.
pub(super) trait Worker<B>: Send {
    fn work(&mut self, batch: &mut B);
}

/// Runs everything from `ends` through workers, one for each processor, and back. Answers the MD5.
pub(super) fn run<B: Send, W: Worker<B>>(
    processors: NonZeroUsize,
    worker: impl Fn() -> W,
    ends: &mut dyn Ends<B>,
) -> Result<[u8; 16], Problem> {
    let (waiting, batches) = channel();
    let batches = Mutex::new(batches);
    thread::scope(|scope| {
        let (hasher, packed) = sync_channel(UNHASHED);
        let (emptied, hashed) = channel();
        let md5 = spawn(scope, move || md5(&packed, &emptied))?;
        let (done, back) = channel();
        for _ in 0..processors.get() {
            let (mut worker, done, batches) = (worker(), done.clone(), &batches);
            spawn(scope, move || work(&mut worker, batches, &done))?;
        }
        let room = processors.get() * EACH;
        let (early, spare) = (BTreeMap::new(), Vec::new());
        Line { waiting, back, hasher, hashed, room, dealt: 0, taken: 0, early, spare }.feed(ends)?;
        Ok(md5.join().expect("hashing does not panic"))
    })
}

/// Gives the bytes back when they are counted: what one thread allocates and another frees is asked of the system anew
/// each time.
fn md5(packed: &Receiver<Vec<u8>>, emptied: &Sender<Vec<u8>>) -> [u8; 16] {
    let mut md5 = Md5::new();
    for bytes in packed {
        md5.update(&bytes);
        let _ = emptied.send(bytes); // at the end nobody wants it
    }
    md5.finish()
}

/// A batch and its number, or nothing in its place if the work on it has panicked.
type Done<B> = (u64, Option<B>);

/// Works on whatever comes, until nothing does.
fn work<B>(worker: &mut impl Worker<B>, batches: &Mutex<Receiver<(u64, B)>>, done: &Sender<Done<B>>) {
    loop {
        // Whoever waits for a batch holds the lock, and the others wait for the lock.
        let next = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, mut batch)) = next else { return };
        let worked = catch_unwind(AssertUnwindSafe(|| worker.work(&mut batch)));
        if done.send((number, worked.is_ok().then_some(batch))).is_err() || worked.is_err() {
            return;
        }
    }
}

/// What is under way.
struct Line<B> {
    waiting: Sender<(u64, B)>,
    back: Receiver<Done<B>>,
    hasher: SyncSender<Vec<u8>>,
    hashed: Receiver<Vec<u8>>,
    room: usize,
    dealt: u64,
    taken: u64,
    /// Done before one that was dealt earlier.
    early: BTreeMap<u64, B>,
    spare: Vec<B>,
}

impl<B: Send> Line<B> {
    fn feed(mut self, ends: &mut dyn Ends<B>) -> Result<(), Problem> {
        while let Some(batch) = ends.next(self.spare.pop())? {
            if self.dealt - self.taken == self.room as u64 {
                self.take(ends)?;
            }
            self.waiting.send((self.dealt, batch)).expect("the workers live until this end is dropped");
            self.dealt += 1;
        }
        while self.taken < self.dealt {
            self.take(ends)?;
        }
        Ok(())
    }

    /// Takes back the next in order, once it is done.
    fn take(&mut self, ends: &mut dyn Ends<B>) -> Result<(), Problem> {
        let mut batch = loop {
            if let Some(batch) = self.early.remove(&self.taken) {
                break batch;
            }
            let (number, batch) = self.back.recv().expect("a worker gives back what it was given");
            self.early.insert(number, batch.expect("no work panics"));
        };
        self.taken += 1;
        let mut packed = self.hashed.try_recv().unwrap_or_default();
        ends.made(&mut batch, &mut packed)?;
        self.hasher.send(packed).expect("the hasher lives until this end is dropped");
        self.spare.push(batch);
        Ok(())
    }
}

fn spawn<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    work: impl FnOnce() -> T + Send + 's,
) -> Result<ScopedJoinHandle<'s, T>, Problem> {
    let spawned = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
    spawned.map_err(|error| Problem::TooLarge { what: format!("no thread could be started ({error})") })
}
