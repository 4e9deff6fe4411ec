//! Activities: tasks that are offered, workers that wait, and which gets which.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{ActivityTask, Error};
use crate::journal::ExecutionId;
use crate::{Millis, TaskKey};

/// Workers that may wait for one activity, as on AWS.
const POLLERS: usize = 1000;

/// A worker that waits.
pub(super) struct Poller {
    pub(super) worker: Option<Arc<str>>,
    pub(super) until: Millis,
    pub(super) reply: oneshot::Sender<Result<Option<ActivityTask>, Error>>,
}

pub(super) type Offer = (ExecutionId, TaskKey);

#[derive(Default)]
pub(super) struct Pollers {
    queues: HashMap<Arc<str>, Queue>,
    /// All wait equally long, so that the first in is the first out.
    deadlines: VecDeque<(Millis, Arc<str>)>,
}

#[derive(Default)]
struct Queue {
    /// By lot, and the lot whose turn it is in front. None of them is empty.
    offers: VecDeque<(Arc<str>, VecDeque<Offer>)>,
    offered: HashSet<Offer>,
    waiting: VecDeque<Poller>,
}

impl Queue {
    /// The next offer of the lot whose turn it is, which then goes behind all others.
    fn next_offer(&mut self) -> Option<Offer> {
        let (lot, mut offers) = self.offers.pop_front()?;
        let offer = offers.pop_front();
        if !offers.is_empty() {
            self.offers.push_back((lot, offers));
        }
        offer
    }
}

impl Pollers {
    /// Offers a task of this lot; doing so twice makes one offer.
    pub(super) fn offer(&mut self, activity: &str, lot: Arc<str>, offer: Offer) {
        let queue = self.queue(activity).1;
        if !queue.offered.insert(offer) {
            return;
        }
        match queue.offers.iter_mut().find(|(name, _)| *name == lot) {
            Some((_, offers)) => offers.push_back(offer),
            None => queue.offers.push_back((lot, VecDeque::from([offer]))),
        }
    }

    pub(super) fn wait(&mut self, activity: &str, poller: Poller) {
        let (name, queue) = self.queue(activity);
        queue.waiting.retain(|poller| !poller.reply.is_closed());
        if queue.waiting.len() >= POLLERS {
            let _ = poller.reply.send(Err(Error::TooManyPollers));
            return;
        }
        let until = poller.until;
        queue.waiting.push_back(poller);
        self.deadlines.push_back((until, name));
    }

    /// The next task of this activity and a worker for it. The caller checks that the task is still wanted, and puts
    /// the worker back in [`front`](Self::front) if it is not.
    pub(super) fn pair(&mut self, activity: &str) -> Option<(Offer, Poller)> {
        let queue = self.queues.get_mut(activity)?;
        while queue.waiting.front().is_some_and(|poller| poller.reply.is_closed()) {
            queue.waiting.pop_front();
        }
        if queue.waiting.is_empty() {
            return None;
        }
        let offer = queue.next_offer()?;
        queue.offered.remove(&offer);
        let poller = queue.waiting.pop_front()?;
        Some((offer, poller))
    }

    pub(super) fn front(&mut self, activity: &str, poller: Poller) {
        self.queue(activity).1.waiting.push_front(poller);
    }

    pub(super) fn next_deadline(&self) -> Option<Millis> {
        self.deadlines.front().map(|(until, _)| *until)
    }

    /// Sends away the workers who have waited long enough.
    pub(super) fn expire(&mut self, now: Millis) {
        while self.deadlines.front().is_some_and(|(until, _)| *until <= now) {
            let Some((_, activity)) = self.deadlines.pop_front() else { return };
            let Some(queue) = self.queues.get_mut(&activity) else { continue };
            while queue.waiting.front().is_some_and(|poller| poller.until <= now) {
                let poller = queue.waiting.pop_front();
                poller.map(|poller| poller.reply.send(Ok(None)));
            }
            if queue.waiting.is_empty() && queue.offers.is_empty() {
                self.queues.remove(&activity);
            }
        }
    }

    fn queue(&mut self, activity: &str) -> (Arc<str>, &mut Queue) {
        let name = match self.queues.get_key_value(activity) {
            Some((name, _)) => name.clone(),
            None => Arc::from(activity),
        };
        (name.clone(), self.queues.entry(name).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poller(until: Millis) -> (Poller, oneshot::Receiver<Result<Option<ActivityTask>, Error>>) {
        let (reply, answer) = oneshot::channel();
        (Poller { worker: None, until, reply }, answer)
    }

    const KEY: TaskKey = TaskKey { frame: 0, entered: 2, attempt: 1 };

    #[test]
    fn first_offered_first_handed_out_and_a_worker_who_left_gets_nothing() {
        let mut pollers = Pollers::default();
        let ((gone, left), (here, _answer)) = (poller(10), poller(20));
        drop(left);
        pollers.offer("a", "".into(), (1, KEY));
        pollers.offer("a", "".into(), (2, KEY));
        pollers.offer("a", "".into(), (1, KEY));
        assert!(pollers.pair("a").is_none(), "nobody waits");
        pollers.wait("a", gone);
        pollers.wait("a", here);
        let (offer, poller) = pollers.pair("a").unwrap();
        assert_eq!((offer, poller.until), ((1, KEY), 20));
        pollers.front("a", poller);
        assert_eq!(pollers.pair("a").unwrap().0, (2, KEY));
        assert!(pollers.pair("a").is_none());
    }

    #[test]
    fn a_thousand_of_one_lot_do_not_hold_up_one_of_another() {
        let mut pollers = Pollers::default();
        for id in 0..1000 {
            pollers.offer("a", "ada".into(), (id, KEY));
        }
        pollers.offer("a", "bob".into(), (1000, KEY));
        pollers.offer("a", "eve".into(), (1001, KEY));
        let taken = [(); 5].map(|()| {
            let (poller, _answer) = poller(10);
            pollers.wait("a", poller);
            pollers.pair("a").unwrap().0.0
        });
        assert_eq!(taken, [0, 1000, 1001, 1, 2]);
    }

    #[test]
    fn a_worker_is_sent_away_when_its_time_is_over_and_not_before() {
        let mut pollers = Pollers::default();
        let (poller, mut answer) = poller(60);
        pollers.wait("a", poller);
        pollers.expire(59);
        assert!(answer.try_recv().is_err());
        assert_eq!(pollers.next_deadline(), Some(60));
        pollers.expire(60);
        assert!(matches!(answer.try_recv(), Ok(Ok(None))));
        assert!(pollers.queues.is_empty());
    }
}
