//! The engine's machines with their versions, aliases and tags, and its activities. Lockgate itself makes one machine
//! and never takes it away, so that an engine of its own is killed here at each of these writes: afterwards there is
//! exactly what was committed, and whoever asks for all of it again comes to the same end.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tests::doomed::{self, Doomed};
use workflow::driver::{
    Config, Engine, Error, MachineRequest, MachineUpdate, Page, Route, Ticks, VersionRequest,
};
use workflow::journal::{Executions, SqliteJournal, Tag};
use workflow::tasks::NoTasks;

pub(super) const MACHINES: Doomed = Doomed("crash_points::journal::inside_a_doomed_process");

pub(super) const HISTORIES: Doomed = Doomed("crash_points::journal::forgetting_in_a_doomed_process");

fn journal(folder: &Path) -> SqliteJournal {
    SqliteJournal::open(&folder.join("journal.db")).unwrap()
}

async fn engine(folder: &Path) -> Engine {
    engine_on(journal(folder)).await
}

async fn engine_on(journal: SqliteJournal) -> Engine {
    Engine::open(journal, Arc::new(NoTasks), Ticks::system(), Config::default()).await.unwrap()
}

fn machine(output: u8) -> MachineRequest {
    let definition =
        format!(r#"{{"StartAt":"P","States":{{"P":{{"Type":"Pass","Result":{output},"End":true}}}}}}"#);
    MachineRequest { name: "m".to_owned(), definition, ..MachineRequest::default() }
}

#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn inside_a_doomed_process() {
    make_and_remove(&engine(&doomed::folder()).await).await;
}

async fn make_and_remove(engine: &Engine) {
    let activity = engine.create_activity("a", None, Vec::new()).await.unwrap().arn;
    engine.delete_activity(&activity).await.unwrap();
    let machine = engine.put_state_machine(machine(1)).await.unwrap().arn;
    let update = MachineUpdate { definition: Some(self::machine(2).definition), ..MachineUpdate::default() };
    engine.update_state_machine(&machine, update).await.unwrap();
    assert_eq!(
        engine.describe_state_machine(&machine).await.unwrap().definition,
        self::machine(2).definition
    );
    let tag = Tag { key: "k".to_owned(), value: "v".to_owned() };
    engine.tag_resource(&machine, vec![tag]).await.unwrap();
    engine.untag_resource(&machine, vec!["k".to_owned()]).await.unwrap();
    let version =
        engine.publish_state_machine_version(&machine, None, VersionRequest::default()).await.unwrap().arn;
    let routes = [Route { version_arn: version.clone(), weight: 100 }];
    let alias = match engine.create_state_machine_alias("live", None, &routes).await {
        Ok(alias) => alias.arn,
        // Made before, and changed since.
        Err(Error::Conflict(_)) => format!("{machine}:live"),
        Err(error) => panic!("{error}"),
    };
    engine.update_state_machine_alias(&alias, Some("changed"), None).await.unwrap();
    engine.delete_state_machine_alias(&alias).await.unwrap();
    engine.delete_state_machine_version(&version).await.unwrap();
    engine.delete_state_machine(&machine).await.unwrap();
}

#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn forgetting_in_a_doomed_process() {
    run_and_forget(&doomed::folder()).await;
}

/// Two executions, of which the older one is forgotten.
async fn run_and_forget(folder: &Path) {
    let journal = journal(folder);
    let engine = engine_on(journal.clone()).await;
    let arn = engine.put_state_machine(machine(1)).await.unwrap().arn;
    for name in ["older", "newer"] {
        match engine.start_execution(&arn, Some(name), "{}").await {
            Ok(started) => drop(engine.closed(&started.arn).await.unwrap()),
            Err(Error::ExecutionExists(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    journal.forget(i64::MAX, None, 10).await.unwrap();
}

#[tokio::test]
async fn a_kill_leaves_an_execution_whole_or_forgotten() {
    let passes = HISTORIES.calm(tempfile::tempdir().unwrap().path()).unwrap();
    let forgetting: Vec<_> = passes.iter().filter(|pass| pass.starts_with("journal.forget.")).collect();
    assert_eq!(forgetting, ["journal.forget.before:1", "journal.forget.after:1"]);
    for pass in forgetting {
        let folder = tempfile::tempdir().unwrap();
        HISTORIES.killed(folder.path(), pass).unwrap();
        let database = Connection::open(folder.path().join("journal.db")).unwrap();
        let count = |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap() };
        let whole = count("SELECT count(*) FROM executions WHERE id IN (SELECT execution FROM events)");
        let all = count("SELECT count(*) FROM executions");
        assert_eq!((all, whole), if pass.contains("before") { (2, 2) } else { (1, 1) }, "{pass}");
        journal(folder.path()).forget(i64::MAX, None, 10).await.unwrap();
        assert_eq!(count("SELECT count(*) FROM executions"), 1, "{pass}");
        assert_eq!(count("SELECT count(DISTINCT execution) FROM events"), 1, "{pass}");
    }
}

/// What is left: the tables' conditions, each with the writes that add a row of it and those that take one away.
const ROWS: [(&str, &[&str], &[&str]); 6] = [
    ("activities", &["create-activity"], &["delete-activity"]),
    ("machines WHERE deleted IS NULL", &["create-machine"], &["delete-machine"]),
    ("revisions", &["create-machine", "revise-machine"], &[]),
    ("tags", &["tag"], &["untag"]),
    ("versions WHERE deleted IS NULL", &["publish-version"], &["delete-version"]),
    ("aliases", &["create-alias"], &["delete-alias"]),
];

fn rows(folder: &Path) -> [i64; ROWS.len()] {
    let database = Connection::open(folder.join("journal.db")).unwrap();
    ROWS.map(|(rows, ..)| {
        database.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get(0)).unwrap()
    })
}

#[tokio::test]
async fn a_kill_leaves_machines_and_activities_made_or_not_made() {
    let calm = tempfile::tempdir().unwrap();
    let passes = MACHINES.calm(calm.path()).unwrap();
    assert_eq!(rows(calm.path()), [0, 0, 2, 0, 0, 0]);
    for (place, death) in passes.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        MACHINES.killed(folder.path(), death).unwrap();
        let committed = |write: &&str| passes[..=place].contains(&format!("journal.{write}.after:1"));
        let count = |writes: &[&str]| writes.iter().filter(|write| committed(write)).count() as i64;
        let expected = ROWS.map(|(_, added, taken)| count(added) - count(taken));
        assert_eq!(rows(folder.path()), expected, "{death}");

        let engine = engine(folder.path()).await;
        make_and_remove(&engine).await;
        let page = Page::default();
        assert_eq!(engine.list_state_machines(&page).await.unwrap().0, [], "{death}");
        assert_eq!(engine.list_activities(&page).await.unwrap().0, [], "{death}");
    }
}
