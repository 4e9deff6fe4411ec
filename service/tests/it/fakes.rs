//! The two ports in memory. They keep the contract of the ports and can be told to fail.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use activities::ports::{
    Awaited, Cursor, Driver, Due, Execution, Fault, Guard, HistoryPage, Machine, Page, Query, Sessions,
    Status, Stopped, Task, Usage, Written,
};
use async_trait::async_trait;
use serde_json::Value;
use states::session::Progress;
use states::{Activity, Owed, Session, Timestamp};

#[derive(Default)]
pub(crate) struct MemorySessions {
    records: Mutex<BTreeMap<String, Session>>,
    /// So many of the next writes are made and then answered as if the store had not answered.
    pub(crate) lost_answers: AtomicUsize,
    /// What somebody else writes just before the next write that asks for the record to be unmoved.
    pub(crate) overtaken_by: Mutex<Option<Session>>,
    /// What every call answers, if anything.
    pub(crate) fault: Mutex<Option<Fault>>,
    pub(crate) panics: AtomicBool,
}

impl MemorySessions {
    pub(crate) fn put(&self, session: Session) {
        session.check().unwrap();
        self.records.lock().unwrap().insert(session.id.clone(), session);
    }

    pub(crate) fn record(&self, id: &str) -> Session {
        self.records.lock().unwrap()[id].clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.records.lock().unwrap().len()
    }

    fn healthy(&self) -> Result<(), Fault> {
        self.fault.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

pub(crate) fn unavailable() -> Fault {
    Fault::Unavailable { what: "store", why: "SELECT at /secret/path failed".to_owned() }
}

#[async_trait]
impl Sessions for MemorySessions {
    async fn get(&self, id: &str) -> Result<Option<Session>, Fault> {
        self.healthy()?;
        assert!(!self.panics.load(Ordering::SeqCst), "a secret of the store");
        Ok(self.records.lock().unwrap().get(id).cloned())
    }

    async fn write(&self, session: &Session, guard: Guard) -> Result<Written, Fault> {
        self.healthy()?;
        session.check()?;
        let mut records = self.records.lock().unwrap();
        if matches!(guard, Guard::Unmoved { .. })
            && let Some(other) = self.overtaken_by.lock().unwrap().take()
        {
            records.insert(other.id.clone(), other);
        }
        let stored = records.get(&session.id);
        let holds = match guard {
            Guard::Absent => stored.is_none(),
            Guard::Transition { event, version } => stored.is_some_and(|stored| {
                stored.version == version && event.from_states().any(|from| from == stored.state)
            }),
            Guard::Unmoved { version } => stored.is_some_and(|stored| stored.version == version),
        };
        if !holds {
            return Ok(Written::Refused);
        }
        records.insert(session.id.clone(), session.clone());
        let lost =
            self.lost_answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
        if lost.is_ok() { Err(unavailable()) } else { Ok(Written::Stored) }
    }

    async fn progress(&self, id: &str, attempt: u32, progress: Progress) -> Result<Written, Fault> {
        let mut records = self.records.lock().unwrap();
        match records.get_mut(id) {
            Some(session) if session.attempt == attempt && progress >= session.progress => {
                session.progress = progress;
                Ok(Written::Stored)
            }
            _ => Ok(Written::Refused),
        }
    }

    async fn settle(
        &self,
        id: &str,
        version: u64,
        paid: &[Owed],
        due_at: Option<Timestamp>,
    ) -> Result<Written, Fault> {
        let mut records = self.records.lock().unwrap();
        match records.get_mut(id) {
            Some(session) if session.version == version => {
                session.owes.retain(|owed| !paid.contains(owed));
                session.due_at = due_at;
                Ok(Written::Stored)
            }
            _ => Ok(Written::Refused),
        }
    }

    async fn forget(&self, id: &str, version: u64) -> Result<Written, Fault> {
        self.healthy()?;
        let mut records = self.records.lock().unwrap();
        let is_it = records.get(id).is_some_and(|it| it.deleted_at.is_some() && it.version == version);
        if is_it {
            records.remove(id);
        }
        Ok(if is_it { Written::Stored } else { Written::Refused })
    }

    async fn list(&self, query: &Query) -> Result<Page, Fault> {
        self.healthy()?;
        let records = self.records.lock().unwrap();
        let mut sessions: Vec<Session> = records
            .values()
            .filter(|session| {
                query.owner.as_ref().is_none_or(|owner| *owner == session.owner)
                    && session.deleted_at.is_none()
            })
            .filter(|session| query.state.is_none_or(|state| session.state == state))
            .filter(|session| query.recipe.is_none_or(|recipe| session.recipe == recipe))
            .filter(|session| {
                query.problem.is_none_or(|kind| session.problem.as_ref().is_some_and(|p| p.kind == kind))
            })
            .filter(|session| {
                let place = (session.created_at, session.id.clone());
                query.cursor.as_ref().is_none_or(|cursor| place < (cursor.created_at, cursor.id.clone()))
            })
            .cloned()
            .collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id.clone())));
        let more = sessions.len() > query.limit;
        sessions.truncate(query.limit);
        let last = sessions.last().filter(|_| more);
        let next = last.map(|last| Cursor { created_at: last.created_at, id: last.id.clone() });
        Ok(Page { sessions, next })
    }

    async fn usage(&self, owner: &str) -> Result<Option<Usage>, Fault> {
        self.healthy()?;
        let records = self.records.lock().unwrap();
        let own = records.values().filter(|session| session.owner == owner && session.deleted_at.is_none());
        let count = |usage: Usage, session: &Session| Usage {
            sessions: usage.sessions + 1,
            bytes: usage.bytes + session.bytes(),
        };
        Ok(Some(own.fold(Usage::default(), count)))
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, Fault> {
        self.healthy()?;
        let records = self.records.lock().unwrap();
        let due = |session: &Session| Some(Due { id: session.id.clone(), at: session.due_at? });
        let mut due: Vec<_> = records.values().filter_map(due).filter(|due| due.at <= now).collect();
        due.sort_by_key(|due| due.at);
        due.truncate(limit);
        Ok(due)
    }

    async fn put_off(&self, due: &Due, until: Timestamp) -> Result<Written, Fault> {
        match self.records.lock().unwrap().get_mut(&due.id) {
            Some(session) if session.due_at == Some(due.at) => {
                session.due_at = Some(until);
                Ok(Written::Stored)
            }
            _ => Ok(Written::Refused),
        }
    }
}

