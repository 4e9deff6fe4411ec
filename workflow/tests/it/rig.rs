//! An engine on a journal that can fail or stand still, with scripted tasks and a clock moved by hand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use workflow::Millis;
use workflow::driver::{Config, Engine, Hand, MachineRequest, Page, Ticks};
use workflow::history::RunId;
use workflow::journal::*;
use workflow::tasks::{TaskCall, TaskError, Tasks};

pub(crate) const NOON: Millis = 1_700_000_000_000;

/// A journal whose appends fail, or wait, when a test says so.
#[derive(Clone)]
pub(crate) struct Journal {
    stored: MemoryJournal,
    pub(crate) faults: Arc<Faults>,
    rows_read: Arc<AtomicUsize>,
}

pub(crate) struct Faults {
    /// Counts the appends; those from `first` on fail, as many as `count` says.
    seen: AtomicI64,
    first: AtomicI64,
    count: AtomicI64,
    gate: Semaphore,
    pub(crate) arrived: Notify,
    broken: Notify,
}

const WIDE_OPEN: usize = 1 << 40;

impl Journal {
    pub(crate) fn new() -> Self {
        let faults = Faults {
            seen: AtomicI64::new(0),
            first: AtomicI64::new(i64::MAX),
            count: AtomicI64::new(0),
            gate: Semaphore::new(WIDE_OPEN),
            arrived: Notify::new(),
            broken: Notify::new(),
        };
        Self { stored: MemoryJournal::default(), faults: Arc::new(faults), rows_read: Arc::default() }
    }

    /// What is stored, with a journal that works again.
    pub(crate) fn repaired(&self) -> Self {
        Self { stored: self.stored.clone(), ..Self::new() }
    }

    /// From now on the `nth` append fails (counted from 1), and those after it: `count` in all.
    pub(crate) fn fail(&self, nth: i64, count: i64) {
        self.faults.first.store(self.faults.seen.load(Ordering::SeqCst) + nth, Ordering::SeqCst);
        self.faults.count.store(count, Ordering::SeqCst);
    }

    /// A write, when it may be one.
    async fn pass(&self) -> Result<(), Error> {
        let faults = &self.faults;
        let nth = faults.seen.fetch_add(1, Ordering::SeqCst) + 1;
        faults.arrived.notify_one();
        let _passed = faults.gate.acquire().await.unwrap();
        let behind = nth - faults.first.load(Ordering::SeqCst);
        if behind >= 0 && behind < faults.count.load(Ordering::SeqCst) {
            faults.broken.notify_one();
            return Err(ledger::Error::RolledBack.into());
        }
        Ok(())
    }

    pub(crate) fn appends(&self) -> i64 {
        self.faults.seen.load(Ordering::SeqCst)
    }

    /// Rows of events that were read.
    pub(crate) fn rows_read(&self) -> usize {
        self.rows_read.load(Ordering::SeqCst)
    }

    /// Returns when a write has failed.
    pub(crate) async fn failed(&self) {
        self.faults.broken.notified().await;
    }

    pub(crate) fn shut(&self) {
        self.faults.gate.forget_permits(WIDE_OPEN);
    }

    pub(crate) fn reopen(&self) {
        self.faults.gate.add_permits(WIDE_OPEN);
    }
}

#[async_trait]
impl Executions for Journal {
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Appended>, Error> {
        self.pass().await?;
        self.stored.append(batch).await
    }

    async fn park(&self, execution: ExecutionId, at: Millis) -> Result<(), Error> {
        self.stored.park(execution, at).await
    }

    async fn forget(&self, before: Millis, after: Option<Ended>, limit: u32) -> Result<Forgotten, Error> {
        self.stored.forget(before, after, limit).await
    }

    fn execution(&self, which: Which<'_>) -> Result<Option<ExecutionRow>, Error> {
        self.stored.execution(which)
    }

    fn executions(&self, listing: &Listing) -> Result<Vec<ExecutionRow>, Error> {
        self.stored.executions(listing)
    }

    fn unfinished(&self, after: ExecutionId, limit: u32) -> Result<Vec<Unfinished>, Error> {
        self.stored.unfinished(after, limit)
    }

    fn events(&self, execution: ExecutionId, from: u32, limit: u32) -> Result<Vec<EventRow>, Error> {
        let rows = self.stored.events(execution, from, limit)?;
        self.rows_read.fetch_add(rows.len(), Ordering::SeqCst);
        Ok(rows)
    }
}

