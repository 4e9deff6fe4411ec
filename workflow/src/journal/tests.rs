//! Both journals keep the same promises; and a flipped bit on the disk is seen.

use crate::Millis;
use crate::history::{Limits, RunId};

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
        tags: Vec::new(),
        publish: None,
        created: at(0),
    }
}

fn row(first: u32, count: u32) -> EventRow {
    EventRow { first, count, body: format!("events {first} to {}", first + count).into_bytes() }
}

fn more(execution: ExecutionId, first: u32, count: u32) -> Append {
    let row = row(first, count);
    Append { execution, start: None, row, redriven: None, closed: None, wake: None, map_runs: Vec::new() }
}

fn start(execution: ExecutionId, machine: &Machine, name: &str) -> Append {
    let start = NewExecution {
        machine: machine.id,
        revision: machine.revision,
        name: name.into(),
        origin: Origin::default(),
        format: 1,
        started: at(1),
        items: None,
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
    a_revision_follows_the_one_it_was_made_of,
    a_version_is_published_once_and_its_number_never_again,
    an_alias_leads_to_versions_that_there_are,
    tags_belong_to_what_is_there,
    executions_are_listed_by_what_they_were_started_by,
    a_redriven_execution_runs_again,
    a_deleted_machine_is_being_deleted_while_something_of_it_runs,
    map_runs_begin_and_end_with_commits_of_who_waits,
    children_are_counted_and_listed_in_the_order_of_their_items,
    children_are_listed_by_their_redrives,
    what_has_ended_is_forgotten_in_batches_once_nothing_needs_it,
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
    assert_eq!(journal.machines("", 10).unwrap(), [second]);
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

fn began(run: RunId) -> MapRunEvent {
    let limits = Limits { concurrency: 2, tolerated_count: Some(1), tolerated_percentage: None };
    let label = format!("L{}", run.0[0]);
    MapRunEvent::Began(NewMapRun { run, label, started: at(1), limits, items: Some(7), batch: 3 })
}

const ONE: RunId = RunId([1; 16]);
const TWO: RunId = RunId([2; 16]);

async fn map_runs_begin_and_end_with_commits_of_who_waits(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    let waits = Append { map_runs: vec![began(ONE), began(TWO)], ..start(1, &machine, "waits") };
    let refused = Append { map_runs: vec![began(RunId([3; 16]))], ..start(2, &machine, "waits") };
    let outcome = journal.append(vec![waits, refused]).await.unwrap();
    assert_eq!(outcome, [Appended::Stored, Appended::NameTaken]);
    assert_eq!(journal.map_run(RunId([3; 16])).unwrap(), None, "it is of an execution that never was");
    assert_eq!(journal.open_map_runs().unwrap(), [(1, ONE), (1, TWO)]);
    let one = journal.map_run(ONE).unwrap().unwrap();
    assert_eq!((one.execution, one.label.as_str(), one.items, one.batch), (1, "L1", Some(7), 3));
    assert_eq!((one.status, one.stopped, one.pins.as_str()), (RunStatus::Running, None, "{}"));

    let page = ItemPage { first: 0, items: "[1]".into(), next: Some("more".into()) };
    let limits = Limits { concurrency: 0, tolerated_count: None, tolerated_percentage: Some(12.5) };
    for change in [
        MapRunChange::Items(9),
        MapRunChange::Pins(r#"{"k":"tag"}"#.into()),
        MapRunChange::Limits(limits),
        MapRunChange::Page(page.clone()),
    ] {
        journal.change_map_run(one.id, change).await.unwrap();
    }
    let changed = journal.map_run(ONE).unwrap().unwrap();
    assert_eq!((changed.items, changed.pins.as_str(), changed.limits), (Some(9), r#"{"k":"tag"}"#, limits));
    assert_eq!(journal.map_run_page(one.id, 0).unwrap(), Some(page));
    assert_eq!(journal.map_run_page(one.id, 1).unwrap(), None);

    let ended = MapRunEvent::Ended { run: ONE, status: RunStatus::Succeeded, at: at(5) };
    journal.append(vec![Append { map_runs: vec![ended], ..more(1, 3, 1) }]).await.unwrap();
    let two = journal.map_run(TWO).unwrap().unwrap();
    journal.change_map_run(two.id, MapRunChange::Aborted(at(6))).await.unwrap();
    journal.change_map_run(one.id, MapRunChange::Aborted(at(7))).await.unwrap();
    assert_eq!(journal.open_map_runs().unwrap(), []);
    assert_eq!(journal.map_run_page(one.id, 0).unwrap(), None, "nobody reads it any more");
    let listed = journal.map_runs(1, None, 9).unwrap();
    let listed: Vec<_> = listed.iter().map(|run| (run.run, run.status, run.stopped)).collect();
    let expected = [(TWO, RunStatus::Aborted, Some(at(6))), (ONE, RunStatus::Succeeded, Some(at(5)))];
    assert_eq!(listed, expected, "newest first, and what has ended stays as it ended");
    assert_eq!(journal.map_runs(1, Some(two.id), 9).unwrap().len(), 1);
    assert_eq!(journal.map_runs(2, None, 9).unwrap(), []);
}

async fn children_are_counted_and_listed_in_the_order_of_their_items(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    let waits = Append { map_runs: vec![began(ONE)], ..start(1, &machine, "waits") };
    journal.append(vec![waits]).await.unwrap();
    let run = journal.map_run(ONE).unwrap().unwrap().id;
    let child = |id: ExecutionId, first, count| {
        let mut append = start(id, &machine, &format!("child {first}"));
        if let Some(new) = &mut append.start {
            new.items = Some(ItemsOf { run, first, count });
        }
        append
    };
    let mut ends = child(3, 0, 3);
    ends.closed = Some(Closed { status: RunStatus::Succeeded, at: at(2) });
    let taken = Append { execution: 9, ..child(2, 3, 2) };
    let outcome = journal.append(vec![child(2, 3, 2), ends, child(4, 5, 2), taken]).await.unwrap();
    assert_eq!(outcome.last(), Some(&Appended::NameTaken), "an item has one child");
    let children = journal.children(run, 0, 9).unwrap();
    let children: Vec<_> = children.iter().map(|it| (it.execution, it.first, it.count, it.status)).collect();
    let running = RunStatus::Running;
    assert_eq!(children, [(3, 0, 3, RunStatus::Succeeded), (2, 3, 2, running), (4, 5, 2, running)]);
    assert_eq!(journal.children(run, 1, 1).unwrap()[0].first, 3);
    let tally = |status, executions, items| Tally { status, redrive: 0, executions, items };
    assert_eq!(journal.tally(run).unwrap(), [tally(running, 2, 4), tally(RunStatus::Succeeded, 1, 3)]);

    let row = journal.execution(Which::Id(2)).unwrap().unwrap();
    let items = ItemsOf { run, first: 3, count: 2 };
    assert_eq!(row.child, Some(ChildOf { items, run: ONE, label: "L1".into() }));
    let list = |map_run, status| {
        let listing = Listing { machine: machine.id, map_run, status, limit: 9, ..Listing::default() };
        journal.executions(&listing).unwrap().into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None), [1], "a machine's list has no children");
    assert_eq!(list(Some(run), None), [4, 3, 2]);
    assert_eq!(list(Some(run), Some(running)), [4, 2]);
    assert_eq!(list(None, Some(running)), [1]);
}

async fn children_are_listed_by_their_redrives(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    let waits = Append { map_runs: vec![began(ONE)], ..start(1, &machine, "waits") };
    journal.append(vec![waits]).await.unwrap();
    let run = journal.map_run(ONE).unwrap().unwrap().id;
    let child = |id: ExecutionId, first, status| {
        let mut append = start(id, &machine, &format!("child {first}"));
        append.start.as_mut().unwrap().items = Some(ItemsOf { run, first, count: 1 });
        append.closed = Some(Closed { status, at: at(2) });
        append
    };
    let (failed, succeeded) = (RunStatus::Failed, RunStatus::Succeeded);
    journal.append(vec![child(2, 0, failed), child(3, 1, failed), child(4, 2, succeeded)]).await.unwrap();
    let outworn = |stopped_before, started_before| {
        journal.outworn(run, Aged { stopped_before, started_before }).unwrap()
    };
    let (none, both) = (Outworn::default(), Outworn { executions: 2, items: 2 });
    assert_eq!([outworn(at(2), 0), outworn(at(3), 0), outworn(0, at(99))], [none, both, both]);
    let redrive = MapRunEvent::Redriven { run: ONE, at: at(3) };
    journal.append(vec![Append { map_runs: vec![redrive], ..more(1, 3, 2) }]).await.unwrap();
    let redriven = Some(Redriven { count: 1, at: at(4) });
    let closed = Some(Closed { status: failed, at: at(5) });
    journal.append(vec![Append { redriven, closed, ..more(2, 3, 2) }]).await.unwrap();

    let list = |redriven, waiting| {
        let map_run = Some(run);
        let listing = Listing { map_run, redriven, waiting, limit: 9, ..Listing::default() };
        journal.executions(&listing).unwrap().into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None), [4, 3, 2]);
    assert_eq!((list(Some(true), None), list(Some(false), None)), (vec![2], vec![4, 3]));
    assert_eq!(list(None, Some(Waiting::Only(1))), [3], "the other has failed anew");
    assert_eq!(list(None, Some(Waiting::Never(1))), [4, 2]);
    assert_eq!(list(None, Some(Waiting::Only(2))), [3, 2]);
    let waits = |id| journal.execution(Which::Id(id)).unwrap().unwrap().waits(1);
    assert_eq!([1, 2, 3, 4].map(waits), [false, false, true, false]);
}

async fn what_has_ended_is_forgotten_in_batches_once_nothing_needs_it(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    let ends = |append: Append, second| Append {
        closed: Some(Closed { status: RunStatus::Succeeded, at: at(second) }),
        ..append
    };
    let waits = Append { map_runs: vec![began(ONE)], ..start(1, &machine, "waits") };
    journal.append(vec![waits]).await.unwrap();
    let run = journal.map_run(ONE).unwrap().unwrap().id;
    let mut child = start(2, &machine, "child");
    child.start.as_mut().unwrap().items = Some(ItemsOf { run, first: 0, count: 1 });
    let old: Vec<_> = (3..8).map(|id| ends(start(id, &machine, &format!("e{id}")), id)).collect();
    journal.append([vec![ends(child, 2)], old, vec![start(8, &machine, "runs")]].concat()).await.unwrap();

    let left =
        || (1..=9).filter(|&id| journal.execution(Which::Id(id)).unwrap().is_some()).collect::<Vec<_>>();
    // The child ended first, but the execution that its run is of has not: it is passed over, and counts as looked at.
    let first = journal.forget(at(7), None, 3).await.unwrap();
    assert_eq!((first, left()), (Forgotten { count: 2, next: Some((at(4), 4)) }, vec![1, 2, 5, 6, 7, 8]));
    let second = journal.forget(at(7), first.next, 3).await.unwrap();
    assert_eq!((second, left()), (Forgotten { count: 2, next: None }, vec![1, 2, 7, 8]), "7 ended too late");
    assert_eq!(journal.events(5, 0, 9).unwrap(), []);
    assert_eq!(journal.execution(Which::Named { machine: "m", name: "e5" }).unwrap(), None);
    assert_eq!(
        journal.append(vec![start(9, &machine, "e5")]).await.unwrap(),
        [Appended::Stored],
        "its name is free"
    );

    let ended = MapRunEvent::Ended { run: ONE, status: RunStatus::Succeeded, at: at(10) };
    journal.append(vec![Append { map_runs: vec![ended], ..ends(more(1, 3, 1), 10) }]).await.unwrap();
    assert_eq!(
        journal.forget(at(10), None, 9).await.unwrap().count,
        1,
        "7; the run's execution has just ended"
    );
    assert_eq!(journal.forget(at(11), None, 9).await.unwrap().count, 2, "the child, and then its parent");
    assert_eq!((left(), journal.map_run(ONE).unwrap()), (vec![8, 9], None));
    journal.append(vec![ends(more(8, 3, 1), 12), ends(more(9, 3, 1), 12)]).await.unwrap();
    assert_eq!(journal.forget(at(99), None, 9).await.unwrap().count, 1);
    assert_eq!(journal.execution(Which::Newest).unwrap().unwrap().id, 9, "the newest stays");
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
        let listing = Listing { machine: machine.id, status, before, limit, ..Listing::default() };
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
    let activity = |name: &str| Activity { name: name.into(), created: at(2), encryption: None };
    let new = |name: &str| NewActivity { activity: activity(name), tags: Vec::new() };
    assert_eq!(journal.create_activity(new("b")).await.unwrap(), Created::New(activity("b")));
    assert_eq!(journal.create_activity(new("b")).await.unwrap(), Created::Existed(activity("b")));
    journal.create_activity(new("a")).await.unwrap();
    assert_eq!(journal.activities("", 9).unwrap(), [activity("a"), activity("b")]);
    assert_eq!(journal.activities("a", 9).unwrap(), [activity("b")]);
    assert!(journal.delete_activity("a").await.unwrap());
    assert!(!journal.delete_activity("a").await.unwrap());
    assert_eq!(journal.activity("a").unwrap(), None);
}

fn revision(after: &Machine, text: &str, publish: Option<Publish>) -> NewRevision {
    NewRevision {
        machine: after.id,
        after: after.revision,
        role: after.role.clone(),
        settings: r#"{"new":true}"#.into(),
        definition: text.into(),
        label: format!("label of {text}"),
        publish,
        created: at(3),
    }
}

async fn a_revision_follows_the_one_it_was_made_of(journal: impl Journal) {
    let first = created(&journal, "m").await;
    assert_eq!((first.label.as_ref(), first.settings.as_str()), (None, "{}"));
    let Revised::Stored { revision: second, version: None } =
        journal.revise_machine(revision(&first, "two", None)).await.unwrap()
    else {
        panic!("it is stored, and not published")
    };
    let stale = journal.revise_machine(revision(&first, "other", None)).await.unwrap();
    assert_eq!(stale, Revised::Superseded);
    let standing = journal.machine("m").unwrap().unwrap();
    assert_eq!(standing.label.as_deref(), Some("label of two"));
    assert_eq!((standing.revision, standing.settings.as_str()), (second, r#"{"new":true}"#));
    let old = journal.revision(first.revision).unwrap();
    assert_eq!((old.definition.as_str(), old.settings.as_str(), old.label), ("the text of m", "{}", None));
    journal.delete_machine("m", at(4)).await.unwrap();
    let gone = journal.revise_machine(revision(&standing, "three", None)).await.unwrap();
    assert_eq!(gone, Revised::Superseded, "it is deleted");
}

async fn a_version_is_published_once_and_its_number_never_again(journal: impl Journal) {
    let publish = Publish { description: Some("d".into()), most: 2 };
    let machine = created(&journal, "m").await;
    let publish_now = async |machine: &Machine| {
        journal.publish_version(machine.id, machine.revision, publish.clone(), at(2)).await.unwrap()
    };
    let first =
        Version { number: 1, revision: machine.revision, description: Some("d".into()), created: at(2) };
    assert_eq!(publish_now(&machine).await, Published::New(first.clone()));
    assert_eq!(publish_now(&machine).await, Published::Existed(first.clone()));
    let revised = journal.revise_machine(revision(&machine, "two", Some(publish.clone()))).await.unwrap();
    let Revised::Stored { version: Some(second), .. } = revised else { panic!("{revised:?}") };
    assert_eq!(publish_now(&machine).await, Published::Superseded);
    assert_eq!(journal.versions(machine.id, None, 9).unwrap(), [second.clone(), first.clone()]);
    assert_eq!(journal.versions(machine.id, Some(2), 9).unwrap().as_slice(), std::slice::from_ref(&first));
    assert_eq!(journal.versions(machine.id, None, 1).unwrap().as_slice(), std::slice::from_ref(&second));

    let machine = journal.machine("m").unwrap().unwrap();
    let full = journal.revise_machine(revision(&machine, "three", Some(publish.clone()))).await.unwrap();
    assert_eq!(full, Revised::Full);
    assert_eq!(journal.machine("m").unwrap(), Some(machine.clone()), "nothing of it is stored");
    assert_eq!(journal.delete_version(machine.id, 2, at(5)).await.unwrap(), Unpublished::Deleted);
    assert_eq!(journal.delete_version(machine.id, 2, at(5)).await.unwrap(), Unpublished::NotThere);
    assert_eq!(journal.version(machine.id, 2).unwrap(), None);
    let Published::New(third) = publish_now(&machine).await else { panic!("there is room again") };
    assert_eq!((third.number, third.revision), (3, second.revision));
    journal.delete_machine("m", at(6)).await.unwrap();
    assert_eq!(journal.versions(machine.id, None, 9).unwrap(), []);
    assert_eq!(publish_now(&machine).await, Published::Superseded, "it is deleted");
}

async fn an_alias_leads_to_versions_that_there_are(journal: impl Journal) {
    let publish = Publish { description: None, most: 9 };
    let machine = created(&journal, "m").await;
    journal.publish_version(machine.id, machine.revision, publish.clone(), at(2)).await.unwrap();
    journal.revise_machine(revision(&machine, "two", Some(publish))).await.unwrap();
    let alias = |name: &str, version, other| Alias {
        machine: machine.id,
        name: name.into(),
        description: None,
        routes: Routes { version, weight: 30, other },
        created: at(3),
        updated: at(3),
    };
    let made = alias("b", 1, Some(2));
    assert_eq!(journal.create_alias(made.clone(), 2).await.unwrap(), Aliased::Stored(made.clone()));
    assert_eq!(journal.create_alias(alias("b", 2, None), 2).await.unwrap(), Aliased::Existed(made.clone()));
    assert_eq!(journal.create_alias(alias("a", 1, Some(3)), 2).await.unwrap(), Aliased::NoVersion);
    journal.create_alias(alias("a", 2, None), 2).await.unwrap();
    assert_eq!(journal.create_alias(alias("c", 2, None), 2).await.unwrap(), Aliased::Full);
    assert_eq!(journal.aliases(machine.id, "", 9).unwrap(), [alias("a", 2, None), made.clone()]);
    assert_eq!(journal.aliases(machine.id, "a", 9).unwrap().as_slice(), std::slice::from_ref(&made));
    let referenced = journal.delete_version(machine.id, 2, at(4)).await.unwrap();
    assert_eq!(referenced, Unpublished::Referenced(vec!["a".into(), "b".into()]));

    let change = |name: &str, description: Option<&str>, routes| AliasChange {
        machine: machine.id,
        name: name.into(),
        description: description.map(str::to_owned),
        routes,
        at: at(5),
    };
    let to = |version| Some(Routes { version, weight: 100, other: None });
    assert_eq!(journal.update_alias(change("x", None, to(1))).await.unwrap(), Aliased::NotThere);
    assert_eq!(journal.update_alias(change("b", None, to(7))).await.unwrap(), Aliased::NoVersion);
    journal.update_alias(change("b", Some("said"), None)).await.unwrap();
    journal.update_alias(change("b", None, to(2))).await.unwrap();
    let standing = journal.alias(machine.id, "b").unwrap().unwrap();
    assert_eq!((standing.description.as_deref(), Some(standing.routes)), (Some("said"), to(2)));
    assert_eq!((standing.created, standing.updated), (at(3), at(5)));
    assert!(journal.delete_alias(machine.id, "b").await.unwrap());
    assert!(!journal.delete_alias(machine.id, "b").await.unwrap());
    journal.delete_machine("m", at(6)).await.unwrap();
    assert_eq!(journal.alias(machine.id, "a").unwrap(), None);
}

async fn tags_belong_to_what_is_there(journal: impl Journal) {
    let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
    let with_tags = NewMachine { tags: vec![tag("b", "1")], ..machine("m") };
    let Created::New(machine) = journal.create_machine(with_tags).await.unwrap() else { panic!("it is new") };
    let activity = Activity { name: "m".into(), created: at(2), encryption: None };
    let with_tags = NewActivity { activity, tags: vec![tag("b", "2")] };
    journal.create_activity(with_tags).await.unwrap();
    let (of_machine, of_activity) = (Tagged::Machine(machine.id), Tagged::Activity("m".into()));
    let more = vec![tag("a", "3"), tag("b", "4")];
    assert_eq!(journal.tag(of_machine.clone(), more, 2).await.unwrap(), Tagging::Stored);
    assert_eq!(journal.tags(&of_machine).unwrap(), [tag("b", "4"), tag("a", "3")]);
    assert_eq!(journal.tags(&of_activity).unwrap(), [tag("b", "2")]);
    let one_more = vec![tag("a", "5"), tag("c", "5")];
    assert_eq!(journal.tag(of_machine.clone(), one_more, 2).await.unwrap(), Tagging::TooMany);
    assert_eq!(journal.tags(&of_machine).unwrap(), [tag("b", "4"), tag("a", "3")]);
    journal.untag(of_machine.clone(), vec!["b".into(), "x".into()]).await.unwrap();
    assert_eq!(journal.tags(&of_machine).unwrap(), [tag("a", "3")]);

    journal.delete_machine("m", at(3)).await.unwrap();
    journal.delete_activity("m").await.unwrap();
    for gone in [of_machine, of_activity] {
        assert_eq!(journal.tags(&gone).unwrap(), []);
        assert_eq!(journal.tag(gone, vec![tag("a", "1")], 9).await.unwrap(), Tagging::NotThere);
    }
}

async fn executions_are_listed_by_what_they_were_started_by(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    let started = |id, version, alias: Option<&str>| {
        let mut append = start(id, &machine, &format!("e{id}"));
        let origin = Origin { version, alias: alias.map(str::to_owned), trace: Some(format!("trace {id}")) };
        append.start.as_mut().unwrap().origin = origin;
        append
    };
    let batch = vec![started(1, None, None), started(2, Some(1), None), started(3, Some(1), Some("a"))];
    journal.append(batch).await.unwrap();
    let ids = |version, alias: Option<&str>| -> Vec<_> {
        let alias = alias.map(str::to_owned);
        let listing = Listing { machine: machine.id, version, alias, limit: 9, ..Listing::default() };
        journal.executions(&listing).unwrap().iter().map(|row| row.id).collect()
    };
    assert_eq!(ids(None, None), [3, 2, 1]);
    assert_eq!(ids(Some(1), None), [3, 2]);
    assert_eq!(ids(None, Some("a")), [3]);
    assert_eq!(ids(Some(2), None), [0; 0]);
    let row = journal.execution(Which::Id(3)).unwrap().unwrap();
    let origin = Origin { version: Some(1), alias: Some("a".into()), trace: Some("trace 3".into()) };
    assert_eq!(row.origin, origin);
}

async fn a_redriven_execution_runs_again(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    journal.append(vec![start(1, &machine, "e")]).await.unwrap();
    let closed = Some(Closed { status: RunStatus::Failed, at: at(5) });
    journal.append(vec![Append { closed, ..more(1, 3, 1) }]).await.unwrap();
    let redriven = Some(Redriven { count: 1, at: at(9) });
    journal.append(vec![Append { redriven, ..more(1, 4, 2) }]).await.unwrap();
    let row = journal.execution(Which::Id(1)).unwrap().unwrap();
    assert_eq!((row.status, row.stopped, row.redriven), (RunStatus::Running, None, redriven));
    assert_eq!(journal.unfinished(0, 9).unwrap(), [Unfinished { id: 1, wake: None }]);
    let redriven = Some(Redriven { count: 2, at: at(19) });
    journal.append(vec![Append { closed, ..more(1, 6, 1) }]).await.unwrap();
    journal.append(vec![Append { redriven, closed, ..more(1, 7, 2) }]).await.unwrap();
    let row = journal.execution(Which::Id(1)).unwrap().unwrap();
    assert_eq!((row.status, row.stopped, row.redriven), (RunStatus::Failed, Some(at(5)), redriven));
    assert_eq!(journal.unfinished(0, 9).unwrap(), []);
}

async fn a_deleted_machine_is_being_deleted_while_something_of_it_runs(journal: impl Journal) {
    let machine = created(&journal, "m").await;
    journal.append(vec![start(1, &machine, "e")]).await.unwrap();
    assert_eq!(journal.deleting_machine("m").unwrap(), None);
    journal.delete_machine("m", at(2)).await.unwrap();
    assert_eq!(journal.deleting_machine("m").unwrap(), Some(machine));
    assert_eq!(journal.deleting_machine("other").unwrap(), None);
    let closed = Some(Closed { status: RunStatus::Succeeded, at: at(5) });
    journal.append(vec![Append { closed, ..more(1, 3, 1) }]).await.unwrap();
    assert_eq!(journal.deleting_machine("m").unwrap(), None);
}

/// What a version of the program wrote that knew the first migration only.
#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date_with_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let old = ledger::Ledger::open(&path, "journal", &[include_str!("sqlite/schema.sql")]).unwrap();
    let events = row(0, 3);
    let checksum = events.checksum(1);
    old.write("fill", move |connection| {
        let text = "the text of m";
        connection.execute(
            "INSERT INTO machines (id, name, kind, settings, created) VALUES (1, 'm', 'STANDARD', '{\"old\":1}', 5)",
            [],
        )?;
        connection.execute(
            "INSERT INTO revisions (id, machine, role, definition, checksum, created) VALUES (1, 1, 'r', ?1, ?2, 5)",
            ledger::rusqlite::params![text, crc32fast::hash(text.as_bytes())],
        )?;
        connection.execute(
            "INSERT INTO executions (id, machine, revision, name, format, started) VALUES (1, 1, 1, 'e', 1, 6)",
            [],
        )?;
        connection.execute(
            "INSERT INTO events (execution, first, count, checksum, body) VALUES (1, 0, 3, ?1, ?2)",
            ledger::rusqlite::params![checksum, events.body],
        )?;
        connection.execute("INSERT INTO activities VALUES ('a', 7)", [])?;
        Ok::<_, ledger::Error>(())
    })
    .await
    .unwrap();
    drop(old);

    let journal = SqliteJournal::open(&path).unwrap();
    let machine = journal.machine("m").unwrap().unwrap();
    assert_eq!((machine.settings.as_str(), machine.label.as_deref()), (r#"{"old":1}"#, None));
    let execution = journal.execution(Which::Named { machine: "m", name: "e" }).unwrap().unwrap();
    assert_eq!((execution.status, execution.origin), (RunStatus::Running, Origin::default()));
    assert_eq!(journal.events(1, 0, 9).unwrap(), [row(0, 3)]);
    assert_eq!(journal.unfinished(0, 9).unwrap().len(), 1);
    assert_eq!(journal.activity("a").unwrap().unwrap().encryption, None);
    let publish = Publish { description: None, most: 9 };
    let published = journal.publish_version(1, machine.revision, publish, at(1)).await.unwrap();
    assert!(matches!(published, Published::New(Version { number: 1, .. })), "{published:?}");
    let tag = Tag { key: "k".into(), value: "v".into() };
    assert_eq!(journal.tag(Tagged::Machine(1), vec![tag], 9).await.unwrap(), Tagging::Stored);
    journal.append(vec![more(1, 3, 1), start(2, &machine, "next")]).await.unwrap();
    assert_eq!(journal.revision(machine.revision).unwrap().definition, "the text of m");
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
