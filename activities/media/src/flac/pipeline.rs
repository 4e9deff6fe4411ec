//! Work on all processors: whoever calls reads and writes, workers do what can be done of each batch by itself, and
//! another thread takes the MD5. Batches are dealt to the workers in turn and taken back in turn, so that there are never
//! more than a few of them, and what comes out does not depend on how many workers there are.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};

use md5::{Digest, Md5};

use crate::Problem;

/// What a thread of ours needs of a stack, and some more.
const STACK: usize = 256 * 1024;
/// Batches that wait for a worker, or for being taken back from it.
const WAITING: usize = 1;

/// Where batches come from and go to.
pub(super) trait Ends<B> {
    /// The next batch, in the room of one that is done with, if there is any. None at the end.
    fn next(&mut self, spare: Option<B>) -> Result<Option<B>, Problem>;

    /// Takes a batch that was worked on, in their order. Answers the bytes that the MD5 counts.
    fn made(&mut self, batch: &mut B) -> Result<Vec<u8>, Problem>;
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
    thread::scope(|scope| {
        let (hasher, packed) = sync_channel(WAITING);
        let md5 = spawn(scope, move || md5(&packed))?;
        let mut line = Line { stations: Vec::new(), hasher, dealt: 0, taken: 0, spare: Vec::new() };
        for _ in 0..processors.get() {
            line.stations.push(Station::start(scope, worker())?);
        }
        line.feed(ends)?;
        drop(line);
        Ok(md5.join().expect("hashing does not panic"))
    })
}

fn md5(packed: &Receiver<Vec<u8>>) -> [u8; 16] {
    let mut md5 = Md5::new();
    packed.iter().for_each(|bytes| md5.update(&bytes));
    md5.finalize().into()
}

/// All workers, and how far each has come.
struct Line<B> {
    stations: Vec<Station<B>>,
    hasher: SyncSender<Vec<u8>>,
    dealt: usize,
    taken: usize,
    spare: Vec<B>,
}

impl<B: Send> Line<B> {
    fn feed(&mut self, ends: &mut dyn Ends<B>) -> Result<(), Problem> {
        while let Some(batch) = ends.next(self.spare.pop())? {
            // At each station one is worked on; the places in front of it and behind it may be taken.
            if self.dealt - self.taken == self.stations.len() * (2 * WAITING + 1) {
                self.take(ends)?;
            }
            self.stations[self.dealt % self.stations.len()].give(batch);
            self.dealt += 1;
        }
        while self.taken < self.dealt {
            self.take(ends)?;
        }
        Ok(())
    }

    fn take(&mut self, ends: &mut dyn Ends<B>) -> Result<(), Problem> {
        let mut batch = self.stations[self.taken % self.stations.len()].take();
        self.taken += 1;
        let packed = ends.made(&mut batch)?;
        self.hasher.send(packed).expect("the hasher lives until this end is dropped");
        self.spare.push(batch);
        Ok(())
    }
}

/// A worker, and the two places for batches beside it.
struct Station<B> {
    input: SyncSender<B>,
    output: Receiver<B>,
}

impl<B: Send> Station<B> {
    fn start<'s>(scope: &'s Scope<'s, '_>, mut worker: impl Worker<B> + 's) -> Result<Self, Problem>
    where
        B: 's,
    {
        let (input, batches) = sync_channel::<B>(WAITING);
        let (done, output) = sync_channel(WAITING);
        let work = move || {
            for mut batch in batches {
                worker.work(&mut batch);
                if done.send(batch).is_err() {
                    break;
                }
            }
        };
        spawn(scope, work)?;
        Ok(Self { input, output })
    }

    fn give(&self, batch: B) {
        self.input.send(batch).expect("a worker lives until this end is dropped");
    }

    fn take(&self) -> B {
        self.output.recv().expect("a worker gives back what it was given")
    }
}

fn spawn<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    work: impl FnOnce() -> T + Send + 's,
) -> Result<ScopedJoinHandle<'s, T>, Problem> {
    let spawned = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
    spawned.map_err(|error| Problem::TooLarge { what: format!("no thread could be started ({error})") })
}
