//! What a store of session records must do.

use std::collections::BTreeSet;

use activities::ports::{Due, Guard, Query, Sessions, Written};
use states::session::{Change, Deadlines, Draft, Pace, Progress, Stage, Stamp};
use states::{Debt, Event, Owed, Session, State, Timestamp};
use tests::desk;

use Written::{Refused, Stored};

suite!(
    [
        a_record_is_made_once,
        a_move_is_written_only_where_the_table_lets_it_begin,
        of_racing_moves_one_is_written,
        progress_rises_within_its_attempt_only,
        a_debt_is_struck_unless_the_record_moved,
        a_tombstone_shuts_out_what_was_decided_before,
        lists_are_paged_newest_first_and_filtered,
        what_is_due_is_found_in_order,
        what_is_put_off_comes_after_the_rest_unless_it_was_written_since,
    ]
    in sqlite: sqlite, on_aws: dynamodb,
);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
}

fn new(id: &str, millis: i64) -> Session {
    let draft = Draft { upload_expires_at: at(900_000), ..desk::draft(id) };
    Session::new(draft, at(millis), &Deadlines::default())
}

fn moved(session: &Session, change: &Change) -> Session {
    let stamp = Stamp { transition_id: format!("t{}", session.version), at: at(1000) };
    session.apply(change, &stamp, &Deadlines::default()).unwrap()
}

/// Makes the move and demands that it is written.
async fn write(store: &dyn Sessions, session: &Session, change: &Change) -> Session {
    let next = moved(session, change);
    let guard = Guard::Transition { event: change.event(), version: session.version };
    assert_eq!(store.write(&next, guard).await.unwrap(), Stored);
    next
}

async fn created(store: &dyn Sessions, id: &str, millis: i64) -> Session {
    let session = new(id, millis);
    assert_eq!(store.write(&session, Guard::Absent).await.unwrap(), Stored);
    session
}

async fn transcoding(store: &dyn Sessions, id: &str) -> Session {
    let session = created(store, id, 0).await;
    let session = write(store, &session, &Change::UploadConfirmed { etag: "e".to_owned() }).await;
    write(store, &session, &Change::TranscodeStarted).await
}

async fn a_record_is_made_once(store: &dyn Sessions) {
    assert_eq!(store.get("s").await.unwrap(), None);
    let session = created(store, "s", 0).await;
    assert_eq!(store.get("s").await.unwrap(), Some(session.clone()));
    let mut other = new("s", 5);
    other.owner = "bob".to_owned();
    assert_eq!(store.write(&other, Guard::Absent).await.unwrap(), Refused);
    assert_eq!(store.get("s").await.unwrap(), Some(session));
}

async fn a_move_is_written_only_where_the_table_lets_it_begin(store: &dyn Sessions) {
    let new = created(store, "s", 0).await;
    let ready = moved(&new, &Change::UploadConfirmed { etag: "e".to_owned() });
    let guard = |event, version| Guard::Transition { event, version };
    let stale = guard(Event::UploadConfirmed, new.version + 1);
    assert_eq!(store.write(&ready, stale).await.unwrap(), Refused);
    let elsewhere = guard(Event::TranscodeSucceeded, new.version);
    assert_eq!(store.write(&ready, elsewhere).await.unwrap(), Refused);
    assert_eq!(store.write(&ready, guard(Event::UploadConfirmed, new.version)).await.unwrap(), Stored);
    assert_eq!(store.write(&ready, guard(Event::UploadConfirmed, new.version)).await.unwrap(), Refused);
    assert_eq!(store.get("s").await.unwrap(), Some(ready));
}

async fn of_racing_moves_one_is_written(store: &dyn Sessions) {
    let session = created(store, "s", 0).await;
    let racers = (0..32).map(|n| {
        let change =
            if n % 2 == 0 { Change::Cancelled } else { Change::UploadConfirmed { etag: "e".into() } };
        let next = moved(&session, &change);
        let guard = Guard::Transition { event: change.event(), version: session.version };
        async move { store.write(&next, guard).await.unwrap() }
    });
    let won = futures::future::join_all(racers).await.into_iter().filter(|written| *written == Stored);
    assert_eq!(won.count(), 1);
}

async fn progress_rises_within_its_attempt_only(store: &dyn Sessions) {
    let session = transcoding(store, "s").await;
    let progress = |permille| Progress { permille, stage: Stage::Working, pace: None };
    let standing = async || store.get("s").await.unwrap().unwrap().progress.permille;
    assert_eq!(store.progress("s", 1, progress(100)).await.unwrap(), Stored);
    assert_eq!(store.progress("s", 1, progress(90)).await.unwrap(), Refused);
    assert_eq!(store.progress("s", 2, progress(200)).await.unwrap(), Refused);
    assert_eq!(standing().await, 100);
    let pace = Pace { decifps: 255, seconds_left: Some(70_000) };
    let paced = Progress { pace: Some(pace), ..progress(110) };
    assert_eq!(store.progress("s", 1, paced).await.unwrap(), Stored);
    assert_eq!(store.get("s").await.unwrap().unwrap().progress, paced);
    assert_eq!(store.progress("s", 1, progress(120)).await.unwrap(), Stored);
    assert_eq!(store.get("s").await.unwrap().unwrap().progress, progress(120), "it says no pace any more");
    assert_eq!(store.progress("s", 1, Progress { pace: Some(pace), ..progress(120) }).await.unwrap(), Stored);
    let failed = write(store, &session, &Change::Cancelled).await;
    assert_eq!(standing().await, 120, "a move that was decided before the progress does not undo it");
    assert_eq!(store.get("s").await.unwrap().unwrap().progress.pace, None, "what is over has no pace");
    assert_eq!(store.progress("s", 1, progress(300)).await.unwrap(), Refused);
    write(store, &failed, &Change::Redriven).await;
    assert_eq!(standing().await, 0);
    assert_eq!(store.progress("nobody", 1, progress(1)).await.unwrap(), Refused);
}

