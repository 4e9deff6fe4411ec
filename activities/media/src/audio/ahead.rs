//! Decoding several chunks at once, where there are processors to spare: threads with a decoder each get a chunk in turn.
//! What comes out is taken in the chunks' order, packet by packet.
//!
//! With two processors this is of no use: encoding alone keeps them busy.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error;
use symphonia::core::packet::Packet;

use super::chunks::Chunks;
use super::feed::{Step, append, warm_up};
use super::open::{self, Opened};
use super::packets::{frames_of, next_packet};
use super::samples::Scratch;
use crate::Format;

/// Fewer processors than this have enough to do with encoding.
const LEAST: usize = 3;
/// Decoding takes less than encoding: it gets a thread for so many processors.
const PROCESSORS_EACH: usize = 2;
/// Chunks under way for each thread: one that is decoded, and one that waits to be, or to be taken.
const EACH: usize = 2;
/// What a decoder needs of a stack, and some more.
const STACK: usize = 1 << 20;

pub(super) struct Ahead {
    workers: Vec<Worker>,
    dealt: usize,
    taken: usize,
    /// What is left of the chunk that was taken last.
    current: Decoded,
    /// Why no more chunks are dealt, until that was told.
    halt: Option<Halt>,
}

enum Halt {
    Unreadable(Error),
    End,
}

struct Worker {
    waiting: Sender<Chunk>,
    back: Receiver<Decoded>,
}

struct Chunk {
    warm_up: Vec<Packet>,
    /// Each with the samples of a channel that it holds.
    packets: Vec<(Packet, u64)>,
    /// Room for the samples.
    room: Vec<i32>,
}

#[derive(Default)]
struct Decoded {
    steps: VecDeque<Step>,
    /// How many samples belong to each step that has any.
    lengths: VecDeque<usize>,
    samples: Vec<i32>,
    /// How many of them were handed out.
    start: usize,
}

impl Ahead {
    /// Starts the threads; none where it is of no use, or they cannot be had.
    pub(super) fn start(
        opened: &Opened<'_>,
        first: &Packet,
        format: Format,
        processors: NonZeroUsize,
    ) -> Option<Self> {
        if processors.get() < LEAST {
            return None;
        }
        let workers = (0..processors.get() / PROCESSORS_EACH).map(|_| Worker::start(opened, first, format));
        let workers = workers.collect::<Option<Vec<_>>>()?;
        Some(Self { workers, dealt: 0, taken: 0, current: Decoded::default(), halt: None })
    }

    pub(super) fn next(&mut self, opened: &mut Opened<'_>, chunks: &mut Chunks, out: &mut Vec<i32>) -> Step {
        loop {
            if let Some(step) = self.current.next(out) {
                return step;
            }
            self.deal(opened, chunks);
            if self.taken == self.dealt {
                return match self.halt.take() {
                    Some(Halt::Unreadable(error)) => Step::Unreadable(error),
                    Some(Halt::End) | None => {
                        self.halt = Some(Halt::End);
                        Step::End
                    }
                };
            }
            let worker = &self.workers[self.taken % self.workers.len()];
            self.current = worker.back.recv().expect("a decoder that panics is caught at it");
            self.taken += 1;
        }
    }

    /// Deals out chunks as long as there is room for what becomes of them.
    fn deal(&mut self, opened: &mut Opened<'_>, chunks: &mut Chunks) {
        let mut room = std::mem::take(&mut self.current.samples);
        while self.halt.is_none() && self.dealt - self.taken < self.workers.len() * EACH {
            room.clear();
            let mut chunk = Chunk {
                warm_up: chunks.begin().cloned().collect(),
                packets: Vec::new(),
                room: std::mem::take(&mut room),
            };
            while !chunks.has_ended() {
                match next_packet(opened) {
                    Ok(Some(packet)) => {
                        let frames = frames_of(opened, &packet);
                        chunks.count(&packet, frames);
                        chunk.packets.push((packet, frames));
                    }
                    Ok(None) => {
                        chunks.end();
                        self.halt = Some(Halt::End);
                    }
                    Err(error) => {
                        chunks.end();
                        self.halt = Some(Halt::Unreadable(error));
                    }
                }
            }
            let worker = &self.workers[self.dealt % self.workers.len()];
            worker.waiting.send(chunk).expect("a decoder that panics is caught at it");
            self.dealt += 1;
        }
    }
}

impl Worker {
    /// With a decoder that knows what the first packet was like, as the one has that goes through the file from its start.
    fn start(opened: &Opened<'_>, first: &Packet, format: Format) -> Option<Self> {
        let mut decoder = open::decoder(&opened.track, &opened.params).ok()?;
        warm_up(decoder.as_mut(), [first].into_iter());
        let (waiting, chunks) = channel();
        let (done, back) = channel();
        let work = move || work(decoder.as_mut(), format, &chunks, &done);
        thread::Builder::new().stack_size(STACK).spawn(work).ok()?;
        Some(Self { waiting, back })
    }
}

/// Decodes whatever comes, until nothing does.
fn work(decoder: &mut dyn AudioDecoder, format: Format, chunks: &Receiver<Chunk>, done: &Sender<Decoded>) {
    let mut scratch = Scratch::default();
    for Chunk { warm_up: before, packets, room } in chunks {
        warm_up(decoder, before.iter());
        let mut decoded = Decoded { samples: room, ..Decoded::default() };
        for (packet, frames) in packets {
            let start = decoded.samples.len();
            let step = match append(decoder, &packet, format, &mut scratch, &mut decoded.samples) {
                Ok(true) => Step::Decoded(packet.data),
                Ok(false) => Step::OtherFormat,
                Err(error) => Step::Undecodable(error, frames),
            };
            decoded.steps.push_back(step);
            decoded.lengths.push_back(decoded.samples.len() - start);
        }
        if done.send(decoded).is_err() {
            return;
        }
    }
}

impl Decoded {
    fn next(&mut self, out: &mut Vec<i32>) -> Option<Step> {
        let (step, length) = self.steps.pop_front().zip(self.lengths.pop_front())?;
        out.extend_from_slice(&self.samples[self.start..self.start + length]);
        self.start += length;
        Some(step)
    }
}