#[async_trait]
impl MapRuns for Journal {
    fn map_run(&self, run: RunId) -> Result<Option<MapRun>, Error> {
        self.stored.map_run(run)
    }

    fn map_runs(
        &self,
        execution: ExecutionId,
        before: Option<MapRunKey>,
        limit: u32,
    ) -> Result<Vec<MapRun>, Error> {
        self.stored.map_runs(execution, before, limit)
    }

    fn open_map_runs(&self) -> Result<Vec<(ExecutionId, RunId)>, Error> {
        self.stored.open_map_runs()
    }

    fn tally(&self, run: MapRunKey) -> Result<Vec<Tally>, Error> {
        self.stored.tally(run)
    }

    fn outworn(&self, run: MapRunKey, aged: Aged) -> Result<Outworn, Error> {
        self.stored.outworn(run, aged)
    }

    fn children(&self, run: MapRunKey, from: u32, limit: u32) -> Result<Vec<Child>, Error> {
        self.stored.children(run, from, limit)
    }

    async fn change_map_run(&self, run: MapRunKey, change: MapRunChange) -> Result<(), Error> {
        self.pass().await?;
        self.stored.change_map_run(run, change).await
    }

    fn map_run_page(&self, run: MapRunKey, first: u32) -> Result<Option<ItemPage>, Error> {
        self.stored.map_run_page(run, first)
    }
}

#[async_trait]
impl Machines for Journal {
    async fn create_machine(&self, new: NewMachine) -> Result<Created<Machine>, Error> {
        self.stored.create_machine(new).await
    }

    async fn revise_machine(&self, new: NewRevision) -> Result<Revised, Error> {
        self.stored.revise_machine(new).await
    }

    async fn delete_machine(&self, name: &str, at: Millis) -> Result<bool, Error> {
        self.stored.delete_machine(name, at).await
    }

    fn machine(&self, name: &str) -> Result<Option<Machine>, Error> {
        self.stored.machine(name)
    }

    fn deleting_machine(&self, name: &str) -> Result<Option<Machine>, Error> {
        self.stored.deleting_machine(name)
    }

    fn machines(&self, after: &str, limit: u32) -> Result<Vec<Machine>, Error> {
        self.stored.machines(after, limit)
    }

    fn revision(&self, id: RevisionId) -> Result<Revision, Error> {
        self.stored.revision(id)
    }
}

#[async_trait]
impl Versions for Journal {
    async fn publish_version(
        &self,
        machine: MachineId,
        revision: RevisionId,
        publish: Publish,
        at: Millis,
    ) -> Result<Published, Error> {
        self.stored.publish_version(machine, revision, publish, at).await
    }

    async fn delete_version(
        &self,
        machine: MachineId,
        number: u32,
        at: Millis,
    ) -> Result<Unpublished, Error> {
        self.stored.delete_version(machine, number, at).await
    }

    fn version(&self, machine: MachineId, number: u32) -> Result<Option<Version>, Error> {
        self.stored.version(machine, number)
    }

    fn versions(&self, machine: MachineId, before: Option<u32>, limit: u32) -> Result<Vec<Version>, Error> {
        self.stored.versions(machine, before, limit)
    }
}

#[async_trait]
impl Aliases for Journal {
    async fn create_alias(&self, alias: Alias, most: u32) -> Result<Aliased, Error> {
        self.stored.create_alias(alias, most).await
    }

    async fn update_alias(&self, change: AliasChange) -> Result<Aliased, Error> {
        self.stored.update_alias(change).await
    }

    async fn delete_alias(&self, machine: MachineId, name: &str) -> Result<bool, Error> {
        self.stored.delete_alias(machine, name).await
    }

    fn alias(&self, machine: MachineId, name: &str) -> Result<Option<Alias>, Error> {
        self.stored.alias(machine, name)
    }

    fn aliases(&self, machine: MachineId, after: &str, limit: u32) -> Result<Vec<Alias>, Error> {
        self.stored.aliases(machine, after, limit)
    }
}

#[async_trait]
impl Tags for Journal {
    async fn tag(&self, resource: Tagged, tags: Vec<Tag>, most: usize) -> Result<Tagging, Error> {
        self.stored.tag(resource, tags, most).await
    }

    async fn untag(&self, resource: Tagged, keys: Vec<String>) -> Result<(), Error> {
        self.stored.untag(resource, keys).await
    }