async fn a_debt_is_struck_unless_the_record_moved(store: &dyn Sessions) {
    let session = transcoding(store, "s").await;
    let start = Owed { debt: Debt::Start, attempt: 1 };
    assert_eq!(session.owes, BTreeSet::from([start]));
    let next = Some(at(5000));
    assert_eq!(store.settle("s", session.version + 1, &[start], next).await.unwrap(), Refused);
    assert_eq!(store.settle("s", session.version, &[start], next).await.unwrap(), Stored);
    assert_eq!(store.settle("s", session.version, &[start], next).await.unwrap(), Stored, "twice is once");
    let stored = store.get("s").await.unwrap().unwrap();
    assert_eq!((stored.version, stored.owes.len(), stored.due_at), (session.version, 0, next));
    assert_eq!(store.settle("nobody", 1, &[], None).await.unwrap(), Refused);
}

async fn a_tombstone_shuts_out_what_was_decided_before(store: &dyn Sessions) {
    let session = transcoding(store, "s").await;
    let failed = write(store, &session, &Change::Cancelled).await;
    let redriven = moved(&failed, &Change::Redriven);
    let tombstone = failed.bury(at(2000), &Deadlines::default());
    let guard = Guard::Unmoved { version: failed.version };
    assert_eq!(store.write(&tombstone, guard).await.unwrap(), Stored);
    let late = Guard::Transition { event: Event::Redriven, version: failed.version };
    assert_eq!(store.write(&redriven, late).await.unwrap(), Refused);
    assert_eq!(store.write(&new("s", 0), Guard::Absent).await.unwrap(), Refused);
    assert_eq!(store.get("s").await.unwrap(), Some(tombstone));
}

async fn lists_are_paged_newest_first_and_filtered(store: &dyn Sessions) {
    for n in 0..7 {
        created(store, &format!("s{n}"), n / 2).await; // some were made in the same millisecond
    }
    let cancelled = store.get("s3").await.unwrap().unwrap();
    let cancelled = write(store, &cancelled, &Change::Cancelled).await;
    let buried = store.get("s5").await.unwrap().unwrap();
    let buried = write(store, &buried, &Change::Cancelled).await;
    let guard = Guard::Unmoved { version: buried.version };
    store.write(&buried.bury(at(9), &Deadlines::default()), guard).await.unwrap();

    let mut query = Query { owner: Some("local".to_owned()), limit: 4, ..Query::default() };
    let first = store.list(&query).await.unwrap();
    query.cursor.clone_from(&first.next);
    let second = store.list(&query).await.unwrap();
    let ids = |page: &activities::ports::Page| -> Vec<String> {
        page.sessions.iter().map(|session| session.id.clone()).collect()
    };
    assert_eq!(ids(&first), ["s6", "s4", "s3", "s2"]);
    assert_eq!((ids(&second), second.next), (vec!["s1".to_owned(), "s0".to_owned()], None));

    let by_state = Query { state: Some(State::Failed), ..query.clone() };
    let by_state = Query { cursor: None, ..by_state };
    assert_eq!(ids(&store.list(&by_state).await.unwrap()), ["s3"]);
    let by_problem = Query { problem: cancelled.problem.map(|problem| problem.kind), ..by_state };
    assert_eq!(ids(&store.list(&by_problem).await.unwrap()), ["s3"]);
    let strangers = Query { owner: Some("bob".to_owned()), limit: 4, ..Query::default() };
    assert!(store.list(&strangers).await.unwrap().sessions.is_empty());
}

async fn what_is_due_is_found_in_order(store: &dyn Sessions) {
    for (id, due) in [("a", Some(30)), ("b", Some(10)), ("c", None), ("d", Some(20)), ("e", Some(99))] {
        let session = created(store, id, 0).await;
        store.settle(id, session.version, &[], due.map(at)).await.unwrap();
    }
    let due = |id: &str, millis| Due { id: id.to_owned(), at: at(millis) };
    let all = [due("b", 10), due("d", 20), due("a", 30)];
    assert_eq!(store.due(at(50), 10).await.unwrap(), all);
    assert_eq!(store.due(at(50), 2).await.unwrap(), all[..2]);
}

async fn what_is_put_off_comes_after_the_rest_unless_it_was_written_since(store: &dyn Sessions) {
    let due = |id: &str, millis| Due { id: id.to_owned(), at: at(millis) };
    for (id, millis) in [("a", 10), ("b", 20)] {
        let session = created(store, id, 0).await;
        store.settle(id, session.version, &[], Some(at(millis))).await.unwrap();
    }
    assert_eq!(store.put_off(&due("a", 9), at(40)).await.unwrap(), Refused, "it is not due then");
    assert_eq!(store.put_off(&due("nobody", 10), at(40)).await.unwrap(), Refused);
    assert_eq!(store.put_off(&due("a", 10), at(40)).await.unwrap(), Stored);
    assert_eq!(store.due(at(50), 10).await.unwrap(), [due("b", 20), due("a", 40)]);
    assert_eq!(store.get("a").await.unwrap().unwrap().due_at, Some(at(40)));
    assert_eq!(store.put_off(&due("a", 10), at(45)).await.unwrap(), Refused, "twice is once");
}
