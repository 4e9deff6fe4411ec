//! Both journals keep the same promises; and a flipped bit on the disk is seen.

use crate::Millis;

use super::*;

fn at(second: i64) -> Millis {
    (1_700_000_000 + second) * 1000
}

fn machine(name: &str) -> NewMachine {
    NewMachine {
        name: name.into(),
        kind: Kind::Standard,
        role: "arn:aws:iam::000000000000:role/any".into(),
        settings: "{}".into(),
        definition: format!("the text of {name}"),
        created: at(0),
    }
}

fn row(first: u32, count: u32) -> EventRow {
    EventRow { first, count, body: format!("events {first} to {}", first + count).into_bytes() }
}

fn more(execution: ExecutionId, first: u32, count: u32) -> Append {
    Append { execution, start: None, row: row(first, count), closed: None, wake: None }
}

fn start(execution: ExecutionId, machine: &Machine, name: &str) -> Append {
    let start = NewExecution {
        machine: machine.id,
        revision: machine.revision,
        name: name.into(),
        format: 1,
        started: at(1),
    };
    Append { start: Some(start), ..more(execution, 0, 3) }
}

async fn created(journal: &impl Journal, name: &str) -> Machine {
    match journal.create_machine(machine(name)).await.unwrap() {
        Created::New(machine) => machine,
        Created::Existed(_) => panic!("{name} stood there already"),
    }
}

/// Runs a promise against both implementations.
macro_rules! promises {
    ($($name:ident),+ $(,)?) => {
        mod memory { $(#[tokio::test] async fn $name() { super::$name(super::MemoryJournal::default()).await; })+ }
        mod sqlite { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(super::SqliteJournal::open(&folder.path().join("journal.db")).unwrap()).await;
        })+ }
    };
}

promises!(
    a_machine_is_created_once_and_its_name_is_free_when_deleted,
    events_come_back_in_pages_from_any_event,
    a_taken_name_fails_alone,
    a_commit_with_a_stray_append_stores_nothing,
    executions_are_listed_newest_first_and_by_status,
    what_is_unfinished_is_found_with_its_wake_up,
    activities_come_and_go,
);

async fn a_machine_is_created_once_and_its_name_is_free_when_deleted(journal: impl Journal) {
    let first = created(&journal, "m").await;
    assert_eq!(journal.create_machine(machine("m")).await.unwrap(), Created::Existed(first.clone()));
    assert_eq!(journal.revision(first.revision).unwrap().definition, "the text of m");
    assert!(journal.delete_machine("m", at(5)).await.unwrap());
    assert!(!journal.delete_machine("m", at(6)).await.unwrap());
    assert_eq!(journal.machine("m").unwrap(), None);
    assert_eq!(
        journal.revision(first.revision).unwrap().definition,
        "the text of m",
        "what runs still needs it"
    );
    let second = created(&journal, "m").await;
    assert_eq!(journal.machine("m").unwrap(), Some(second.clone()));
    assert_eq!(journal.machines(0, 10).unwrap(), [second]);
}

async fn events_come_back_in_pages_from_any_event(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    journal.append(vec![start(1, &machine, "one"), start(2, &machine, "two")]).await.unwrap();
    journal.append(vec![more(1, 3, 2), more(2, 3, 1)]).await.unwrap();
    journal.append(vec![more(1, 5, 4)]).await.unwrap();
    assert_eq!(journal.events(1, 0, 9).unwrap(), [row(0, 3), row(3, 2), row(5, 4)]);
    assert_eq!(journal.events(1, 4, 1).unwrap(), [row(3, 2)]);
    assert_eq!(journal.events(1, 5, 9).unwrap(), [row(5, 4)]);
    assert_eq!(journal.events(2, 0, 9).unwrap(), [row(0, 3), row(3, 1)]);
    assert_eq!(journal.events(3, 0, 9).unwrap(), []);
}

async fn a_taken_name_fails_alone(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    journal.append(vec![start(1, &machine, "same")]).await.unwrap();
    let outcome =
        journal.append(vec![start(2, &machine, "same"), start(3, &machine, "other")]).await.unwrap();
    assert_eq!(outcome, [Appended::NameTaken, Appended::Stored]);
    assert_eq!(journal.execution(Which::Id(2)).unwrap(), None);
    assert_eq!(journal.events(2, 0, 9).unwrap(), []);
    assert_eq!(journal.execution(Which::Named { machine: "m", name: "same" }).unwrap().unwrap().id, 1);
    assert_eq!(journal.execution(Which::Newest).unwrap().unwrap().id, 3);
}

async fn a_commit_with_a_stray_append_stores_nothing(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    journal.append(vec![start(1, &machine, "one")]).await.unwrap();
    let refused = journal.append(vec![start(2, &machine, "two"), more(1, 0, 3)]).await;
    assert!(matches!(refused, Err(Error::Conflict(1))), "{refused:?}");
    assert_eq!(journal.execution(Which::Id(2)).unwrap(), None);
    assert_eq!(journal.events(1, 0, 9).unwrap().len(), 1);
}

