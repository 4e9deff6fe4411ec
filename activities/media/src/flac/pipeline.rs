//! Samples to frames on all processors: whoever calls decodes and writes, workers make the frames of whole batches, and
//! another thread takes the MD5. Batches are dealt to the workers in turn and taken back in turn, so that there are never
//! more than a few of them, and what comes out does not depend on how many workers there are.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};

use md5::{Digest, Md5};

use crate::pcm::pack;
use crate::{Format, Problem};

use super::Level;
use super::frame::Coder;
use super::header::BLOCK;
use super::peaks;

/// About how many samples of all channels a batch has.
const SAMPLES: usize = 1 << 15;
/// What a thread of ours needs of a stack, and some more.
const STACK: usize = 256 * 1024;
/// Batches that wait for a worker, or for being taken back from it.
const WAITING: usize = 1;

/// A batch, from the decoder through a worker and back.
#[derive(Default)]
pub(super) struct Batch {
    /// Interleaved.
    pub(super) samples: Vec<i32>,
    number: u64,
    /// Filled by the worker: the frames one behind the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    packed: Vec<u8>,
    pub(super) units: Vec<(i32, i32)>,
}

impl Batch {
    /// Each frame, and how many samples of each channel it holds.
    pub(super) fn frames(&self, format: Format) -> impl Iterator<Item = (&[u8], u16)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let lengths =
            self.samples.chunks(BLOCK * format.channels()).map(move |frame| frame.len() / format.channels());
        let bytes = starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end]);
        bytes.zip(lengths.map(|length| length as u16))
    }
}

/// Where samples come from and frames go.
pub(super) trait Ends {
    /// Appends more interleaved samples; false at their end.
    fn next(&mut self, samples: &mut Vec<i32>) -> Result<bool, Problem>;

    /// Takes a batch with its frames, in their order.
    fn made(&mut self, batch: &Batch) -> Result<(), Problem>;
}

/// Runs everything from `ends` through `workers` workers and back. Answers the MD5 of all samples.
pub(super) fn run(
    format: Format,
    level: Level,
    workers: NonZeroUsize,
    ends: &mut dyn Ends,
) -> Result<[u8; 16], Problem> {
    thread::scope(|scope| {
        let (hasher, packed) = sync_channel(WAITING);
        let md5 = spawn(scope, move || md5(&packed))?;
        let workers =
            (0..workers.get()).map(|_| Worker::start(scope, format, level)).collect::<Result<_, _>>()?;
        let mut line = Line { workers, hasher, dealt: 0, taken: 0, spare: Vec::new() };
        line.feed(format, ends)?;
        drop(line);
        Ok(md5.join().expect("hashing does not panic"))
    })
}

/// The workers, and how far each has come.
struct Line {
    workers: Vec<Worker>,
    hasher: SyncSender<Vec<u8>>,
    dealt: usize,
    taken: usize,
    spare: Vec<Batch>,
}

impl Line {
    fn feed(&mut self, format: Format, ends: &mut dyn Ends) -> Result<(), Problem> {
        let blocks = (SAMPLES / (BLOCK * format.channels())).max(1);
        let whole = blocks * BLOCK * format.channels();
        let mut filling = Batch::default();
        let mut number = 0;
        loop {
            let more = ends.next(&mut filling.samples)?;
            while filling.samples.len() >= whole || !more && !filling.samples.is_empty() {
                let mut next = self.spare.pop().unwrap_or_default();
                next.samples.clear();
                let cut = filling.samples.len().min(whole);
                next.samples.extend_from_slice(&filling.samples[cut..]);
                filling.samples.truncate(cut);
                filling.number = number;
                number += blocks as u64;
                self.deal(filling, ends)?;
                filling = next;
            }
            if !more {
                break;
            }
        }
        while self.taken < self.dealt {
            self.take(ends)?;
        }
        Ok(())
    }

    fn deal(&mut self, batch: Batch, ends: &mut dyn Ends) -> Result<(), Problem> {
        let workers = self.workers.len();
        // One is in work; the places in front of and behind it may be taken.
        if self.dealt - self.taken == workers * (2 * WAITING + 1) {
            self.take(ends)?;
        }
        self.workers[self.dealt % workers].give(batch);
        self.dealt += 1;
        Ok(())
    }

    fn take(&mut self, ends: &mut dyn Ends) -> Result<(), Problem> {
        let mut batch = self.workers[self.taken % self.workers.len()].take();
        self.taken += 1;
        let packed = std::mem::take(&mut batch.packed);
        self.hasher.send(packed).expect("the hasher lives until this end is dropped");
        ends.made(&batch)?;
        self.spare.push(batch);
        Ok(())
    }
}

fn md5(packed: &Receiver<Vec<u8>>) -> [u8; 16] {
    let mut md5 = Md5::new();
    packed.iter().for_each(|bytes| md5.update(&bytes));
    md5.finalize().into()
}

struct Worker {
    input: SyncSender<Batch>,
    output: Receiver<Batch>,
}

impl Worker {
    fn start<'s>(scope: &'s Scope<'s, '_>, format: Format, level: Level) -> Result<Self, Problem> {
        let (input, batches) = sync_channel::<Batch>(WAITING);
        let (done, output) = sync_channel(WAITING);
        let work = move || {
            let mut coder = Coder::new(format, level);
            for mut batch in batches {
                batch.encode(format, &mut coder);
                if done.send(batch).is_err() {
                    break;
                }
            }
        };
        spawn(scope, work)?;
        Ok(Self { input, output })
    }

    fn give(&self, batch: Batch) {
        self.input.send(batch).expect("a worker lives until this end is dropped");
    }

    fn take(&self) -> Batch {
        self.output.recv().expect("a worker gives back what it was given")
    }
}

impl Batch {
    fn encode(&mut self, format: Format, coder: &mut Coder) {
        self.bytes.clear();
        self.ends.clear();
        for (number, block) in (self.number..).zip(self.samples.chunks(BLOCK * format.channels())) {
            self.bytes.extend_from_slice(coder.frame(block, number));
            self.ends.push(self.bytes.len());
        }
        pack(&self.samples, format.bytes_per_sample(), &mut self.packed);
        peaks::survey(&self.samples, format, &mut self.units);
    }
}

fn spawn<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    work: impl FnOnce() -> T + Send + 's,
) -> Result<ScopedJoinHandle<'s, T>, Problem> {
    let spawned = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
    spawned.map_err(|error| Problem::TooLarge { what: format!("no thread could be started ({error})") })
}
