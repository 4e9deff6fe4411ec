//! Gates in front of the ports: a call of the test's choosing waits, fails, or does its work and loses the answer.
//!
//! A rule holds for the next call of its kind, and is used up by it; rules for one kind are used in the order in which
//! they were set. Everything without a rule passes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use activities::ports::{
    Awaited, Driver, Due, Execution, Fault, Guard, HistoryPage, Machine, Page, Query, Sessions, Stopped,
    Task, Usage, Written,
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use states::session::{BrokenRecord, Progress};
use states::{Activity, Event, Owed, Session, Timestamp};
use tokio::sync::SetOnce;
use tokio::time::timeout;

/// Far longer than anything takes that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Move(Event),
    Create,
    Keep,
    Bury,
    Progress,
    Settle,
    Start,
    Stop,
}

enum Rule {
    /// It waits before it does anything.
    Hold(Held),
    /// It is done, and the answer does not come.
    Lose,
    /// It is not done, and the answer does not come.
    Refuse,
    /// It is not done, since the record is damaged: nothing that trying again would mend.
    Break,
}

/// A call that waits, or will.
#[derive(Clone, Default)]
pub struct Held {
    reached: Arc<SetOnce<()>>,
    released: Arc<SetOnce<()>>,
}

impl Held {
    /// Waits until the call has come to the gate.
    pub async fn reached(&self) -> Result<()> {
        timeout(PATIENCE, self.reached.wait()).await.context("the call never came to its gate")?;
        Ok(())
    }

    pub fn release(&self) {
        let _ = self.released.set(()); // an error means that it was released already
    }

    async fn pass(&self) {
        let _ = self.reached.set(());
        self.released.wait().await;
    }
}

/// The rules of all gates. Clones share them.
#[derive(Clone, Default)]
pub struct Gates(Arc<Mutex<Vec<(Call, Rule)>>>);

impl Gates {
    pub fn hold(&self, call: Call) -> Held {
        let held = Held::default();
        self.set(call, Rule::Hold(held.clone()));
        held
    }

    pub fn lose(&self, call: Call) {
        self.set(call, Rule::Lose);
    }

    pub fn refuse(&self, call: Call) {
        self.set(call, Rule::Refuse);
    }

    pub fn break_record(&self, call: Call) {
        self.set(call, Rule::Break);
    }

    /// Whether every rule was used.
    pub fn all_used(&self) -> bool {
        self.0.lock().expect("no test panics while it holds this").is_empty()
    }

    fn set(&self, call: Call, rule: Rule) {
        self.0.lock().expect("no test panics while it holds this").push((call, rule));
    }

    fn next(&self, call: Call) -> Option<Rule> {
        let mut rules = self.0.lock().expect("no test panics while it holds this");
        let place = rules.iter().position(|(kind, _)| *kind == call)?;
        Some(rules.remove(place).1)
    }

    /// Lets `work` through as the next rule for `call` says.
    async fn through<T>(
        &self,
        call: Call,
        what: &'static str,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let no_answer = || Err(Fault::Unavailable { what, why: "timeout".to_owned() });
        match self.next(call) {
            None => work.await,
            Some(Rule::Hold(held)) => {
                held.pass().await;
                work.await
            }
            Some(Rule::Lose) => {
                work.await?;
                no_answer()
            }
            Some(Rule::Refuse) => no_answer(),
            Some(Rule::Break) => Err(BrokenRecord { id: String::new(), what: "it is whole" }.into()),
        }
    }
}

/// A port behind the gates.
pub struct Gated<P: ?Sized> {
    pub gates: Gates,
    pub port: Arc<P>,
}

const STORE: &str = "session store";

#[async_trait]
impl Sessions for Gated<dyn Sessions> {
    async fn get(&self, id: &str) -> Result<Option<Session>, Fault> {
        self.port.get(id).await
    }

    async fn write(&self, session: &Session, guard: Guard) -> Result<Written, Fault> {
        let call = match guard {
            Guard::Absent => Call::Create,
            Guard::Transition { event, .. } => Call::Move(event),
            Guard::Unmoved { .. } if session.deleted_at.is_some() => Call::Bury,
            Guard::Unmoved { .. } => Call::Keep,
        };
        self.gates.through(call, STORE, self.port.write(session, guard)).await
    }

    async fn progress(&self, id: &str, attempt: u32, progress: Progress) -> Result<Written, Fault> {
        self.gates.through(Call::Progress, STORE, self.port.progress(id, attempt, progress)).await
    }

    async fn settle(
        &self,
        id: &str,
        version: u64,
        paid: &[Owed],
        due_at: Option<Timestamp>,
    ) -> Result<Written, Fault> {
        self.gates.through(Call::Settle, STORE, self.port.settle(id, version, paid, due_at)).await
    }

    async fn forget(&self, id: &str, version: u64) -> Result<Written, Fault> {
        self.port.forget(id, version).await
    }

    async fn list(&self, query: &Query) -> Result<Page, Fault> {
        self.port.list(query).await
    }

    async fn usage(&self, owner: &str) -> Result<Option<Usage>, Fault> {
        self.port.usage(owner).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, Fault> {
        self.port.due(now, limit).await
    }

    async fn put_off(&self, due: &Due, until: Timestamp) -> Result<Written, Fault> {
        self.port.put_off(due, until).await
    }
}

const DRIVER: &str = "engine";

#[async_trait]
impl Driver for Gated<dyn Driver> {
    async fn start(&self, machine: Machine, name: &str, input: &str) -> Result<(), Fault> {
        self.gates.through(Call::Start, DRIVER, self.port.start(machine, name, input)).await
    }

    async fn describe(&self, name: &str) -> Result<Option<Execution>, Fault> {
        self.port.describe(name).await
    }

    async fn history(&self, name: &str, after: Option<&str>) -> Result<Option<HistoryPage>, Fault> {
        self.port.history(name, after).await
    }

    async fn stop(&self, name: &str, error: &str, cause: &str) -> Result<Stopped, Fault> {
        self.gates.through(Call::Stop, DRIVER, self.port.stop(name, error, cause)).await
    }

    async fn next_task(&self, activity: Activity) -> Result<Option<Task>, Fault> {
        self.port.next_task(activity).await
    }

    async fn beat(&self, token: &str) -> Result<Awaited, Fault> {
        self.port.beat(token).await
    }

    async fn succeed(&self, token: &str, output: &str) -> Result<Awaited, Fault> {
        self.port.succeed(token, output).await
    }

    async fn fail(&self, token: &str, error: &str, cause: &str) -> Result<Awaited, Fault> {
        self.port.fail(token, error, cause).await
    }
}
