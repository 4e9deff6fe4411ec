//! The end of a shutdown's patience: tasks that still run are taken back, so that the dispatch does not count against them.
//! Only what was lost with an engine that died is suspected of having killed it.

use tokio::sync::oneshot;

use super::Error;
use super::inbox::{Answer, Arrival};
use super::owner::Owner;
use crate::{Input, Millis};

/// A shutdown under way.
pub(super) struct Ending {
    /// When patience ends.
    pub(super) until: Millis,
    pub(super) done: oneshot::Sender<()>,
    /// Set once patience has ended: the answers to what was taken back that have not come yet.
    pub(super) taken_back: Option<Vec<oneshot::Receiver<Result<Millis, Error>>>>,
}

impl Ending {
    /// Whether patience has ended, and all that was taken back is written, or cannot be.
    pub(super) fn has_taken_back(&mut self) -> bool {
        let Some(answers) = &mut self.taken_back else { return false };
        answers.retain_mut(|answer| matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Empty)));
        answers.is_empty()
    }
}

impl Owner {
    /// Takes back what still runs, once, when the patience of a shutdown ends.
    pub(super) fn take_back(&mut self, now: Millis) {
        let Some(ending) = &mut self.ending else { return };
        if ending.until > now || ending.taken_back.is_some() {
            return;
        }
        let mut answers = Vec::new();
        for (id, key) in self.tasks.give_up() {
            let (answer, answered) = oneshot::channel();
            self.ready
                .push_back((id, Arrival { input: Input::Withdrawn { key }, answer: Answer::Caller(answer) }));
            answers.push(answered);
        }
        ending.taken_back = Some(answers);
    }
}
