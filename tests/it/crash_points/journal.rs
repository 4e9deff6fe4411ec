//! The engine's machines and activities. Lockgate itself makes one machine and never takes it away, so that an engine of
//! its own is killed here at each of these writes: afterwards there is exactly what was committed, and whoever asks for
//! all of it again comes to the same end.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tests::doomed::{self, Doomed};
use workflow::driver::{Config, Engine, MachineRequest, Page, Ticks};
use workflow::journal::SqliteJournal;
use workflow::tasks::NoTasks;

pub(super) const MACHINES: Doomed = Doomed("crash_points::journal::inside_a_doomed_process");

async fn engine(folder: &Path) -> Engine {
    let journal = SqliteJournal::open(&folder.join("journal.db")).unwrap();
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
    let (activity, _) = engine.create_activity("a").await.unwrap();
    engine.delete_activity(&activity).await.unwrap();
    engine.put_state_machine(machine(1)).await.unwrap();
    let revised = engine.put_state_machine(machine(2)).await.unwrap();
    assert_eq!(engine.describe_state_machine(&revised.arn).await.unwrap().definition, machine(2).definition);
    engine.delete_state_machine(&revised.arn).await.unwrap();
}

/// Activities, machines that were not deleted, and revisions.
fn rows(folder: &Path) -> [i64; 3] {
    let database = Connection::open(folder.join("journal.db")).unwrap();
    ["activities", "machines WHERE deleted IS NULL", "revisions"].map(|rows| {
        database.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get(0)).unwrap()
    })
}

#[tokio::test]
async fn a_kill_leaves_machines_and_activities_made_or_not_made() {
    let calm = tempfile::tempdir().unwrap();
    let passes = MACHINES.calm(calm.path()).unwrap();
    assert_eq!(rows(calm.path()), [0, 0, 2]);
    for (place, death) in passes.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        MACHINES.killed(folder.path(), death).unwrap();
        let committed = |write: &str| {
            let pass = format!("journal.{write}.after:1");
            i64::from(passes[..=place].contains(&pass))
        };
        let activities = committed("create-activity") - committed("delete-activity");
        let machines = committed("create-machine") - committed("delete-machine");
        let revisions = committed("create-machine") + committed("revise-machine");
        assert_eq!(rows(folder.path()), [activities, machines, revisions], "{death}");

        let engine = engine(folder.path()).await;
        make_and_remove(&engine).await;
        let page = Page { limit: 0, token: None };
        assert_eq!(engine.list_state_machines(&page).await.unwrap().0, [], "{death}");
        assert_eq!(engine.list_activities(&page).await.unwrap().0, [], "{death}");
    }
}