async fn executions_are_listed_newest_first_and_by_status(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    for id in 1..=5 {
        journal.append(vec![start(id, &machine, &format!("e{id}"))]).await.unwrap();
    }
    let closed = Some(Closed { status: RunStatus::TimedOut, at: at(9) });
    journal.append(vec![Append { closed, ..more(4, 3, 1) }]).await.unwrap();
    journal.park(2, at(8)).await.unwrap();
    let ids = |status, before, limit: u32| -> Vec<_> {
        let listing = Listing { machine: machine.id, status, before, limit };
        journal.executions(&listing).unwrap().iter().map(|row| row.id).collect()
    };
    assert_eq!(ids(None, None, 3), [5, 4, 3]);
    assert_eq!(ids(None, Some(3), 3), [2, 1]);
    assert_eq!(ids(Some(RunStatus::Running), None, 9), [5, 3, 1]);
    assert_eq!(ids(Some(RunStatus::TimedOut), None, 9), [4]);
    let parked = journal.execution(Which::Id(2)).unwrap().unwrap();
    assert_eq!((parked.status, parked.stopped), (RunStatus::Parked, Some(at(8))));
}

async fn what_is_unfinished_is_found_with_its_wake_up(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    for id in 1..=3 {
        journal.append(vec![start(id, &machine, &format!("e{id}"))]).await.unwrap();
    }
    let closed = Some(Closed { status: RunStatus::Succeeded, at: at(9) });
    let wake = Some(Some(at(60)));
    journal.append(vec![Append { closed, ..more(1, 3, 1) }, Append { wake, ..more(2, 3, 1) }]).await.unwrap();
    let two = Unfinished { id: 2, wake: Some(at(60)) };
    let three = Unfinished { id: 3, wake: None };
    assert_eq!(journal.unfinished(0, 9).unwrap(), [two.clone(), three]);
    assert_eq!(journal.unfinished(0, 1).unwrap(), [two]);
    journal.append(vec![Append { wake: Some(None), ..more(2, 4, 1) }]).await.unwrap();
    assert_eq!(journal.unfinished(0, 1).unwrap(), [Unfinished { id: 2, wake: None }]);
}

async fn activities_come_and_go(journal: impl Journal) {
    let activity = |name: &str| Activity { name: name.into(), created: at(2) };
    assert_eq!(journal.create_activity(activity("b")).await.unwrap(), Created::New(activity("b")));
    assert_eq!(journal.create_activity(activity("b")).await.unwrap(), Created::Existed(activity("b")));
    journal.create_activity(activity("a")).await.unwrap();
    assert_eq!(journal.activities("", 9).unwrap(), [activity("a"), activity("b")]);
    assert_eq!(journal.activities("a", 9).unwrap(), [activity("b")]);
    assert!(journal.delete_activity("a").await.unwrap());
    assert!(!journal.delete_activity("a").await.unwrap());
    assert_eq!(journal.activity("a").unwrap(), None);
}

#[tokio::test]
async fn each_flipped_bit_of_an_event_row_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let machine = created(&journal, "m").await;
    journal.append(vec![start(1, &machine, "hit"), start(2, &machine, "spared")]).await.unwrap();
    journal.append(vec![more(1, 3, 2)]).await.unwrap();

    let disk = ledger::rusqlite::Connection::open(&path).unwrap();
    let set = |row: &EventRow, body: &[u8]| {
        let sql = "UPDATE events SET body = ?2 WHERE execution = 1 AND first = ?1";
        disk.execute(sql, ledger::rusqlite::params![row.first, body]).unwrap();
    };
    for row in [row(0, 3), row(3, 2)] {
        for bit in 0..row.body.len() * 8 {
            let mut body = row.body.clone();
            body[bit / 8] ^= 1 << (bit % 8);
            set(&row, &body);
            let read = journal.events(1, 0, 9);
            assert!(
                matches!(read, Err(Error::Corrupt { execution: 1, .. })),
                "bit {bit} of {row:?}: {read:?}"
            );
        }
        set(&row, &row.body);
    }
    assert_eq!(journal.events(1, 0, 9).unwrap().len(), 2);
    for damage in [
        "UPDATE events SET count = 3 WHERE execution = 1 AND first = 3",
        "UPDATE events SET execution = 1, first = 5 WHERE execution = 2",
        "DELETE FROM events WHERE execution = 1 AND first = 0",
    ] {
        disk.execute_batch("BEGIN").unwrap();
        disk.execute(damage, []).unwrap();
        disk.execute_batch("COMMIT").unwrap();
        assert!(matches!(journal.events(1, 0, 9), Err(Error::Corrupt { .. })), "{damage}");
    }
}