#[derive(Default)]
pub(crate) struct MemoryDriver {
    executions: Mutex<BTreeMap<String, Execution>>,
    pub(crate) events: Mutex<Vec<Value>>,
}

/// Events on a page of a history, few so that paging is seen.
const PAGE: usize = 2;

impl MemoryDriver {
    pub(crate) fn started(&self) -> Vec<String> {
        self.executions.lock().unwrap().keys().cloned().collect()
    }
}

#[async_trait]
impl Driver for MemoryDriver {
    async fn start(&self, _machine: Machine, name: &str, input: &str) -> Result<(), Fault> {
        let execution = Execution {
            name: name.to_owned(),
            status: Status::Running,
            definition: r#"{"StartAt":"Begin","States":{}}"#.to_owned(),
            input: Some(input.to_owned()),
            output: None,
            error: None,
            cause: None,
            started_at: Timestamp::UNIX_EPOCH,
            stopped_at: None,
        };
        self.executions.lock().unwrap().entry(name.to_owned()).or_insert(execution);
        Ok(())
    }

    async fn describe(&self, name: &str) -> Result<Option<Execution>, Fault> {
        Ok(self.executions.lock().unwrap().get(name).cloned())
    }

    async fn history(&self, name: &str, after: Option<&str>) -> Result<Option<HistoryPage>, Fault> {
        if !self.executions.lock().unwrap().contains_key(name) {
            return Ok(None);
        }
        let from: usize = after.map_or(0, |after| after.parse().unwrap());
        let events = self.events.lock().unwrap();
        let to = (from + PAGE).min(events.len());
        let next = (to < events.len()).then(|| to.to_string());
        Ok(Some(HistoryPage { events: events[from..to].to_vec(), next }))
    }

    async fn stop(&self, name: &str, error: &str, cause: &str) -> Result<Stopped, Fault> {
        let mut executions = self.executions.lock().unwrap();
        let Some(execution) = executions.get_mut(name) else {
            return Ok(Stopped::NotFound);
        };
        execution.status = Status::Aborted;
        execution.error = Some(error.to_owned());
        execution.cause = Some(cause.to_owned());
        Ok(Stopped::Closed)
    }

    async fn next_task(&self, _activity: Activity) -> Result<Option<Task>, Fault> {
        std::future::pending().await
    }

    async fn beat(&self, _token: &str) -> Result<Awaited, Fault> {
        Ok(Awaited::NoMore)
    }

    async fn succeed(&self, _token: &str, _output: &str) -> Result<Awaited, Fault> {
        Ok(Awaited::NoMore)
    }

    async fn fail(&self, _token: &str, _error: &str, _cause: &str) -> Result<Awaited, Fault> {
        Ok(Awaited::NoMore)
    }
}
