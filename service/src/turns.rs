//! Turns at something that there is not enough of, such as the processors: as many as there may be at once, and users take
//! them in turn. So one user's thousand files wait for each other, and not another's one for them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Clones hand out the same turns.
#[derive(Clone)]
pub struct Turns {
    state: Arc<Mutex<State>>,
    each: Each,
}

/// How many a user may have at once. It is asked whenever a turn is handed out, so that what it says may change.
type Each = Arc<dyn Fn(&str) -> usize + Send + Sync>;

struct State {
    free: usize,
    taken: HashMap<Arc<str>, usize>,
    /// Users whose work waits, and whoever is next in front. Of none of them nothing waits.
    waiting: VecDeque<(Arc<str>, VecDeque<oneshot::Sender<Turn>>)>,
}

/// A turn; it is over when this is dropped.
pub struct Turn {
    turns: Turns,
    user: Arc<str>,
}

impl Turns {
    /// So many at once, and any number of them one user's.
    pub fn new(at_once: usize) -> Self {
        Self::shared(at_once, |_user| usize::MAX)
    }

    /// So many at once, and no more of each user's than `each` says, but always one. What was taken stays.
    pub fn shared(at_once: usize, each: impl Fn(&str) -> usize + Send + Sync + 'static) -> Self {
        let (taken, waiting) = (HashMap::new(), VecDeque::new());
        let state = Arc::new(Mutex::new(State { free: at_once, taken, waiting }));
        Self { state, each: Arc::new(each) }
    }

    /// Waits for a turn of this user's.
    pub async fn take(&self, user: &str) -> Turn {
        let (turn, taken) = oneshot::channel();
        {
            let mut state = self.lock();
            match state.waiting.iter_mut().find(|(waits, _)| **waits == *user) {
                Some((_, turns)) => turns.push_back(turn),
                None => state.waiting.push_back((user.into(), VecDeque::from([turn]))),
            }
        }
        self.hand_out();
        taken.await.expect("whoever waits is not forgotten")
    }

    fn hand_out(&self) {
        loop {
            let next = self.lock().next(&*self.each);
            let Some((user, waits)) = next else { return };
            // Whoever has given up in the meantime drops the turn, and with it gives it back.
            drop(waits.send(Turn { turns: self.clone(), user }));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a turn for the first who may have one; that user goes behind all others.
    fn next(&mut self, each: &dyn Fn(&str) -> usize) -> Option<(Arc<str>, oneshot::Sender<Turn>)> {
        if self.free == 0 {
            return None;
        }
        let taken = |user: &Arc<str>| self.taken.get(user).copied().unwrap_or(0);
        let at = self.waiting.iter().position(|(user, _)| taken(user) < each(user).max(1))?;
        let (user, mut turns) = self.waiting.remove(at)?;
        let turn = turns.pop_front()?;
        if !turns.is_empty() {
            self.waiting.push_back((user.clone(), turns));
        }
        self.free -= 1;
        *self.taken.entry(user.clone()).or_default() += 1;
        Some((user, turn))
    }

    fn give_back(&mut self, user: &Arc<str>) {
        self.free += 1;
        if let Some(taken) = self.taken.get_mut(user) {
            *taken -= 1;
            if *taken == 0 {
                self.taken.remove(user);
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.lock().give_back(&self.user);
        self.turns.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt as _;
    use futures::future::BoxFuture;

    use super::*;

    /// Somebody who waits for a turn, and whether it has come.
    struct Waiter(BoxFuture<'static, Turn>);

    impl Waiter {
        fn new(turns: &Turns, user: &'static str) -> Self {
            let turns = turns.clone();
            let mut waiter = Self(async move { turns.take(user).await }.boxed());
            assert!(waiter.turn().is_none(), "it is not this one's turn yet");
            waiter
        }

        fn turn(&mut self) -> Option<Turn> {
            (&mut self.0).now_or_never()
        }
    }

    #[tokio::test]
    async fn a_thousand_of_one_do_not_hold_up_one_of_another() {
        let turns = Turns::new(1);
        let busy = turns.take("ada").await;
        let mut adas: Vec<_> = (0..1000).map(|_| Waiter::new(&turns, "ada")).collect();
        let mut bob = Waiter::new(&turns, "bob");
        drop(busy);
        let first = adas[0].turn().expect("she was there first");
        assert!(bob.turn().is_none());
        drop(first);
        let bobs = bob.turn().expect("and then it is his turn, before the other 999");
        assert!(adas[1].turn().is_none());
        drop(bobs);
        assert!(adas[1].turn().is_some());
    }

    #[tokio::test]
    async fn no_user_takes_more_than_is_theirs_while_another_may() {
        let each = Arc::new(AtomicUsize::new(2));
        let asked = each.clone();
        let turns = Turns::shared(3, move |_user| asked.load(Ordering::Relaxed));
        let _two = (turns.take("ada").await, turns.take("ada").await);
        let mut third = Waiter::new(&turns, "ada");
        let bob = turns.take("bob").await;
        drop(bob);
        assert!(third.turn().is_none(), "there is room, and it is not hers");
        each.store(3, Ordering::Relaxed);
        let _bob = Waiter::new(&turns, "bob");
        assert!(third.turn().is_some(), "now it is");
    }

    #[tokio::test]
    async fn whoever_gives_up_keeps_nobody_waiting() {
        let turns = Turns::new(1);
        let busy = turns.take("ada").await;
        let gone = Waiter::new(&turns, "bob");
        let mut here = Waiter::new(&turns, "eve");
        drop(gone);
        drop(busy);
        assert!(here.turn().is_some());
        assert!(turns.lock().taken.is_empty() && turns.lock().free == 1);
    }
}
