//! The feed of a run: items become portions, each the input of one child. It runs ahead of the children by a few
//! portions, so that memory stays bounded however many items there are.

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::Tools;
use super::Waiting;
use crate::history::{Batch, Failure};
use crate::items::Item;
use crate::items::batch::{Batcher, Portion};
use crate::step::item_inputs;

/// Portions read ahead.
pub(super) const AHEAD: usize = 16;
/// Items that go through the ItemSelector at a time.
const CHUNK: usize = 64;

/// How the feed has come to its end.
#[derive(Debug)]
pub(super) enum Last {
    /// There were that many items, and all have been given.
    Over(u32),
    Failed(Failure),
    /// The journal failed, or nobody wanted to know any more.
    BrokeOff,
}

/// Why reading goes no further.
#[derive(Debug)]
pub(super) enum Halt {
    /// As many as are wanted have been read.
    Enough,
    Failed(Failure),
    /// The journal failed, or nobody wants to know any more.
    Gone,
}

pub(super) struct Feed {
    pub(super) tools: Tools,
    pub(super) waiting: Arc<Waiting>,
    batcher: Batcher,
    /// Items that have children already, in their order, and how many of these ranges have been passed.
    covered: Vec<Range<u32>>,
    passed: usize,
    /// The number of the next item.
    next: u32,
    most: u32,
    out: mpsc::Sender<Portion>,
}

impl Feed {
    pub(super) fn new(
        tools: Tools,
        waiting: Arc<Waiting>,
        batch: Option<Batch>,
        covered: Vec<Range<u32>>,
        out: mpsc::Sender<Portion>,
    ) -> Feed {
        let batcher = Batcher::new(batch);
        Feed { tools, waiting, batcher, covered, passed: 0, next: 0, most: u32::MAX, out }
    }

    pub(super) fn stop_after(&mut self, most: Option<u64>) {
        self.most = most.map_or(u32::MAX, |most| u32::try_from(most).unwrap_or(u32::MAX));
    }

    /// Takes items, the next ones in order. `source` is the URI of what they were read from.
    pub(super) async fn take(&mut self, mut items: Vec<Item>, source: &str) -> Result<(), Halt> {
        let wanted = (self.most - self.next) as usize;
        let enough = items.len() >= wanted;
        items.truncate(wanted);
        let mut rest = items.as_slice();
        while !rest.is_empty() {
            let (covered, until) = self.stretch();
            let length = rest.len().min((until - self.next) as usize).min(CHUNK);
            let (now, later) = rest.split_at(length);
            rest = later;
            if covered {
                self.flush().await?;
                self.next += length as u32;
            } else {
                self.give(now, source).await?;
            }
        }
        if enough { Err(Halt::Enough) } else { Ok(()) }
    }

    /// Whether the next item has a child already, and up to which item that is so.
    fn stretch(&mut self) -> (bool, u32) {
        while self.covered.get(self.passed).is_some_and(|range| range.end <= self.next) {
            self.passed += 1;
        }
        match self.covered.get(self.passed) {
            Some(range) if range.contains(&self.next) => (true, range.end),
            Some(range) => (false, range.start),
            None => (false, u32::MAX),
        }
    }

    async fn give(&mut self, items: &[Item], source: &str) -> Result<(), Halt> {
        let Waiting { pinned, execution, key, .. } = self.waiting.as_ref();
        let tick = self.tools.ticks.tick();
        let seen = (self.next..).zip(items).map(|(index, item)| item.seen(index, source));
        let inputs = item_inputs(&pinned.definition, execution, *key, seen, tick);
        for input in inputs.map_err(Halt::Failed)? {
            let portion = self.batcher.push(self.next, &input);
            let portion = portion.map_err(|too_large| Halt::Failed(too_large.into()))?;
            self.next += 1;
            if let Some(portion) = portion {
                self.send(portion).await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Halt> {
        match self.batcher.flush() {
            Some(portion) => self.send(portion).await,
            None => Ok(()),
        }
    }

    /// Nothing more is read.
    pub(super) async fn end(mut self, halted: Result<(), Halt>) -> Last {
        match halted {
            Ok(()) | Err(Halt::Enough) => match self.flush().await {
                Ok(()) => Last::Over(self.next),
                Err(_) => Last::BrokeOff,
            },
            Err(Halt::Failed(failure)) => Last::Failed(failure),
            Err(Halt::Gone) => Last::BrokeOff,
        }
    }

    async fn send(&self, portion: Portion) -> Result<(), Halt> {
        self.out.send(portion).await.map_err(|_| Halt::Gone)
    }
}