    fn tags(&self, resource: &Tagged) -> Result<Vec<Tag>, Error> {
        self.stored.tags(resource)
    }
}

#[async_trait]
impl Activities for Journal {
    async fn create_activity(&self, new: NewActivity) -> Result<Created<Activity>, Error> {
        self.stored.create_activity(new).await
    }

    async fn delete_activity(&self, name: &str) -> Result<bool, Error> {
        self.stored.delete_activity(name).await
    }

    fn activity(&self, name: &str) -> Result<Option<Activity>, Error> {
        self.stored.activity(name)
    }

    fn activities(&self, after: &str, limit: u32) -> Result<Vec<Activity>, Error> {
        self.stored.activities(after, limit)
    }
}

/// Tasks by name: `echo…` answers its input, `fail` fails, `flaky…` fails the first time, `picky` fails on bad input,
/// `gate` answers when it is let, `panic` panics, `hang` never ends, `beat` says that it lives
/// whenever told to.
pub(crate) struct Script {
    pub(crate) calls: Mutex<HashMap<String, u32>>,
    pub(crate) hanging: Mutex<mpsc::UnboundedReceiver<Hanging>>,
    hang: mpsc::UnboundedSender<Hanging>,
    pub(crate) beat: Notify,
    gate: Semaphore,
    behind_gate: watch::Sender<Behind>,
}

/// Tasks that are at the gate, now and at most.
#[derive(Clone, Copy, Default)]
struct Behind {
    now: usize,
    most: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Hanging {
    Began { dispatch: u32, token: Option<String> },
    Dropped,
}

struct OnDrop(mpsc::UnboundedSender<Hanging>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send(Hanging::Dropped);
    }
}

impl Script {
    pub(crate) fn new() -> Arc<Self> {
        let (hang, hanging) = mpsc::unbounded_channel();
        Arc::new(Self {
            calls: Mutex::default(),
            hanging: Mutex::new(hanging),
            hang,
            beat: Notify::new(),
            gate: Semaphore::new(0),
            behind_gate: watch::Sender::default(),
        })
    }

    pub(crate) fn called(&self, name: &str) -> u32 {
        self.calls.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// Returns when that many tasks stand at the gate.
    pub(crate) async fn waiting(&self, count: usize) {
        self.behind_gate.subscribe().wait_for(|behind| behind.now >= count).await.unwrap();
    }

    /// Lets through whoever stands at the gate, or comes there.
    pub(crate) fn open(&self) {
        self.gate.add_permits(WIDE_OPEN);
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.behind_gate.borrow().most
    }

    /// What a hanging task does next.
    pub(crate) async fn next(&self) -> Hanging {
        std::future::poll_fn(|context| self.hanging.lock().unwrap().poll_recv(context)).await.unwrap()
    }
}

#[async_trait]
impl Tasks for Script {
    fn at_once(&self, call: &TaskCall) -> Option<Result<String, TaskError>> {
        let workflow::definition::Resource::Lambda { function, .. } = &call.resource else { return None };
        let result = match function.as_str() {
            "once-fail" => Err(TaskError { error: "Oops".into(), cause: "it had to be".into() }),
            once if once.starts_with("once") => Ok(call.input.to_string()),
            _ => return None,
        };
        *self.calls.lock().unwrap().entry(function.clone()).or_default() += 1;
        Some(result)
    }

    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        let workflow::definition::Resource::Lambda { function, .. } = &call.resource else {
            // A call that awaits a callback: accepted, and its token told.
            let _ = self.hang.send(Hanging::Began { dispatch: call.dispatch, token: call.token });
            return Ok("{}".into());
        };
        if call.begin.begin().await.is_err() {
            return std::future::pending().await; // given up: this is about to be dropped
        }
        let count = {
            let mut calls = self.calls.lock().unwrap();
            let count = calls.entry(function.clone()).or_default();
            *count += 1;
            *count
        };
        match function.as_str() {
            flaky if flaky.starts_with("flaky") && count == 1 => {
                Err(TaskError { error: "Oops".into(), cause: "it had to be, once".into() })
            }
            "fail" => Err(TaskError { error: "Oops".into(), cause: "it had to be".into() }),
            "picky" if call.input.contains("bad") => {
                Err(TaskError { error: "Oops".into(), cause: "it is bad".into() })
            }
            "gate" => {
                self.behind_gate.send_modify(|behind| {
                    behind.now += 1;
                    behind.most = behind.most.max(behind.now);
                });
                let _through = self.gate.acquire().await.unwrap();
                self.behind_gate.send_modify(|behind| behind.now -= 1);
                Ok(call.input.to_string())
            }
            "panic" => panic!("of all things"),
            "hang" => {
                let _dropped = OnDrop(self.hang.clone());
                let _ = self.hang.send(Hanging::Began { dispatch: call.dispatch, token: call.token });
                std::future::pending().await
            }
            "beat" => {
                let _dropped = OnDrop(self.hang.clone());
                let _ = self.hang.send(Hanging::Began { dispatch: call.dispatch, token: call.token });
                loop {
                    self.beat.notified().await;
                    call.heartbeat.beat().await.expect("its result is awaited");
                    let _ = self.hang.send(Hanging::Began { dispatch: 0, token: None });
                }
            }
            _ => Ok(call.input.to_string()),
        }
    }
}

pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) hand: Arc<Hand>,
    pub(crate) journal: Journal,
    pub(crate) script: Arc<Script>,
    config: Config,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::on(Journal::new(), NOON, Config::default()).await
    }

    pub(crate) async fn on(journal: Journal, now: Millis, config: Config) -> Self {
        let script = Script::new();
        let (ticks, hand) = Ticks::manual(now, 7);
        let engine = Engine::open(journal.clone(), script.clone(), ticks, config.clone()).await.unwrap();
        Self { engine, hand: Arc::new(hand), journal, script, config }
    }

    /// Ends this engine where it stands, and starts another one on what it stored.
    /// The process dies: nothing more is written.
    pub(crate) async fn crash(self, now: Millis) -> Self {
        self.journal.fail(1, i64::MAX);
        self.restart(now).await
    }

    pub(crate) async fn restart(self, now: Millis) -> Self {
        self.engine.shutdown(Duration::ZERO).await;
        Self::on(self.journal.repaired(), now, self.config).await
    }

    pub(crate) fn place(&self) -> &workflow::driver::Place {
        self.engine.place()
    }

    pub(crate) async fn machine(&self, definition: &str) -> String {
        let request = MachineRequest {
            name: "machine".into(),
            definition: definition.into(),
            role: "arn:aws:iam::000000000000:role/any".into(),
            settings: "{}".into(),
            ..MachineRequest::default()
        };
        self.engine.create_state_machine(request).await.unwrap().arn
    }

    /// Starts the execution `run` of a new machine.
    pub(crate) async fn start(&self, definition: &str) -> String {
        let machine = self.machine(definition).await;
        self.engine.start_execution(&machine, Some("run"), r#"{"n":1}"#).await.unwrap().arn
    }

    /// The public events, without their times.
    pub(crate) async fn history(&self, arn: &str) -> Vec<serde_json::Value> {
        let mut events = self.timed_history(arn).await;
        for event in &mut events {
            event.as_object_mut().unwrap().remove("timestamp");
        }
        events
    }

    pub(crate) async fn timed_history(&self, arn: &str) -> Vec<serde_json::Value> {
        let page = Page { limit: 1000, ..Page::default() };
        self.engine.history(arn, &page, false).await.unwrap().events
    }

    /// Moves the clock on and on, until `done`.
    pub(crate) async fn while_time_passes<T>(&self, done: impl Future<Output = T>) -> T {
        let hand = self.hand.clone();
        let passing = async move {
            loop {
                hand.advance(Duration::from_millis(10));
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            done = done => done,
            () = passing => unreachable!("time does not end"),
        }
    }

    /// Returns when the loop has looked at the clock and decided what was due.
    pub(crate) async fn look(&self) {
        let unknown = "00000000000000000000000000000000";
        let refused = self.engine.send_task_heartbeat(unknown).await;
        assert!(refused.is_err(), "there is no such token");
    }
}

pub(crate) fn lambda(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
}

/// A machine that calls these functions one after the other.
pub(crate) fn chain(functions: &[&str]) -> String {
    let states = functions.iter().enumerate().map(|(at, function)| {
        let next = if at + 1 < functions.len() {
            format!(r#""Next":"S{}""#, at + 1)
        } else {
            r#""End":true"#.to_owned()
        };
        format!(r#""S{at}":{{"Type":"Task","Resource":"{}",{next}}}"#, lambda(function))
    });
    format!(r#"{{"StartAt":"S0","States":{{{}}}}}"#, states.collect::<Vec<_>>().join(","))
}

pub(crate) fn types(events: &[serde_json::Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}
